//! Outages as a table: those that are not over first.

use std::time::Duration;

use super::line::{Ink, Line, Look, wrap};
use super::running::{Outage, Outages, minutes};
use super::words::{count, span};

/// Lines of particulars of one outage.
const PARTICULARS: usize = 3;

/// Draws the outages of the last `since`.
#[must_use]
pub fn draw(look: Look, document: &Outages, since: &str) -> String {
    let mut out = String::new();
    let place = format!("in the last {since}, seen from {}", document.vantage);
    if document.outages.is_empty() {
        let none = format!("no outages {place}");
        Line::new(look).ink(Ink::Good, none).end(&mut out);
        return out;
    }
    let heads = ["network", "started (UTC)", "duration", "layer", "reason"];
    row(look, heads.map(|head| (Ink::Dim, head.to_owned()))).end(&mut out);
    let (running, over): (Vec<&Outage>, Vec<&Outage>) =
        document.outages.iter().partition(|it| is_open(it));
    for outage in running.into_iter().chain(over) {
        told(look, outage, &mut out);
    }
    let total = count(document.outages.len(), "outage");
    out.push('\n');
    Line::new(look)
        .ink(Ink::Strong, total)
        .ink(Ink::Dim, format!(" {place}"))
        .end(&mut out);
    if document.next.is_some() {
        let more = "these are the newest; there may be more";
        Line::new(look).ink(Ink::Warn, more).end(&mut out);
    }
    out
}

fn is_open(outage: &Outage) -> bool {
    matches!(&*outage.state, "running" | "suspended")
}

fn told(look: Look, outage: &Outage, out: &mut String) {
    let (ink, mark) = match &*outage.state {
        "ended" => (Ink::Text, ""),
        "running" => (Ink::Bad, "running"),
        "forgotten" => (Ink::Dim, "forgotten"),
        state => (Ink::Warn, state),
    };
    let seconds = Duration::try_from_secs_f64(outage.duration_seconds).unwrap_or_default();
    let cells = [
        (Ink::Strong, outage.network.clone()),
        (Ink::Text, minutes(&outage.started, None)),
        (Ink::Text, span(Duration::from_secs(seconds.as_secs()))),
        (Ink::Text, outage.layer.clone().unwrap_or_default()),
        (Ink::Text, outage.reason.clone()),
    ];
    row(look, cells).ink(ink, mark).end(out);
    let detail = outage.detail.as_deref().filter(|it| !it.is_empty());
    let particulars = detail.map_or_else(
        || outage.endpoint.clone(),
        |detail| format!("{}: {detail}", outage.endpoint),
    );
    for line in wrap(&particulars, Look::WIDTH - 2).iter().take(PARTICULARS) {
        Line::indented(look, 2).ink(Ink::Dim, line).end(out);
    }
}

/// Five columns, and room for a mark behind them.
fn row(look: Look, cells: [(Ink, String); 5]) -> Line {
    let ends = [16, 34, 44, 53, 69];
    let mut line = Line::new(look);
    for ((ink, text), end) in cells.into_iter().zip(ends) {
        line = line.ink(ink, text).cut(end - 1).pad_to(end);
    }
    line
}
