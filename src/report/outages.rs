//! Outages as a table: those that are not over first, and what they come to at the end.

use std::time::Duration;

use super::line::{Ink, Line, Look, wrap};
use super::running::{Outage, Outages, minutes};
use super::words::{count, span};

/// Lines of particulars of one outage.
const PARTICULARS: usize = 3;
/// The column of the networks, behind that of the numbers.
const NETWORK: usize = 5;

/// Draws the outages of the last `since`, of one network or of all.
#[must_use]
pub fn draw(look: Look, document: &Outages, since: &str, network: Option<&str>) -> String {
    let mut out = String::new();
    let of = network.map_or_else(String::new, |network| format!("of {network} "));
    let place = format!("{of}in the last {since}, seen from {}", document.vantage);
    if document.outages.is_empty() {
        let none = format!("no outages {place}");
        Line::new(look).ink(Ink::Good, none).end(&mut out);
        return out;
    }
    let heads = [
        "id",
        "network",
        "started (UTC)",
        "duration",
        "layer: reason",
        "",
    ];
    row(look, heads.map(|head| (Ink::Dim, head.to_owned()))).end(&mut out);
    let (running, over): (Vec<&Outage>, Vec<&Outage>) =
        document.outages.iter().partition(|it| is_open(it));
    for outage in running.iter().chain(&over) {
        told(look, outage, &mut out);
    }
    out.push('\n');
    let mut total = Line::new(look)
        .ink(Ink::Strong, count(document.outages.len(), "outage"))
        .ink(Ink::Dim, format!(" {place}"));
    if !running.is_empty() {
        total = total.ink(Ink::Bad, format!("; {} not over", running.len()));
    }
    total.end(&mut out);
    for (network, number, time) in totals(&document.outages) {
        Line::indented(look, 2)
            .text(network)
            .cut(23)
            .pad_to(24)
            .text(format!(
                "down {} in {}",
                span(time),
                count(number, "outage")
            ))
            .end(&mut out);
    }
    if document.next.is_some() {
        let more = "these are the newest; there may be more";
        Line::new(look).ink(Ink::Warn, more).end(&mut out);
    }
    out
}

fn is_open(outage: &Outage) -> bool {
    matches!(&*outage.state, "running" | "suspended")
}

/// Each network with its number of outages and its time in `down`; the worst first.
fn totals(outages: &[Outage]) -> Vec<(&str, usize, Duration)> {
    let mut totals: Vec<(&str, usize, Duration)> = Vec::new();
    for outage in outages {
        let time = length(outage);
        match totals
            .iter_mut()
            .find(|(name, _, _)| *name == outage.network)
        {
            Some((_, number, sum)) => {
                (*number, *sum) = (*number + 1, sum.saturating_add(time));
            }
            None => totals.push((&outage.network, 1, time)),
        }
    }
    totals.sort_by_key(|(_, _, time)| std::cmp::Reverse(*time));
    totals
}

/// Its whole seconds in `down`.
fn length(outage: &Outage) -> Duration {
    let length = Duration::try_from_secs_f64(outage.duration_seconds).unwrap_or_default();
    Duration::from_secs(length.as_secs())
}

fn told(look: Look, outage: &Outage, out: &mut String) {
    let (ink, mark) = match &*outage.state {
        "ended" => (Ink::Text, ""),
        "running" => (Ink::Bad, "running"),
        "forgotten" => (Ink::Dim, "forgotten"),
        state => (Ink::Warn, state),
    };
    let why = match &outage.layer {
        Some(layer) => format!("{layer}: {}", outage.reason),
        None => outage.reason.clone(),
    };
    let cells = [
        (Ink::Text, outage.id.to_string()),
        (Ink::Strong, outage.network.clone()),
        (Ink::Text, minutes(&outage.started, None)),
        (Ink::Text, span(length(outage))),
        (Ink::Text, why),
        (ink, mark.to_owned()),
    ];
    row(look, cells).end(out);
    let detail = outage.detail.as_deref().filter(|it| !it.is_empty());
    let particulars = detail.map_or_else(
        || outage.endpoint.clone(),
        |detail| format!("{}: {detail}", outage.endpoint),
    );
    for line in wrap(&particulars, Look::WIDTH - NETWORK)
        .iter()
        .take(PARTICULARS)
    {
        Line::indented(look, NETWORK).ink(Ink::Dim, line).end(out);
    }
}

/// Six columns; the longest reason with its layer has 26 letters.
fn row(look: Look, cells: [(Ink, String); 6]) -> Line {
    let ends = [NETWORK, 18, 35, 44, 71, Look::WIDTH + 1];
    let mut line = Line::new(look);
    for ((ink, text), end) in cells.into_iter().zip(ends) {
        line = line
            .ink(ink, text)
            .cut(end - 1)
            .pad_to(end.min(Look::WIDTH));
    }
    line
}
