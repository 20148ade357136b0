//! What a page says of states and books at a moment.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::metrics::tests::{at, group_view, network_view, series_of};
use crate::model::{Cause, GroupBooks, NetworkBooks, Outage, Reason, Role, Snapshot, UplinkState};

mod readers;

const fn secs(seconds: u64) -> Moment {
    Moment::from_secs(seconds)
}

fn page(snapshot: &Snapshot, now: Moment, holds: &[Option<Moment>], lean: bool) -> String {
    let picture = Picture {
        shown: Shown {
            looked_at: Moment::ZERO,
            snapshot: Arc::new(snapshot.clone()),
            holds: holds.into(),
            now,
        },
        origin: at(1_000_000),
    };
    let mut text = Text::new();
    write(&mut text, &picture, lean);
    String::from_utf8(text.into_bytes()).unwrap()
}

/// The samples of some metrics that are not 0, without the prefix of all names.
fn told(page: &str, metrics: &[&str]) -> Vec<String> {
    let samples = page.lines().filter_map(|l| l.strip_prefix("bascule_"));
    samples
        .filter(|line| !line.ends_with(" 0"))
        .filter(|line| metrics.contains(&line.split(['{', ' ']).next().unwrap()))
        .map(str::to_owned)
        .collect()
}

fn two_networks() -> Snapshot {
    let mut down = network_view("x", State::Down);
    let cause = Cause::new(Reason::TlsExpired, "");
    down.layer = cause.layer;
    down.confirmed = Some(secs(142));
    down.flapping = true;
    down.outage = Some(Outage {
        id: 7,
        network: "x".into(),
        started: secs(100),
        confirmed: secs(142),
        last_good: Some(secs(70)),
        endpoint: "web".into(),
        cause,
        spent: Duration::ZERO,
        running_since: Some(secs(100)),
        ended: None,
    });
    down.books = NetworkBooks {
        open_state: State::Down,
        booked_until: secs(142),
        outages: [0, 0, 2, 0, 0],
        transitions: [0, 2, 0, 2, 0],
        ..NetworkBooks::new(Moment::ZERO)
    };
    down.books.state_time[State::Up as usize] = Duration::from_millis(99_500);
    down.books.state_time[State::Down as usize] = Duration::from_millis(42_500);
    down.books.outage_durations.observe(Duration::from_secs(90));
    for outage in [30, 72] {
        down.books.detection.observe(Duration::from_secs(outage));
    }
    let mut up = network_view("y", State::Up);
    up.books.open_state = State::Up;
    let mut group = group_view("g", &["x", "y"]);
    group.active = Some("y".into());
    group.standbys = 0;
    group.standby_domains = 0;
    group.failback_due = Some(("x".into(), secs(500)));
    group.books.booked_until = secs(142);
    group.books.active_time[0].1 = Duration::from_secs(142);
    group.books.activations[1].1 = [0, 1, 0, 0, 0];
    group.books.standby_time[1] = Duration::from_secs(142);
    group.books.switch.observe(Duration::from_secs(42));
    let mut uplink = Snapshot::default().uplink;
    uplink.states = [UplinkState::Up, UplinkState::Up, UplinkState::Unknown];
    Snapshot {
        networks: vec![down, up],
        groups: vec![group],
        uplink,
    }
}

