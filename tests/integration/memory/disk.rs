//! A disk that is full, and one that is read-only: probing goes on, and the log says once what is
//! the matter and once that it is over.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::support::child::alone_with_own_mounts;

const DISK: &str = "mount -t tmpfs -o size=2m bascule-test /mnt";
const STATE: &str = "/mnt/state";
const FAILURES: &str = "bascule_state_persist_failures_total";

fn rounds(metrics: &str) -> f64 {
    sum(
        metrics,
        "bascule_rounds_total{endpoint=\"web\",network=\"x\"",
    )
}

/// Waits for ten rounds more, and for two failures to write more.
fn goes_on_probing(daemon: &Daemon) {
    let metrics = daemon.metrics();
    let (before, failures) = (rounds(&metrics), sum(&metrics, FAILURES));
    until_some("it goes on probing and counts what it cannot write", || {
        let metrics = daemon.metrics();
        (rounds(&metrics) >= before + 10.0 && sum(&metrics, FAILURES) >= failures + 2.0)
            .then_some(())
    });
}

/// Whether the API tells that x went down.
fn tells_of_the_outage(daemon: &Daemon) -> Option<()> {
    let is_it = |event: &Value| event["kind"] == "network" && event["to"] == "down";
    events(daemon).iter().any(is_it).then_some(())
}

/// Waits for the end of the trouble. What is scraped is written first.
fn is_written_again(daemon: &Daemon) {
    let lines = ["the state is written again", "the history is written again"];
    until_some("both are written again", || {
        daemon.metrics();
        let log = daemon.log();
        lines.iter().all(|line| log.contains(line)).then_some(())
    });
    lines.iter().for_each(|line| once(daemon, line));
}

#[track_caller]
fn once(daemon: &Daemon, text: &str) {
    let log = daemon.log();
    assert_eq!(log.matches(text).count(), 1, "{text}:\n{log}");
}

#[test]
fn on_a_full_disk_it_goes_on_says_so_once_and_keeps_everything_once_there_is_room() {
    const NAME: &str = "memory::disk::on_a_full_disk_it_goes_on_says_so_once_and_keeps_everything_once_there_is_room";
    if !alone_with_own_mounts(NAME, DISK) {
        return;
    }
    let x = Fake::new();
    let config = x.network("x", "200ms");
    let daemon = Daemon::start_in(Path::new(STATE), &config);
    until_some("x is up", || {
        (state_of(&daemon.metrics(), "x") == "up").then_some(())
    });
    until_some("the history has begun", || {
        (!events(&daemon).is_empty()).then_some(())
    });

    let filled = Command::new("dd")
        .args(["if=/dev/zero", "of=/mnt/filler", "bs=1k"])
        .output()
        .unwrap();
    assert!(!filled.status.success(), "the disk takes everything");
    x.set(Health::Bad);
    let state =
        "the state file in /mnt/state cannot be written: No space left on device (os error 28)";
    let history = "the history cannot be written: database or disk is full";
    daemon.wait_for_line(state);
    until_some("x is down", || {
        (state_of(&daemon.metrics(), "x") == "down").then_some(())
    });
    daemon.wait_for_line(history);
    goes_on_probing(&daemon);
    assert!(!events(&daemon).is_empty(), "what was kept is still told");
    once(&daemon, state);
    once(&daemon, history);

    fs::remove_file("/mnt/filler").unwrap();
    is_written_again(&daemon);
    until_some("the history has caught up", || tells_of_the_outage(&daemon));
    let seen = rounds(&daemon.metrics());
    drop(daemon);
    let daemon = Daemon::start_in(Path::new(STATE), &config);
    let metrics = daemon.metrics();
    assert!(rounds(&metrics) >= seen);
    assert_eq!(sum(&metrics, "bascule_network_outages_total{"), 1.0);
    tells_of_the_outage(&daemon).unwrap();
}

#[test]
fn with_a_read_only_directory_it_goes_on_says_so_once_and_writes_as_soon_as_it_may() {
    const NAME: &str = "memory::disk::with_a_read_only_directory_it_goes_on_says_so_once_and_writes_as_soon_as_it_may";
    if !alone_with_own_mounts(NAME, DISK) {
        return;
    }
    let remount = |options: &str| {
        let mut command = Command::new("mount");
        command.args(["-o", &format!("remount,{options}"), "/mnt"]);
        assert!(command.status().unwrap().success(), "remount,{options}");
    };
    remount("ro");
    let x = Fake::new();
    let config = x.network("x", "200ms");
    let daemon = Daemon::start_in(Path::new(STATE), &config);
    let why =
        "the state directory /mnt/state cannot be written: Read-only file system (os error 30)";
    daemon.wait_for_line(&format!("{why}; until it can, nothing is remembered"));
    until_some("x is up", || {
        (state_of(&daemon.metrics(), "x") == "up").then_some(())
    });
    x.set(Health::Bad);
    until_some("x is down", || {
        (state_of(&daemon.metrics(), "x") == "down").then_some(())
    });
    goes_on_probing(&daemon);
    until_some("the outage is told from memory", || {
        tells_of_the_outage(&daemon)
    });
    once(&daemon, why);

    remount("rw");
    is_written_again(&daemon);
    until_some("the history is on disk", || {
        fs::exists("/mnt/state/history.db").unwrap().then_some(())
    });
    until_some("the history has caught up", || tells_of_the_outage(&daemon));
    drop(daemon);
    let daemon = Daemon::start_in(Path::new(STATE), &config);
    tells_of_the_outage(&daemon).unwrap();
    assert_eq!(
        sum(&daemon.metrics(), "bascule_network_outages_total{"),
        1.0
    );
}
