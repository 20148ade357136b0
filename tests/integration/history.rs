//! The memory on disks that are full or read-only, and of a process that is killed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bascule::engine::{Memory, UplinkMemory};
use bascule::history::{
    self, Entry, EventRow, History, Image, Opened, Problems, Record, Saved, Settings,
};
use bascule::host::clock::Clock;
use bascule::model::{Families, Moment, UplinkBooks};

use crate::support::child::alone_with_own_mounts;

/// A small disk on the mount point that every machine has.
const DISK: &str = "mount -t tmpfs -o size=1m bascule-test /mnt";
const MOUNT: &str = "/mnt";

fn open() -> Opened {
    open_at(&Path::new(MOUNT).join("state"))
}

fn image(next_seq: u64, clock: &Clock) -> Image {
    Image {
        memory: Memory {
            at: Moment::ZERO,
            proven_time: Duration::ZERO,
            next_outage: 1,
            networks: Vec::new(),
            groups: Vec::new(),
            uplink: UplinkMemory {
                states: Default::default(),
                canaries_answered: Families::NONE,
                books: UplinkBooks::new(Moment::ZERO),
            },
        },
        shown_until: Moment::ZERO,
        holds: Vec::new(),
        counters: BTreeMap::new(),
        outbox: Vec::new(),
        hours: Vec::new(),
        next_seq,
        saved: Saved::now(clock),
    }
}

fn event(seq: u64) -> EventRow {
    EventRow {
        seq,
        at: std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000 + seq),
        kind: "network".to_owned(),
        network: Some("x".to_owned()),
        endpoint: None,
        group: None,
        from: None,
        to: Some("down".to_owned()),
        layer: None,
        reason: None,
        text: "x is down".repeat(100),
        since: None,
        outage: None,
    }
}

fn keep(history: &History, seqs: impl Iterator<Item = u64>) {
    let entries = seqs.map(|seq| Entry {
        seq,
        record: Record::Event(event(seq)),
    });
    history.keep(entries.collect());
}

/// Of two images the later one counts, so all are made by one clock.
fn clock() -> &'static Clock {
    static CLOCK: std::sync::OnceLock<Clock> = std::sync::OnceLock::new();
    CLOCK.get_or_init(Clock::system)
}

async fn saved(history: &History, next_seq: u64) {
    let image = image(next_seq, clock());
    while !history.save_before_showing(image.clone()).await {}
}

async fn stored(history: &History, seq: u64) {
    let mut watch = history.watch_stored();
    watch.wait_for(|stored| *stored >= seq).await.unwrap();
}

async fn problem(history: &History, wanted: impl Fn(&Problems) -> bool) {
    let mut watch = history.watch_problems();
    watch.wait_for(wanted).await.unwrap();
}

/// Tells the killed process where its memory is.
const VICTIM: &str = "BASCULE_TEST_VICTIM";

fn open_at(dir: &Path) -> Opened {
    let settings = Settings {
        dir: Some(dir.to_owned()),
        retention: Duration::from_secs(86_400),
        max_size: 1 << 20,
    };
    let clock = Clock::system();
    history::open(settings, move || clock.wall())
}

/// Shows one number after the other, each when it is remembered, until somebody kills it.
async fn victim(dir: &Path) {
    let opened = open_at(dir);
    assert_eq!(opened.problems, [""; 0]);
    let at = opened.image.map(|(image, age)| image.saved.moment + age);
    let clock = Clock::resuming(at.unwrap_or_default());
    for seq in opened.next_seq.. {
        let entry = Entry {
            seq,
            record: Record::Event(event(seq)),
        };
        let mut image = image(seq + 1, &clock);
        image.outbox.push(entry.clone());
        while !opened.history.save_before_showing(image.clone()).await {}
        println!("shown {seq}");
        opened.history.keep(vec![entry]);
        if seq % 5 == 0 {
            opened.history.save(image.into());
        }
        // The image carries one entry, so the one before has to be in the database.
        stored(&opened.history, seq).await;
    }
}

