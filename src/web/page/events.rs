//! What happened last, told from the fields of the rows in the reader's language.

use std::time::{Duration, SystemTime};

use maud::{Markup, html};

use super::Sheet;
use super::frame::icon;
use crate::history::{EventRow, OutageRow};
use crate::model::{Activation, Family, Layer, Reason, State, UplinkState};
use crate::report::words::{clock, date, timestamp_ms};

/// So many of them are open on a phone; wider screens and paper have room for all.
const OPEN: usize = 8;

/// What a reader gets of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) at: SystemTime,
    pub(super) mark: &'static str,
    pub(super) what: String,
    pub(super) lasted: Option<String>,
    pub(super) layer: Option<&'static str>,
    pub(super) why: Option<&'static str>,
}

pub(super) fn section(sheet: Sheet<'_>) -> Markup {
    let labels = sheet.tongue.labels();
    let told = sheet.matter.events.as_deref().map(|rows| told(sheet, rows));
    html! {
        section.latest aria-labelledby="events" {
            h2 id="events" { (labels.events) }
            @match told {
                None => p { (labels.events_absent) },
                Some(told) if told.is_empty() => p { (labels.no_events) },
                Some(told) => div.events {
                    @let (newest, earlier) = told.split_at(told.len().min(OPEN));
                    (days(newest, None))
                    @if !earlier.is_empty() {
                        details {
                            summary { (sheet.tongue.earlier(earlier.len())) }
                            (days(earlier, newest.last()))
                        }
                    }
                },
            }
            p { a href="/api/v1/events" { (labels.all_events) } " · " a href="/api/v1/outages" { (labels.all_outages) } }
        }
    }
}

/// Events under the date of their day, unless it is that of the event before them.
fn days(told: &[Told], before: Option<&Told>) -> Markup {
    let before = before.map(|it| date(it.at));
    html! {
        @for day in told.chunk_by(|a, b| date(a.at) == date(b.at)) {
            @let date = date(day[0].at);
            @if before.as_ref() != Some(&date) {
                h3 { time datetime=(date) { (date) } }
            }
            ul { @for row in day { (item(row)) } }
        }
    }
}

fn item(row: &Told) -> Markup {
    let layer = row.layer.map(str::to_owned);
    let why = row.why.map(str::to_owned);
    let more: Vec<String> = [row.lasted.clone(), layer, why]
        .into_iter()
        .flatten()
        .collect();
    html! {
        li class={ "s-" (row.mark) } {
            time datetime=(timestamp_ms(row.at)) { (clock(row.at, row.at)) " UTC" } " "
            (icon(row.mark))
            div {
                span { (row.what) }
                @if !more.is_empty() { span.dot { " · " } span.why { (more.join(" · ")) } }
            }
        }
    }
}

/// The newest events, the newest first.
pub(super) fn told(sheet: Sheet<'_>, rows: &[EventRow]) -> Vec<Told> {
    let newest = rows.iter().rev();
    let told = newest.filter_map(|row| one(sheet, rows, row));
    told.take(sheet.detail.events).collect()
}

fn one(sheet: Sheet<'_>, rows: &[EventRow], row: &EventRow) -> Option<Told> {
    match row.kind.as_str() {
        "network" => network(sheet, rows, row),
        "group" => Some(group(sheet, row)),
        "uplink" => uplink(sheet, row),
        // The change of the network that it comes with tells both.
        "outage_ended" if change_beside(rows, row).is_none() => outage_ended(sheet, row),
        _ => None,
    }
}

/// The change of state of the same network at the same moment.
fn change_beside<'a>(rows: &'a [EventRow], row: &EventRow) -> Option<&'a EventRow> {
    let mut rows = rows.iter();
    rows.find(|it| it.kind == "network" && it.network == row.network && it.at == row.at)
}

/// The outage that began or ended with a change of state.
fn outage_beside<'a>(sheet: Sheet<'a>, rows: &[EventRow], row: &EventRow) -> Option<&'a OutageRow> {
    let mut rows = rows.iter();
    let beside = rows
        .find(|it| it.kind.starts_with("outage") && it.network == row.network && it.at == row.at)?;
    let id = beside.outage?;
    sheet.matter.outages.iter().find(|it| it.id == id)
}

fn network(sheet: Sheet<'_>, rows: &[EventRow], row: &EventRow) -> Option<Told> {
    let tongue = sheet.tongue;
    let to = row.to.as_deref().and_then(State::parse)?;
    let from = row.from.as_deref().and_then(State::parse);
    let title = sheet.title(row.network.as_deref()?);
    let outage = outage_beside(sheet, rows, row);
    let layer = row.layer.as_deref().and_then(Layer::parse);
    let reason = row.reason.as_deref().and_then(Reason::parse);
    Some(Told {
        at: row.at,
        mark: to.as_str(),
        what: tongue.network_became(&title, to, from),
        lasted: outage.map(|it| length(sheet, it)),
        layer: layer.map(|it| tongue.layer(it)),
        why: reason.map(|it| tongue.reason(it)),
    })
}

/// How long an outage was, or has been.
fn length(sheet: Sheet<'_>, row: &OutageRow) -> String {
    let picture = &sheet.matter.picture;
    let running = picture.outage(row.id).filter(|_| row.ended.is_none());
    let length = running.map_or(row.duration, |it| it.duration(picture.now));
    let text = sheet.tongue.span(Duration::from_secs(length.as_secs()));
    match running {
        Some(_) => format!("{text} {}", sheet.tongue.labels().still_runs),
        None => text,
    }
}

fn outage_ended(sheet: Sheet<'_>, row: &EventRow) -> Option<Told> {
    let title = sheet.title(row.network.as_deref()?);
    let outage = sheet
        .matter
        .outages
        .iter()
        .find(|it| Some(it.id) == row.outage);
    Some(Told {
        at: row.at,
        mark: "up",
        what: sheet.tongue.outage_ended(&title),
        lasted: outage.map(|it| length(sheet, it)),
        layer: None,
        why: None,
    })
}

fn group(sheet: Sheet<'_>, row: &EventRow) -> Told {
    let title = |name: &Option<String>| {
        let name = name.as_deref().filter(|it| *it != "none");
        name.map(|it| sheet.title(it))
    };
    let (from, to) = (title(&row.from), title(&row.to));
    let group = sheet.line(row.group.as_deref().unwrap_or_default());
    let reason = row.reason.as_deref().and_then(Activation::parse);
    Told {
        at: row.at,
        mark: if to.is_some() { "switch" } else { "down" },
        what: sheet
            .tongue
            .switched(&group, to.as_deref(), from.as_deref()),
        lasted: None,
        layer: None,
        why: reason.map(|it| sheet.tongue.activation(it)),
    }
}

fn uplink(sheet: Sheet<'_>, row: &EventRow) -> Option<Told> {
    let family = row.endpoint.as_deref().and_then(Family::parse);
    let from = row.from.as_deref().and_then(UplinkState::parse)?;
    let to = row.to.as_deref().and_then(UplinkState::parse)?;
    if (from, to) == (UplinkState::Unknown, UplinkState::Up) {
        // Every start has it.
        return None;
    }
    Some(Told {
        at: row.at,
        mark: to.as_str(),
        what: sheet.tongue.uplink(family, from, to).to_owned(),
        lasted: None,
        layer: None,
        why: None,
    })
}
