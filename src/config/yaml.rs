//! YAML as a tree in which everything knows its line.
//!
//! The web configuration file is YAML because that of the exporter-toolkit is. It is a small
//! file of few levels: what YAML has beyond names, texts, lists and tables (anchors, several
//! documents, keys that are tables) is refused with a sentence. Faults here never quote the
//! text, which may hold keys and hashes.

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

/// Levels of tables in tables. The format needs three.
const DEEPEST: usize = 16;

/// Something in the file.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it begins, from 1.
    pub(crate) line: usize,
    /// What it is.
    pub(crate) what: What,
}

/// What there can be.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Nothing, or `null`.
    Nothing,
    /// A text, a number, or true or false; `plain` if without quotes.
    Text {
        /// The text.
        text: String,
        /// Without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// Keys with their values, in the order of the file.
    Table(Vec<(Key, Node)>),
}

/// A key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Where it stands.
    pub(crate) line: usize,
    /// Its name.
    pub(crate) name: String,
}

/// Why a text cannot be read: the line, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) Option<usize>, pub(crate) String);

/// Reads a text with one document.
pub(crate) fn parse(text: &str) -> Result<Node, Unreadable> {
    let mut reader = Reader {
        events: Parser::new_from_str(text),
    };
    let mut root = None;
    loop {
        let (event, line) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            Event::StreamEnd => break,
            _ if root.is_some() => {
                return Err(at(line, "there is a second document in this file"));
            }
            event => root = Some(reader.node(event, line, 0)?),
        }
    }
    Ok(root.unwrap_or(Node {
        line: 1,
        what: What::Nothing,
    }))
}

struct Reader<'a, T: granit_parser::BorrowedInput<'a>> {
    events: Parser<'a, T>,
}

impl<'a, T: granit_parser::BorrowedInput<'a>> Reader<'a, T> {
    fn next(&mut self) -> Result<(Event<'a>, usize), Unreadable> {
        match self.events.next_event() {
            Some(Ok((event, span))) => Ok((event, line_of(&span))),
            Some(Err(error)) => Err(broken(&error)),
            None => Ok((Event::StreamEnd, 1)),
        }
    }

    fn node(&mut self, event: Event<'a>, line: usize, depth: usize) -> Result<Node, Unreadable> {
        if depth > DEEPEST {
            return Err(at(line, "there are too many levels"));
        }
        let what = match event {
            Event::Scalar(text, style, ..) => {
                let plain = matches!(style, ScalarStyle::Plain);
                match &*text {
                    "" | "~" | "null" | "Null" | "NULL" if plain => What::Nothing,
                    _ => What::Text {
                        text: text.into_owned(),
                        plain,
                    },
                }
            }
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.table(depth)?,
            Event::Alias(..) => {
                return Err(at(
                    line,
                    "an alias is not read here: write out what it stands for",
                ));
            }
            _ => return Err(at(line, "something is missing here")),
        };
        Ok(Node { line, what })
    }

    fn list(&mut self, depth: usize) -> Result<What, Unreadable> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(What::List(items)),
                (event, line) => items.push(self.node(event, line, depth + 1)?),
            }
        }
    }

    fn table(&mut self, depth: usize) -> Result<What, Unreadable> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, line) = self.next()?;
            let name = match event {
                Event::MappingEnd => return Ok(What::Table(entries)),
                Event::Scalar(name, ..) => name.into_owned(),
                _ => return Err(at(line, "a key has to be a name")),
            };
            if entries.iter().any(|(key, _)| key.name == name) {
                return Err(at(line, "this key is there twice"));
            }
            let (event, value_line) = self.next()?;
            let value = self.node(event, value_line, depth + 1)?;
            entries.push((Key { line, name }, value));
        }
    }
}

fn line_of(span: &Span) -> usize {
    span.start.line()
}

fn at(line: usize, sentence: &str) -> Unreadable {
    Unreadable(Some(line), sentence.to_owned())
}

/// What the parser says names no more of the text than a single character.
fn broken(error: &ScanError) -> Unreadable {
    let line = error.marker().line();
    Unreadable(Some(line), format!("is not YAML: {}", error.info()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> (Option<usize>, String) {
        let Unreadable(line, sentence) = parse(text).expect_err("it is refused");
        (line, sentence)
    }

    #[test]
    fn everything_knows_its_line() {
        let root = parse("# c\na:\n  b: 'x'\n  c: [1,\n   2]\nd:\n").expect("it is YAML");
        let What::Table(entries) = root.what else {
            panic!("a table");
        };
        let lines: Vec<_> = entries
            .iter()
            .map(|(key, _)| (&*key.name, key.line))
            .collect();
        assert_eq!(lines, [("a", 2), ("d", 6)]);
        let What::Table(inner) = &entries[0].1.what else {
            panic!("a table");
        };
        assert_eq!((inner[1].0.line, inner[1].1.line), (4, 4));
        assert!(matches!(entries[1].1.what, What::Nothing));
    }

    #[test]
    fn what_the_format_does_not_need_is_refused_with_the_line() {
        let refused = |text: &str, line: usize, sentence: &str| {
            assert_eq!(refusal(text), (Some(line), sentence.to_owned()), "{text}");
        };
        refused(
            "a: &x 1\nb: *x\n",
            2,
            "an alias is not read here: write out what it stands for",
        );
        refused(
            "a: 1\n---\nb: 2\n",
            3,
            "there is a second document in this file",
        );
        refused("a: 1\na: 2\n", 2, "this key is there twice");
        refused("[a]: 1\n", 1, "a key has to be a name");
        let deep = "[".repeat(40) + &"]".repeat(40);
        refused(&deep, 1, "there are too many levels");
    }

    #[test]
    fn a_text_that_is_not_yaml_is_told_without_quoting_it() {
        let (line, sentence) = refusal("a: \"SECRET\nb: [SECRET\n");
        assert_eq!(line, Some(1));
        assert!(!sentence.contains("SECRET"), "{sentence}");
    }
}