#[test]
fn a_network_says_what_it_counted_and_when_it_changed() {
    let page = page(&two_networks(), secs(150), &[], false);
    let metrics = [
        "network_outages_total",
        "network_transitions_total",
        "network_outage_duration_seconds_bucket",
        "network_outage_duration_seconds_sum",
        "network_outage_detection_seconds_bucket",
        "network_outage_start_timestamp_seconds",
        "network_last_transition_timestamp_seconds",
        "network_layer_down",
        "network_flapping",
    ];
    let of_x: Vec<String> = told(&page, &metrics)
        .into_iter()
        .filter(|line| !line.contains(r#"le="6"#) && !line.contains(r#"le="1"#))
        .collect();
    assert_eq!(
        of_x,
        [
            r#"network_outages_total{layer="tls",network="x"} 2"#,
            r#"network_transitions_total{network="x",to="up"} 2"#,
            r#"network_transitions_total{network="x",to="down"} 2"#,
            r#"network_outage_duration_seconds_bucket{network="x",le="300"} 1"#,
            r#"network_outage_duration_seconds_bucket{network="x",le="3600"} 1"#,
            r#"network_outage_duration_seconds_bucket{network="x",le="7200"} 1"#,
            r#"network_outage_duration_seconds_bucket{network="x",le="43200"} 1"#,
            r#"network_outage_duration_seconds_bucket{network="x",le="86400"} 1"#,
            r#"network_outage_duration_seconds_bucket{network="x",le="+Inf"} 1"#,
            r#"network_outage_duration_seconds_sum{network="x"} 90"#,
            r#"network_outage_detection_seconds_bucket{network="x",le="30"} 1"#,
            r#"network_outage_detection_seconds_bucket{network="x",le="45"} 1"#,
            r#"network_outage_detection_seconds_bucket{network="x",le="90"} 2"#,
            r#"network_outage_detection_seconds_bucket{network="x",le="300"} 2"#,
            r#"network_outage_detection_seconds_bucket{network="x",le="+Inf"} 2"#,
            r#"network_outage_start_timestamp_seconds{network="x"} 1000100"#,
            r#"network_last_transition_timestamp_seconds{network="x"} 1000142"#,
            r#"network_layer_down{layer="tls",network="x"} 1"#,
            r#"network_flapping{network="x"} 1"#,
        ]
    );
}

#[test]
fn the_open_interval_grows_up_to_now_or_to_where_it_is_held() {
    let snapshot = two_networks();
    let times = |now, holds: &[Option<Moment>]| {
        let page = page(&snapshot, now, holds, false);
        told(&page, &["network_state_seconds_total"])
    };
    let up_before = r#"network_state_seconds_total{network="x",state="up"} 99.5"#;
    let expected = |down: &str, other: &str| {
        [
            up_before.to_owned(),
            format!(r#"network_state_seconds_total{{network="x",state="down"}} {down}"#),
            format!(r#"network_state_seconds_total{{network="y",state="up"}} {other}"#),
        ]
    };
    let odd = Moment::from_origin(Duration::new(150, 250_000_001));
    assert_eq!(times(secs(142), &[]), expected("42.5", "142"));
    assert_eq!(times(odd, &[]), expected("50.750000001", "150.250000001"));
    assert_eq!(
        times(odd, &[Some(secs(145)), None]),
        expected("45.5", "150.250000001")
    );
    assert_eq!(
        times(odd, &[None, Some(secs(149))]),
        expected("50.750000001", "149")
    );
    // A hold that is yet to come holds nothing.
    assert_eq!(
        times(secs(143), &[Some(secs(145))]),
        expected("43.5", "143")
    );
}

#[test]
fn a_group_says_how_long_with_whom_and_how_safely() {
    let mut snapshot = two_networks();
    let metrics = [
        "group_active_seconds_total",
        "group_activations_total",
        "group_standby_seconds_total",
        "group_standby_domains_seconds_total",
        "group_switch_seconds_sum",
        "group_failback_due_timestamp_seconds",
        "group_frozen",
    ];
    let expected = [
        r#"group_active_seconds_total{group="g",network="x"} 142"#,
        r#"group_active_seconds_total{group="g",network="y"} 8"#,
        r#"group_activations_total{group="g",network="y",reason="failover"} 1"#,
        r#"group_standby_seconds_total{group="g",standbys="0"} 8"#,
        r#"group_standby_seconds_total{group="g",standbys="1"} 142"#,
        r#"group_standby_domains_seconds_total{domains="0",group="g"} 8"#,
        r#"group_switch_seconds_sum{group="g"} 42"#,
        r#"group_failback_due_timestamp_seconds{group="g"} 1000500"#,
    ];
    assert_eq!(
        told(&page(&snapshot, secs(150), &[], true), &metrics),
        expected
    );

    // Frozen: the active network is still the one to use; how safely cannot be judged.
    let group = &mut snapshot.groups[0];
    group.frozen = true;
    group.active = None;
    group.standbys = 9;
    group.failback_due = None;
    group.books.exhaustions = 3;
    assert_eq!(
        told(&page(&snapshot, secs(150), &[], true), &metrics),
        [
            expected[0],
            r#"group_active_seconds_total{group="g",network="none"} 8"#,
            expected[2],
            expected[4],
            expected[6],
            r#"group_frozen{group="g"} 1"#,
        ]
    );
    snapshot.groups[0].frozen = false;
    assert_eq!(
        told(
            &page(&snapshot, secs(150), &[], true),
            &["group_standby_seconds_total", "group_exhaustions_total"]
        ),
        [
            expected[4],
            r#"group_standby_seconds_total{group="g",standbys="3+"} 8"#,
            r#"group_exhaustions_total{group="g"} 3"#,
        ]
    );
}

#[test]
fn the_uplink_says_what_is_proven_and_for_how_long() {
    let page = page(&two_networks(), secs(150), &[], true);
    assert_eq!(
        told(&page, &["uplink_up", "uplink_state_seconds_total"]),
        [
            r#"uplink_up{family="any"} 1"#,
            r#"uplink_up{family="ipv4"} 1"#,
            r#"uplink_state_seconds_total{family="any",state="up"} 150"#,
            r#"uplink_state_seconds_total{family="ipv4",state="up"} 150"#,
            r#"uplink_state_seconds_total{family="ipv6",state="unknown"} 150"#,
        ]
    );
}

/// As docs/metrics.md says. (The design estimated 79 and 134.)
#[test]
fn a_network_costs_80_series_and_a_group_of_eight_140_full_or_lean() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let snapshot = Snapshot {
        networks: vec![network_view("x", State::Up)],
        groups: vec![group_view("main", &names)],
        ..Snapshot::default()
    };
    for lean in [false, true] {
        let page = page(&snapshot, secs(1), &[], lean);
        let of = |prefix: &str| series_of(&page, &format!("bascule_{prefix}_"));
        assert_eq!([of("network"), of("group"), of("uplink")], [80, 140, 12]);
    }
}
