//! What readers are shown at a scrape: the books with the open interval added.

use std::collections::BTreeMap;
use std::time::Duration;

use bascule::engine::Engine;
use bascule::model::{
    GroupView, Histogram, Moment, Name, NetworkView, Snapshot, UplinkState, UplinkView,
};

/// Everything that a scrape tells, by name.
pub(crate) struct Shown {
    pub(crate) snapshot: Snapshot,
    pub(crate) networks: BTreeMap<Name, ShownNetwork>,
    pub(crate) groups: BTreeMap<Name, ShownGroup>,
    /// Time in each state, of: any family, IPv4, IPv6.
    pub(crate) uplink: [[Duration; 3]; 3],
}

pub(crate) struct ShownNetwork {
    pub(crate) state_time: [Duration; 5],
    /// Until when that is.
    pub(crate) until: Moment,
    /// Time that may yet be another state's.
    pub(crate) held: Duration,
    /// Everything that never goes back.
    pub(crate) counters: Vec<(String, f64)>,
}

pub(crate) struct ShownGroup {
    pub(crate) active_time: Vec<(Option<Name>, Duration)>,
    pub(crate) counters: Vec<(String, f64)>,
}

impl Shown {
    pub(crate) fn at(engine: &Engine, now: Moment) -> Self {
        let snapshot = engine.snapshot();
        let networks = snapshot.networks.iter().zip(engine.holds());
        let networks = networks.map(|(view, held)| (view.name.clone(), network(view, held, now)));
        let groups = snapshot.groups.iter();
        let groups = groups.map(|view| (view.name.clone(), group(view, now)));
        Self {
            networks: networks.collect(),
            groups: groups.collect(),
            uplink: uplink(&snapshot.uplink, now),
            snapshot,
        }
    }
}

fn network(view: &NetworkView, held: Option<Moment>, now: Moment) -> ShownNetwork {
    let books = &view.books;
    let state_time = books.state_time_at(now, held);
    // What has been booked stays booked, also where a hold begins before its end.
    let until = held.map_or(now, |held| held.clamp(books.booked_until.min(now), now));
    let mut counters = Vec::new();
    seconds(&mut counters, "state", state_time);
    numbers(&mut counters, "outages", books.outages);
    numbers(&mut counters, "transitions", books.transitions);
    histogram(&mut counters, "durations", &books.outage_durations);
    histogram(&mut counters, "detection", &books.detection);
    histogram(&mut counters, "confirmation", &books.confirmation);
    ShownNetwork {
        state_time,
        until,
        held: now.since(until),
        counters,
    }
}

fn group(view: &GroupView, now: Moment) -> ShownGroup {
    let books = &view.books;
    let mut active_time = books.active_time.clone();
    let open = active_time
        .iter_mut()
        .find(|(name, _)| *name == view.active)
        .expect("the active network has its time");
    open.1 += now.since(books.booked_until);
    let mut counters = Vec::new();
    for (name, time) in &active_time {
        counters.push((format!("active {name:?}"), time.as_secs_f64()));
    }
    for (name, count) in &books.activations {
        numbers(&mut counters, &format!("activations {name:?}"), *count);
    }
    seconds(&mut counters, "standby", books.standby_time);
    seconds(&mut counters, "domains", books.domain_time);
    numbers(&mut counters, "exhaustions", [books.exhaustions]);
    histogram(&mut counters, "switch", &books.switch);
    ShownGroup {
        active_time,
        counters,
    }
}

fn uplink(view: &UplinkView, now: Moment) -> [[Duration; 3]; 3] {
    let mut times = view.books.state_time;
    for (times, state) in times.iter_mut().zip(view.states) {
        let place = UplinkState::ALL.iter().position(|s| *s == state);
        times[place.expect("a state")] += now.since(view.books.booked_until);
    }
    times
}

type Counters = Vec<(String, f64)>;

fn seconds(to: &mut Counters, what: &str, times: impl IntoIterator<Item = Duration>) {
    let times = times.into_iter().enumerate();
    to.extend(times.map(|(i, time)| (format!("{what} {i}"), time.as_secs_f64())));
}

#[allow(
    clippy::cast_precision_loss,
    reason = "these count what happens in some hours"
)]
fn numbers(to: &mut Counters, what: &str, numbers: impl IntoIterator<Item = u64>) {
    let numbers = numbers.into_iter().enumerate();
    to.extend(numbers.map(|(i, number)| (format!("{what} {i}"), number as f64)));
}

fn histogram(to: &mut Counters, what: &str, histogram: &Histogram) {
    numbers(to, what, histogram.counts.iter().copied());
    to.push((format!("{what} sum"), histogram.sum));
}

/// Fails where something that was shown has gone back. What is gone is gone.
pub(crate) fn assert_monotone(what: &str, before: &Counters, after: &Counters) {
    let after: BTreeMap<&str, f64> = after.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    for (name, before) in before {
        if let Some(after) = after.get(name.as_str()) {
            assert!(
                *after >= before - 1e-9,
                "{what}, {name}: {before} was shown, now it is {after}"
            );
        }
    }
}
