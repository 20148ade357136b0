//! `/api/v1/outages` and `/api/v1/events`: what the history holds, a page at a time.

use serde::Serialize;
use serde_json::Value;

use super::{Head, Shown};
use crate::history::{EventRow, OutageRow};
use crate::model::Outage;
use crate::report::json::seconds;
use crate::report::words::timestamp_ms;
use crate::web::source::{Events, Picture, Wanted};

/// Outages, those with the highest numbers first. Behind a page of `limit` there may be more, so
/// the document says where to go on.
pub(in crate::web) fn outages(
    shown: Shown<'_>,
    rows: &[OutageRow],
    limit: usize,
    evidence: bool,
) -> Result<Vec<u8>, String> {
    let outages = rows.iter().map(|row| OutageOf::new(shown, row, evidence));
    let last = rows.last().filter(|_| rows.len() >= limit);
    super::text(&Outages {
        head: shown.head(),
        next: last.map(|row| row.id),
        outages: outages.collect(),
    })
}

/// A page of outages with those that run and that the history does not hold, as it may be unable
/// to write. Those with the highest numbers first.
pub(in crate::web) fn complete(
    picture: &Picture,
    mut rows: Vec<OutageRow>,
    wanted: &Wanted,
) -> Vec<OutageRow> {
    // What is older than a full page comes with the next one.
    let last = rows.last().filter(|_| rows.len() >= wanted.limit);
    let last = last.map(|row| row.id);
    let belongs = |outage: &&Outage| {
        let of = wanted.network.as_deref();
        of.is_none_or(|name| *outage.network == *name)
            && wanted.before.is_none_or(|before| outage.id < before)
            && last.is_none_or(|last| outage.id > last)
            && rows.iter().all(|row| row.id != outage.id)
    };
    let networks = picture.snapshot.networks.iter();
    let running = networks.filter_map(|it| it.outage.as_ref());
    let missing: Vec<OutageRow> = running
        .filter(belongs)
        .map(|outage| row_of(picture, outage))
        .collect();
    rows.extend(missing);
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    rows.truncate(wanted.limit);
    rows
}

fn row_of(picture: &Picture, outage: &Outage) -> OutageRow {
    OutageRow {
        id: outage.id,
        network: outage.network.to_string(),
        started: picture.wall_of(outage.started),
        confirmed: picture.wall_of(outage.confirmed),
        ended: None,
        duration: outage.duration(picture.now),
        layer: outage.cause.layer.map(|layer| layer.as_str().to_owned()),
        reason: outage.cause.reason.as_str().to_owned(),
        detail: outage.cause.detail.to_string(),
        endpoint: outage.endpoint.to_string(),
        evidence: None,
    }
}

/// Events, ascending.
pub(in crate::web) fn events(
    shown: Shown<'_>,
    events: &Events,
    after: u64,
) -> Result<Vec<u8>, String> {
    super::text(&EventsOf {
        head: shown.head(),
        oldest: events.oldest,
        next: events.rows.last().map_or(after, |last| last.seq),
        events: events
            .rows
            .iter()
            .map(|row| EventOf::new(shown, row))
            .collect(),
    })
}

/// Whether an outage that is not over runs now.
pub(super) const fn state_of(outage: &Outage) -> &'static str {
    match outage.running_since {
        Some(_) => "running",
        None => "suspended",
    }
}

/// A round as it was kept: the JSON of one, read again.
pub(super) fn kept(round: &str) -> Option<Value> {
    serde_json::from_str(round).ok()
}

#[derive(Serialize)]
struct Outages<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    next: Option<u64>,
    outages: Vec<OutageOf<'a>>,
}

#[derive(Serialize)]
struct OutageOf<'a> {
    id: u64,
    network: &'a str,
    state: &'static str,
    started: String,
    confirmed: String,
    ended: Option<String>,
    duration_seconds: f64,
    layer: Option<&'a str>,
    reason: &'a str,
    detail: Option<&'a str>,
    endpoint: &'a str,
    evidence: Option<Value>,
}

impl<'a> OutageOf<'a> {
    fn new(shown: Shown<'_>, row: &'a OutageRow, evidence: bool) -> Self {
        let outage = shown.picture.outage(row.id).filter(|_| row.ended.is_none());
        let state = match (row.ended, outage) {
            (Some(_), _) => "ended",
            (None, Some(outage)) => state_of(outage),
            (None, None) => "forgotten",
        };
        let duration = outage.map_or(row.duration, |it| it.duration(shown.picture.now));
        let wanted = evidence && shown.targets;
        Self {
            id: row.id,
            network: &row.network,
            state,
            started: timestamp_ms(row.started),
            confirmed: timestamp_ms(row.confirmed),
            ended: row.ended.map(timestamp_ms),
            duration_seconds: seconds(duration),
            layer: row.layer.as_deref(),
            reason: &row.reason,
            detail: shown.targets.then_some(&*row.detail),
            endpoint: &row.endpoint,
            evidence: row.evidence.as_deref().filter(|_| wanted).and_then(kept),
        }
    }
}

#[derive(Serialize)]
struct EventsOf<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    oldest: Option<u64>,
    next: u64,
    events: Vec<EventOf<'a>>,
}

#[derive(Serialize)]
struct EventOf<'a> {
    seq: u64,
    at: String,
    kind: &'a str,
    network: Option<&'a str>,
    endpoint: Option<&'a str>,
    group: Option<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    layer: Option<&'a str>,
    reason: Option<&'a str>,
    text: Option<&'a str>,
    since: Option<String>,
    outage: Option<u64>,
}

impl<'a> EventOf<'a> {
    fn new(shown: Shown<'_>, row: &'a EventRow) -> Self {
        Self {
            seq: row.seq,
            at: timestamp_ms(row.at),
            kind: &row.kind,
            network: row.network.as_deref(),
            endpoint: row.endpoint.as_deref(),
            group: row.group.as_deref(),
            from: row.from.as_deref(),
            to: row.to.as_deref(),
            layer: row.layer.as_deref(),
            reason: row.reason.as_deref(),
            text: shown.targets.then_some(&*row.text),
            since: row.since.map(timestamp_ms),
            outage: row.outage,
        }
    }
}
