//! What readers are promised over time: counters never go back and add up, and moments stay where they were.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;
use crate::metrics::{Metrics, Times};

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
