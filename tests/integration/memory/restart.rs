//! A stop and a start: counters go on exactly, what was chosen stays chosen, and no state is
//! believed before it was seen again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;

/// Few rounds: between two scrapes nothing is counted.
const SELDOM: &str = "4m";

/// A daemon that has found x and y up once, and will not look again for minutes.
fn settled(state: &Path, config: &str) -> Daemon {
    let daemon = Daemon::start_in(state, config);
    until_some("both are up", || {
        let metrics = daemon.metrics();
        let up = ["x", "y"].map(|network| state_of(&metrics, network));
        (up == ["up", "up"] && active(&metrics) == "x").then_some(())
    });
    daemon
}

/// The counters that only rounds, and what follows from them, can move.
fn counted(metrics: &str) -> BTreeMap<&str, f64> {
    let moved_otherwise = [
        "bascule_web_",
        "bascule_scheduler_",
        "bascule_state_persist_failures_total",
    ];
    counters(metrics)
        .into_iter()
        .filter(|(series, _)| {
            !moved_otherwise.iter().any(|name| series.starts_with(name))
                && !series.contains("_seconds_total{")
        })
        .collect()
}

#[test]
fn a_restart_keeps_counters_and_the_active_network_and_believes_no_state_unseen() {
    let (x, y) = (Fake::new(), Fake::new());
    let folder = tempfile::tempdir().unwrap();
    let config = x.network("x", SELDOM) + &y.network("y", SELDOM) + GROUP;
    let daemon = settled(folder.path(), &config);
    let before = daemon.metrics();
    let (status, _) = daemon.stop();
    assert!(status.success(), "{status}");

    // Whoever is asked now does not answer yet.
    x.set(Health::Silent);
    y.set(Health::Silent);
    let daemon = Daemon::start_in(folder.path(), &config);
    let after = daemon.metrics();
    assert_eq!(counted(&after), counted(&before));
    for (series, value) in counters(&before) {
        assert!(counters(&after)[series] >= value, "{series}");
    }
    assert_eq!(
        (state_of(&after, "x"), state_of(&after, "y")),
        ("unknown", "unknown")
    );
    assert_eq!(active(&after), "x");
    let line = daemon.wait_for_line("goes on after");
    assert!(
        line.ends_with("states are remembered, and unknown until seen again"),
        "{line}"
    );

    x.set(Health::Good);
    y.set(Health::Good);
    until_some("x is up again", || {
        let metrics = daemon.metrics();
        assert_eq!(active(&metrics), "x");
        (state_of(&metrics, "x") == "up").then_some(())
    });
    assert_eq!(activations(&daemon.metrics()), 1.0);
    assert_eq!(
        sum(&daemon.metrics(), "bascule_network_outages_total{"),
        0.0
    );
}

#[test]
fn what_is_older_than_max_state_age_is_a_cold_start_with_its_counters() {
    let (x, y) = (Fake::new(), Fake::new());
    let folder = tempfile::tempdir().unwrap();
    let config = "max_state_age = \"1s\"\n[web]\nlisten = [\"127.0.0.1:0\"]\n".to_owned()
        + &x.network("x", SELDOM)
        + &y.network("y", SELDOM)
        + GROUP;
    let daemon = settled(folder.path(), &config);
    let before = daemon.metrics();
    daemon.stop();
    until_some("the state is older than a second", || {
        let written = fs::metadata(folder.path().join("state.json")).unwrap();
        let age = written.modified().unwrap().elapsed().unwrap_or_default();
        (age > Duration::from_millis(1200)).then_some(())
    });

    x.set(Health::Silent);
    y.set(Health::Silent);
    let daemon = Daemon::start_in(folder.path(), &config);
    let after = daemon.metrics();
    assert_eq!(counted(&after), counted(&before));
    assert_eq!((state_of(&after, "x"), active(&after)), ("unknown", "none"));
    let line = daemon.wait_for_line("goes on after");
    assert!(
        line.ends_with("counters and outages are kept, states are too old"),
        "{line}"
    );

    x.set(Health::Good);
    y.set(Health::Good);
    until_some("x is chosen anew", || {
        (active(&daemon.metrics()) == "x").then_some(())
    });
    let startups =
        "bascule_group_activations_total{group=\"default\",network=\"x\",reason=\"startup\"}";
    assert_eq!(daemon.value(startups), Some(2.0));
}

