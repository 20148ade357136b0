//! Ninety days that nobody has to wait for: a history with a few outages in it, some worse than
//! others, a maintenance, and times when nobody watched.
//!
//! All of it is over before yesterday, so no hour of the day changes what a screen reader reads.

use std::path::Path;
use std::time::{Duration, SystemTime};

use bascule::history::{self, Entry, EventRow, HourRow, OutageRow, Record};
use bascule::model::State;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// Days that the daemon has watched.
const WATCHED: u64 = 83;
/// Days ago, and from which to which hour of UTC, it did not.
const BLIND: (u64, [u64; 2]) = (52, [2, 16]);

/// A network is in a state: so many days ago, from this hour of UTC on, for so many minutes.
type Trouble = (&'static str, State, u64, u64, u64);

const TROUBLES: [Trouble; 13] = [
    ("x", State::Down, 61, 13, 190),
    ("x", State::Degraded, 33, 17, 50),
    ("x", State::Down, 12, 9, 14),
    ("x", State::Degraded, 12, 10, 35),
    ("x", State::Down, 5, 18, 72),
    ("bluesky", State::Down, 47, 7, 300),
    ("bluesky", State::Degraded, 20, 21, 25),
    ("mastodon", State::Degraded, 72, 6, 40),
    ("mastodon", State::Maintenance, 26, 3, 120),
    ("mastodon", State::Down, 40, 14, 8),
    ("mastodon", State::Degraded, 9, 14, 20),
    ("threads", State::Down, 61, 13, 25),
    ("threads", State::Degraded, 16, 11, 95),
];

/// The outages that the news tell: network, days ago, hour, minutes, layer, reason.
type Told = (&'static str, u64, u64, u64, &'static str, &'static str);

const TOLD: [Told; 2] = [
    ("mastodon", 40, 14, 8, "tcp", "tcp_timeout"),
    ("x", 5, 18, 72, "http", "http_status"),
];

/// Writes it down for these networks, where a daemon will find it.
pub(super) fn remember(state: &Path, networks: &[&str], now: SystemTime) {
    let settings = history::Settings {
        dir: Some(state.to_owned()),
        retention: Duration::from_secs(400 * DAY),
        max_size: 64 << 20,
    };
    let opened = history::open(settings, move || now);
    assert_eq!(opened.problems, [""; 0], "a history can be kept");
    let now = now.duration_since(SystemTime::UNIX_EPOCH).expect("late");
    let today = now.as_secs() / DAY;
    let mut records = Vec::new();
    for network in networks {
        let hours = (today - WATCHED) * 24..=now.as_secs() / HOUR;
        let watched = hours.filter(|hour| !is_blind(today - hour / 24, hour % 24));
        records.extend(watched.map(|hour| {
            let length = (now.as_secs() - hour * HOUR).min(HOUR);
            Record::Hour(spent(network, today, hour, length))
        }));
    }
    let outages = TOLD.iter().zip(1..);
    records.extend(outages.flat_map(|(told, id)| outage(told, id, today)));
    let numbered = (1..).zip(records);
    let entries = numbered.map(|(seq, record)| Entry {
        seq,
        record: match record {
            Record::Event(row) => Record::Event(EventRow { seq, ..row }),
            record => record,
        },
    });
    // So many the mailbox takes at once.
    let entries: Vec<Entry> = entries.collect();
    assert!(entries.len() < 10_000, "{}", entries.len());
    opened.history.keep(entries);
    opened.history.close();
}

fn is_blind(days_ago: u64, hour: u64) -> bool {
    let (day, [from, until]) = BLIND;
    days_ago == day && (from..until).contains(&hour)
}

/// How a network spent an hour since the epoch, of which so many seconds are over.
fn spent(network: &str, today: u64, hour: u64, length: u64) -> HourRow {
    let mut times = [0; 5];
    let mut left = length;
    for (of, state, days_ago, from, minutes) in TROUBLES {
        let begun = (today - days_ago) * 24 + from;
        if of == network && hour >= begun {
            let passed = (hour - begun) * HOUR;
            let part = (minutes * 60).saturating_sub(passed).min(left);
            times[state as usize] += part;
            left -= part;
        }
    }
    times[State::Up as usize] = left;
    HourRow {
        network: network.to_owned(),
        at: at(hour * HOUR),
        state_time: times.map(Duration::from_secs),
    }
}

/// An outage with what happened at its beginning and end; of the preferred network with the
/// switches.
fn outage(
    &(network, days_ago, hour, minutes, layer, reason): &Told,
    id: u64,
    today: u64,
) -> Vec<Record> {
    let begun = (today - days_ago) * DAY + hour * HOUR;
    let (begun, ended) = (at(begun), at(begun + minutes * 60));
    let word = |text: &str| Some(text.to_owned());
    let event = |at, kind: &str, from: &str, to: &str| EventRow {
        seq: 0,
        at,
        kind: kind.to_owned(),
        network: word(network),
        endpoint: None,
        group: None,
        from: word(from),
        to: word(to),
        layer: None,
        reason: None,
        text: String::new(),
        since: None,
        outage: None,
    };
    let of_outage = |row: EventRow| EventRow {
        outage: Some(id),
        ..row
    };
    let of_group = |row: EventRow, why: &str| EventRow {
        network: None,
        group: word("crisis"),
        reason: word(why),
        ..row
    };
    let lost = EventRow {
        layer: word(layer),
        reason: word(reason),
        ..event(begun, "network", "up", "down")
    };
    let row = OutageRow {
        id,
        network: network.to_owned(),
        started: begun,
        confirmed: begun,
        ended: Some(ended),
        duration: Duration::from_secs(minutes * 60),
        layer: word(layer),
        reason: reason.to_owned(),
        detail: String::new(),
        endpoint: "web".to_owned(),
        evidence: None,
    };
    let back = ended + Duration::from_secs(300);
    let switch = |row, why| (network == "x").then(|| of_group(row, why));
    let events = [
        Some(lost),
        Some(of_outage(event(begun, "outage_started", "", ""))),
        switch(event(begun, "group", network, "bluesky"), "failover"),
        Some(event(ended, "network", "down", "up")),
        Some(of_outage(event(ended, "outage_ended", "", ""))),
        switch(event(back, "group", "bluesky", network), "failback"),
    ];
    let events = events.into_iter().flatten().map(Record::Event);
    [Record::Outage(row)].into_iter().chain(events).collect()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
