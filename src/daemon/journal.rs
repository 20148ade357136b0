//! What happened, as rows of the history.
//!
//! Every row has a number. Until the database has a row for certain it also stands in the state
//! file, so that an end at any point neither loses nor doubles one.

use std::time::{Duration, SystemTime};

use super::narrator;
use super::rounds::Rounds;
use crate::history::{Entry, EventRow, HourRow, OutageRow, Record};
use crate::host::clock::Clock;
use crate::model::{EndpointKey, Event, Family, Layer, Moment, Name, Outage, State};
use crate::report::json;

/// Rows that can wait for a database that cannot be written.
const WAITING: usize = 2000;

/// A round's own start is read a moment after the loop started it, by the wall clock.
const EVIDENCE_SLACK: Duration = Duration::from_secs(1);

pub(super) struct Journal {
    next_seq: u64,
    /// The number of the last hours that were written down.
    hours: u64,
    /// What the database does not hold for certain yet.
    outbox: Vec<Entry>,
}

impl Journal {
    pub(super) const fn new(next_seq: u64, outbox: Vec<Entry>) -> Self {
        Self {
            next_seq,
            hours: 0,
            outbox,
        }
    }

    /// The number of the next row.
    pub(super) const fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The number of the last hours that were written down; 0 if none were.
    pub(super) const fn last_hours(&self) -> u64 {
        self.hours
    }

    /// What is not stored yet, `stored` being the last number that is.
    pub(super) fn outbox(&mut self, stored: u64) -> Vec<Entry> {
        self.outbox.retain(|entry| entry.seq > stored);
        let surplus = self.outbox.len().saturating_sub(WAITING);
        self.outbox.drain(..surplus);
        self.outbox.clone()
    }

    /// Writes down what happened at a moment.
    pub(super) fn write(
        &mut self,
        events: &[Event],
        (now, frozen): (Moment, bool),
        clock: &Clock,
        rounds: &Rounds,
    ) -> Vec<Entry> {
        let before = self.outbox.len();
        for event in events.iter().filter(|event| !is_first_good(event)) {
            let seq = self.number();
            let text = narrator::sentence(event, frozen);
            let row = event_row(event, blank(seq, clock.wall_of(now), text), clock);
            self.push(seq, Record::Event(row));
            // The outage itself has the number of the event, so that readers of events see none missing.
            if let Event::OutageStarted(outage) | Event::OutageEnded(outage) = event {
                self.push(seq, Record::Outage(outage_row(outage, now, clock, rounds)));
            }
        }
        self.outbox[before..].to_vec()
    }

    /// Writes down hours that are over. All of one moment have one number.
    pub(super) fn write_hours(&mut self, hours: Vec<HourRow>) -> Vec<Entry> {
        if hours.is_empty() {
            return Vec::new();
        }
        let before = self.outbox.len();
        self.hours = self.number();
        for hour in hours {
            self.push(self.hours, Record::Hour(hour));
        }
        self.outbox[before..].to_vec()
    }

    const fn number(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq = seq.saturating_add(1);
        seq
    }

    fn push(&mut self, seq: u64, record: Record) {
        self.outbox.push(Entry { seq, record });
    }
}

/// The first good round of each endpoint is no news: the network's line says it.
fn is_first_good(event: &Event) -> bool {
    matches!(
        event,
        Event::Endpoint {
            from: State::Unknown,
            to: State::Up,
            ..
        }
    )
}

fn event_row(event: &Event, row: EventRow, clock: &Clock) -> EventRow {
    let text = |name: &Name| Some(name.to_string());
    let time = |moment: Moment| Some(clock.wall_of(moment));
    match event {
        Event::Endpoint {
            key,
            from,
            to,
            cause,
            since,
        } => EventRow {
            kind: "endpoint".to_owned(),
            network: text(&key.network),
            endpoint: text(&key.endpoint),
            from: word(from.as_str()),
            to: word(to.as_str()),
            layer: cause.as_ref().and_then(|c| c.layer).and_then(layer),
            reason: cause.as_ref().and_then(|c| word(c.reason.as_str())),
            since: time(*since),
            ..row
        },
        Event::Network {
            network,
            from,
            to,
            trouble,
            since,
        } => {
            let cause = trouble.as_ref().map(|trouble| &trouble.cause);
            EventRow {
                kind: "network".to_owned(),
                network: text(network),
                endpoint: trouble.as_ref().and_then(|t| text(&t.endpoint)),
                from: word(from.as_str()),
                to: word(to.as_str()),
                layer: cause.and_then(|c| c.layer).and_then(layer),
                reason: cause.and_then(|c| word(c.reason.as_str())),
                since: time(*since),
                ..row
            }
        }
        Event::Group {
            group,
            from,
            to,
            reason,
        } => {
            let name = |network: &Option<Name>| word(network.as_deref().unwrap_or("none"));
            EventRow {
                kind: "group".to_owned(),
                group: text(group),
                network: to.as_ref().and_then(text),
                from: name(from),
                to: name(to),
                reason: word(reason.as_str()),
                ..row
            }
        }
        Event::OutageStarted(outage) | Event::OutageEnded(outage) => {
            let started = matches!(event, Event::OutageStarted(_));
            EventRow {
                kind: if started {
                    "outage_started"
                } else {
                    "outage_ended"
                }
                .to_owned(),
                network: text(&outage.network),
                endpoint: text(&outage.endpoint),
                layer: outage.cause.layer.and_then(layer),
                reason: word(outage.cause.reason.as_str()),
                since: if started {
                    time(outage.started)
                } else {
                    outage.ended.and_then(time)
                },
                outage: Some(outage.id),
                ..row
            }
        }
        Event::Uplink {
            family, from, to, ..
        } => EventRow {
            kind: "uplink".to_owned(),
            endpoint: word(family.map_or("any", Family::as_str)),
            from: word(from.as_str()),
            to: word(to.as_str()),
            ..row
        },
    }
}

fn blank(seq: u64, at: SystemTime, text: String) -> EventRow {
    EventRow {
        seq,
        at,
        kind: String::new(),
        network: None,
        endpoint: None,
        group: None,
        from: None,
        to: None,
        layer: None,
        reason: None,
        text,
        since: None,
        outage: None,
    }
}

fn outage_row(outage: &Outage, now: Moment, clock: &Clock, rounds: &Rounds) -> OutageRow {
    let key = EndpointKey {
        network: outage.network.clone(),
        endpoint: outage.endpoint.clone(),
    };
    let running = outage.running_since.is_some();
    // What failed before the outage is not its evidence.
    let began = clock.wall_of(outage.started) - EVIDENCE_SLACK;
    let first = rounds.first_failed(&key);
    let first = first.filter(|round| running && round.started >= began);
    let evidence = first.and_then(|round| json::object(&round));
    let ended = outage.ended.filter(|_| !running);
    OutageRow {
        id: outage.id,
        network: outage.network.to_string(),
        started: clock.wall_of(outage.started),
        confirmed: clock.wall_of(outage.confirmed),
        ended: ended.map(|at| clock.wall_of(at)),
        duration: outage.duration(now),
        layer: outage.cause.layer.and_then(layer),
        reason: outage.cause.reason.as_str().to_owned(),
        detail: outage.cause.detail.to_string(),
        endpoint: outage.endpoint.to_string(),
        evidence,
    }
}

fn layer(layer: Layer) -> Option<String> {
    word(layer.as_str())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every column of a row may be empty"
)]
fn word(word: &str) -> Option<String> {
    Some(word.to_owned())
}
