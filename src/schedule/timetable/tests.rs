//! Each rule of the timetable once, with time moved by hand.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn timing(host: &str, interval: u64) -> Timing {
    Timing {
        host: host.into(),
        per_host: 1,
        jitter: 0.05,
        pace: Pace {
            interval: Duration::from_secs(interval),
            backoff: None,
        },
    }
}

fn key(name: &str) -> EndpointKey {
    EndpointKey::new("n", name)
}

fn table(entries: &[(&str, Timing)]) -> Timetable {
    let mut table = Timetable::new(256, 7);
    let entries = entries
        .iter()
        .map(|(name, timing)| (key(name), timing.clone()));
    table.adopt(entries.collect(), 256, Moment::ZERO);
    table
}

fn names(starts: &[Start]) -> Vec<&str> {
    starts.iter().map(|start| &*start.key.endpoint).collect()
}

#[test]
fn first_rounds_are_spread_over_five_seconds() {
    let entries: Vec<(EndpointKey, Timing)> = (0..1000)
        .map(|i| (key(&format!("e{i}")), timing(&format!("h{i}"), 60)))
        .collect();
    let mut table = Timetable::new(2000, 1);
    table.adopt(entries, 2000, Moment::ZERO);
    let mut per_second = Vec::new();
    for second in 1..=5 {
        per_second.push(table.due(Moment::from_secs(second)).len());
    }
    assert_eq!(per_second.iter().sum::<usize>(), 1000);
    assert!(
        per_second.iter().all(|n| (150..250).contains(n)),
        "{per_second:?}"
    );
}

#[test]
fn intervals_run_from_start_to_start_within_the_jitter() {
    let mut table = table(&[("a", timing("h", 60))]);
    let mut last: Option<Moment> = None;
    for _ in 0..200 {
        let now = table.next_wake().unwrap();
        assert_eq!(names(&table.due(now)), ["a"]);
        if let Some(last) = last {
            let gap = now.since(last).as_secs_f64();
            assert!((57.0..=63.0).contains(&gap), "{gap}");
        }
        table.finished(&key("a"), now + 2 * SECOND);
        last = Some(now);
    }
    assert!(table.take_skipped().is_empty());
}

#[test]
fn an_overlapping_round_starts_when_its_predecessor_ends_and_is_counted_once() {
    let mut table = table(&[("a", timing("h", 5))]);
    let start = table.next_wake().unwrap();
    assert_eq!(names(&table.due(start)), ["a"]);
    for second in 1..12 {
        assert!(table.due(start + second * SECOND).is_empty());
    }
    let end = start + 12 * SECOND;
    table.finished(&key("a"), end);
    assert_eq!(names(&table.due(end)), ["a"]);
    assert_eq!(table.take_skipped(), [(Skip::Overlap, 1)].into());
}

#[test]
fn one_round_at_a_time_to_a_host_in_order_of_due_times() {
    let mut table = table(&[
        ("a", timing("h", 60)),
        ("b", timing("h", 60)),
        ("c", timing("k", 60)),
    ]);
    let now = Moment::from_secs(5);
    let first = table.due(now);
    assert_eq!(first.len(), 2, "one of host h, one of host k");
    assert_eq!(table.running(), 2);
    let of_h = first
        .iter()
        .find(|start| &*start.key.endpoint != "c")
        .unwrap();
    assert!(table.due(now + SECOND).is_empty());
    table.finished(&of_h.key, now + 2 * SECOND);
    let second = table.due(now + 2 * SECOND);
    assert_eq!(second.len(), 1);
    assert_ne!(second[0].key, of_h.key);
    assert!(second[0].lag >= 2 * SECOND);
}

#[test]
fn no_more_rounds_in_flight_than_allowed() {
    let entries = (0..10).map(|i| (key(&format!("e{i}")), timing(&format!("h{i}"), 60)));
    let mut table = Timetable::new(3, 1);
    table.adopt(entries.collect(), 3, Moment::ZERO);
    let starts = table.due(Moment::from_secs(5));
    assert_eq!(starts.len(), 3);
    table.finished(&starts[0].key, Moment::from_secs(6));
    assert_eq!(table.due(Moment::from_secs(6)).len(), 1);
}

#[test]
fn after_a_long_sleep_rounds_are_counted_late_and_spread_again() {
    let entries = (0..100).map(|i| (key(&format!("e{i}")), timing(&format!("h{i}"), 60)));
    let mut table = Timetable::new(256, 1);
    table.adopt(entries.collect(), 256, Moment::ZERO);
    let starts = table.due(Moment::from_secs(5));
    for start in &starts {
        table.finished(&start.key, Moment::from_secs(6));
    }
    let awake = Moment::from_secs(3600);
    assert!(table.due(awake).is_empty(), "no burst");
    let late = table.take_skipped()[&Skip::Late];
    assert!((58 * 100..=60 * 100).contains(&late), "{late}");
    assert_eq!(table.due(awake + 5 * SECOND).len(), 100);
}

#[test]
fn a_shorter_interval_counts_from_the_last_start() {
    let mut table = table(&[("a", timing("h", 60))]);
    let start = table.next_wake().unwrap();
    table.due(start);
    table.finished(&key("a"), start + SECOND);
    let recheck = Pace {
        interval: 5 * SECOND,
        backoff: None,
    };
    table.set_pace(&key("a"), recheck, start + SECOND);
    let gap = table.next_wake().unwrap().since(start).as_secs_f64();
    assert!((4.75..=5.25).contains(&gap), "{gap}");
}

