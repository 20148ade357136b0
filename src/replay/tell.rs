//! What came of a scenario, for people: the events, one a line, then the books in tables.

use std::time::{Duration, SystemTime};

use super::figures::active_time;
use super::scenario::Scenario;
use super::world::{Picture, Played};
use crate::model::{Activation, Cause, Event, GroupView, Layer, NetworkView, State, UplinkState};
use crate::report::line::{Ink, Line, Look, wrap};
use crate::report::words::{count, timestamp};

/// Lines of events; `--json` has them all.
const LINES: usize = 500;

/// Everything, in lines of 80 columns.
#[must_use]
pub fn tell(look: Look, scenario: &Scenario, played: &Played) -> String {
    let mut out = String::new();
    heading(look, scenario, &mut out);
    out.push('\n');
    events(look, scenario, played, &mut out);
    out.push('\n');
    networks(look, played, &mut out);
    for group in &played.end.snapshot.groups {
        out.push('\n');
        activations(look, group, &played.end, &mut out);
    }
    out.push('\n');
    verdict(look, scenario, played, &mut out);
    out
}

fn heading(look: Look, scenario: &Scenario, out: &mut String) {
    for line in wrap(&scenario.title, Look::WIDTH) {
        Line::new(look).ink(Ink::Strong, line).end(out);
    }
    let end = scenario.wall(scenario.duration);
    let (networks, endpoints) = (
        count(scenario.settings.plan.networks.len(), "network"),
        count(scenario.settings.endpoints.len(), "endpoint"),
    );
    let text = format!("{} to {}", timestamp(scenario.start), timestamp(end));
    let tail = Line::new(look).ink(Ink::Dim, format!("{networks}, {endpoints}"));
    Line::new(look).ink(Ink::Dim, text).right(tail).end(out);
}

fn events(look: Look, scenario: &Scenario, played: &Played, out: &mut String) {
    let long = scenario.duration > Duration::from_secs(86_400);
    let mut told = 0;
    let mut untold = played.untold;
    for happening in &played.events {
        if is_dull(&happening.event) {
            continue;
        }
        if told == LINES {
            untold += 1;
            continue;
        }
        told += 1;
        let (ink, text) = sentence(&happening.event);
        Line::new(look)
            .ink(Ink::Dim, clock(happening.wall, long))
            .text("  ")
            .ink(ink, text)
            .end(out);
    }
    if untold > 0 {
        let text = format!("and {untold} more, see --json");
        Line::new(look).ink(Ink::Dim, text).end(out);
    }
}

/// `13:01:12`, or with the date where the scenario is longer than a day.
fn clock(wall: SystemTime, long: bool) -> String {
    let text = timestamp(wall);
    let from = if long { 5 } else { 11 };
    text[from..19].replace('T', " ")
}

/// What is no news to people: the first good round of each endpoint, and what a network's line
/// says already.
fn is_dull(event: &Event) -> bool {
    matches!(
        event,
        Event::Endpoint {
            from: State::Unknown,
            to: State::Up,
            ..
        } | Event::OutageStarted(_)
    )
}

/// An event in the words of the log.
pub(super) fn sentence(event: &Event) -> (Ink, String) {
    match event {
        Event::Endpoint { key, to, cause, .. } => {
            let why = cause.as_ref().map(words).unwrap_or_default();
            (Ink::Dim, format!("{key} is {to}{why}"))
        }
        Event::Network {
            network,
            to,
            trouble,
            ..
        } => {
            let ink = match to {
                State::Up => Ink::Good,
                State::Down => Ink::Bad,
                _ => Ink::Warn,
            };
            let text = match trouble {
                Some(it) => format!("{network} is {to} at {}{}", it.endpoint, words(&it.cause)),
                None => format!("{network} is {to}"),
            };
            (ink, text)
        }
        Event::OutageStarted(outage) => (
            Ink::Bad,
            format!(
                "outage {} of {} since {}",
                outage.id,
                outage.network,
                offset(outage.started.since_origin())
            ),
        ),
        Event::OutageEnded(outage) => {
            let length = offset(outage.spent);
            let text = format!(
                "outage {} of {} is over: {length}",
                outage.id, outage.network
            );
            (Ink::Text, text)
        }
        Event::Uplink { family, to, .. } => {
            let ink = match to {
                UplinkState::Up => Ink::Good,
                UplinkState::Down => Ink::Bad,
                UplinkState::Unknown => Ink::Warn,
            };
            let which = family.map_or("our own connection", |family| family.as_str());
            (ink, format!("{which} is {}", to.as_str()))
        }
        Event::Group {
            group,
            from,
            to,
            reason,
        } => {
            let from = from.as_deref().unwrap_or("none");
            let text = match to {
                Some(to) => format!(
                    "{group}: {to} is the active network now ({}, was {from})",
                    reason.as_str()
                ),
                None => format!("{group}: no network is usable (was {from})"),
            };
            (Ink::Strong, text)
        }
    }
}

