//! `[[notice]]`: what the operator has to say to everybody who looks at the page.

use std::time::SystemTime;

use toml::de::DeValue;

use super::NoticeSettings;
use super::decode::{Reader, Table, Value, bare_or_quoted, read_at};
use super::fault::{At, Fault, Place};
use super::file::File;
use super::table::{bare, merge_key, table};
use super::values::Time;
use crate::model::printable::is_harmful;

/// Longer is not a notice but a page.
const LONGEST: usize = 500;
/// More than this nobody reads.
const MOST: usize = 10;

table! {
    /// `[[notice]]`.
    struct Notice {
        /// What everybody should know.
        text: Texts,
        /// Until when.
        until: Time,
    }
}

/// A text for everybody, or one for each language.
#[derive(Clone, Debug)]
pub(crate) struct Texts(Vec<(Option<String>, At<String>)>);

impl Value for Texts {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        if value.is_str() {
            let text = read_at(value, place, reader)?;
            return Some(Self(vec![(None, text)]));
        }
        let Some(table) = value.as_table() else {
            let wanted = "a string or a table of strings by language";
            return reader.wrong_type(place, wanted, value);
        };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut texts = Vec::new();
        for (key, value) in entries {
            let path = place.below(&bare_or_quoted(key.get_ref())).key;
            let at = reader.place(&path, key.span().start);
            if let Some(text) = read_at(value.get_ref(), &at, reader) {
                texts.push((Some(key.get_ref().to_string()), text));
            }
        }
        Some(Self(texts))
    }
    fn inline(&self) -> String {
        let item = |(language, text): &(Option<String>, At<String>)| match language {
            Some(language) => format!("{} = {}", bare_or_quoted(language), text.value.inline()),
            None => text.value.inline(),
        };
        let items: Vec<String> = self.0.iter().map(item).collect();
        match self.0.first() {
            Some((None, _)) => items.concat(),
            _ => format!("{{ {} }}", items.join(", ")),
        }
    }
}

/// The notices of the file.
pub(crate) fn notices(
    file: &File,
    now: SystemTime,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Vec<NoticeSettings> {
    let written = file.notice.as_ref().map_or(&[][..], |list| &list.value);
    if let Some(at) = written.get(MOST) {
        faults.push(at.fault(format!("is one too many: {MOST} notices at most")));
    }
    let notice = |at: &At<Notice>| {
        let (table, place) = (&at.value, &at.place);
        let texts = texts(table.text.as_ref(), place, faults);
        let Some(until) = &table.until else {
            let sentence = "is missing: write a time such as \"2026-12-01T22:00:00Z\"; \
                what has no end stays when nobody thinks of it any more";
            faults.push(place.below("until").fault(sentence));
            return None;
        };
        if until.value.wall() <= now {
            warnings.push(until.fault(format!("{} is past: nobody sees this", until.value)));
        }
        Some(NoticeSettings {
            texts,
            until: until.value.wall(),
        })
    };
    written.iter().filter_map(notice).collect()
}

fn texts(
    text: Option<&At<Texts>>,
    place: &Place,
    faults: &mut Vec<Fault>,
) -> Vec<(Option<String>, String)> {
    let all = text.map_or(&[][..], |at| &at.value.0);
    if all.is_empty() {
        let place = text.map_or_else(|| place.below("text"), |at| at.place.clone());
        faults.push(place.fault("is missing or empty: write what everybody should know"));
    }
    for (language, text) in all {
        let code = language.as_deref().unwrap_or("en");
        if !(2..=3).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_lowercase()) {
            let sentence = "is not a language: write a code such as `en` or `fr`";
            faults.push(text.fault(sentence));
        }
        let (value, long) = (&text.value, text.value.chars().count() > LONGEST);
        if value.trim().is_empty() || long || value.chars().any(is_harmful) {
            let sentence = format!("must be a line of 1 to {LONGEST} visible characters");
            faults.push(text.fault(sentence));
        }
    }
    let pair =
        |(language, text): &(Option<String>, At<String>)| (language.clone(), text.value.clone());
    all.iter().map(pair).collect()
}
