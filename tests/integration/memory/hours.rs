//! The hours behind the bars: they say what the counters say, in the hours in which it was, over
//! `kill -9` and a night.

use std::fs;
use std::path::Path;

use super::*;

/// The time in a state of each hour of x, by its place among the 24.
fn hours(daemon: &Daemon, state: &str) -> Vec<f64> {
    let document = document(daemon, "/api/v1/availability");
    let times = &document["networks"][0]["hours"]["state_seconds"][state];
    let times = times.as_array().unwrap().iter();
    times.map(|time| time.as_f64().unwrap()).collect()
}

/// The state files as those of a process that ended so long before.
fn age(state: &Path, seconds: i64) {
    let mut aged = 0;
    for name in ["state.json", "state-recent.json"] {
        let Ok(text) = fs::read(state.join(name)) else {
            continue;
        };
        let mut image: Value = serde_json::from_slice(&text).unwrap();
        let earlier =
            |time: &mut Value| *time = (time.as_i64().unwrap() - seconds * 1_000_000).into();
        earlier(&mut image["saved"]["wall"]);
        // Else the machine says how long it was.
        image["saved"]["boot_id"] = Value::Null;
        for hour in image["hours"].as_array_mut().unwrap() {
            earlier(&mut hour["at"]);
        }
        fs::write(state.join(name), image.to_string()).unwrap();
        aged += 1;
    }
    assert!(aged > 0, "a state file");
}

/// Asserts that the hours add up to what the counters show before and after.
fn agree(daemon: &Daemon, state: &str) -> Vec<f64> {
    let counter = || {
        let series =
            format!("bascule_network_state_seconds_total{{network=\"x\",state=\"{state}\"}}");
        daemon.value(&series).unwrap()
    };
    let (before, hours, after) = (counter(), hours(daemon, state), counter());
    let sum: f64 = hours.iter().sum();
    assert!(
        before - 1e-3 <= sum && sum <= after + 1e-3,
        "{state}: {before} s, then {sum} s in the hours, then {after} s"
    );
    hours
}

#[test]
fn the_hours_add_up_to_the_counters_over_kills_and_nights() {
    const AWAY: i64 = 5 * 3600;
    let x = Fake::new();
    let folder = tempfile::tempdir().unwrap();
    let config = x.network("x", "200ms");
    let until = |daemon: &Daemon, state: &str| {
        until_some(state, || {
            let times = hours(daemon, state);
            times.last().is_some_and(|time| *time > 0.5).then_some(())
        });
    };
    let daemon = Daemon::start_in(folder.path(), &config);
    until(&daemon, "up");
    x.set(Health::Bad);
    until(&daemon, "down");
    let (up, down) = (agree(&daemon, "up"), agree(&daemon, "down"));
    drop(daemon);

    age(folder.path(), AWAY);
    let daemon = Daemon::start_in(folder.path(), &config);
    daemon.wait_for_line("goes on after 5h");
    until(&daemon, "down");
    let (up_then, down_then) = (agree(&daemon, "up"), agree(&daemon, "down"));
    // An hour may have begun meanwhile.
    let then = 23 - 5;
    let sum = |times: &[f64], last: usize| times[last - 1..=last].iter().sum::<f64>();
    assert_eq!(sum(&up_then, then), sum(&up, 23), "no more, no less");
    assert!(sum(&down_then, then) >= sum(&down, 23));
    let (judged, unknown) = (sum(&down_then, 22), hours(&daemon, "unknown"));
    assert_eq!(judged, 0.0, "nobody looked");
    assert!(
        unknown[then + 1..22].iter().all(|time| *time == 3600.0),
        "{unknown:?}"
    );
    drop(daemon);

    // What was over is in the database now.
    let daemon = Daemon::start_in(folder.path(), &config);
    let again = agree(&daemon, "down");
    let all = |times: &[f64]| times[..22].iter().sum::<f64>();
    assert!((all(&again) - all(&down_then)).abs() < 1e-3);
    let ended = daemon.stop();
    assert!(ended.0.success());
}
