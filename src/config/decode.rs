//! From TOML to tables, without stopping at the first fault.
//!
//! serde ends at the first error and forgets where a value stood; a person who mends a
//! configuration wants every fault at once, each with its line. So tables are read here by
//! hand: `table!` (in [`super::table`]) declares one, key by key, and gives reading (with unknown
//! keys), defaults, merging key by key, and writing it back as TOML.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::fault::{At, Fault, Place, did_you_mean, printable};
use super::syntax::{Slip, worth_telling};

/// Something that a key can hold.
pub(crate) trait Value: Clone + Sized {
    /// Reads it; `None` if faults were reported.
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self>;

    /// As a TOML value, on one line, secrets masked.
    fn inline(&self) -> String;

    /// As lines of TOML. Tables use one line per key (`expect.status = [200]`).
    fn lines(&self, key: &str, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{key} = {}", self.inline());
    }

    /// Lays another value over this one; tables merge key by key.
    fn merge(&mut self, over: Self) {
        *self = over;
    }

    /// Puts an instance in the place of `${instance}`.
    fn expand(&mut self, _instance: &str) {}
}

/// A table with a fixed set of keys.
pub(crate) trait Table: Clone + Default {
    /// The keys declared here.
    fn own_keys() -> Vec<&'static str>;
    /// The keys declared here and in the tables that are part of this one.
    fn keys() -> Vec<&'static str>;
    /// Reads the value of a key; false if there is no such key.
    fn set(&mut self, key: &str, value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> bool;
    /// The table with every default and nothing else.
    fn defaults() -> Self;
    /// Lays another table over this one, key by key.
    fn merge_table(&mut self, over: Self);
    /// Puts an instance in the place of `${instance}`, everywhere.
    fn expand_table(&mut self, instance: &str);
    /// Calls with each key that is set, and its value as lines below the prefix.
    fn own_lines(&self, prefix: &str, out: &mut String);
    /// All keys that are set, those of the tables that are part of this one included.
    fn all_lines(&self, prefix: &str, out: &mut String);
    /// The keys that are set as the items of an inline table.
    fn items(&self, out: &mut Vec<String>);
}

/// Reads one file and collects its faults.
pub(crate) struct Reader {
    file: Arc<str>,
    base: Option<PathBuf>,
    line_starts: Vec<usize>,
    /// What was wrong so far.
    pub(crate) faults: Vec<Fault>,
}

/// What a file says, and what is wrong with it.
pub(crate) struct Document<T> {
    /// As much of it as could be read.
    pub(crate) table: T,
    /// Everything wrong, in the order of the lines.
    pub(crate) faults: Vec<Fault>,
    /// It is not even TOML: what is missing from the table may stand in the text.
    pub(crate) syntax: bool,
}

impl Reader {
    /// Reads a whole document as a table. Relative paths in it start from `base`.
    pub(crate) fn document<T: Table>(file: &str, base: Option<&Path>, text: &str) -> Document<T> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut reader = Self {
            file: file.into(),
            base: base.map(Path::to_owned),
            line_starts: std::iter::once(0)
                .chain(text.match_indices('\n').map(|(at, _)| at + 1))
                .collect(),
            faults: Vec::new(),
        };
        let slips: Vec<Slip> = errors
            .iter()
            .map(|error| {
                let span = error.span().unwrap_or_default();
                Slip {
                    line: reader.line(span.start),
                    span,
                    // The message alone: the error's own Display quotes the source line, and
                    // that may hold a secret.
                    message: error.message().to_owned(),
                }
            })
            .collect();
        let broken: Vec<usize> = slips.iter().map(|slip| slip.line).collect();
        let mut syntax: Vec<Fault> = worth_telling(text, slips)
            .into_iter()
            .map(|slip| {
                // A key is no secret.
                let key = text
                    .get(slip.span.clone())
                    .filter(|_| slip.message == "duplicate key");
                let key = key.map_or_else(String::new, |key| format!(" `{}`", printable(key)));
                reader
                    .place("", slip.span.start)
                    .fault(format!("is not TOML: {}{key}", slip.message))
            })
            .collect();
        let root_place = reader.place("", 0);
        let table = reader.table(root.get_ref(), &root_place);
        let mut faults = reader.faults;
        // What follows from broken syntax in the same line is noise.
        faults.retain(|fault| !fault.line.is_some_and(|line| broken.contains(&line)));
        syntax.append(&mut faults);
        syntax.sort_by_key(|fault| fault.line);
        Document {
            table,
            faults: syntax,
            syntax: !broken.is_empty(),
        }
    }

    /// Reads a table; whatever is wrong with it is reported and left out.
    pub(crate) fn table<T: Table>(&mut self, table: &DeTable<'_>, place: &Place) -> T {
        let mut read = T::default();
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name: &str = key.get_ref();
            let path = place.below(&bare_or_quoted(name)).key;
            let at = self.place(&path, key.span().start);
            if !read.set(name, value.get_ref(), &at, self) {
                self.unknown(name, &T::keys(), &at);
            }
        }
        read
    }

    /// The directory that relative paths start from.
    pub(crate) fn base(&self) -> Option<&Path> {
        self.base.as_deref()
    }

    /// A place in this file.
    pub(crate) fn place(&self, key: &str, offset: usize) -> Place {
        Place {
            file: Arc::clone(&self.file),
            line: Some(self.line(offset)),
            offset,
            key: key.into(),
        }
    }

    fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// Reports a fault and gives `None`.
    pub(crate) fn fail<T>(&mut self, place: &Place, sentence: impl Into<String>) -> Option<T> {
        self.faults.push(place.fault(sentence));
        None
    }

    /// Reports a value of the wrong type; the value itself is not quoted.
    pub(crate) fn wrong_type<T>(
        &mut self,
        place: &Place,
        wanted: &str,
        value: &DeValue<'_>,
    ) -> Option<T> {
        let article = match value.type_str() {
            "integer" | "array" => "an",
            _ => "a",
        };
        let found = value.type_str();
        self.fail(place, format!("must be {wanted}, not {article} {found}"))
    }

    fn unknown(&mut self, key: &str, known: &[&'static str], place: &Place) {
        let hint = match did_you_mean(key, known.iter().copied()) {
            Some(word) => format!("; did you mean `{word}`?"),
            None if known.len() <= 8 => format!("; known here: {}", known.join(", ")),
            None => String::new(),
        };
        self.faults
            .push(place.fault(format!("unknown key `{}`{hint}", printable(key))));
    }
}

/// Reads the value of a key together with its place.
pub(crate) fn read_at<T: Value>(
    value: &DeValue<'_>,
    place: &Place,
    reader: &mut Reader,
) -> Option<At<T>> {
    T::read(value, place, reader).map(|value| At {
        value,
        place: place.clone(),
    })
}

/// A key as TOML writes it.
pub(crate) fn bare_or_quoted(key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { key.to_owned() } else { quoted(key) }
}

/// A text as a TOML string on one line; backslashes stay as they are where that is possible.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| !c.is_control() && c != '\'';
    if text.contains('\\') && text.chars().all(plain) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
