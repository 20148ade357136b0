//! Webhooks of a daemon whose disk takes nothing: where a webhook is, is written there.

use std::process::Command;

use super::*;
use crate::support::child::alone_with_own_mounts;

const DISK: &str = "mount -t tmpfs -o size=2m bascule-test /mnt";
const STATE: &str = "/mnt/state";
const WRITTEN_AGAIN: &str = "the history is written again";

fn ids(got: &[receiver::Got]) -> Vec<String> {
    got.iter().map(receiver::Got::id).collect()
}

fn rounds(daemon: &Daemon) -> f64 {
    let series = "bascule_rounds_total{endpoint=\"web\",network=\"y\",verdict=\"pass\"}";
    daemon.value(series).unwrap_or_default()
}

#[test]
fn on_a_full_disk_each_event_is_delivered_once_and_the_place_is_written_when_there_is_room() {
    const NAME: &str = "webhook::disk::on_a_full_disk_each_event_is_delivered_once_and_the_place_is_written_when_there_is_room";
    if !alone_with_own_mounts(NAME, DISK) {
        return;
    }
    let (world, receiver) = (World::new(), Receiver::new());
    let config = world.config(&receiver);
    let daemon = world.settled_in(Path::new(STATE), &receiver);
    let filled = Command::new("dd")
        .args(["if=/dev/zero", "of=/mnt/filler", "bs=1k"])
        .output()
        .unwrap();
    assert!(!filled.status.success(), "the disk takes everything");
    world.break_x(true);
    receiver.wait_for(3);
    daemon.wait_for_line("the history cannot be written: database or disk is full");
    // It is looked at what waits again and again; nothing is sent again, and probing goes on.
    world.break_x(false);
    let taken = receiver.wait_for(5);
    let before = rounds(&daemon);
    until_some("it goes on probing", || {
        (rounds(&daemon) >= before + 40.0).then_some(())
    });
    let once: BTreeSet<String> = ids(&receiver.all()).into_iter().collect();
    assert_eq!(once.len(), receiver.all().len(), "none comes twice");
    let kinds: Vec<String> = taken.iter().map(receiver::Got::kind).collect();
    let story = ["group", "outage_started", "group", "outage_ended", "group"];
    assert_eq!(kinds, story);
    assert_eq!(daemon.value(PENDING), Some(0.0));

    std::fs::remove_file("/mnt/filler").unwrap();
    until_some("it is written again", || {
        daemon.metrics();
        daemon.log().contains(WRITTEN_AGAIN).then_some(())
    });
    until_some("the place is written", || {
        let database = rusqlite::Connection::open("/mnt/state/history.db").ok()?;
        let place = database.query_row("SELECT seq FROM cursors", [], |row| row.get::<_, i64>(0));
        (place.ok()? == i64::try_from(seq(&taken[4].id())).unwrap()).then_some(())
    });
    // To drop it is `kill -9`.
    drop(daemon);
    let daemon = Daemon::start_in(Path::new(STATE), &config);
    world.break_x(true);
    let all = receiver.wait_for(7);
    assert_eq!(ids(&all)[..5], ids(&taken)[..], "nothing is sent again");
    drop(daemon);
}

#[test]
fn who_cannot_read_where_a_webhook_was_tells_what_comes_and_the_rest_once_it_can() {
    const NAME: &str = "webhook::disk::who_cannot_read_where_a_webhook_was_tells_what_comes_and_the_rest_once_it_can";
    if !alone_with_own_mounts(NAME, DISK) {
        return;
    }
    let remount = |options: &str| {
        let mut command = Command::new("mount");
        command.args(["-o", &format!("remount,{options}"), "/mnt"]);
        assert!(command.status().unwrap().success(), "remount,{options}");
    };
    let (world, receiver) = (World::new(), Receiver::new());
    let config = world.config(&receiver);
    let daemon = world.settled_in(Path::new(STATE), &receiver);
    receiver.be(Manner::Status(503));
    world.break_x(true);
    let missed = receiver.wait_for_one(Manner::Status(503), "outage_started");
    daemon.wait_for(PENDING, |value| value == 2.0);
    drop(daemon);

    remount("ro");
    receiver.be(Manner::Status(204));
    let daemon = Daemon::start_in(Path::new(STATE), &config);
    daemon.wait_for_line("until it can, nothing is remembered");
    world.break_x(false);
    let meanwhile = receiver.wait_for(3);
    assert_eq!(
        meanwhile[1].kind(),
        "outage_ended",
        "nobody waits for a disk"
    );
    remount("rw");
    until_some("it is written again", || {
        daemon.metrics();
        daemon.log().contains(WRITTEN_AGAIN).then_some(())
    });
    let taken = until_some("what was missed is told", || {
        let taken = receiver.taken();
        let place = taken.iter().position(|got| got.id() == missed.id())?;
        (taken.len() >= place + 4).then(|| taken[place..].to_vec())
    });
    // From there on all of it in its order, what was told meanwhile a second time.
    let seqs: Vec<u64> = taken.iter().map(|got| seq(&got.id())).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    assert!(ids(&taken).contains(&meanwhile[1].id()));
    assert_eq!(daemon.value(&deliveries("given_up")), Some(0.0));
}
