//! What a running daemon thinks, drawn: a sentence a group with what stands behind it, a table of
//! networks, and at the end what everything rests on: our own connection, the memory, the time.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::line::{Ink, Line, Look, wrap, wrap_some};
use super::running::{Group, Network, Status, Uplink, Window, brief, minutes};
use super::words::{count, span};

/// Lines of particulars of one network.
const PARTICULARS: usize = 2;
/// Windows of maintenance of one network.
const WINDOWS: usize = 2;
/// Lines of a notice, or of what is wrong with the memory.
const SENTENCE: usize = 6;
/// Clocks of two machines, and the way between them, are apart by less.
const FRESH: Duration = Duration::from_secs(5);

/// Draws it, for a reader whose clock says `now`.
#[must_use]
pub fn draw(look: Look, status: &Status, now: SystemTime) -> String {
    let mut out = String::new();
    for notice in &status.notices {
        let until = notice.until.as_deref();
        let until = until.map_or_else(String::new, |it| {
            format!(" (until {})", brief(it, &status.at))
        });
        let text = format!("notice: {}{until}", notice.text());
        hanging(look, Ink::Warn, &text, 0, SENTENCE, &mut out);
    }
    for group in &status.groups {
        sentence(look, group, &mut out);
        let behind = behind(group, &status.at).join(" · ");
        for line in wrap(&behind, look.columns - 2) {
            Line::indented(look, 2).ink(Ink::Dim, line).end(&mut out);
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    if !status.networks.is_empty() {
        table(look, status, &mut out);
        out.push('\n');
    }
    if let Some(uplink) = &status.uplink {
        connection(look, uplink, &status.at, &mut out);
    }
    if let Some(problem) = &status.problem {
        let text = format!("memory: {problem}");
        hanging(look, Ink::Warn, &text, 0, SENTENCE, &mut out);
    }
    seen(look, status, now, &mut out);
    out
}

fn table(look: Look, status: &Status, out: &mut String) {
    let heads = [
        "network",
        "state",
        "since",
        "layer: reason",
        "role",
        "spare",
    ];
    match look.is_narrow() {
        true => {
            let [name, state, since, ..] = heads.map(|head| (Ink::Dim, head));
            short_row(look, [name, state, since])
        }
        false => row(look, heads.map(|head| (Ink::Dim, head.to_owned()))),
    }
    .end(out);
    let mut windows: HashMap<&str, Vec<&Window>> = HashMap::new();
    for window in &status.maintenance {
        windows.entry(&window.network).or_default().push(window);
    }
    for network in status.in_order() {
        let cells = cells(network, &status.at);
        match look.is_narrow() {
            true => rows(look, &cells, out),
            false => row(look, cells).end(out),
        }
        particulars(look, network, out);
        for window in windows
            .get(&*network.name)
            .iter()
            .flat_map(|it| it.iter().take(WINDOWS))
        {
            maintenance(look, window, out);
        }
    }
}

fn sentence(look: Look, group: &Group, out: &mut String) {
    let name = format!("{}: ", group.name);
    let ink = if group.active.is_none() {
        Ink::Bad
    } else {
        Ink::Text
    };
    let lines = wrap(&format!("{name}{}", group.sentence), look.columns - 2);
    for (index, line) in lines.iter().enumerate() {
        match line.strip_prefix(&name).filter(|_| index == 0) {
            Some(rest) => Line::new(look).ink(Ink::Strong, &name).ink(ink, rest),
            None => Line::indented(look, 2).ink(ink, line),
        }
        .end(out);
    }
}

/// What else is worth knowing of a group.
fn behind(group: &Group, now: &str) -> Vec<String> {
    let mut parts = Vec::new();
    if group.standbys > 0 {
        let standbys = count(group.standbys as usize, "standby");
        let domains = count(group.standby_domains as usize, "independent failure domain");
        parts.push(format!("{standbys} in {domains}"));
    }
    if let Some(due) = &group.failback_due {
        let at = brief(&due.at, now);
        parts.push(format!("failback to {} due at {at}", due.network));
    }
    if let Some(pin) = &group.pinned {
        let until = brief(&pin.until, now);
        parts.push(format!("pinned to {} until {until}", pin.network));
    }
    if group.frozen {
        parts.push("frozen: nothing is decided".to_owned());
    }
    parts
}

/// A row of the table.
type Cells = [(Ink, String); 6];

fn cells(network: &Network, now: &str) -> Cells {
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
    let spare = match (is_usable(network), network.spare_weight) {
        (false, _) => (Ink::Text, String::new()),
        (true, 0) => (Ink::Warn, "0".to_owned()),
        (true, spare) => (Ink::Text, spare.to_string()),
    };
    [
        (Ink::Text, network.name.clone()),
        (state, network.state.clone()),
        (Ink::Text, brief(since(network), now)),
        (Ink::Text, why),
        (role, roles.join(", ")),
        spare,
    ]
}

/// Since when it is what it is. One that is down has been so since its outage began, as the
/// sentence says: a restart is not a new beginning.
fn since(network: &Network) -> &str {
    let outage = network.outage.as_ref();
    let outage = outage.filter(|_| network.state == "down");
    let started = outage.and_then(|it| it.started.as_deref());
    started.unwrap_or(&network.since)
}

fn is_usable(network: &Network) -> bool {
    matches!(&*network.state, "up" | "degraded")
}

/// Its outage with the number under which `outages` has it, why, and whether it flaps.
fn particulars(look: Look, network: &Network, out: &mut String) {
    let mut parts = Vec::new();
    if let Some(outage) = &network.outage {
        let length = Duration::try_from_secs_f64(outage.duration_seconds).unwrap_or_default();
        let length = span(Duration::from_secs(length.as_secs()));
        let suspended = match &*outage.state {
            "suspended" => ", suspended",
            _ => "",
        };
        parts.push(format!("outage {}, {length}{suspended}", outage.id));
    }
    if let Some(endpoint) = &network.endpoint {
        let detail = network.detail.as_deref().filter(|it| !it.is_empty());
        parts.push(match detail {
            Some(detail) => format!("{endpoint}: {detail}"),
            None => endpoint.clone(),
        });
    }
    let text = parts.join("; ");
    hanging(look, Ink::Dim, &text, 2, PARTICULARS, out);
    if network.flapping {
        let text = "flapping: its outages of the last 6h make its way back longer";
        hanging(look, Ink::Warn, text, 2, PARTICULARS, out);
    }
}

/// A window of maintenance, in the words of the page.
fn maintenance(look: Look, window: &Window, out: &mut String) {
    let what = match window.open {
        true => "in maintenance",
        false => "maintenance announced:",
    };
    let (from, until) = (minutes(&window.from, None), minutes(&window.until, None));
    let text = format!("{what} from {from} to {until} UTC");
    hanging(look, Ink::Dim, &text, 2, PARTICULARS, out);
}

/// Six columns; the longest reason with its layer has 26 letters.
fn row(look: Look, cells: Cells) -> Line {
    let ends = [14, 26, 39, 66, 75, Look::WIDTH + 1];
    let mut line = Line::new(look);
    for ((ink, text), end) in cells.into_iter().zip(ends) {
        line = line
            .ink(ink, text)
            .cut(end - 1)
            .pad_to(end.min(Look::WIDTH));
    }
    line
}

/// The first columns of a row, as many as a narrow window has room for: the longest state has 11
/// letters, and the longest time 12.
fn short_row(look: Look, [name, state, since]: [(Ink, &str); 3]) -> Line {
    let time = has_time(look).then_some(13);
    let state_at = look.columns - 11 - time.unwrap_or_default();
    let line = Line::new(look).ink(name.0, name.1);
    let line = line
        .cut(state_at - 1)
        .pad_to(state_at)
        .ink(state.0, state.1);
    match time {
        Some(time) => line.pad_to(look.columns - time + 1).ink(since.0, since.1),
        None => line,
    }
}

const fn has_time(look: Look) -> bool {
    look.columns >= 36
}

/// A row in a narrow window: the further columns have lines of their own.
fn rows(look: Look, cells: &Cells, out: &mut String) {
    let [name, state, since, why, role, spare] = cells;
    let short = [name, state, since].map(|(ink, text)| (*ink, &**text));
    short_row(look, short).end(out);
    let since = if has_time(look) { "" } else { &since.1 };
    let spare = match &*spare.1 {
        "" => String::new(),
        number => format!("spare {number}"),
    };
    let parts = [since, &why.1, &role.1, &spare];
    let parts: Vec<&str> = parts.into_iter().filter(|it| !it.is_empty()).collect();
    hanging(look, Ink::Text, &parts.join(", "), 2, SENTENCE, out);
}

/// Our own connection: what every judgement rests on.
fn connection(look: Look, uplink: &Uplink, now: &str, out: &mut String) {
    if !uplink.judged {
        let text = "uplink: not judged, every failure is believed at once";
        hanging(look, Ink::Dim, text, 0, SENTENCE, out);
        return;
    }
    let Uplink {
        state, ipv4, ipv6, ..
    } = uplink;
    let since = brief(&uplink.since, now);
    let gateway = match uplink.gateway {
        _ if state == "up" => "",
        Some(true) => ", our gateway answers",
        Some(false) => ", our gateway does not answer",
        None => "",
    };
    let text = format!("uplink: {state} since {since} (ipv4 {ipv4}, ipv6 {ipv6}{gateway})");
    let ink = if state == "down" { Ink::Bad } else { Ink::Dim };
    hanging(look, ink, &text, 0, SENTENCE, out);
}

/// From where and when, and how old that is where it is not new.
fn seen(look: Look, status: &Status, now: SystemTime, out: &mut String) {
    let time = minutes(&status.at, None);
    let seconds = status.at.get(16..19).unwrap_or_default();
    let seen = format!("{time}{seconds} UTC, seen from {}", status.vantage);
    hanging(look, Ink::Dim, &seen, 0, SENTENCE, out);
    let odd = match status.age(now) {
        Some(Ok(old)) if old > FRESH => format!(
            "this is {} old, or the clocks of the daemon and of this machine differ",
            span(old)
        ),
        Some(Err(ahead)) if ahead > FRESH => format!(
            "the clock of the daemon is {} ahead of this machine's",
            span(ahead)
        ),
        _ => return,
    };
    hanging(look, Ink::Warn, &odd, 0, SENTENCE, out);
}

/// A text of `most` lines, the further ones indented a little more.
fn hanging(look: Look, ink: Ink, text: &str, indent: usize, most: usize, out: &mut String) {
    let lines = wrap_some(look, text, indent + 2, most);
    for (index, line) in lines.into_iter().enumerate() {
        let indent = if index == 0 { indent } else { indent + 2 };
        Line::indented(look, indent).ink(ink, line).end(out);
    }
}
