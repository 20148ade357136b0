//! The database, and the life of the memory as a whole.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use tempfile::{TempDir, tempdir};

use super::samples::{Dice, event, event_entry, noon_and, outage as outage_row, outage_entry};
use crate::history::mailbox::Mailbox;
use crate::history::{self, Entry, History, Image, Opened, Problems, Record, Settings, schema};

const DAY: u64 = 86_400;

fn settings(dir: &Path) -> Settings {
    Settings {
        dir: Some(dir.to_owned()),
        retention: Duration::from_secs(400 * DAY),
        max_size: 100 << 20,
    }
}

/// The memory of `dir`, at noon.
fn open(dir: &Path) -> Opened {
    history::open(settings(dir), || noon_and(0))
}

/// A directory whose memory opens without trouble.
fn fresh() -> (TempDir, History) {
    let dir = tempdir().unwrap();
    let opened = open(dir.path());
    assert_eq!(opened.problems, [""; 0]);
    (dir, opened.history)
}

async fn stored(history: &History, seq: u64) {
    let mut watch = history.watch_stored();
    watch.wait_for(|stored| *stored >= seq).await.unwrap();
}

async fn problem(history: &History, wanted: impl Fn(&Problems) -> bool) -> Problems {
    let mut watch = history.watch_problems();
    watch.wait_for(wanted).await.unwrap().clone()
}

/// Asks until the image is written: a busy machine may need longer than anybody waits.
async fn saved(history: &History, image: &Image) {
    while !history.save_before_showing(image.clone()).await {}
}

/// An image that knows outage `running` and nothing else.
fn image(running: Option<u64>, outbox: Vec<Entry>, next_seq: u64) -> Image {
    let mut image = Dice(0).image();
    image.memory.next_outage = 5;
    image.memory.groups.clear();
    image.memory.networks.truncate(1);
    let network = &mut image.memory.networks[0];
    network.outage = running.map(|id| {
        let mut dice = Dice(id);
        let mut outages = std::iter::from_fn(|| dice.image().memory.networks.pop());
        let mut outage = outages.find_map(|network| network.outage).unwrap();
        outage.id = id;
        outage
    });
    image.outbox = outbox;
    image.next_seq = next_seq;
    image
}

