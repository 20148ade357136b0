//! Labels that every sample has besides its own, as Prometheus adds them to what it scrapes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::metrics::names;
use crate::metrics::text::escaped;

/// The labels of a target, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels(BTreeMap<String, String>);

impl Default for Labels {
    /// Those by which dashboards and rules find a bascule.
    fn default() -> Self {
        let labels = [("job", "bascule"), ("instance", "replay")];
        Self(labels.map(|(n, v)| (n.to_owned(), v.to_owned())).into())
    }
}

impl Labels {
    /// Reads `NAME=VALUE`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<(String, String), String> {
        let Some((name, value)) = text.split_once('=') else {
            return Err("write NAME=VALUE, such as instance=berlin".to_owned());
        };
        let mut letters = name.bytes();
        let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        if !letters.next().is_some_and(begins)
            || !letters.all(|byte| begins(byte) || byte.is_ascii_digit())
        {
            return Err(format!(
                "`{name}` is not the name of a label: letters, digits and _, no digit first"
            ));
        }
        if name.starts_with("__") {
            return Err("names that begin with __ belong to Prometheus".to_owned());
        }
        let mut own = names::ALL.iter().flat_map(|metric| metric.labels);
        if name == "le" || own.any(|label| *label == name) {
            return Err(format!("bascule itself uses the label `{name}`"));
        }
        if value.is_empty() {
            return Err(format!("`{name}` has no value"));
        }
        Ok((name.to_owned(), value.to_owned()))
    }

    /// Adds a label, or gives one another value.
    pub fn set(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }

    /// As they are written, each with a comma behind it.
    pub(in crate::metrics) fn written(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            // A string takes everything.
            let _ = write!(text, "{name}=\"{}\",", escaped(value));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_labels_replace_and_add_and_are_escaped() {
        let mut labels = Labels::default();
        assert_eq!(labels.written(), r#"instance="replay",job="bascule","#);
        for text in ["instance=north", "_site1=a\\b\"c\nd=e"] {
            let (name, value) = Labels::parse(text).unwrap();
            labels.set(name, value);
        }
        assert_eq!(
            labels.written(),
            r#"_site1="a\\b\"c\nd=e",instance="north",job="bascule","#
        );
    }

    #[test]
    fn what_cannot_be_a_label_is_told_in_a_sentence() {
        let no_name = "is not the name of a label: letters, digits and _, no digit first";
        for (text, sentence) in [
            ("north", "write NAME=VALUE, such as instance=berlin"),
            ("=north", &format!("`` {no_name}")),
            ("1st=north", &format!("`1st` {no_name}")),
            ("a-b=north", &format!("`a-b` {no_name}")),
            ("é=north", &format!("`é` {no_name}")),
            (
                "__name__=x",
                "names that begin with __ belong to Prometheus",
            ),
            ("network=x", "bascule itself uses the label `network`"),
            ("standbys=1", "bascule itself uses the label `standbys`"),
            ("version=1", "bascule itself uses the label `version`"),
            ("le=1", "bascule itself uses the label `le`"),
            ("job=", "`job` has no value"),
        ] {
            assert_eq!(Labels::parse(text), Err(sentence.to_owned()), "{text}");
        }
    }
}
