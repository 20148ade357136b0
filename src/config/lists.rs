//! Keys that hold several things: lists, tables under names of the user's choice, headers.

use std::fmt;

use toml::de::DeValue;

use super::decode::{Reader, Table, Value, bare_or_quoted, quoted, read_at};
use super::fault::{At, Place};
use crate::probe::mask::{MASK, is_secret_name};

/// A list; a later one replaces an earlier one as a whole.
impl<T: Value> Value for Vec<At<T>> {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        let Some(items) = value.as_array() else {
            return reader.wrong_type(place, "a list", value);
        };
        let mut whole = true;
        let mut list = Self::new();
        for (index, item) in items.iter().enumerate() {
            // Tables in lists are known by their names, where they have one.
            let name = item
                .get_ref()
                .as_table()
                .and_then(|table| table.iter().find(|(key, _)| key.get_ref() == "name"))
                .and_then(|(_, name)| name.get_ref().as_str());
            let key = match name {
                Some(name) => format!("{}.{}", place.key, bare_or_quoted(name)),
                None => format!("{}[{index}]", place.key),
            };
            let at = reader.place(&key, item.span().start);
            match read_at(item.get_ref(), &at, reader) {
                Some(item) => list.push(item),
                None => whole = false,
            }
        }
        // Half a list would be judged by what it lacks.
        whole.then_some(list)
    }
    fn inline(&self) -> String {
        let items: Vec<String> = self.iter().map(|item| item.value.inline()).collect();
        format!("[{}]", items.join(", "))
    }
    fn expand(&mut self, instance: &str) {
        for item in self {
            item.value.expand(instance);
        }
    }
}

/// A list that the code supplies.
pub(crate) fn list<T>(key: &str, items: impl IntoIterator<Item = T>) -> Vec<At<T>> {
    let at = |item| At::default_of(key, item);
    items.into_iter().map(at).collect()
}

/// Tables under names of the user's choice, in the order of the file.
#[derive(Clone, Debug)]
pub(crate) struct Named<T>(pub(crate) Vec<(String, At<T>)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Table + Value> Value for Named<T> {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        let Some(table) = value.as_table() else {
            return reader.wrong_type(place, "a table", value);
        };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut named = Vec::new();
        for (key, value) in entries {
            let path = place.below(&bare_or_quoted(key.get_ref())).key;
            let at = reader.place(&path, key.span().start);
            if let Some(item) = read_at(value.get_ref(), &at, reader) {
                named.push((key.get_ref().to_string(), item));
            }
        }
        Some(Self(named))
    }
    fn inline(&self) -> String {
        let item = |(key, at): &(String, At<T>)| {
            format!("{} = {}", bare_or_quoted(key), at.value.inline())
        };
        let items: Vec<String> = self.0.iter().map(item).collect();
        format!("{{ {} }}", items.join(", "))
    }
}

/// Request headers. Their values are never quoted, and masked where they look like secrets.
#[derive(Clone, Default)]
pub(crate) struct Headers(pub(crate) Vec<(String, At<String>)>);

impl Headers {
    fn shown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| {
            let shown = if is_secret_name(name) {
                MASK
            } else {
                &value.value
            };
            (name.as_str(), shown)
        })
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shown()).finish()
    }
}

impl Value for Headers {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        let Some(table) = value.as_table() else {
            return reader.wrong_type(place, "a table of names and values", value);
        };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut headers: Vec<(String, At<String>)> = Vec::new();
        for (key, value) in entries {
            let name = key.get_ref().to_string();
            let path = place.below(&bare_or_quoted(&name)).key;
            let at = reader.place(&path, key.span().start);
            if headers.iter().any(|(h, _)| h.eq_ignore_ascii_case(&name)) {
                reader.fail::<()>(&at, "is there twice: header names ignore case");
            } else if let Some(value) = read_at(value.get_ref(), &at, reader) {
                headers.push((name, value));
            }
        }
        Some(Self(headers))
    }
    fn inline(&self) -> String {
        let item = |(name, value)| format!("{} = {}", bare_or_quoted(name), quoted(value));
        let items: Vec<String> = self.shown().map(item).collect();
        format!("{{ {} }}", items.join(", "))
    }
    fn merge(&mut self, over: Self) {
        for (name, value) in over.0 {
            let same = |(known, _): &&mut (String, _)| known.eq_ignore_ascii_case(&name);
            match self.0.iter_mut().find(same) {
                Some(known) => *known = (name, value),
                None => self.0.push((name, value)),
            }
        }
    }
    fn expand(&mut self, instance: &str) {
        for (_, value) in &mut self.0 {
            value.value.expand(instance);
        }
    }
}