fn words(cause: &Cause) -> String {
    let layer = cause.layer.map(|layer| format!(" ({layer})"));
    let detail = if cause.detail.is_empty() {
        cause.reason.sentence()
    } else {
        &cause.detail
    };
    format!("{}: {detail} [{}]", layer.unwrap_or_default(), cause.reason)
}

/// `1h 59m 4s`: whole seconds.
fn offset(length: Duration) -> String {
    let seconds = length.as_secs_f64().round() as u64;
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (h, m) {
        (0, 0) => format!("{s}s"),
        (0, _) => format!("{m}m {s}s"),
        _ => format!("{h}h {m}m {s}s"),
    }
}

fn networks(look: Look, played: &Played, out: &mut String) {
    Line::new(look)
        .ink(Ink::Strong, "network")
        .pad_to(16)
        .ink(Ink::Dim, row(["up", "degraded", "down", "unknown"]))
        .text("  outages")
        .end(out);
    let holds = played
        .end
        .holds
        .iter()
        .copied()
        .chain(std::iter::repeat(None));
    for (network, held) in played.end.snapshot.networks.iter().zip(holds) {
        let times = network.books.state_time_at(played.end.now, held);
        let of = |state: State| match times[state as usize] {
            Duration::ZERO => "-".to_owned(),
            time => offset(time),
        };
        let cells = [State::Up, State::Degraded, State::Down, State::Unknown].map(of);
        Line::new(look)
            .text(&*network.name)
            .cut(15)
            .pad_to(16)
            .text(row(cells.each_ref().map(String::as_str)))
            .text("  ")
            .text(outages(network))
            .end(out);
    }
}

fn row(cells: [&str; 4]) -> String {
    let cells = cells.map(|cell| format!("{cell:>12}"));
    cells.concat()
}

/// `2 tcp, 1 http`.
fn outages(network: &NetworkView) -> String {
    let counts = Layer::ALL.iter().zip(&network.books.outages);
    let counts = counts.filter(|(_, count)| **count > 0);
    let words: Vec<String> = counts
        .map(|(layer, count)| format!("{count} {layer}"))
        .collect();
    if words.is_empty() {
        "0".to_owned()
    } else {
        words.join(", ")
    }
}

fn activations(look: Look, group: &GroupView, end: &Picture, out: &mut String) {
    let head: String = Activation::ALL
        .iter()
        .map(|reason| format!("{:>9}", reason.as_str()))
        .collect();
    Line::new(look)
        .ink(Ink::Strong, format!("group {}", group.name))
        .cut(15)
        .pad_to(16)
        .ink(Ink::Dim, format!("{:>12}{head}", "active"))
        .end(out);
    for (network, time) in active_time(group, end) {
        let counts = group.books.activations.iter();
        let counts = counts.filter(|(name, _)| *name == network);
        let counts: String = counts
            .flat_map(|(_, counts)| counts)
            .map(|count| match count {
                0 => format!("{:>9}", "-"),
                count => format!("{count:>9}"),
            })
            .collect();
        let is_active = group.active == network;
        Line::new(look)
            .ink(
                if is_active { Ink::Strong } else { Ink::Text },
                network.as_deref().unwrap_or("none"),
            )
            .cut(15)
            .pad_to(16)
            .text(format!("{:>12}{counts}", offset(time)))
            .end(out);
    }
}

fn verdict(look: Look, scenario: &Scenario, played: &Played, out: &mut String) {
    if played.differences.is_empty() {
        let text = format!(
            "as expected: {}, {}",
            count(scenario.events.len(), "event"),
            count(scenario.values.len(), "value")
        );
        Line::new(look).ink(Ink::Good, text).end(out);
        return;
    }
    let text = count(played.differences.len(), "difference");
    Line::new(look).ink(Ink::Bad, text).end(out);
    for difference in played.differences.iter().take(LINES) {
        for (index, line) in wrap(difference, Look::WIDTH - 4).into_iter().enumerate() {
            Line::indented(look, if index == 0 { 2 } else { 4 })
                .text(line)
                .end(out);
        }
    }
}
