//! What has a date: windows of maintenance and pins.

use std::time::{Duration, SystemTime};

use bascule::config::{Period, Pin};
use bascule::engine::Window;
use bascule::model::Moment;

use super::{check, good, noon, warnings};

/// Two networks and a window: its keys.
fn window(lines: &str) -> String {
    format!("[network.x]\n[network.bluesky]\n[[maintenance]]\n{lines}\n")
}

const LATER: &str = "from = \"2026-06-01T22:00:00Z\"\nuntil = \"2026-06-01T23:00:00Z\"";

fn hours(hours: u64) -> Duration {
    Duration::from_secs(3600 * hours)
}

/// The moments of a daemon that was started an hour before noon.
fn moment_of(time: SystemTime) -> Moment {
    let started = noon() - hours(1);
    Moment::from_origin(time.duration_since(started).unwrap_or_default())
}

#[test]
fn a_time_can_be_a_text_or_a_date_of_toml_with_any_offset() {
    let expected = [Period {
        from: noon() + hours(10),
        until: noon() + hours(11),
    }];
    for (from, until) in [
        ("\"2026-06-01T22:00:00Z\"", "\"2026-06-01T23:00:00Z\""),
        ("\"2026-06-02T00:00:00+02:00\"", "2026-06-01T23:00:00Z"),
        ("2026-06-01T15:00:00-07:00", "2026-06-02 01:00:00.000+02:00"),
    ] {
        let text = window(&format!(
            "networks = [\"x\"]\nfrom = {from}\nuntil = {until}"
        ));
        let loaded = good(&text);
        assert_eq!(loaded.settings.networks[0].maintenance, expected, "{text}");
        assert_eq!(loaded.settings.networks[1].maintenance, []);
        assert_eq!(good(&loaded.resolved).resolved, loaded.resolved);
    }
}

#[test]
fn the_plan_at_a_moment_has_windows_and_pins_the_plan_alone_has_none() {
    let text = window(&format!(
        "networks = [\"x\", \"bluesky\"]\n{LATER}\n\
         [[maintenance]]\nnetworks = [\"x\"]\nfrom = 2026-06-01T10:00:00Z\nuntil = 2026-06-01T13:00:00Z\n\
         [[maintenance]]\nnetworks = [\"x\"]\nfrom = 2026-05-01T10:00:00Z\nuntil = 2026-05-01T13:00:00Z\n\
         [[group]]\nname = \"g\"\nnetworks = [\"x\", \"bluesky\"]\n\
         pin = {{ network = \"bluesky\", until = 2026-06-01T14:00:00Z }}"
    ));
    let loaded = good(&text);
    assert_eq!(good(&loaded.resolved).resolved, loaded.resolved);
    let settings = loaded.settings;
    assert!(
        settings
            .plan
            .networks
            .iter()
            .all(|n| n.maintenance.is_empty())
    );
    assert_eq!(settings.plan.groups[0].pin, None);
    let pin = Pin {
        network: "bluesky".into(),
        until: noon() + hours(2),
    };
    assert_eq!(settings.groups[0].pin, Some(pin));

    let plan = settings.plan_at(moment_of);
    let at = |from, until| Window {
        from: Moment::ZERO + hours(from),
        until: Moment::ZERO + hours(until),
    };
    // What began before the daemon began with it; what ended before is gone.
    assert_eq!(plan.networks[0].maintenance, [at(0, 2), at(11, 12)]);
    assert_eq!(plan.networks[1].maintenance, [at(11, 12)]);
    let until = Moment::ZERO + hours(3);
    assert_eq!(plan.groups[0].pin, Some(("bluesky".into(), until)));
    assert_eq!(plan.uplink, settings.plan.uplink);
}

#[test]
fn a_window_that_cannot_be_meant_is_told_in_a_sentence() {
    for (lines, sentence) in [
        (
            format!("networks = [\"blusky\"]\n{LATER}"),
            "test.toml:4: maintenance[0].networks[0]: there is no network `blusky`; did you mean \"bluesky\"?",
        ),
        (
            format!("networks = [\"mastodon\"]\n{LATER}"),
            "test.toml:4: maintenance[0].networks[0]: there is no network `mastodon`",
        ),
        (
            format!("networks = [\"x\", \"x\"]\n{LATER}"),
            "test.toml:4: maintenance[0].networks[1]: `x` is there twice",
        ),
        (
            LATER.to_owned(),
            "test.toml:3: maintenance[0].networks: is missing or empty: name the networks that are in maintenance",
        ),
        (
            "networks = [\"x\"]\nuntil = \"2026-06-01T23:00:00Z\"".to_owned(),
            "test.toml:3: maintenance[0].from: is missing: write a time such as \"2026-12-01T22:00:00Z\"",
        ),
        (
            "networks = [\"x\"]\nfrom = \"2026-06-01T23:00:00Z\"\nuntil = \"2026-06-02T01:00:00+02:00\"".to_owned(),
            "test.toml:6: maintenance[0].until: must be later than `from`, which is 2026-06-01T23:00:00Z",
        ),
        (
            "networks = [\"x\"]\nfrom = \"2026-06-01T23:00:00\"\nuntil = \"2026-06-02T01:00:00Z\"".to_owned(),
            "test.toml:5: maintenance[0].from: `2026-06-01T23:00:00` is not a time with its offset: write \"2026-12-01T22:00:00Z\" or \"2026-12-01T23:00:00+01:00\"",
        ),
        (
            "networks = [\"x\"]\nfrom = \"2026-02-30T23:00:00Z\"\nuntil = \"2026-06-02T01:00:00Z\"".to_owned(),
            "test.toml:5: maintenance[0].from: `2026-02-30T23:00:00Z` does not exist: look at its day, its hour and its offset",
        ),
        (
            "networks = [\"x\"]\nfrom = \"2026-06-01T23:00:00+25:00\"\nuntil = \"2026-06-02T01:00:00Z\"".to_owned(),
            "test.toml:5: maintenance[0].from: `2026-06-01T23:00:00+25:00` does not exist: look at its day, its hour and its offset",
        ),
        (
            "networks = [\"x\"]\nfrom = \"2026-06-01T23:00:00Z\"\nuntil = \"9999-12-31T23:59:59Z\"".to_owned(),
            "test.toml:6: maintenance[0].until: `9999-12-31T23:59:59Z` is too far away: the last time is 9999-12-30T22:00:00Z",
        ),
        (
            "networks = [\"x\"]\nfrom = 2026-06-01T23:00:00\nuntil = \"2026-06-02T01:00:00Z\"".to_owned(),
            "test.toml:5: maintenance[0].from: must be a time with its offset such as \"2026-12-01T22:00:00Z\", not a datetime",
        ),
    ] {
        check(&window(&lines), Some(sentence));
    }
}

#[test]
fn what_is_past_is_a_warning() {
    let past =
        "networks = [\"x\"]\nfrom = \"2026-06-01T11:00:00Z\"\nuntil = \"2026-06-01T12:00:00Z\"";
    assert_eq!(
        warnings(&window(past)),
        "test.toml:6: maintenance[0].until: 2026-06-01T12:00:00Z is past: the window has no use"
    );
    let now = past.replace("12:00:00Z", "12:00:01Z");
    assert_eq!(warnings(&window(&now)), "");
    assert_eq!(
        warnings(
            "[[group]]\nname = \"g\"\nnetworks = [\"x\", \"bluesky\"]\npin = { network = \"x\", until = \"2026-05-24T12:59:30Z\" }\n"
        ),
        "test.toml:4: group.g.pin.until: 2026-05-24T12:59:30Z is past: nothing is pinned"
    );
}
