//! Outages as a table: those that are not over first, and what they come to at the end.

use std::collections::HashMap;
use std::time::Duration;

use super::line::{Ink, Line, Look, wrap_some};
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
        whole(look, Ink::Good, &none, &mut out);
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
    let heads = heads.map(|head| (Ink::Dim, head.to_owned()));
    match look.is_narrow() {
        true => short_row(look, &heads).end(&mut out),
        false => row(look, heads).end(&mut out),
    }
    let (running, over): (Vec<&Outage>, Vec<&Outage>) =
        document.outages.iter().partition(|it| is_open(it));
    for outage in running.iter().chain(&over) {
        told(look, outage, &mut out);
    }
    out.push('\n');
    let number = count(document.outages.len(), "outage");
    let mut total = Line::new(look)
        .ink(Ink::Strong, &number)
        .ink(Ink::Dim, format!(" {place}"));
    let open = match running.len() {
        0 => String::new(),
        open => format!("; {open} not over"),
    };
    total = total.ink(Ink::Bad, &open);
    match total.width() <= look.columns {
        true => total.end(&mut out),
        false => whole(
            look,
            Ink::Text,
            &format!("{number} {place}{open}"),
            &mut out,
        ),
    }
    for (network, number, time) in totals(&document.outages) {
        let down = format!("down {} in {}", span(time), count(number, "outage"));
        if look.is_narrow() {
            lines(look, Ink::Text, &format!("{network} {down}"), &mut out);
        } else {
            let line = Line::indented(look, 2).text(network).cut(23).pad_to(24);
            line.text(down).end(&mut out);
        }
    }
    if document.next.is_some() {
        let more = "these are the newest; there may be more";
        whole(look, Ink::Warn, more, &mut out);
    }
    out
}

fn is_open(outage: &Outage) -> bool {
    matches!(&*outage.state, "running" | "suspended")
}

/// Each network with its number of outages and its time in `down`; the worst first.
fn totals(outages: &[Outage]) -> Vec<(&str, usize, Duration)> {
    let mut totals: Vec<(&str, usize, Duration)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for outage in outages {
        let place = *places.entry(&outage.network).or_insert(totals.len());
        if place == totals.len() {
            totals.push((&outage.network, 0, Duration::ZERO));
        }
        let (_, number, sum) = &mut totals[place];
        (*number, *sum) = (*number + 1, sum.saturating_add(length(outage)));
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
    if look.is_narrow() {
        short_row(look, &cells).end(out);
        let [_, _, started, length, why, _] = cells.map(|(_, text)| text);
        lines(look, Ink::Text, &format!("{started}, {length}, {why}"), out);
    } else {
        row(look, cells).end(out);
    }
    let detail = outage.detail.as_deref().filter(|it| !it.is_empty());
    let particulars = detail.map_or_else(
        || outage.endpoint.clone(),
        |detail| format!("{}: {detail}", outage.endpoint),
    );
    lines(look, Ink::Dim, &particulars, out);
}

/// A text on as many lines as it needs, within reason.
fn whole(look: Look, ink: Ink, text: &str, out: &mut String) {
    for line in wrap_some(look, text, 0, 2 * PARTICULARS) {
        Line::new(look).ink(ink, line).end(out);
    }
}

/// A text below the network.
fn lines(look: Look, ink: Ink, text: &str, out: &mut String) {
    for line in wrap_some(look, text, NETWORK, PARTICULARS) {
        Line::indented(look, NETWORK).ink(ink, line).end(out);
    }
}

/// The columns that a narrow window has: which one, and whether it is over.
fn short_row(look: Look, [id, network, .., mark]: &Cells) -> Line {
    let tail = Line::new(look).ink(mark.0, format!(" {}", mark.1));
    let tail = tail.cut(look.columns / 2);
    let line = Line::new(look).ink(id.0, &id.1).cut(NETWORK - 1);
    let line = line.pad_to(NETWORK).ink(network.0, &network.1);
    line.cut(look.columns - tail.width()).line(tail)
}

/// A row of the table.
type Cells = [(Ink, String); 6];

/// Six columns; the longest reason with its layer has 26 letters.
fn row(look: Look, cells: Cells) -> Line {
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
