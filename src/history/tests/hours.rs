//! How each network spent each hour.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::tempdir;

use super::samples::{event, event_entry, hour, hour_entry, noon_and};
use crate::history::{self, Entry, History, HourRow, Opened, Record, Settings, schema};

const DAY: u64 = 86_400;

fn open(dir: &Path, at: u64, max_size: u64) -> Opened {
    let settings = Settings {
        dir: Some(dir.to_owned()),
        retention: Duration::from_secs(400 * DAY),
        max_size,
    };
    let opened = history::open(settings, move || noon_and(at));
    assert_eq!(opened.problems, [""; 0]);
    opened
}

async fn hours(history: &History, from: u64, until: u64) -> Vec<HourRow> {
    let span = noon_and(from)..noon_and(until);
    let all = history.hours(span, Vec::new(), Vec::push).await;
    all.unwrap()
}

#[tokio::test]
async fn hours_are_found_by_their_beginning_and_replaced_by_later_knowledge() {
    let dir = tempdir().unwrap();
    let history = open(dir.path(), 0, 100 << 20).history;
    let mut exact = hour(2, "x");
    exact.state_time[0] = Duration::from_nanos(1_799_999_999_999);
    let rows = [hour(1, "x"), hour(1, "bluesky"), hour(2, "x")];
    history.keep(rows.map(|row| hour_entry(3, row)).into());
    history.keep(vec![event_entry(4), hour_entry(5, exact.clone())]);
    let mut stored = history.watch_stored();
    stored.wait_for(|stored| *stored == 5).await.unwrap();
    let both = [hour(1, "bluesky"), hour(1, "x"), exact];
    assert_eq!(hours(&history, 3600, 10_800).await, both);
    assert_eq!(hours(&history, 3601, 10_800).await, both[2..]);
    assert_eq!(hours(&history, 0, 7200).await, both[..2]);
    assert_eq!(history.events(0, 9).await, Ok(vec![event(4)]));
    history.close();
    let again = open(dir.path(), 400 * DAY + 3600, 100 << 20).history;
    assert_eq!(hours(&again, 0, DAY).await, both);
    again.close();
    let later = open(dir.path(), 400 * DAY + 3601, 100 << 20).history;
    assert_eq!(hours(&later, 0, DAY).await, both[2..], "too old");
}

#[test]
fn a_database_of_version_2_has_no_hours_and_takes_them() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("history.db");
    drop(schema::open(&path).unwrap());
    let old = Connection::open(&path).unwrap();
    old.execute_batch("DROP TABLE hours; DROP TABLE cursors; PRAGMA user_version = 2;")
        .unwrap();
    drop(old);
    let mut db = schema::open(&path).unwrap();
    let found = |db: &Connection| {
        let mut rows = Vec::new();
        history::rows::hours(db, noon_and(0)..noon_and(DAY), |row| rows.push(row)).unwrap();
        rows
    };
    assert_eq!(found(&db), []);
    history::rows::insert(&mut db, [hour_entry(1, hour(3, "x"))].iter()).unwrap();
    assert_eq!(found(&db), [hour(3, "x")]);
}

/// What 8 networks leave in 400 days, and how room is made among it.
#[tokio::test]
async fn hours_that_no_page_shows_make_room_before_events_and_those_of_90_days_after_them() {
    const HOURS: u64 = 400 * 24;
    let dir = tempdir().unwrap();
    let now = HOURS * 3600;
    let opened = open(dir.path(), now, 100 << 20);
    let networks = [
        "x",
        "bluesky",
        "mastodon",
        "threads",
        "linkedin",
        "facebook",
        "instagram",
        "youtube",
    ];
    for day in 0..400 {
        let rows = (day * 24..(day + 1) * 24)
            .flat_map(|n| networks.map(|network| hour_entry(n + 1, hour(n, network))));
        opened.history.keep(rows.collect());
        let mut stored = opened.history.watch_stored();
        stored
            .wait_for(|stored| *stored >= (day + 1) * 24)
            .await
            .unwrap();
    }
    opened.history.close();
    let size = || fs::metadata(dir.path().join("history.db")).unwrap().len();
    println!("{} rows of hours: {} bytes", HOURS * 8, size());
    assert!((2_000_000..4_000_000).contains(&size()), "{}", size());
    let history = open(dir.path(), now, 100 << 20).history;
    let recent = |seq: u64| {
        let mut row = event(seq);
        row.at = noon_and(now);
        Entry {
            seq,
            record: Record::Event(row),
        }
    };
    history.keep((1..=2000).map(recent).collect());
    history.close();

    let left = async |max_size: u64| {
        let history = open(dir.path(), now, max_size).history;
        let count = hours(&history, 0, now).await.len() as u64;
        let events = history.events(0, 1000).await.unwrap().len();
        let shown = hours(&history, now - 90 * DAY, now).await.len() as u64;
        history.close();
        (count, events, shown)
    };
    let shown = 90 * 24 * 8;
    let (count, events, kept) = left(2 << 20).await;
    assert!((shown..HOURS * 8).contains(&count), "{count}");
    assert_eq!((events, kept), (1000, shown));
    let (count, events, kept) = left(900 << 10).await;
    assert!((shown..shown + 400).contains(&count), "{count}");
    assert!(events < 1000 || kept == shown);
    let (count, events, _) = left(256 << 10).await;
    assert!(count < shown && count > 1000, "{count}");
    assert_eq!(events, 0);
    assert!(size() <= 256 << 10, "{}", size());
}
