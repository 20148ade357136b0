//! One line on its way to a terminal: inks, columns, and the gate for text from outside.
//!
//! Every piece of a drawing goes through [`Line::ink`], which removes what a terminal could obey
//! (control and bidirectional characters) and, in the plain look, everything but ASCII. Since
//! the line knows its width at any time, it can be filled up to a column and never gets longer
//! than the look allows.

use crate::model::printable::is_harmful;
use std::borrow::Cow;
use std::fmt::Write as _;

/// What the reader's side can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Colours.
    pub colour: bool,
    /// More than ASCII.
    pub unicode: bool,
    /// Columns of a line at most, in what is drawn for a window of any width.
    pub columns: usize,
}

impl Look {
    /// Columns of a line at most, and as many as most drawings have.
    pub const WIDTH: usize = 80;
    /// Columns that every window has.
    pub const LEAST: usize = 20;

    /// Colours, and more than ASCII.
    pub const RICH: Self = Self {
        colour: true,
        unicode: true,
        columns: Self::WIDTH,
    };

    /// ASCII without colours: for files, pipes and old terminals.
    pub const PLAIN: Self = Self {
        colour: false,
        unicode: false,
        columns: Self::WIDTH,
    };

    /// The same for a window of so many columns.
    #[must_use]
    pub fn within(self, columns: usize) -> Self {
        Self {
            columns: columns.clamp(Self::LEAST, Self::WIDTH),
            ..self
        }
    }

    /// The tables have no room.
    #[must_use]
    pub const fn is_narrow(self) -> bool {
        self.columns < Self::WIDTH
    }
}

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// As it comes.
    Text,
    /// Not important.
    Dim,
    /// A heading or a name.
    Strong,
    /// Works.
    Good,
    /// Works with trouble.
    Warn,
    /// Turned away.
    Wall,
    /// Does not work.
    Bad,
    /// The phases, in order of time.
    Phase(usize),
}

impl Ink {
    /// The terminal's own sixteen colours, so that the reader's theme decides how they look.
    const fn code(self) -> Option<&'static str> {
        Some(match self {
            Self::Text => return None,
            Self::Dim => "2",
            Self::Strong => "1",
            Self::Good => "32",
            Self::Warn => "33",
            Self::Wall => "35",
            Self::Bad => "1;31",
            Self::Phase(0) => "34",
            Self::Phase(1) => "36",
            Self::Phase(2) => "35",
            Self::Phase(3) => "33",
            Self::Phase(_) => "32",
        })
    }
}

/// A line being written.
#[derive(Clone, Debug)]
pub struct Line {
    look: Look,
    pieces: Vec<(Ink, String)>,
}

impl Line {
    /// An empty line.
    #[must_use]
    pub const fn new(look: Look) -> Self {
        Self {
            look,
            pieces: Vec::new(),
        }
    }

    /// A line that begins with `columns` of nothing.
    #[must_use]
    pub fn indented(look: Look, columns: usize) -> Self {
        Self::new(look).pad_to(columns)
    }

    /// Adds text.
    #[must_use]
    pub fn ink(mut self, ink: Ink, text: impl AsRef<str>) -> Self {
        let text = clean(text.as_ref(), self.look.unicode);
        if !text.is_empty() {
            self.pieces.push((ink, text));
        }
        self
    }

    /// Adds text without a colour.
    #[must_use]
    pub fn text(self, text: impl AsRef<str>) -> Self {
        self.ink(Ink::Text, text)
    }

    /// Adds the pieces of another line.
    #[must_use]
    pub fn line(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Fills up with blanks; nothing happens if the line is already longer.
    #[must_use]
    pub fn pad_to(self, column: usize) -> Self {
        let blanks = column.saturating_sub(self.width());
        self.text(" ".repeat(blanks))
    }

    /// Adds `tail` at the right edge, and cuts what is left of it if there is no room for both.
    #[must_use]
    pub fn right(self, tail: Self) -> Self {
        let room = Look::WIDTH.saturating_sub(tail.width() + 1);
        self.cut(room).pad_to(room + 1).line(tail)
    }

    /// Columns so far.
    #[must_use]
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| width(text)).sum()
    }

    /// Cut to `columns`, with a mark at the end if something is missing.
    #[must_use]
    pub fn cut(self, columns: usize) -> Self {
        if self.width() <= columns {
            return self;
        }
        let mark = if self.look.unicode { "…" } else { "..." };
        let mut room = columns.saturating_sub(width(mark));
        let mut pieces = Vec::new();
        let mut last = Ink::Text;
        for (ink, text) in self.pieces {
            let mut kept = String::new();
            let mut full = false;
            for c in text.chars() {
                full = columns_of(c) > room;
                if full {
                    break;
                }
                room -= columns_of(c);
                kept.push(c);
            }
            last = ink;
            pieces.push((ink, kept));
            if full {
                break;
            }
        }
        pieces.push((last, mark.to_owned()));
        Self {
            look: self.look,
            pieces,
        }
    }

    /// Writes the line with its line break to `out`.
    pub fn end(self, out: &mut String) {
        let Look {
            colour, columns, ..
        } = self.look;
        let mut text = String::new();
        for (ink, piece) in self.cut(columns).pieces {
            match ink.code() {
                Some(code) if colour && !piece.trim().is_empty() => {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "\x1b[{code}m{piece}\x1b[0m");
                }
                _ => text.push_str(&piece),
            }
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
}

