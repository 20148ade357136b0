//! What a page says of states and books at a moment, and that no time it shows ever goes back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::metrics::tests::{at, group_view, network_view, series_of};
use crate::metrics::{Metrics, Times};
use crate::model::{Cause, GroupBooks, NetworkBooks, Outage, Reason, Role, Snapshot, UplinkState};

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

/// An engine as it has to be: what readers were shown as booked stays booked.
struct Toy {
    snapshot: Snapshot,
    held: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Pass(u64),
    Scrape,
    View,
    /// The network is in doubt from now on.
    Doubt,
    /// The doubt was right: the time since belongs to this state.
    Enter(usize),
    /// The doubt was wrong.
    Dismiss,
    Activate(usize, u32),
    Freeze(bool),
    Uplink(usize, usize),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => (0_u64..30_000_000_000).prop_map(Deed::Pass),
        4 => Just(Deed::Scrape),
        1 => Just(Deed::View),
        1 => Just(Deed::Doubt),
        1 => (0_usize..5).prop_map(Deed::Enter),
        1 => Just(Deed::Dismiss),
        1 => (0_usize..4, 0_u32..6).prop_map(|(active, standbys)| Deed::Activate(active, standbys)),
        1 => any::<bool>().prop_map(Deed::Freeze),
        1 => (0_usize..3, 0_usize..3).prop_map(|(family, state)| Deed::Uplink(family, state)),
    ];
    prop::collection::vec(deed, 1..60)
}

impl Toy {
    fn new() -> Self {
        Self {
            snapshot: Snapshot {
                networks: vec![network_view("x", State::Unknown)],
                groups: vec![group_view("g", &["a", "b", "c"])],
                ..Snapshot::default()
            },
            held: None,
        }
    }

    /// `now` is not before anything that was shown.
    fn step(&mut self, deed: Deed, now: Moment) {
        let network = &mut self.snapshot.networks[0];
        let books = &mut network.books;
        match deed {
            Deed::Doubt => self.held = self.held.or(Some(now)),
            Deed::Enter(state) => {
                books.state_time = books.state_time_at(now, self.held);
                books.booked_until = self.held.take().unwrap_or(now);
                books.open_state = State::ALL[state];
                network.state = State::ALL[state];
                books.transitions[state] += 1;
            }
            Deed::Dismiss => self.held = None,
            Deed::Activate(active, standbys) => {
                let group = self.book_group(now);
                group.active = group.roles.get(active).map(|(name, _)| name.clone());
                for (index, (_, role)) in group.roles.iter_mut().enumerate() {
                    let active = index == active;
                    *role = if active { Role::Active } else { Role::Failed };
                }
                group.standbys = standbys;
                group.standby_domains = standbys / 2;
            }
            Deed::Freeze(frozen) => self.book_group(now).frozen = frozen,
            Deed::Uplink(family, state) => {
                let uplink = &mut self.snapshot.uplink;
                for (times, state) in uplink.books.state_time.iter_mut().zip(uplink.states) {
                    times[state as usize] += now.since(uplink.books.booked_until);
                }
                uplink.books.booked_until = now;
                uplink.states[family] = UplinkState::ALL[state];
            }
            Deed::Pass(_) | Deed::Scrape | Deed::View => {}
        }
    }

    fn book_group(&mut self, now: Moment) -> &mut GroupView {
        let group = &mut self.snapshot.groups[0];
        let GroupBooks {
            active_time,
            standby_time,
            domain_time,
            booked_until,
            ..
        } = &mut group.books;
        let open = now.since(*booked_until);
        let mut entries = active_time.iter_mut();
        entries.find(|(name, _)| *name == group.active).unwrap().1 += open;
        if !group.frozen {
            standby_time[group.standbys.min(3) as usize] += open;
            domain_time[group.standby_domains.min(3) as usize] += open;
        }
        *booked_until = now;
        group
    }
}

fn nanos(seconds: &str) -> u64 {
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    whole.parse::<u64>().unwrap() * 1_000_000_000 + format!("{part:0<9}").parse::<u64>().unwrap()
}

