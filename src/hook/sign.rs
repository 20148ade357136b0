//! Ids and signatures, as the Standard Webhooks specification has them, so that receivers can
//! check them with a library.

use std::fmt;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes it has.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The new one and the old one, while receivers go from one to the other.
const MOST: usize = 2;

/// What events are signed with: one key, or two while it changes. Never printed.
#[derive(Clone)]
pub struct Secret(Vec<hmac::Key>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// Reads lines of `whsec_` and base64.
    ///
    /// # Errors
    /// A sentence that does not quote them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(Self::key).collect::<Result<Vec<_>, _>>()?;
        match keys.len() {
            0 => Err("is empty".to_owned()),
            1..=MOST => Ok(Self(keys)),
            more => Err(format!(
                "holds {more} secrets: {MOST} at most, the new one and the old one, each on a line"
            )),
        }
    }

    fn key(line: &str) -> Result<hmac::Key, String> {
        let bytes = line.strip_prefix(PREFIX);
        let bytes = bytes.and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.filter(|bytes| BYTES.contains(&bytes.len()));
        let bytes = bytes.ok_or_else(|| {
            "does not hold whsec_ and 24 to 64 bytes in base64, such as: \
             echo whsec_$(head -c 32 /dev/urandom | base64)"
                .to_owned()
        })?;
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    }

    /// How many secrets there are, each with its signature.
    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }

    /// The value of `webhook-signature`, a signature for each key; `timestamp` in seconds since
    /// 1970.
    pub(super) fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let signatures = self.0.iter().map(|key| {
            let mut context = hmac::Context::with_key(key);
            context.update(format!("{id}.{timestamp}.").as_bytes());
            context.update(body);
            format!("v1,{}", STANDARD.encode(context.sign()))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

/// The id of an event: the same at each attempt. The moment is in it because the number alone
/// would come again if the memory were lost.
pub(super) fn id(seq: u64, at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    format!("evt_{seq}_{}", since.unwrap_or_default().as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        // Computed with `openssl dgst -sha256 -mac HMAC`.
        let secret = Secret::parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX").unwrap();
        let signature = secret.sign("evt_1_2", 1_674_087_231, b"{\"version\":1}");
        assert_eq!(signature, EXPECTED);
    }

    #[test]
    fn while_a_secret_changes_there_is_a_signature_for_the_new_and_for_the_old_one() {
        let (new, old) = (
            "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
        );
        let signed = |text: &str| {
            let secret = Secret::parse(text).unwrap();
            secret.sign("evt_1_2", 1_674_087_231, b"{\"version\":1}")
        };
        let both = signed(&format!("{new}\r\n\n {old}\n"));
        assert_eq!(both, format!("{} {EXPECTED}", signed(new)));
        for (text, expected) in [
            (format!("{old}\n{new}\n{old}"), "holds 3 secrets: 2 at most"),
            (" \n".to_owned(), "is empty"),
            (format!("{old}\nhunter2"), "does not hold whsec_ and 24"),
        ] {
            let why = Secret::parse(&text).unwrap_err();
            assert!(why.starts_with(expected), "{why}");
        }
    }

    const EXPECTED: &str = "v1,EQtkPlAu1z4yBjC1Dq1Q+KLk0XTEy61PKX54A5NIKuc=";

    #[test]
    fn what_is_no_secret_is_refused_without_being_quoted() {
        for text in ["hunter2", "whsec_", "whsec_hunter2", "whsec_aHVudGVyMg=="] {
            let sentence = Secret::parse(text).unwrap_err();
            assert!(
                sentence.starts_with("does not hold whsec_ and 24 to 64 bytes in base64"),
                "{sentence}"
            );
            assert!(!sentence.contains("hunter2") && !sentence.contains("aHVu"));
        }
        let secret = Secret::parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }

    #[test]
    fn an_id_is_made_of_number_and_moment() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789);
        assert_eq!(id(17, at), "evt_17_1700000000123456");
    }
}
