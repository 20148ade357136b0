//! Where the time of an address went: a waterfall with one bar per phase, or, where many
//! addresses are told, the same bars in a row on one line.
//!
//! All addresses of a round share one scale, so that a slow one looks slow beside its siblings.

use std::time::Duration;

use super::line::{Ink, Line, Look};
use super::words::milliseconds;
use crate::model::{AddressRound, Layer};

/// Columns of the waterfall's names and numbers, left of the bars.
const LABELS: usize = 28;
/// Columns of the bars of one line.
const ROW: usize = 20;

/// The longest total of several addresses: the scale of their bars.
pub(super) fn scale<'a>(addresses: impl IntoIterator<Item = &'a AddressRound>) -> Duration {
    addresses
        .into_iter()
        .map(|address| address.phases.total())
        .max()
        .unwrap_or_default()
}

/// One line per phase that was needed. The phase in which the address failed is shown even if it
/// has no time, with a cross where its bar would have begun.
pub(super) fn waterfall(look: Look, address: &AddressRound, scale: Duration) -> Vec<Line> {
    let room = Look::WIDTH - LABELS;
    let mut lines = Vec::new();
    let mut spent = Duration::ZERO;
    let broke = broken_phase(address);
    for (index, (name, _, took)) in address.phases.named().into_iter().enumerate() {
        let label = |number: &str| {
            Line::indented(look, 6)
                .ink(Ink::Dim, format!("{:<11}", name.replace('_', " ")))
                .text(format!("{number:>8}"))
                .pad_to(LABELS)
        };
        let start = columns(spent, scale, room).min(room - 1);
        match took {
            Some(took) => {
                spent += took;
                let end = columns(spent, scale, room).max(start + 1);
                let bar = "━".repeat(end - start);
                let line = label(&milliseconds(took)).pad_to(LABELS + start);
                lines.push(line.ink(Ink::Phase(index), bar));
            }
            None if broke == Some(index) => {
                let cross = if look.unicode { "✗" } else { "x" };
                let line = label("-").pad_to(LABELS + start);
                lines.push(line.ink(Ink::Bad, cross));
            }
            None => {}
        }
    }
    lines
}

/// All bars in a row, then the numbers. Neighbours differ in stroke where colours are missing.
pub(super) fn row(look: Look, address: &AddressRound, scale: Duration) -> Line {
    let mut bars = Line::new(look);
    let mut numbers = Line::new(look);
    let mut spent = Duration::ZERO;
    let mut drawn = 0;
    for (index, (name, _, took)) in address.phases.named().into_iter().enumerate() {
        let Some(took) = took else { continue };
        spent += took;
        let end = columns(spent, scale, ROW).max(drawn + 1).min(ROW);
        let stroke = if look.colour || index % 2 == 0 {
            "━"
        } else {
            "─"
        };
        bars = bars.ink(Ink::Phase(index), stroke.repeat(end.saturating_sub(drawn)));
        drawn = end.max(drawn);
        let before = match name {
            "resolve" => "dns ",
            "connect" => " tcp ",
            "tls" => " tls ",
            "first_byte" => " http ",
            _ => "+",
        };
        numbers = numbers.ink(Ink::Phase(index), format!("{before}{}", whole_millis(took)));
    }
    bars.pad_to(ROW + 2).line(numbers.text(" ms"))
}

/// Whole milliseconds; a phase that took less did happen, so it is not told as nothing.
fn whole_millis(took: Duration) -> String {
    match took.as_micros() {
        0..1_000 => "<1".to_owned(),
        micros => ((micros + 500) / 1_000).to_string(),
    }
}

fn columns(part: Duration, whole: Duration, room: usize) -> usize {
    if whole.is_zero() {
        return 0;
    }
    let share = part.as_secs_f64() / whole.as_secs_f64() * room as f64;
    (share.round() as usize).min(room)
}

/// The phase without a time in the layer that the address stopped at.
fn broken_phase(address: &AddressRound) -> Option<usize> {
    let layer = address.verdict.cause()?.layer?;
    address
        .phases
        .named()
        .iter()
        .position(|(_, of, took)| *of == layer && took.is_none() && layer > Layer::Dns)
}