#[tokio::test]
async fn what_is_kept_is_found_again() {
    let (dir, history) = fresh();
    let (running, mut over) = (outage_row(2, "bluesky"), outage_row(1, "x"));
    history.keep(vec![
        outage_entry(1, &over),
        event_entry(2),
        event_entry(3),
        outage_entry(4, &running),
    ]);
    over.ended = Some(noon_and(1600));
    over.duration = Duration::from_secs(600);
    over.evidence = None;
    history.keep(vec![outage_entry(5, &over), event_entry(6)]);
    stored(&history, 6).await;
    over.evidence = outage_row(1, "x").evidence;

    let events = |seqs: &[u64]| seqs.iter().copied().map(event).collect::<Vec<_>>();
    assert_eq!(history.events(0, 9).await, Ok(events(&[2, 3, 6])));
    assert_eq!(history.events(2, 1).await, Ok(events(&[3])));
    history.keep(vec![super::samples::chatter_entry(7)]);
    stored(&history, 7).await;
    assert_eq!(history.latest_events(2).await, Ok(events(&[3, 6])));
    let both = vec![running.clone(), over.clone()];
    let ask = |since, network: Option<&str>, before| {
        let network = network.map(str::to_owned);
        history.outages(noon_and(since), network, before, 9)
    };
    assert_eq!(ask(0, None, None).await, Ok(both));
    assert_eq!(ask(1600, None, None).await, Ok(vec![running.clone()]));
    assert_eq!(ask(0, Some("x"), None).await, Ok(vec![over.clone()]));
    assert_eq!(ask(0, None, Some(2)).await, Ok(vec![over.clone()]));
    assert_eq!(history.outage(2).await, Ok(Some(running)));
    assert_eq!(history.outage(3).await, Ok(None));

    // What was known earlier does not replace what is known now.
    history.keep(vec![outage_entry(1, &outage_row(1, "x")), event_entry(7)]);
    stored(&history, 7).await;
    assert_eq!(history.outage(1).await, Ok(Some(over)));
    assert_eq!(history.persist_failures(), 0);
    history.close();
    let again = open(dir.path());
    assert_eq!((again.next_seq, again.next_outage), (8, 3));
    assert_eq!(again.history.stored(), 7);
    let mode = fs::metadata(dir.path().join("history.db")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn the_image_comes_back_with_its_age_and_its_outbox_in_the_database() {
    let dir = tempdir().unwrap();
    let inside = dir.path().join("not/there/yet");
    let opened = open(&inside);
    assert_eq!(opened.problems, [""; 0]);
    assert!(opened.image.is_none());
    let mode = fs::metadata(&inside).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let outbox = vec![event_entry(8), outage_entry(9, &outage_row(4, "x"))];
    let mut seen = image(Some(4), outbox, 30);
    seen.saved.wall = noon_and(0) - Duration::from_secs(42);
    saved(&opened.history, &image(None, Vec::new(), 1)).await;
    seen.saved.moment = image(None, Vec::new(), 1).saved.moment + Duration::from_secs(1);
    saved(&opened.history, &seen).await;
    // Killed here: nothing is closed, nothing else is written.
    let copy = tempdir().unwrap();
    let name = "state-recent.json";
    fs::copy(inside.join(name), copy.path().join(name)).unwrap();

    let again = open(copy.path());
    let (found, age) = again.image.unwrap();
    seen.outbox.clear();
    assert_eq!((found, age), (seen, Duration::from_secs(42)));
    assert_eq!((again.next_seq, again.next_outage), (30, 5));
    assert_eq!(again.history.stored(), 9);
    assert_eq!(again.history.events(0, 9).await, Ok(vec![event(8)]));
    let running = again.history.outage(4).await.unwrap().unwrap();
    assert_eq!(running.ended, None, "the image knows that it runs");
}

#[tokio::test]
async fn outages_that_nobody_remembers_end_where_their_duration_ends() {
    let (dir, history) = fresh();
    let mut long = outage_row(1, "x");
    long.duration = Duration::from_secs(600);
    let remembered = outage_row(2, "bluesky");
    let short = outage_row(3, "threads");
    let all = [&long, &remembered, &short];
    history.keep(
        (1..)
            .zip(all)
            .map(|(n, row)| outage_entry(n, row))
            .collect(),
    );
    history.save(Arc::new(image(Some(2), Vec::new(), 4)));
    history.close();

    let again = open(dir.path()).history;
    let ended = async |id| again.outage(id).await.unwrap().unwrap().ended;
    assert_eq!(ended(1).await, Some(long.started + long.duration));
    assert_eq!(ended(2).await, None);
    assert_eq!(ended(3).await, Some(short.confirmed));
    let closed = again.outage(1).await.unwrap().unwrap();
    assert_eq!(closed.detail, long.detail);
}

#[tokio::test]
async fn the_last_image_is_written_when_the_memory_is_closed_or_dropped() {
    let (dir, history) = fresh();
    for next_seq in 1..=50 {
        history.save(Arc::new(image(None, Vec::new(), next_seq)));
    }
    history.close();
    let again = open(dir.path());
    assert_eq!(again.next_seq, 50);
    again.history.close();
}

#[tokio::test]
async fn a_second_daemon_runs_without_memory() {
    let (dir, first) = fresh();
    first.keep(vec![event_entry(1)]);
    stored(&first, 1).await;
    let second = open(dir.path());
    let told = format!(
        "another bascule uses the state directory {}; this one runs without memory",
        dir.path().display()
    );
    assert_eq!(second.problems, std::slice::from_ref(&told));
    assert_eq!(second.history.problems().state, Some(told));
    second.history.save(Arc::new(image(None, Vec::new(), 99)));
    assert!(
        second
            .history
            .save_before_showing(image(None, Vec::new(), 99))
            .await
    );
    second.history.keep(vec![event_entry(5)]);
    stored(&second.history, 5).await;
    assert_eq!(second.history.events(0, 9).await, Ok(vec![event(5)]));
    second.history.close();
    assert_eq!(first.events(0, 9).await, Ok(vec![event(1)]));
    assert!(!dir.path().join("state.json").exists());
}

#[tokio::test]
async fn a_directory_that_comes_later_is_used_from_then_on() {
    let dir = tempdir().unwrap();
    let inside = dir.path().join("disk/state");
    fs::write(dir.path().join("disk"), "").unwrap();
    let opened = open(&inside);
    let shown = inside.display();
    let why =
        format!("the state directory {shown} cannot be written: Not a directory (os error 20)");
    let at_start = format!("{why}; until it can, nothing is remembered");
    assert_eq!(opened.problems, [at_start]);
    let history = opened.history;
    history.keep(vec![event_entry(1)]);
    assert!(
        !history
            .save_before_showing(image(None, Vec::new(), 2))
            .await
    );
    let both = Problems {
        state: Some(why.clone()),
        history: Some(why),
    };
    problem(&history, |p| *p == both).await;
    assert!(history.persist_failures() >= 2);
    assert_eq!(history.stored(), 0);
    assert_eq!(
        history.events(0, 9).await,
        Ok(vec![event(1)]),
        "from memory"
    );

    fs::remove_file(dir.path().join("disk")).unwrap();
    history.keep(vec![event_entry(2)]);
    stored(&history, 2).await;
    problem(&history, |p| *p == Problems::default()).await;
    assert_eq!(history.events(0, 9).await, Ok(vec![event(1), event(2)]));
    history.close();
    assert_eq!(open(&inside).next_seq, 3);
}

#[tokio::test]
async fn the_state_file_does_not_wait_for_a_database_that_cannot_be_written() {
    let (dir, history) = fresh();
    let other = Connection::open(dir.path().join("history.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    saved(&history, &image(None, vec![event_entry(1)], 2)).await;
    history.keep(vec![event_entry(1)]);
    let told = problem(&history, |p| p.history.is_some()).await;
    let why = "the history cannot be written: database is locked";
    assert_eq!(told.history.as_deref(), Some(why));
    assert_eq!(told.state, None);
    assert_eq!(history.stored(), 0);
    other.execute_batch("COMMIT").unwrap();
    history.keep(vec![event_entry(2)]);
    stored(&history, 2).await;
    problem(&history, |p| *p == Problems::default()).await;
    assert_eq!(history.events(0, 9).await, Ok(vec![event(1), event(2)]));
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_kept_aside() {
    for (content, why) in [
        (None, "is of a later version of bascule (version 99)"),
        (
            Some("no database at all, but long enough for its header to be looked at".repeat(20)),
            "cannot be used: file is not a database",
        ),
    ] {
        let dir = tempdir().unwrap();
        let path = dir.path().join("history.db");
        match content {
            Some(content) => fs::write(&path, content).unwrap(),
            None => {
                let db = Connection::open(&path).unwrap();
                db.pragma_update(None, "user_version", 99).unwrap();
            }
        }
        let opened = open(dir.path());
        let shown = path.display();
        let told = format!(
            "the history {shown} {why}; it is kept as {shown}.corrupt-1748088000, and a new one \
             begins"
        );
        assert_eq!(opened.problems, [told]);
        assert!(dir.path().join("history.db.corrupt-1748088000").exists());
        opened.history.keep(vec![event_entry(1)]);
        stored(&opened.history, 1).await;
    }
}

#[tokio::test]
async fn damage_that_shows_later_costs_the_old_rows_and_no_new_one() {
    let (dir, history) = fresh();
    history.keep((1..=2000).map(event_entry).collect());
    history.close();
    // The pages of the rows, not the one that says what there is.
    let path = dir.path().join("history.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[3 * 4096..].fill(0xff);
    fs::write(&path, bytes).unwrap();

    let opened = open(dir.path());
    let history = opened.history;
    history.keep((3001..=3010).map(event_entry).collect());
    stored(&history, 3010).await;
    assert_eq!(history.latest_events(1).await, Ok(vec![event(3010)]));
    assert!(dir.path().join("history.db.corrupt-1748088000").exists());
    let told = format!("{:?}{:?}", opened.problems, history.problems());
    assert!(told.contains("database disk image is malformed; it is kept as"));
}

#[test]
fn a_queue_that_overflows_loses_the_oldest_events_and_no_outage() {
    let mailbox = Mailbox::new(0, Problems::default());
    let mut entries = vec![event_entry(1), outage_entry(2, &outage_row(1, "x"))];
    let mut long = outage_row(2, "x");
    long.evidence = Some("e".repeat(65_537));
    entries.push(outage_entry(3, &long));
    mailbox.keep(entries);
    let (work, _) = mailbox.take(Duration::ZERO);
    mailbox.keep((4..=10_002).map(event_entry).collect());
    mailbox.put_back(work.entries);
    assert_eq!(mailbox.dropped(), 2);
    mailbox.keep(vec![event_entry(10_003)]);
    let (work, last) = mailbox.take(Duration::ZERO);
    let seqs: Vec<u64> = work.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(mailbox.dropped(), 3);
    assert_eq!(seqs[..3], [2, 3, 6]);
    assert_eq!((seqs.len(), seqs[9_999]), (10_000, 10_003));
    let Record::Outage(bounded) = &work.entries[1].record else {
        panic!("an outage");
    };
    assert_eq!(bounded.evidence, None, "too long");
    assert!(!last);
}

#[test]
fn rows_of_the_first_version_are_there_after_the_migration() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("history.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL,
         network TEXT, endpoint TEXT, group_name TEXT, from_state TEXT, to_state TEXT, layer TEXT,
         reason TEXT, text TEXT NOT NULL, since INTEGER, outage INTEGER);
         CREATE TABLE outages (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, network TEXT NOT NULL,
         started INTEGER NOT NULL, confirmed INTEGER NOT NULL, ended INTEGER,
         duration INTEGER NOT NULL, layer TEXT, reason TEXT NOT NULL, detail TEXT NOT NULL,
         endpoint TEXT NOT NULL, evidence TEXT);
         INSERT INTO events VALUES (3, 1748088003000000, 'network', 'x', NULL, NULL, 'up', 'down',
         'tcp', 'tcp_timeout', 'x is down: no connection in time (tcp_timeout)',
         1748087992499999, 7);
         INSERT INTO outages VALUES (1, 2, 'x', 1748089000000000, 1748089015000000, NULL,
         15000000001, 'tcp', 'tcp_timeout', 'no connection in 3 s', 'web', '{\"verdict\":\"fail\"}');
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(old);
    let db = schema::open(&path).unwrap();
    let version: i64 = db
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 4);
    let rows = history::rows::events(&db, 0, 9).unwrap();
    assert_eq!(rows, [event(3)]);
    let rows = history::rows::outage_by_id(&db, 1).unwrap();
    assert_eq!(rows, Some(outage_row(1, "x")));
}

#[tokio::test]
async fn what_is_too_old_is_let_go_but_for_outages_that_run() {
    let (dir, history) = fresh();
    let mut over = outage_row(1, "x");
    over.ended = Some(noon_and(2000));
    let running = outage_row(2, "x");
    history.keep(vec![
        event_entry(1),
        event_entry(DAY),
        outage_entry(DAY + 1, &over),
        outage_entry(DAY + 2, &running),
    ]);
    history.save(Arc::new(image(Some(2), Vec::new(), 1)));
    history.close();
    let later = |seconds| {
        let mut settings = settings(dir.path());
        settings.retention = Duration::from_secs(30 * DAY);
        history::open(settings, move || noon_and(30 * DAY + seconds))
    };
    let again = later(1).history;
    assert_eq!(again.events(0, 9).await, Ok(vec![event(1), event(DAY)]));
    again.close();
    let again = later(2001).history;
    assert_eq!(again.events(0, 9).await, Ok(vec![event(DAY)]));
    let outages = again.outages(SystemTime::UNIX_EPOCH, None, None, 9).await;
    assert_eq!(outages, Ok(vec![running]));
}

#[tokio::test]
async fn what_is_too_much_is_let_go_and_the_file_shrinks() {
    let (dir, history) = fresh();
    let outages = (1..=200).map(|id| {
        let mut row = outage_row(id, "x");
        row.ended = Some(noon_and(id));
        outage_entry(id, &row)
    });
    history.keep(outages.chain((201..=9000).map(event_entry)).collect());
    history.close();
    let size = || fs::metadata(dir.path().join("history.db")).unwrap().len();
    assert!(size() > 1 << 20, "{}", size());
    let smaller = |max_size| {
        let mut settings = settings(dir.path());
        settings.max_size = max_size;
        history::open(settings, || noon_and(0))
    };
    let again = smaller(256 << 10);
    assert_eq!(again.problems, [""; 0]);
    assert_eq!((again.next_seq, again.next_outage), (9001, 201));
    let history = again.history;
    let latest = history.latest_events(1000).await.unwrap();
    assert!(latest.len() == 1000 && latest[999] == event(9000));
    assert!(
        history.outage(1).await.unwrap().is_some(),
        "events go first"
    );
    history.close();
    assert!(size() <= 256 << 10, "{}", size());

    let history = smaller(48 << 10).history;
    assert_eq!(history.latest_events(9).await, Ok(Vec::new()));
    assert_eq!(history.outage(1).await, Ok(None), "then the oldest outages");
    assert!(history.outage(200).await.unwrap().is_some());
    history.close();
    assert!(size() <= 48 << 10, "{}", size());
}