#[test]
fn a_state_file_that_cannot_be_used_is_kept_aside_and_bascule_starts_without_memory() {
    let (x, y) = (Fake::new(), Fake::new());
    let config = x.network("x", SELDOM) + &y.network("y", SELDOM) + GROUP;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    settled(folder.path(), &config).stop();
    let good = fs::read_to_string(&file).unwrap();

    let format = "\"format\":1";
    assert!(good.contains(format), "{good}");
    let newer = good.replacen(format, "\"format\":2", 1);
    let half = good[..good.len() / 2].to_owned();
    for (text, why) in [
        (newer, "is of a later version of bascule (format 2)"),
        (half, "cannot be used: "),
    ] {
        fs::write(&file, &text).unwrap();
        let daemon = Daemon::start_in(folder.path(), &config);
        let log = daemon.log();
        let lines: Vec<&str> = log
            .lines()
            .filter(|l| l.contains("the state file"))
            .collect();
        let [line] = &lines[..] else {
            panic!("not one line: {lines:?}")
        };
        let (_, told) = line.split_once("the state file ").unwrap();
        let expected = format!("{} {why}", file.display());
        assert!(told.starts_with(&expected), "{line}");
        let (_, aside) = told.split_once("it is kept as ").unwrap();
        let aside = aside
            .strip_suffix("; bascule starts without memory")
            .unwrap();
        assert_eq!(fs::read_to_string(aside).unwrap(), text);

        // A cold start: everything is counted from the beginning, and written where it was.
        until_some("x is up", || {
            (state_of(&daemon.metrics(), "x") == "up").then_some(())
        });
        assert_eq!(activations(&daemon.metrics()), 1.0);
        daemon.stop();
        assert!(fs::read_to_string(&file).unwrap().starts_with(&good[..10]));
    }
}

#[test]
fn of_two_daemons_on_one_directory_the_second_runs_without_memory_and_says_so() {
    let (x, y) = (Fake::new(), Fake::new());
    let config = x.network("x", "200ms") + &y.network("y", "200ms") + GROUP;
    let folder = tempfile::tempdir().unwrap();
    let first = settled(folder.path(), &config);
    let second = Daemon::start_in(folder.path(), &config);
    let folder_text = folder.path().display();
    let line = second.wait_for_line("another bascule");
    let told = format!(
        "another bascule uses the state directory {folder_text}; this one runs without memory"
    );
    assert!(line.ends_with(&told), "{line}");
    assert_eq!(second.log().matches("another bascule").count(), 1);

    x.set(Health::Bad);
    for daemon in [&first, &second] {
        until_some("both see the outage", || {
            let is_down = state_of(&daemon.metrics(), "x") == "down";
            is_down.then_some(())
        });
        until_some("both tell of it", || {
            let page = document(daemon, "/api/v1/outages");
            (page["outages"][0]["state"] == "running").then_some(())
        });
    }
    // The first one's memory is its own.
    let seen = sum(
        &first.metrics(),
        "bascule_rounds_total{endpoint=\"web\",network=\"x\"",
    );
    drop(second);
    drop(first);
    let first = Daemon::start_in(folder.path(), &config);
    let rounds = sum(
        &first.metrics(),
        "bascule_rounds_total{endpoint=\"web\",network=\"x\"",
    );
    assert!(rounds >= seen, "{rounds} after {seen}");
    let page = document(&first, "/api/v1/outages");
    assert_eq!(page["outages"].as_array().unwrap().len(), 1, "{page}");
}
