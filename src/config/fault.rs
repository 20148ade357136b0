//! What is wrong with a configuration, and where: file, line, key, sentence.
//!
//! A fault never quotes more of a value than helps to find it, and never anything from a key
//! that can hold a secret. Whatever it does quote is made printable and cut short.

use crate::model::printable::is_harmful;
use std::fmt;
use std::sync::Arc;

/// One thing wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named; `built-in` for the embedded default, `catalog/x.toml` for a preset.
    pub file: Arc<str>,
    /// Line, from 1; `None` where the file as a whole is meant.
    pub line: Option<usize>,
    /// The key with its path, e.g. `network.x.http.web.interval`.
    pub key: Option<String>,
    /// What is wrong, in one sentence.
    pub sentence: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        write!(f, ": {}", self.sentence)
    }
}

/// Everything wrong with the configuration; never empty. Printed as one line per fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// One fault about a file as a whole.
    pub(crate) fn whole_file(file: &str, sentence: String) -> Self {
        Self(vec![Fault {
            file: file.into(),
            line: None,
            key: None,
            sentence,
        }])
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file.
    pub(crate) file: Arc<str>,
    /// Line, from 1; `None` = nobody wrote it, it is a default.
    pub(crate) line: Option<usize>,
    /// Bytes before it, which orders what stands on one line.
    pub(crate) offset: usize,
    /// The key with its path.
    pub(crate) key: Arc<str>,
}

impl Place {
    /// The place of a value that the code supplies.
    pub(crate) fn default_of(key: &str) -> Self {
        Self {
            file: "default".into(),
            line: None,
            offset: 0,
            key: key.into(),
        }
    }

    /// Whether the code supplied the value.
    pub(crate) fn is_default(&self) -> bool {
        self.line.is_none()
    }

    /// Whether it is a default or a preset's: nothing that a user could be asked to change.
    pub(crate) fn is_supplied(&self) -> bool {
        self.is_default() || self.file.starts_with("catalog/")
    }

    /// A fault here.
    pub(crate) fn fault(&self, sentence: impl Into<String>) -> Fault {
        Fault {
            file: Arc::clone(&self.file),
            line: self.line,
            key: (!self.key.is_empty()).then(|| printable(&self.key)),
            sentence: sentence.into(),
        }
    }

    /// The place of a key below this one, in the same line.
    pub(crate) fn below(&self, key: &str) -> Self {
        let key = if self.key.is_empty() {
            key.into()
        } else {
            format!("{}.{key}", self.key).into()
        };
        Self {
            key,
            ..self.clone()
        }
    }
}

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    /// What it says.
    pub(crate) value: T,
    /// Where.
    pub(crate) place: Place,
}

impl<T> At<T> {
    /// A value that nobody wrote.
    pub(crate) fn default_of(key: &str, value: T) -> Self {
        Self {
            value,
            place: Place::default_of(key),
        }
    }

    /// A fault about this value.
    pub(crate) fn fault(&self, sentence: impl Into<String>) -> Fault {
        self.place.fault(sentence)
    }
}

/// A text for a message: printable, on one line, at most 80 characters.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == 80 {
            out.push('…');
            break;
        }
        if is_harmful(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Printable, and not cut as short as a value is: each word is, and the whole at 500 characters.
pub(crate) fn printable_long(sentence: &str) -> String {
    let words = sentence.split(' ').take(LONGEST);
    let mut text = words.map(printable).collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Longest sentence that quotes a value, in characters.
const LONGEST: usize = 500;

/// The known word that a wrong one was probably meant to be.
pub(crate) fn did_you_mean<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = if wrong.chars().count() <= 4 { 1 } else { 2 };
    known
        .into_iter()
        .map(|word| (distance(wrong, word), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Edits between two words: insert, delete, replace, swap neighbours.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(rows[i][j - 1] + 1)
                .min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let known = ["interval", "timeout", "rise", "fall"];
        assert_eq!(did_you_mean("intervall", known), Some("interval"));
        assert_eq!(did_you_mean("timeuot", known), Some("timeout"));
        assert_eq!(did_you_mean("rsie", known), Some("rise"));
        assert_eq!(did_you_mean("colour", known), None);
    }

    #[test]
    fn what_is_quoted_is_printable_and_short() {
        assert_eq!(printable("a\u{202e}b\u{1b}[31m"), "a\\u{202e}b\\u{1b}[31m");
        assert_eq!(printable(&"x".repeat(500)).chars().count(), 81);
        let sentence = format!("`{}\u{202e}` is wrong", "x ".repeat(100_000));
        assert_eq!(printable_long(&sentence).chars().count(), 501);
        assert_eq!(printable_long("`a\u{7}` is wrong"), "`a\\u{7}` is wrong");
    }
}
