//! `basic_auth_users`: names, and the bcrypt hashes of their passwords.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr as _;
use std::sync::Arc;

/// The dearest hash that is taken: each step doubles the time of a check.
const MAX_COST: u32 = 14;
/// A stolen hash below this cost is soon guessed.
const MIN_GOOD_COST: u32 = 10;

/// The bcrypt hash of a password. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Hash(Arc<str>);

impl Hash {
    /// Checks a hash.
    ///
    /// # Errors
    /// A sentence without the hash.
    pub fn new(text: &str) -> Result<Self, String> {
        let kind = text.get(..4).unwrap_or_default();
        if !["$2a$", "$2b$", "$2y$"].contains(&kind) {
            return Err(
                "is not a bcrypt hash, which begins with $2a$, $2b$ or $2y$: \
                 `htpasswd -nBC 10 USER` makes one"
                    .to_owned(),
            );
        }
        let Ok(parts) = bcrypt::HashParts::from_str(text) else {
            return Err("is damaged: a bcrypt hash has 60 characters, and this is none".to_owned());
        };
        let cost = parts.get_cost();
        match cost {
            0..4 => Err(format!("has the cost {cost}, and bcrypt begins with 4")),
            4..=MAX_COST => Ok(Self(text.into())),
            _ => Err(format!(
                "has the cost {cost}: one check would take seconds of a core, so {MAX_COST} is the most"
            )),
        }
    }

    /// Why this hash is weak, if it is.
    #[must_use]
    pub fn weakness(&self) -> Option<String> {
        let cost = self.cost();
        (cost < MIN_GOOD_COST).then(|| {
            format!(
                "has the cost {cost}: whoever gets hold of the hash guesses fast; \
                 {MIN_GOOD_COST} is usual"
            )
        })
    }

    fn cost(&self) -> u32 {
        bcrypt::HashParts::from_str(&self.0).map_or(0, |parts| parts.get_cost())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether this is the hash of the password. Takes a core for a while, on purpose.
    pub(super) fn is_of(&self, password: &str) -> bool {
        bcrypt::verify(password, &self.0).unwrap_or(false)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(***)")
    }
}

/// Who may come in. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Users(Arc<BTreeMap<String, Hash>>);

impl Users {
    /// These users.
    #[must_use]
    pub fn new(users: BTreeMap<String, Hash>) -> Self {
        Self(Arc::new(users))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none, so that nobody is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn hash_of(&self, name: &str) -> Option<&Hash> {
        self.0.get(name)
    }

    /// What the password of somebody unknown is checked against, to take as long: the dearest.
    pub(super) fn decoy(&self) -> Option<&Hash> {
        self.0.values().max_by_key(|hash| hash.cost())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn hashes(&self) -> impl Iterator<Item = &Hash> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "abcdefghijklmnopqrstuuKz7FQ0fKmdXDzBRlDcTBjHRGtZWk0Pe";

    #[test]
    fn a_hash_is_refused_with_a_sentence_that_does_not_quote_it() {
        let of = |text: &str| Hash::new(text).err().unwrap_or_default();
        assert_eq!(
            of("hunter2"),
            "is not a bcrypt hash, which begins with $2a$, $2b$ or $2y$: \
             `htpasswd -nBC 10 USER` makes one"
        );
        assert_eq!(
            of("$2y$10$short"),
            "is damaged: a bcrypt hash has 60 characters, and this is none"
        );
        assert_eq!(
            of(&format!("$2y$16${REST}")),
            "has the cost 16: one check would take seconds of a core, so 14 is the most"
        );
        assert_eq!(
            of(&format!("$2y$03${REST}")),
            "has the cost 3, and bcrypt begins with 4"
        );
        let weak = Hash::new(&format!("$2b$05${REST}")).expect("it is a hash");
        assert_eq!(
            weak.weakness().as_deref(),
            Some("has the cost 5: whoever gets hold of the hash guesses fast; 10 is usual")
        );
        assert_eq!(format!("{weak:?}"), "Hash(***)");
    }
}
