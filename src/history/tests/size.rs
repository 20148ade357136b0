//! What a year needs: one outage a day, 8 networks with 31 endpoints.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::tempdir;

use super::samples::{event, noon_and, outage as outage_row, outage_entry};
use crate::engine::{EndpointMemory, GroupMemory, Memory, NetworkMemory, UplinkMemory};
use crate::history::{self, Entry, EventRow, Image, Record, Saved, Settings};
use crate::host::clock::Clock;
use crate::model::{Families, GroupBooks, Moment, Name, NetworkBooks, State, UplinkBooks};

const DAYS: u64 = 365;
const DAY: u64 = 86_400;
const NETWORKS: usize = 8;
const ENDPOINTS: usize = 31;
/// Counters that the metrics hand over for each endpoint, among them histograms.
const COUNTERS: usize = 120;
/// A failed round of an endpoint with four addresses, as JSON.
const EVIDENCE: usize = 4000;

/// The image of a daemon after a year.
fn image() -> Image {
    let now = Moment::from_secs(DAYS * DAY);
    let times =
        || std::array::from_fn(|n| Duration::from_nanos(7_884_000_123_456_789 / (n as u64 + 1)));
    let networks: Vec<Name> = (0..NETWORKS)
        .map(|n| format!("network-{n}").into())
        .collect();
    let endpoint = |number: usize| EndpointMemory {
        endpoint: format!("endpoint-{number}").into(),
        fingerprint: "0123456789abcdef".repeat(4),
        state: State::Up,
        was_down: false,
        trouble: None,
        last_good: Some(now - Duration::from_nanos(12_345_678_901)),
        backoff: None,
    };
    let network = |(number, name): (usize, &Name)| {
        let mut books = NetworkBooks::new(now);
        books.state_time = times();
        for seconds in 0..46 {
            books
                .outage_durations
                .observe(Duration::from_secs(seconds * 97));
            books.detection.observe(Duration::from_secs(seconds));
            books.confirmation.observe(Duration::from_secs(seconds / 2));
        }
        NetworkMemory {
            name: name.clone(),
            state: State::Up,
            since: now - Duration::from_secs(DAY),
            confirmed: Some(now - Duration::from_secs(DAY)),
            last_known: State::Up,
            trouble: None,
            outage: None,
            recent_outages: vec![now],
            good_since: Some(Duration::from_secs(1)),
            books,
            held: None,
            endpoints: (number..ENDPOINTS)
                .step_by(NETWORKS)
                .map(endpoint)
                .collect(),
        }
    };
    let mut group_books = GroupBooks::new(&networks, now);
    for (_, time) in &mut group_books.active_time {
        *time = Duration::from_nanos(7_884_000_123_456_789);
    }
    let series = (0..ENDPOINTS).map(|number| {
        let labels = format!("{{network=\"network-1\",endpoint=\"endpoint-{number}\"}}");
        (
            labels,
            (0..COUNTERS)
                .map(|n| (n * 12_345) as f64 / 1000.0)
                .collect(),
        )
    });
    Image {
        memory: Memory {
            at: now,
            proven_time: now.since_origin(),
            next_outage: DAYS + 1,
            networks: networks.iter().enumerate().map(network).collect(),
            groups: vec![GroupMemory {
                standbys: 7,
                standby_domains: 5,
                name: "default".into(),
                active: Some(networks[0].clone()),
                started: true,
                lost_since: None,
                exhausted: false,
                books: group_books,
            }],
            uplink: UplinkMemory {
                states: [crate::model::UplinkState::Up; 3],
                canaries_answered: Families::BOTH,
                books: UplinkBooks::new(now),
            },
        },
        shown_until: now,
        holds: networks.into_iter().map(|name| (name, None)).collect(),
        counters: [("endpoints".to_owned(), series.collect())].into(),
        outbox: Vec::new(),
        hours: Vec::new(),
        next_seq: 1,
        saved: Saved::now(&Clock::system()),
    }
}

/// All that one outage leaves: each of four endpoints and the network down and up, the outage
/// itself begun, grown and ended, the group away and back.
fn outage(day: u64) -> Vec<Entry> {
    let first = day * 20;
    let mut row = outage_row(day, "network-1");
    row.started = noon_and(day * DAY);
    row.confirmed = row.started + Duration::from_secs(15);
    row.evidence = Some("e".repeat(EVIDENCE));
    let mut entries = vec![outage_entry(first, &row)];
    for seq in first + 1..first + 16 {
        let at = noon_and(day * DAY + seq - first);
        let row = EventRow {
            seq,
            at,
            ..event(seq)
        };
        entries.push(Entry {
            seq,
            record: Record::Event(row),
        });
    }
    row.ended = Some(row.started + Duration::from_secs(3600));
    row.duration = Duration::from_secs(3600);
    entries.push(outage_entry(first + 16, &row));
    entries
}

#[tokio::test]
async fn a_year_of_one_outage_a_day_needs_some_megabytes() {
    let dir = tempdir().unwrap();
    let settings = Settings {
        dir: Some(dir.path().to_owned()),
        retention: Duration::from_secs(400 * DAY),
        max_size: 100 << 20,
    };
    let history = history::open(settings, || noon_and(DAYS * DAY)).history;
    for day in 1..=DAYS {
        history.keep(outage(day));
    }
    history.save(Arc::new(image()));
    history.close();
    let size = |name: &str| fs::metadata(Path::join(dir.path(), name)).unwrap().len();
    let (state, rows) = (size("state.json"), size("history.db"));
    println!("after a year: state file {state} bytes, history {rows} bytes");
    assert!((20_000..100_000).contains(&state), "{state}");
    assert!((1_000_000..4_000_000).contains(&rows), "{rows}");
}
