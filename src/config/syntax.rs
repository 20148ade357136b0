//! What is told of a text that is not TOML.
//!
//! The parser goes on after an error, so that two slips in a file are told together. But a bracket
//! that is never closed swallows what follows, and then every line after it is an error of its
//! own, thirty for one slip, with the one that matters scrolled away. So a line is told once, and
//! of the lines that stumble one after the other over a bracket only the first.

use std::ops::Range;

/// An error as the parser gives it: where it begins, and its sentence.
pub(super) struct Slip {
    pub(super) span: Range<usize>,
    /// Line, from 1.
    pub(super) line: usize,
    pub(super) message: String,
}

impl Slip {
    /// Whether the parser was inside of brackets.
    fn in_brackets(&self) -> bool {
        ["array", "inline table", "key-value pairs"]
            .iter()
            .any(|word| self.message.contains(word))
    }
}

/// The slips that are worth telling, in the order of the lines.
pub(super) fn worth_telling(text: &str, mut slips: Vec<Slip>) -> Vec<Slip> {
    slips.sort_by_key(|slip| slip.line);
    let says_something =
        |line: &str| !matches!(line.trim_start().bytes().next(), None | Some(b'#'));
    let lines: Vec<bool> = text.lines().map(says_something).collect();
    // Whether every line between two that says anything is one of them.
    let adjacent = |one: usize, other: usize| {
        let between = lines.get(one..other.saturating_sub(1)).unwrap_or_default();
        !between.contains(&true)
    };

    let mut told: Vec<Slip> = Vec::new();
    let mut last = 0;
    let mut bracket = false;
    for slip in slips {
        let same_line = last == slip.line;
        let goes_on = same_line || (last > 0 && adjacent(last, slip.line));
        last = slip.line;
        if goes_on && bracket && !same_line {
            if let Some(first) = told.last_mut().filter(|it| !it.message.ends_with(ABOVE)) {
                first.message.push_str(ABOVE);
            }
            continue;
        }
        bracket = (same_line && bracket) || slip.in_brackets();
        if !same_line {
            told.push(slip);
        }
    }
    told
}

const ABOVE: &str = "; is a bracket before it not closed?";

#[cfg(test)]
mod tests {
    use super::super::decode::{Document, Reader};
    use super::super::file::File;

    fn told(text: &str) -> Vec<(usize, String)> {
        let document: Document<File> = Reader::document("f", None, text);
        assert!(document.syntax);
        let faults = document.faults.into_iter();
        faults
            .map(|fault| (fault.line.unwrap(), fault.sentence))
            .collect()
    }

    #[test]
    fn a_bracket_that_is_not_closed_is_one_fault() {
        let text = "[web]\nlisten = [\"127.0.0.1:1\"\nenable_lifecycle = false\n\n# more\n\
                    [probe]\ninterval = \"60s\"\ntimeout = \"5s\"\n[network.a]\ntitle = \"A\"\n";
        let sentence = "is not TOML: missing comma between array elements, expected `,`; \
                        is a bracket before it not closed?";
        assert_eq!(told(text), [(3, sentence.to_owned())]);
    }

    #[test]
    fn a_brace_that_is_not_closed_is_one_fault() {
        let text = "[[network.a.http]]\nname = \"a\"\nheaders = { Accept = \"text/html\"\n\
                    url = \"https://a.example/\"\nweight = 1\n[network.b]\ntitle = \"B\"\n";
        assert_eq!(told(text).len(), 1, "{:?}", told(text));
    }

    #[test]
    fn slips_far_from_each_other_are_told_together_and_each_line_once() {
        let text = "vantage = [1 2 3]\n[web]\nmetrics = full\nenable_lifecycle = yes no\n\
                    [probe]\nrise = 2\nfall 3\n";
        let lines: Vec<usize> = told(text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 3, 4, 7]);
    }
}
