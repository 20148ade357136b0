//! Rounds as a drawing for people: what happened, how far it got, where the time went.
//!
//! Few addresses are told in full, with a bar per phase and all facts. Many would bury the one
//! that matters, so then only trouble is told in full and the rest on a line per address.
//! Every line fits into 80 columns.

use std::time::Duration;

use super::climb::climb;
use super::facts;
use super::line::{Ink, Line, Look, wrap};
use super::phases;
use super::words::{count, milliseconds};
use crate::model::{AddressRound, Cause, Kind, Round, Verdict};

/// More addresses than this in one drawing, and those that pass are told briefly.
const FULL: usize = 4;

/// More rounds than this scroll off the screen, so bad news is named again at the end.
const SCREEN: usize = 5;

/// The rounds of one network, or those of URLs.
#[derive(Debug)]
pub struct Section<'a> {
    /// The network's title; `None` for URLs.
    pub title: Option<&'a str>,
    /// Its rounds.
    pub told: Vec<Told<'a>>,
}

/// One round and what it is called.
#[derive(Debug)]
pub struct Told<'a> {
    /// `network/endpoint` or the URL as it was typed.
    pub name: &'a str,
    /// The round.
    pub round: &'a Round,
}

/// Draws everything, with a summary at the end if there is more than one round.
#[must_use]
pub fn draw(look: Look, sections: &[Section<'_>], took: Duration) -> String {
    let rounds = || sections.iter().flat_map(|section| &section.told);
    let addresses: usize = rounds().map(|told| told.round.addresses.len()).sum();
    let many = rounds().count() > 1;
    let mut out = String::new();
    for section in sections {
        if let Some(title) = section.title.filter(|_| many) {
            heading(look, title, &section.told).end(&mut out);
            out.push('\n');
        }
        for told in &section.told {
            let full = addresses <= FULL || told.round.verdict != Verdict::Pass;
            block(look, told, full, &mut out);
            out.push('\n');
        }
    }
    if many {
        let total = count(rounds().count(), "endpoint");
        let line = Line::new(look).ink(Ink::Strong, total).text(": ");
        let line = line.line(tally(look, rounds()));
        line.ink(Ink::Dim, format!(", in {}", milliseconds(took)))
            .end(&mut out);
        let bad = |told: &&Told<'_>| {
            matches!(
                told.round.verdict,
                Verdict::Fail(_) | Verdict::Inconclusive(_)
            )
        };
        let bad: Vec<&str> = rounds().filter(bad).map(|told| told.name).collect();
        if rounds().count() > SCREEN && !bad.is_empty() {
            hanging(look, 2, Ink::Bad, &bad.join(", "), &mut out);
        }
    } else {
        // The blank line parts blocks; after the only one there is nothing to part.
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

/// A word and a sign for a verdict, in its colour; in the plain look the word alone.
#[must_use]
pub fn verdict(look: Look, verdict: &Verdict) -> Line {
    let (ink, mark) = match verdict {
        Verdict::Pass => (Ink::Good, "✓ "),
        Verdict::Slow(_) => (Ink::Warn, "! "),
        Verdict::Restricted(_) => (Ink::Wall, "⊘ "),
        Verdict::Fail(_) => (Ink::Bad, "✗ "),
        Verdict::Inconclusive(_) => (Ink::Dim, "? "),
    };
    let mark = if look.unicode { mark } else { "" };
    Line::new(look).ink(ink, format!("{mark}{}", verdict.as_str()))
}

fn heading(look: Look, title: &str, told: &[Told<'_>]) -> Line {
    let tally = tally(look, told.iter());
    let line = Line::new(look).ink(Ink::Strong, title).text(" ");
    let gap = Look::WIDTH.saturating_sub(line.width() + tally.width() + 1);
    line.ink(Ink::Dim, "─".repeat(gap)).right(tally)
}

/// `2 pass, 1 fail`; verdicts that nobody has are left out.
fn tally<'a>(look: Look, told: impl Iterator<Item = &'a Told<'a>>) -> Line {
    let mut numbers = [(0, Ink::Text); Verdict::WORDS.len()];
    for verdict in told.map(|told| &told.round.verdict) {
        let (number, ink) = &mut numbers[verdict.index()];
        (*number, *ink) = (*number + 1, ink_of(verdict));
    }
    let mut line = Line::new(look);
    for (word, (number, ink)) in Verdict::WORDS.iter().zip(numbers) {
        if number > 0 {
            let gap = if line.width() > 0 { ", " } else { "" };
            line = line.text(gap).ink(ink, format!("{number} {word}"));
        }
    }
    line
}

const fn ink_of(verdict: &Verdict) -> Ink {
    match verdict {
        Verdict::Pass => Ink::Good,
        Verdict::Slow(_) => Ink::Warn,
        Verdict::Restricted(_) => Ink::Wall,
        Verdict::Fail(_) => Ink::Bad,
        Verdict::Inconclusive(_) => Ink::Dim,
    }
}

fn block(look: Look, told: &Told<'_>, full: bool, out: &mut String) {
    let round = told.round;
    let head = verdict(look, &round.verdict)
        .text("  ")
        .ink(Ink::Strong, told.name);
    match round.verdict.cause() {
        None => sentence(look, head, &facts::success(round), None, out),
        Some(cause) => sentence(look, head, text_of(cause), Some(cause), out),
    }
    let climb = Line::indented(look, 2).line(climb(look, round));
    let side = if full {
        Vec::new()
    } else {
        facts::short(round)
    };
    beside(look, climb, side).end(out);
    if full || round.kind == Kind::Dns {
        for query in &round.dns {
            hanging(look, 4, Ink::Dim, &facts::query(query, round.kind), out);
        }
    }
    let scale = phases::scale(&round.addresses);
    for address in &round.addresses {
        if full {
            in_full(look, round, address, scale, out);
        } else {
            briefly(look, address, scale, out);
        }
    }
}

/// As many of the facts as there is room for, at the right edge.
fn beside(look: Look, line: Line, mut facts: Vec<String>) -> Line {
    loop {
        let side = Line::new(look).ink(Ink::Dim, facts.join(" · "));
        if facts.is_empty() {
            return line;
        }
        if line.width() + 2 + side.width() <= Look::WIDTH {
            return line.right(side);
        }
        facts.remove(0);
    }
}

fn in_full(look: Look, round: &Round, address: &AddressRound, scale: Duration, out: &mut String) {
    out.push('\n');
    let line = Line::indented(look, 4);
    let line = match address.verdict.cause() {
        // What the round's own line says already is not said again.
        Some(cause) if round.verdict.cause().map(text_of) != Some(text_of(cause)) => {
            let name = address.address.to_string();
            let text = text_of(cause);
            let text = text.strip_prefix(&name).unwrap_or(text).trim_start();
            line.ink(Ink::Strong, &name)
                .text("  ")
                .ink(ink_of(&address.verdict), text)
                .ink(Ink::Dim, format!(" ({})", cause.reason))
        }
        _ => line.ink(Ink::Strong, address.address.to_string()),
    };
    line.end(out);
    for line in phases::waterfall(look, address, scale) {
        line.end(out);
    }
    for fact in facts::of_address(address, round.started) {
        hanging(look, 6, Ink::Dim, &fact, out);
    }
}

fn briefly(look: Look, address: &AddressRound, scale: Duration, out: &mut String) {
    Line::indented(look, 4)
        .text(address.address.to_string())
        .cut(24)
        .pad_to(25)
        .line(phases::row(look, address, scale))
        .end(out);
}

/// The head and the sentence on one line if both fit, else the sentence below.
fn sentence(look: Look, head: Line, text: &str, cause: Option<&Cause>, out: &mut String) {
    let code = cause.map_or_else(String::new, |cause| format!(" ({})", cause.reason));
    let body = Line::new(look).text(text).ink(Ink::Dim, &code);
    if head.width() + 2 + body.width() <= Look::WIDTH {
        head.text("  ").line(body).end(out);
        return;
    }
    head.end(out);
    hanging(look, 2, Ink::Text, &format!("{text}{code}"), out);
}

/// A text of several lines, the further ones indented a little more. Text from outside is bounded
/// by the prober; four lines hold what anyone reads.
fn hanging(look: Look, indent: usize, ink: Ink, text: &str, out: &mut String) {
    let lines = wrap(text, Look::WIDTH - indent - 2);
    for (index, line) in lines.into_iter().take(4).enumerate() {
        let indent = if index == 0 { indent } else { indent + 2 };
        Line::indented(look, indent).ink(ink, line).end(out);
    }
}

fn text_of(cause: &Cause) -> &str {
    if cause.detail.is_empty() {
        cause.reason.sentence()
    } else {
        &cause.detail
    }
}
