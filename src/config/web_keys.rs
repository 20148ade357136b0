//! The keys of a YAML table, taken out one by one; what is left over is a fault.

use std::sync::Arc;

use super::fault::{Fault, Place, did_you_mean, printable};
use super::yaml::{Key, Node, What};

/// A key that is longer or odder than this is not quoted: it may be a piece of a key or a hash.
const LONGEST_QUOTED: usize = 40;

/// A word that stands where the name of something is expected; what does not look like a name is
/// not shown, as it may be a hash or a piece of a key that stands in the wrong line.
pub(super) fn quoted(word: &str) -> String {
    let like_a_name = |c: char| c.is_ascii_alphanumeric() || "_-. ".contains(c);
    if word.len() <= 60 && word.chars().all(like_a_name) {
        format!("`{word}`")
    } else {
        "what stands here".to_owned()
    }
}

/// A table of the file that is being read.
pub(super) struct Keys<'a> {
    place: Place,
    entries: Vec<(Key, Node)>,
    known: Vec<&'static str>,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Keys<'a> {
    /// The table at a place; an empty one if there is something else.
    pub(super) fn of(node: Node, place: Place, faults: &'a mut Vec<Fault>) -> Self {
        let entries = match node.what {
            What::Table(entries) => entries,
            What::Nothing => Vec::new(),
            _ => {
                faults.push(place.fault("must be a table: lines of `key: value`"));
                Vec::new()
            }
        };
        Self {
            place,
            entries,
            known: Vec::new(),
            faults,
        }
    }

    /// Whether something is left that has not been taken.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the table itself stands.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// A fault of this table.
    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Takes a key that has a value.
    pub(super) fn take(&mut self, name: &'static str) -> Option<(Place, Node)> {
        self.known.push(name);
        let index = self.entries.iter().position(|(key, _)| key.name == name)?;
        let (key, node) = self.entries.remove(index);
        let place = self.at(&key);
        if matches!(node.what, What::Nothing) {
            self.fault(place.fault("has no value: leave it out, or say something"));
            return None;
        }
        Some((place, node))
    }

    /// Takes all keys that are left, whatever their names.
    pub(super) fn take_all(&mut self) -> Vec<(Key, Node)> {
        std::mem::take(&mut self.entries)
    }

    /// Takes a text.
    pub(super) fn text(&mut self, name: &'static str) -> Option<(Place, String)> {
        let (place, node) = self.take(name)?;
        match node.what {
            What::Text { text, .. } if text.is_empty() => {
                self.fault(place.fault("is empty: leave it out, or say something"));
                None
            }
            What::Text { text, .. } => Some((place, text)),
            _ => {
                self.fault(place.fault("must be a text"));
                None
            }
        }
    }

    /// Takes a list of texts.
    pub(super) fn texts(&mut self, name: &'static str) -> Vec<(Place, String)> {
        let Some((place, node)) = self.take(name) else {
            return Vec::new();
        };
        let What::List(items) = node.what else {
            self.fault(place.fault("must be a list of texts"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            let at = Place {
                line: Some(item.line),
                ..place.clone()
            };
            match item.what {
                What::Text { text, .. } => texts.push((at, text)),
                _ => self.fault(at.fault("must be a list of texts")),
            }
        }
        texts
    }

    /// Takes true or false.
    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let (place, node) = self.take(name)?;
        match &node.what {
            What::Text { text, plain: true } => match &*text.to_ascii_lowercase() {
                "true" | "yes" | "on" => return Some(true),
                "false" | "no" | "off" => return Some(false),
                _ => {}
            },
            What::Text { .. } | What::Nothing | What::List(_) | What::Table(_) => {}
        }
        self.fault(place.fault("must be true or false"));
        None
    }

    /// The place of a key in this table.
    pub(super) fn at(&self, key: &Key) -> Place {
        let below = self.place.below(&key.name);
        Place {
            line: Some(key.line),
            ..below
        }
    }

    /// What is left over is a fault each.
    pub(super) fn finish(self) {
        for (key, _) in &self.entries {
            let clean = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            let quotable = key.name.len() <= LONGEST_QUOTED && key.name.chars().all(clean);
            let place = Place {
                line: Some(key.line),
                ..self.place.clone()
            };
            let hint = match did_you_mean(&key.name, self.known.iter().copied()) {
                Some(word) => format!("; did you mean `{word}`?"),
                None => format!("; known here: {}", self.known.join(", ")),
            };
            let sentence = match quotable {
                true => format!("unknown key `{}`{hint}", printable(&key.name)),
                false => "there is something here that is no key".to_owned(),
            };
            self.faults.push(place.fault(sentence));
        }
    }
}

/// The place of a whole file.
pub(super) fn whole(file: &str) -> Place {
    Place {
        file: Arc::from(file),
        line: None,
        offset: 0,
        key: "".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_in_the_wrong_line_is_not_shown() {
        assert_eq!(quoted("TLS_RSA x"), "`TLS_RSA x`");
        let hash = "a $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";
        assert_eq!(quoted(hash), "what stands here");
        assert_eq!(quoted(&"k".repeat(61)), "what stands here");
    }
}