/// Breaks text at blanks into lines of at most `columns`; a longer word goes on in the next lines.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => broken(word, columns, &mut lines),
        }
    }
    lines
}

/// The same beside an indent, on `most` lines, or on more in a window that is narrow; with a mark
/// at the end if something is missing.
#[must_use]
pub fn wrap_some(look: Look, text: &str, indent: usize, most: usize) -> Vec<String> {
    let most = (most * Look::WIDTH).div_ceil(look.columns);
    let mut lines = wrap(text, look.columns - indent);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while width(last) + " ...".len() > look.columns - indent
                && let Some(blank) = last.rfind(' ')
            {
                last.truncate(blank);
            }
            last.push_str(" …");
        }
    }
    lines
}

/// A word, on as many lines as it needs.
fn broken(word: &str, columns: usize, lines: &mut Vec<String>) {
    let mut line = String::new();
    let mut room = columns;
    for c in word.chars() {
        if columns_of(c) > room && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            room = columns;
        }
        room = room.saturating_sub(columns_of(c));
        line.push(c);
    }
    lines.push(line);
}

/// Text without anything a terminal could obey; in ASCII if there is no more.
fn clean(text: &str, unicode: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // A list keeps its commas where there is no middle dot.
    let text = if unicode {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.replace(" · ", ", "))
    };
    for c in text.chars() {
        match c {
            c if is_harmful(c) => out.push(if unicode { '\u{fffd}' } else { '?' }),
            c if unicode || c.is_ascii() => out.push(c),
            '─' | '–' | '—' => out.push('-'),
            '━' => out.push('='),
            '·' => out.push('.'),
            '…' => out.push_str("..."),
            '→' => out.push_str("->"),
            _ => out.push('?'),
        }
    }
    out
}

/// Lines of text without anything a terminal could obey; in ASCII if there is no more.
#[must_use]
pub fn gated(text: &str, unicode: bool) -> String {
    let line = |line: &str| clean(line.trim_end_matches('\n'), unicode) + "\n";
    text.split_inclusive('\n').map(line).collect()
}

/// Columns that text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Columns of one character: two for the wide scripts and emoji, none for combining marks. An
/// approximation by block; a mistake costs a crooked column, nothing else.
const fn columns_of(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RICH: Look = Look::RICH;

    fn told(line: Line) -> String {
        let mut out = String::new();
        line.end(&mut out);
        out
    }

    #[test]
    fn commands_to_the_terminal_become_visible_marks() {
        let hostile = "a\x1b[31mb\u{9b}2J\u{202e}c\r\nd\x07";
        let line = Line::new(RICH).ink(Ink::Bad, hostile);
        assert_eq!(
            told(line),
            "\x1b[1;31ma\u{fffd}[31mb\u{fffd}2J\u{fffd}c\u{fffd}\u{fffd}d\u{fffd}\x1b[0m\n"
        );
        let plain = told(Line::new(Look::PLAIN).text(hostile));
        assert_eq!(plain, "a?[31mb?2J?c??d?\n");
    }

    #[test]
    fn a_long_line_is_cut_at_eighty_columns_with_a_mark() {
        let line = told(Line::new(Look::PLAIN).text("x".repeat(200)));
        assert_eq!(line, format!("{}...\n", "x".repeat(77)));
        let wide = told(Line::new(RICH).text("漢".repeat(60)));
        assert_eq!(wide, format!("{}…\n", "漢".repeat(39)));
    }

    #[test]
    fn a_word_that_is_longer_than_a_line_is_not_cut() {
        assert_eq!(wrap("see abcdefgh now", 4), ["see", "abcd", "efgh", "now"]);
        assert_eq!(wrap("漢字漢", 4), ["漢字", "漢"]);
        assert_eq!(wrap("漢字", 1), ["漢", "字"]);
    }

    #[test]
    fn the_right_edge_wins_over_the_left_one() {
        let tail = Line::new(Look::PLAIN).text("tail");
        let line = told(Line::new(Look::PLAIN).text("y".repeat(90)).right(tail));
        assert_eq!(line, format!("{}... tail\n", "y".repeat(72)));
    }

    #[test]
    fn the_plain_look_is_ascii_only() {
        let line = told(Line::new(Look::PLAIN).text("é ─ → … ✓"));
        assert_eq!(line, "? - -> ... ?\n");
        assert!(line.is_ascii());
    }
}