#[tokio::test]
async fn nothing_that_was_shown_is_lost_when_the_process_is_killed() {
    const NAME: &str = "history::nothing_that_was_shown_is_lost_when_the_process_is_killed";
    if let Some(dir) = std::env::var_os(VICTIM) {
        return victim(Path::new(&dir)).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut last = 0;
    for lines in [1, 2, 3, 5, 8, 13, 21, 34] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
            .env(VICTIM, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let said = out.lines().map(Result::unwrap);
        let shown = said.filter_map(|line| line.rsplit_once("shown ")?.1.parse::<u64>().ok());
        let shown: Vec<u64> = shown.take(lines).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(shown.first(), Some(&(last + 1)), "after {last}");

        let opened = open_at(dir.path());
        assert_eq!(opened.problems, [""; 0]);
        last = opened.next_seq - 1;
        assert!(last >= *shown.last().unwrap());
        let events = opened.history.events(0, 999).await.unwrap();
        let expected: Vec<EventRow> = (1..=last).map(event).collect();
        assert_eq!(events, expected);
        opened.history.close();
    }
}

/// Writes until nothing fits any more.
fn fill() {
    let output = Command::new("dd")
        .args(["if=/dev/zero", "of=/mnt/filler", "bs=1k"])
        .output()
        .unwrap();
    assert!(!output.status.success(), "the disk takes everything");
}

fn mount(options: &str) {
    let status = Command::new("mount")
        .args(["-o", &format!("remount,{options}"), MOUNT])
        .status()
        .unwrap();
    assert!(status.success(), "mount -o remount,{options} fails");
}

#[tokio::test]
async fn a_full_disk_is_told_and_costs_nothing_once_there_is_room_again() {
    if !alone_with_own_mounts(
        "history::a_full_disk_is_told_and_costs_nothing_once_there_is_room_again",
        DISK,
    ) {
        return;
    }
    let opened = open();
    assert_eq!(opened.problems, [""; 0]);
    let history = opened.history;
    keep(&history, 1..=3);
    stored(&history, 3).await;
    saved(&history, 4).await;
    fill();

    keep(&history, 4..=203);
    assert!(!history.save_before_showing(image(204, clock())).await);
    let full = Problems {
        state: Some(
            "the state file in /mnt/state cannot be written: No space left on device (os error 28)"
                .to_owned(),
        ),
        history: Some("the history cannot be written: database or disk is full".to_owned()),
    };
    problem(&history, |p| *p == full).await;
    let old = fs::read_to_string("/mnt/state/state.json").unwrap();
    assert!(old.contains("\"next_seq\":4,"), "the old file is whole");
    assert_eq!(history.events(0, 9).await.unwrap().len(), 3);
    assert!(history.persist_failures() >= 2);

    fs::remove_file("/mnt/filler").unwrap();
    saved(&history, 204).await;
    stored(&history, 203).await;
    problem(&history, |p| *p == Problems::default()).await;
    assert_eq!(history.events(0, 999).await.unwrap().len(), 203);
    history.close();
    let again = open();
    assert_eq!(again.next_seq, 204);
    assert_eq!(again.image.unwrap().0.next_seq, 204);
}

#[tokio::test]
async fn a_disk_that_is_read_only_is_read_and_told() {
    if !alone_with_own_mounts("history::a_disk_that_is_read_only_is_read_and_told", DISK) {
        return;
    }
    let history = open().history;
    keep(&history, 1..=3);
    saved(&history, 4).await;
    history.close();
    mount("ro");

    let opened = open();
    let why =
        "the state directory /mnt/state cannot be written: Read-only file system (os error 30)";
    assert_eq!(
        opened.problems,
        [format!("{why}; until it can, nothing is remembered")]
    );
    assert_eq!(opened.image.unwrap().0.next_seq, 4, "it can be read");
    assert_eq!(opened.next_seq, 4);
    let history = opened.history;
    keep(&history, 4..=4);
    assert!(!history.save_before_showing(image(5, clock())).await);
    problem(&history, |p| p.history.as_deref() == Some(why)).await;
    assert_eq!(history.events(0, 9).await.unwrap(), [event(4)]);

    mount("rw");
    saved(&history, 5).await;
    keep(&history, 5..=5);
    stored(&history, 5).await;
    problem(&history, |p| *p == Problems::default()).await;
    assert_eq!(history.events(0, 9).await.unwrap().len(), 5);
}
