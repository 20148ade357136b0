//! The parameters of a request: few, short, and refused with a sentence if they are wrong.

use std::ops::RangeInclusive;
use std::time::Duration;

use hyper::StatusCode;
use url::form_urlencoded;

use crate::model::printable::{QUOTE, printable};

/// Longest query, in bytes.
const LONGEST: usize = 1024;
/// Longest length of time, in bytes.
const LONGEST_SPAN: usize = 64;

/// Why there is no answer: the status, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) String);

impl Refusal {
    pub(super) const fn new(status: StatusCode, sentence: String) -> Self {
        Self(status, sentence)
    }

    pub(super) const fn bad(sentence: String) -> Self {
        Self(StatusCode::BAD_REQUEST, sentence)
    }

    pub(super) const fn unknown(sentence: String) -> Self {
        Self(StatusCode::NOT_FOUND, sentence)
    }
}

/// The parameters of one request.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Takes a query apart. Every parameter has to be one of `known`, and comes once.
    pub(super) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Refusal> {
        let query = query.unwrap_or_default();
        if query.len() > LONGEST {
            let sentence = format!("the query is longer than {LONGEST} bytes");
            return Err(Refusal::new(StatusCode::URI_TOO_LONG, sentence));
        }
        let mut read = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            if !known.contains(&&*key) {
                let known = match known {
                    [] => "none".to_owned(),
                    known => known.join(", "),
                };
                let key = printable(&key, QUOTE);
                let sentence = format!("`{key}` is not a parameter of this page: it has {known}");
                return Err(Refusal::bad(sentence));
            }
            if read.text(&key).is_some() {
                return Err(Refusal::bad(format!("`{key}` is given twice")));
            }
            read.0.push((key.into_owned(), value.into_owned()));
        }
        Ok(read)
    }

    /// The same, but parameters of others are passed over: what people share, and what is shown
    /// elsewhere, is given some on its way.
    pub(super) fn read_some(query: Option<&str>, known: &[&str]) -> Result<Self, Refusal> {
        let query = query.unwrap_or_default();
        let own = form_urlencoded::parse(query.as_bytes());
        let own = own.filter(|(key, _)| query.len() > LONGEST || known.contains(&&**key));
        let mut kept = form_urlencoded::Serializer::new(String::new());
        kept.extend_pairs(own);
        Self::read(Some(&kept.finish()), known)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        let mut all = self.0.iter();
        all.find_map(|(it, value)| (it == key).then_some(value.as_str()))
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &self,
        key: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        // A sign would be read, too.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits && bounds.contains(&number) => Ok(Some(number)),
            _ => {
                let (least, most) = bounds.into_inner();
                let wanted = format!("a whole number from {least} to {most}");
                Err(wrong(key, text, &wanted))
            }
        }
    }

    /// A length of time.
    pub(super) fn span(&self, key: &str) -> Result<Option<Duration>, Refusal> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        match humantime::parse_duration(text) {
            Ok(span) if is_span(text) => Ok(Some(span)),
            _ => Err(wrong(key, text, "a duration such as 30m, 12h or 7d")),
        }
    }

    /// One of a few words.
    pub(super) fn one_of(&self, key: &str, words: &[&str]) -> Result<Option<&str>, Refusal> {
        match self.text(key) {
            Some(text) if !words.contains(&text) => Err(wrong(key, text, &words.join(" or "))),
            text => Ok(text),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str) -> Result<bool, Refusal> {
        match self.text(key) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(text) => Err(wrong(key, text, "true or false")),
        }
    }

    /// A name as the configuration has them.
    pub(super) fn name(&self, key: &str) -> Result<Option<&str>, Refusal> {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        match self.text(key) {
            Some(text) if text.is_empty() || !text.chars().all(fine) => {
                Err(wrong(key, text, "a name of small letters, digits, _ and -"))
            }
            text => Ok(text),
        }
    }
}

/// Whether it is what the description says, `7d` or `1d 12h`: the library reads more than that.
fn is_span(text: &str) -> bool {
    let mut rest = text;
    if text.len() > LONGEST_SPAN {
        return false;
    }
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let behind = rest.get(digits..).unwrap_or_default();
        let Some(next) = behind.strip_prefix(['s', 'm', 'h', 'd', 'w']) else {
            return false;
        };
        if !(1..=9).contains(&digits) || next.is_empty() {
            return (1..=9).contains(&digits);
        }
        rest = next.strip_prefix(' ').unwrap_or(next);
    }
}

fn wrong(key: &str, text: &str, wanted: &str) -> Refusal {
    let text = printable(text, QUOTE);
    Refusal::bad(format!("`{key}` is `{text}`, and has to be {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["since", "limit", "network"];

    fn read(query: &str) -> Result<Query, Refusal> {
        Query::read(Some(query), &KNOWN)
    }

    #[test]
    fn parameters_are_read_and_may_be_absent() {
        let query = read("since=7d&limit=20&network=x").unwrap();
        assert_eq!(
            query.span("since"),
            Ok(Some(Duration::from_secs(7 * 86_400)))
        );
        assert_eq!(query.number("limit", 1..=1000), Ok(Some(20)));
        assert_eq!(query.name("network"), Ok(Some("x")));
        let empty = Query::read(None, &KNOWN).unwrap();
        assert_eq!(empty.span("since"), Ok(None));
        assert_eq!(empty.number("limit", 1..=1000), Ok(None));
    }

    #[test]
    fn a_length_of_time_is_numbers_with_units_and_nothing_else() {
        for (text, fine) in [
            ("7d", true),
            ("1d 12h", true),
            ("1d12h30m", true),
            ("000000001w", true),
            ("1234567890s", false),
            ("1d  12h", false),
            ("1d ", false),
            ("7", false),
            ("0", false),
            ("d", false),
            ("1M", false),
            ("1.5h", false),
            ("1day", false),
            (&"1s".repeat(32), true),
            (&"1s".repeat(33), false),
            ("", false),
        ] {
            assert_eq!(is_span(text), fine, "{text}");
            assert!(!fine || humantime::parse_duration(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_wrong_parameter_is_refused_with_what_it_has_to_be() {
        let said = |refused: Result<Query, Refusal>| refused.unwrap_err().1;
        assert_eq!(
            said(read("sinec=7d")),
            "`sinec` is not a parameter of this page: it has since, limit, network"
        );
        assert_eq!(said(read("limit=1&limit=2")), "`limit` is given twice");
        assert_eq!(
            said(read(&format!("network={}", "x".repeat(1024)))),
            "the query is longer than 1024 bytes"
        );
        let query = read("limit=1001&since=soon&network=%1b%5b").unwrap();
        assert_eq!(
            query.number("limit", 1..=1000).unwrap_err().1,
            "`limit` is `1001`, and has to be a whole number from 1 to 1000"
        );
        assert_eq!(
            query.span("since").unwrap_err().1,
            "`since` is `soon`, and has to be a duration such as 30m, 12h or 7d"
        );
        assert_eq!(
            query.name("network").unwrap_err().1,
            "`network` is `\u{fffd}[`, and has to be a name of small letters, digits, _ and -"
        );
    }
}