#[test]
fn rounds_within_a_back_off_are_counted_and_not_run() {
    let mut table = table(&[("a", timing("h", 60))]);
    let start = table.next_wake().unwrap();
    table.due(start);
    table.finished(&key("a"), start + SECOND);
    let pace = Pace {
        interval: 60 * SECOND,
        backoff: Some(300 * SECOND),
    };
    table.set_pace(&key("a"), pace, start + SECOND);
    let mut now = start;
    let next = loop {
        now = table.next_wake().unwrap().max(now);
        let starts = table.due(now);
        if !starts.is_empty() {
            break now;
        }
    };
    assert!(next.since(start) >= 300 * SECOND && next.since(start) <= 363 * SECOND);
    let skipped = table.take_skipped();
    assert!((4..=5).contains(&skipped[&Skip::Backoff]), "{skipped:?}");
}

#[test]
fn a_back_off_holds_for_a_round_that_waited_for_its_predecessor_too() {
    let mut table = table(&[("a", timing("h", 5))]);
    let start = table.next_wake().unwrap();
    table.due(start);
    let end = start + 8 * SECOND;
    assert!(table.due(end).is_empty(), "the successor is due and waits");
    table.finished(&key("a"), end);
    let pace = Pace {
        interval: 5 * SECOND,
        backoff: Some(300 * SECOND),
    };
    table.set_pace(&key("a"), pace, end);
    assert!(table.due(end).is_empty(), "the network asked to stay away");
    let mut now = end;
    while table.due(now).is_empty() {
        now = table.next_wake().unwrap().max(now);
    }
    assert!(now.since(start) >= 300 * SECOND, "{now:?}");
}

#[test]
fn another_pace_after_a_long_sleep_is_no_excuse_for_a_burst() {
    let entries = (0..100).map(|i| (key(&format!("e{i}")), timing(&format!("h{i}"), 60)));
    let mut table = Timetable::new(256, 1);
    table.adopt(entries.collect(), 256, Moment::ZERO);
    for start in table.due(Moment::from_secs(5)) {
        table.finished(&start.key, Moment::from_secs(6));
    }
    let awake = Moment::from_secs(3600);
    let recheck = Pace {
        interval: 5 * SECOND,
        backoff: None,
    };
    for i in 0..100 {
        table.set_pace(&key(&format!("e{i}")), recheck, awake);
    }
    let at_once = table.due(awake).len();
    assert_eq!(at_once, 0, "no burst");
    let late = table.take_skipped()[&Skip::Late];
    assert!((58 * 100..=60 * 100).contains(&late), "{late}");
    assert_eq!(table.due(awake + 5 * SECOND).len(), 100);
}

#[test]
fn a_reload_that_changes_everything_spreads_what_it_makes_due() {
    let with = |interval: u64| {
        (0..100)
            .map(|i| (key(&format!("e{i}")), timing(&format!("h{i}"), interval)))
            .collect::<Vec<_>>()
    };
    let mut table = Timetable::new(256, 1);
    table.adopt(with(60), 256, Moment::ZERO);
    for start in table.due(Moment::from_secs(5)) {
        table.finished(&start.key, Moment::from_secs(6));
    }
    let reloaded = Moment::from_secs(30);
    table.adopt(with(5), 256, reloaded);
    let at_once = table.due(reloaded).len();
    assert!(at_once < 10, "{at_once} at once");
    assert_eq!(table.due(reloaded + 5 * SECOND).len(), 100 - at_once);
}

#[test]
fn a_round_counts_against_the_host_it_was_started_for_when_its_endpoint_moves() {
    let mut table = table(&[("a", timing("h", 60))]);
    let start = table.next_wake().unwrap();
    table.due(start);
    let moved = vec![(key("a"), timing("k", 60)), (key("b"), timing("h", 60))];
    table.adopt(moved, 256, start);
    let later = start + 6 * SECOND;
    assert!(table.due(later).is_empty(), "h is still busy");
    table.finished(&key("a"), later);
    assert_eq!(names(&table.due(later)), ["b"]);
}

#[test]
fn an_endpoint_that_comes_back_while_its_old_round_runs_has_its_new_pace() {
    let mut table = table(&[("a", timing("h", 60))]);
    let start = table.next_wake().unwrap();
    table.due(start);
    table.adopt(Vec::new(), 256, start);
    table.adopt(vec![(key("a"), timing("h", 5))], 256, start);
    let end = start + 3 * SECOND;
    table.finished(&key("a"), end);
    assert_eq!(names(&table.due(end)), ["a"]);
    let gap = table.next_wake().unwrap().since(end).as_secs_f64();
    assert!((4.75..=5.25).contains(&gap), "{gap}");
}

#[test]
fn adopting_the_same_endpoints_changes_nothing() {
    let entries = [("a", timing("h", 60)), ("b", timing("k", 60))];
    let mut table = table(&entries);
    table.due(Moment::from_secs(2));
    let before = table.queue.clone();
    let again = entries
        .iter()
        .map(|(name, timing)| (key(name), timing.clone()));
    table.adopt(again.collect(), 256, Moment::from_secs(3));
    assert_eq!(table.queue, before);
}

#[test]
fn a_removed_endpoint_frees_its_host_when_its_round_ends() {
    let mut table = table(&[("a", timing("h", 60))]);
    let start = table.next_wake().unwrap();
    table.due(start);
    table.adopt(vec![(key("b"), timing("h", 60))], 256, start);
    let later = start + 6 * SECOND;
    assert!(table.due(later).is_empty(), "the host is still busy");
    table.finished(&key("a"), later);
    assert_eq!(names(&table.due(later)), ["b"]);
    assert_eq!(table.running(), 1);
}