/// The sum of a metric's samples whose labels contain a text.
fn sum(page: &str, metric: &str, labels: &str) -> u64 {
    let samples = page.lines().filter(|line| {
        let name = line
            .strip_prefix("bascule_")
            .and_then(|line| line.strip_prefix(metric));
        name.is_some_and(|rest| rest.starts_with('{') && rest.contains(labels))
    });
    samples
        .map(|line| nanos(line.rsplit_once(' ').unwrap().1))
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_scrape_shows_less_than_one_before_it_and_the_sums_are_wall_time(
        deeds in deeds(),
    ) {
        let clock = Arc::new(AtomicU64::new(0));
        let reader = Arc::clone(&clock);
        let now = move || Moment::from_origin(Duration::from_nanos(reader.load(Ordering::Relaxed)));
        let metrics = Metrics::new(Times::new(now, |moment| at(0) + moment.since_origin())).unwrap();
        let mut toy = Toy::new();
        let mut seen: BTreeMap<String, f64> = BTreeMap::new();
        let publish = |toy: &mut Toy, deed| {
            let moment = Moment::from_origin(Duration::from_nanos(clock.load(Ordering::Relaxed)));
            metrics.publish(|shown_until| {
                toy.step(deed, moment.max(shown_until));
                ((), Some(Arc::new(toy.snapshot.clone())), vec![toy.held])
            });
        };
        publish(&mut toy, Deed::Scrape);
        let mut last = Moment::ZERO;
        for deed in deeds {
            match deed {
                Deed::Pass(nanos) => {
                    clock.fetch_add(nanos, Ordering::Relaxed);
                }
                Deed::View => {
                    let view = metrics.view();
                    prop_assert!(view.now >= last);
                    last = view.now;
                }
                Deed::Scrape => {
                    let page = String::from_utf8(metrics.render().unwrap()).unwrap();
                    for line in page.lines().filter(|l| l.contains("_total") && !l.starts_with('#')) {
                        let (series, value) = line.rsplit_once(' ').unwrap();
                        let value: f64 = value.parse().unwrap();
                        let before = seen.insert(series.to_owned(), value).unwrap_or_default();
                        prop_assert!(value >= before, "{series}: {before}, then {value}");
                    }
                    let view = metrics.view();
                    last = view.now;
                    let shown = sum(&page, "group_active_seconds_total", "");
                    let elapsed = u64::try_from(last.since_origin().as_nanos()).unwrap();
                    prop_assert_eq!(shown, elapsed);
                    let held = toy.held.map_or(shown, |held| {
                        shown.min(u64::try_from(held.since_origin().as_nanos()).unwrap())
                    });
                    prop_assert_eq!(sum(&page, "network_state_seconds_total", ""), held);
                    for family in ["any", "ipv4", "ipv6"] {
                        let time = sum(&page, "uplink_state_seconds_total", family);
                        prop_assert_eq!(time, shown);
                    }
                    let one = 1_000_000_000;
                    prop_assert_eq!(sum(&page, "network_state", ""), one);
                    prop_assert_eq!(sum(&page, "group_active", ""), one);
                    prop_assert_eq!(sum(&page, "endpoint_state", ""), one);
                    for network in ["a", "b", "c"] {
                        let label = format!(r#"network="{network}""#);
                        prop_assert_eq!(sum(&page, "group_role", &label), one);
                    }
                }
                deed => publish(&mut toy, deed),
            }
        }
    }
}

#[test]
fn readers_are_shown_no_earlier_moment_than_one_before_them() {
    let clock = Arc::new(AtomicU64::new(9));
    let reader = Arc::clone(&clock);
    let now = move || secs(reader.load(Ordering::Relaxed));
    let metrics = Metrics::new(Times::new(now, |moment| at(0) + moment.since_origin())).unwrap();
    let shown_until = || metrics.publish(|shown_until| (shown_until, None, vec![Some(secs(3))]));
    assert_eq!(shown_until(), Moment::ZERO);
    let mut snapshot = two_networks();
    snapshot.groups.clear();
    metrics.publish(|_| ((), Some(Arc::new(snapshot.clone())), Vec::new()));
    assert_eq!(metrics.view().now, secs(9));
    clock.store(4, Ordering::Relaxed);
    assert_eq!(metrics.view().now, secs(9));
    assert_eq!(shown_until(), secs(9));
    let view = metrics.view();
    assert_eq!(*view.snapshot, snapshot, "no new picture, so the old one");
    assert_eq!(*view.holds, [Some(secs(3))]);
    clock.store(12, Ordering::Relaxed);
    shown_until();
    metrics.render().unwrap();
    assert_eq!(shown_until(), secs(12), "a scrape is a reader too");
    clock.store(3600, Ordering::Relaxed);
    assert_eq!(
        metrics.view().now,
        secs(14),
        "nobody has looked since: time stands still"
    );
}

#[test]
fn a_moment_keeps_its_wall_clock_time_until_the_clock_is_set() {
    let offset = Arc::new(Mutex::new(Duration::from_secs(1_000_000)));
    let read = Arc::clone(&offset);
    let wall_of = move |moment: Moment| at(0) + *read.lock().unwrap() + moment.since_origin();
    let metrics = Metrics::new(Times::new(|| secs(200), wall_of)).unwrap();
    let show = |snapshot| metrics.publish(|_| ((), Some(Arc::new(snapshot)), Vec::new()));
    show(two_networks());
    let start = || {
        let page = String::from_utf8(metrics.render().unwrap()).unwrap();
        told(&page, &["network_outage_start_timestamp_seconds"])
    };
    let expected = |at: u64| {
        [format!(
            r#"network_outage_start_timestamp_seconds{{network="x"}} {at}"#
        )]
    };
    assert_eq!(start(), expected(1_000_100));
    *offset.lock().unwrap() += Duration::from_micros(37);
    assert_eq!(start(), expected(1_000_100));
    assert_eq!(metrics.wall_of(secs(1)), at(1_000_001));
    *offset.lock().unwrap() += Duration::from_secs(3600);
    *offset.lock().unwrap() -= Duration::from_micros(37);
    assert_eq!(start(), expected(1_003_700));
    *offset.lock().unwrap() -= Duration::from_secs(7200);
    assert_eq!(start(), expected(996_500));
}
