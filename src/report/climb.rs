//! The climb through the layers, as one line: `dns ✓ ─ tcp ✓ ─ tls ✗ ─ http · ─ content ·`.
//!
//! It tells the round, not an address: with two addresses of which one is dead, the layer where
//! that one stopped carries the mark of trouble, and the climb goes on.

use super::line::{Ink, Line, Look};
use crate::model::{Kind, Layer, Round, Verdict};

/// Draws the climb of a round.
pub(super) fn climb(look: Look, round: &Round) -> Line {
    let mut line = Line::new(look);
    for (index, &layer) in round.kind.layers().iter().enumerate() {
        if index > 0 {
            line = line.ink(Ink::Dim, " ─ ");
        }
        let (ink, mark, word) = step(round, layer).shown();
        let name_ink = if ink == Ink::Dim { Ink::Dim } else { Ink::Text };
        line = line.ink(name_ink, layer.as_str()).text(" ");
        line = line.ink(ink, if look.unicode { mark } else { word });
    }
    line
}

/// What became of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Done,
    Trouble,
    Wall,
    Failed,
    Open,
    Skipped,
}

impl Step {
    /// Ink, sign, and the word for where the sign cannot be shown.
    const fn shown(self) -> (Ink, &'static str, &'static str) {
        match self {
            Self::Done => (Ink::Good, "✓", "ok"),
            Self::Trouble => (Ink::Warn, "!", "!"),
            Self::Wall => (Ink::Wall, "⊘", "wall"),
            Self::Failed => (Ink::Bad, "✗", "FAIL"),
            Self::Open => (Ink::Warn, "?", "?"),
            Self::Skipped => (Ink::Dim, "·", "."),
        }
    }
}

fn step(round: &Round, layer: Layer) -> Step {
    if !needed(round, layer) {
        return Step::Skipped;
    }
    let at = round.verdict.cause().and_then(|cause| cause.layer);
    match (&round.verdict, at) {
        (Verdict::Pass, _) => Step::Done,
        (Verdict::Slow(_), at) if at == Some(layer) => Step::Trouble,
        (Verdict::Slow(_), _) => Step::Done,
        (Verdict::Restricted(_), at) => against(layer, at.unwrap_or(Layer::Http), Step::Wall),
        (Verdict::Fail(_), Some(at)) => against(layer, at, Step::Failed),
        // Our own trouble names no layer: it began where the evidence ends.
        (Verdict::Inconclusive(_) | Verdict::Fail(_), _) => {
            against(layer, first_unknown(round), Step::Open)
        }
    }
}

/// Below `at` is done, `at` itself is `mark`, above nobody got.
fn against(layer: Layer, at: Layer, mark: Step) -> Step {
    match layer.cmp(&at) {
        std::cmp::Ordering::Less => Step::Done,
        std::cmp::Ordering::Equal => mark,
        std::cmp::Ordering::Greater => Step::Skipped,
    }
}

/// The highest layer that some address attempted, else the first without proof.
fn first_unknown(round: &Round) -> Layer {
    let attempted = round.addresses.iter().filter_map(|it| it.reached).max();
    let resolved = round.kind != Kind::Dns && !round.addresses.is_empty();
    attempted.unwrap_or(if resolved { Layer::Tcp } else { Layer::Dns })
}

/// A literal address needs no DNS, and `http://` no TLS.
fn needed(round: &Round, layer: Layer) -> bool {
    let addresses = &round.addresses;
    match layer {
        Layer::Dns => {
            round.kind == Kind::Dns
                || !round.dns.is_empty()
                || addresses.is_empty()
                || addresses.iter().any(|it| it.phases.resolve.is_some())
        }
        Layer::Tls => {
            round.kind != Kind::Http
                || addresses.iter().all(|it| it.reached < Some(Layer::Http))
                || addresses
                    .iter()
                    .any(|it| it.tls.is_some() || it.phases.tls.is_some())
        }
        _ => true,
    }
}
