//! What a running daemon thinks, drawn: a sentence a group, then a table of networks.

use super::line::{Ink, Line, Look, wrap};
use super::running::{Group, Network, Status, minutes};

/// Draws it.
#[must_use]
pub fn draw(look: Look, status: &Status) -> String {
    let mut out = String::new();
    for group in &status.groups {
        sentence(look, group, &mut out);
    }
    if !status.groups.is_empty() && !status.networks.is_empty() {
        out.push('\n');
    }
    if !status.networks.is_empty() {
        let heads = ["network", "state", "since", "layer: reason", "role"];
        row(look, heads.map(|head| (Ink::Dim, head.to_owned()))).end(&mut out);
    }
    for network in &status.networks {
        row(look, cells(network, &status.at)).end(&mut out);
    }
    out.push('\n');
    if let Some(problem) = &status.problem {
        for line in wrap(&format!("memory: {problem}"), Look::WIDTH) {
            Line::new(look).ink(Ink::Warn, line).end(&mut out);
        }
    }
    let seen = format!(
        "seen from {}, {} UTC",
        status.vantage,
        minutes(&status.at, None)
    );
    Line::new(look).ink(Ink::Dim, seen).end(&mut out);
    out
}

fn sentence(look: Look, group: &Group, out: &mut String) {
    let name = format!("{}: ", group.name);
    let ink = if group.active.is_none() {
        Ink::Bad
    } else {
        Ink::Text
    };
    let lines = wrap(&format!("{name}{}", group.sentence), Look::WIDTH - 2);
    for (index, line) in lines.iter().enumerate() {
        match line.strip_prefix(&name).filter(|_| index == 0) {
            Some(rest) => Line::new(look).ink(Ink::Strong, &name).ink(ink, rest),
            None => Line::indented(look, 2).ink(ink, line),
        }
        .end(out);
    }
}

fn cells(network: &Network, now: &str) -> [(Ink, String); 5] {
    let state = match &*network.state {
        "up" => Ink::Good,
        "degraded" => Ink::Warn,
        "down" => Ink::Bad,
        _ => Ink::Dim,
    };
    let why = match (&network.layer, &network.reason) {
        (Some(layer), Some(reason)) => format!("{layer}: {reason}"),
        (None, Some(reason)) => reason.clone(),
        (Some(layer), None) => layer.clone(),
        (None, None) => String::new(),
    };
    let mut roles: Vec<&str> = network.roles.iter().map(|it| &*it.role).collect();
    roles.dedup();
    let role = if roles.contains(&"active") {
        Ink::Strong
    } else {
        Ink::Text
    };
    [
        (Ink::Text, network.name.clone()),
        (state, network.state.clone()),
        (Ink::Text, minutes(&network.since, Some(now))),
        (Ink::Text, why),
        (role, roles.join(", ")),
    ]
}

/// Five columns; the longest reason with its layer has 26 letters.
fn row(look: Look, cells: [(Ink, String); 5]) -> Line {
    let ends = [15, 27, 44, 71, Look::WIDTH + 1];
    let mut line = Line::new(look);
    for ((ink, text), end) in cells.into_iter().zip(ends) {
        line = line
            .ink(ink, text)
            .cut(end - 1)
            .pad_to(end.min(Look::WIDTH));
    }
    line
}
