//! Keys that hold a word from a closed list.

use toml::de::DeValue;

use super::decode::{Reader, Value, quoted};
use super::fault::{Place, did_you_mean, printable};
use crate::engine::Preempt;
use crate::model::Family;
use crate::probe::trust::MinVersion;

/// A word from a closed list.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// Every word and what it means.
    const WORDS: &'static [(&'static str, Self)];
}

impl<T: Word> Value for Choice<T> {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
        let all = words.join("\", \"");
        let Some(text) = value.as_str() else {
            return reader.wrong_type(place, &format!("one of \"{all}\""), value);
        };
        if let Some((_, meaning)) = T::WORDS.iter().find(|(word, _)| *word == text) {
            return Some(Self(*meaning));
        }
        let hint = match did_you_mean(text, words) {
            Some(word) => format!("; did you mean \"{word}\"?"),
            None => String::new(),
        };
        let text = printable(text);
        reader.fail(place, format!("`{text}` is not one of \"{all}\"{hint}"))
    }
    fn inline(&self) -> String {
        let word = T::WORDS.iter().find(|(_, meaning)| *meaning == self.0);
        quoted(word.map_or("", |(word, _)| word))
    }
}

/// A key whose value is a word from a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice<T>(pub(crate) T);

impl Word for Family {
    const WORDS: &'static [(&'static str, Self)] = &[("ipv4", Self::Ipv4), ("ipv6", Self::Ipv6)];
}

impl Word for MinVersion {
    const WORDS: &'static [(&'static str, Self)] = &[("1.2", Self::V12), ("1.3", Self::V13)];
}

/// How much `/metrics` tells of each endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Everything.
    Full,
    /// State, rounds, last success, certificate expiry.
    Lean,
}

impl Word for Detail {
    const WORDS: &'static [(&'static str, Self)] = &[("full", Self::Full), ("lean", Self::Lean)];
}

/// A version of HTTP that a server may answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpVersion {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

impl Word for HttpVersion {
    const WORDS: &'static [(&'static str, Self)] = &[("1.1", Self::Http1), ("2", Self::Http2)];
}

/// `true`, `false` or `"manual"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Preempting(pub(crate) Preempt);

impl Value for Preempting {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        match value {
            DeValue::Boolean(true) => Some(Self(Preempt::Auto)),
            DeValue::Boolean(false) => Some(Self(Preempt::Never)),
            DeValue::String(text) if text == "manual" => Some(Self(Preempt::Manual)),
            DeValue::String(text) => {
                let text = printable(text);
                let sentence = format!("`{text}` is not one of true, false, \"manual\"");
                reader.fail(place, sentence)
            }
            _ => reader.wrong_type(place, "true, false or \"manual\"", value),
        }
    }
    fn inline(&self) -> String {
        match self.0 {
            Preempt::Auto => "true".to_owned(),
            Preempt::Never => "false".to_owned(),
            Preempt::Manual => quoted("manual"),
        }
    }
}
