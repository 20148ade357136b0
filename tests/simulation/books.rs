//! What is counted and timed: it adds up, it never goes back, and it is what happened.

use std::collections::BTreeMap;
use std::time::Duration;

use bascule::engine::Plan;
use bascule::model::{Event, Moment, Name, NetworkView, Outage, State};

use crate::nature::Behaviour;
use crate::recount::Recount;
use crate::shown::{Shown, assert_monotone};
use crate::world::{Deed, Habits, Step, World};
use crate::{Check, HOUR, for_each_seed, in_every_history};

fn close(one: Duration, other: Duration) -> bool {
    one.abs_diff(other) <= Duration::from_millis(1)
}

/// The sums of all times, and that nothing goes back.
#[derive(Default)]
struct Sums {
    last: Option<Shown>,
    /// When each network and group was first heard of.
    born: BTreeMap<Name, Moment>,
    /// Time with networks active that a group has no longer.
    gone: BTreeMap<Name, Duration>,
}

impl Sums {
    fn shown(&mut self, shown: Shown, now: Moment) {
        for (name, network) in &shown.networks {
            let elapsed = now.since(self.born[name]);
            let sum = network.state_time.iter().sum::<Duration>() + network.held;
            assert!(
                close(sum, elapsed),
                "{name}: {:?} and {:?} held are {sum:?}, not {elapsed:?}",
                network.state_time,
                network.held
            );
        }
        for (name, group) in &shown.groups {
            let gone = self.gone.get(name).copied().unwrap_or_default();
            let sum = group
                .active_time
                .iter()
                .map(|(_, time)| *time)
                .sum::<Duration>();
            let elapsed = now.since(self.born[name]);
            assert!(
                close(sum + gone, elapsed),
                "{name}: {sum:?}, not {elapsed:?}"
            );
        }
        for times in shown.uplink {
            let sum = times.iter().sum::<Duration>();
            let elapsed = now.since_origin();
            assert!(close(sum, elapsed), "uplink: {sum:?}, not {elapsed:?}");
        }
        if let Some(last) = &self.last {
            for (name, network) in &shown.networks {
                if let Some(last) = last.networks.get(name) {
                    assert_monotone(name, &last.counters, &network.counters);
                }
            }
            for (name, group) in &shown.groups {
                if let Some(last) = last.groups.get(name) {
                    assert_monotone(name, &last.counters, &group.counters);
                }
            }
            for (last, now) in last.uplink.iter().zip(shown.uplink) {
                assert!(
                    last.iter().zip(now).all(|(last, now)| now >= *last),
                    "uplink"
                );
            }
        }
        self.last = Some(shown);
    }

    /// Whoever is new is born; whoever is gone leaves nothing behind.
    fn adopt(&mut self, plan: &Plan, now: Moment) {
        let groups = plan.groups.iter().map(|group| &group.name);
        let names: Vec<&Name> = plan
            .networks
            .iter()
            .map(|n| &n.name)
            .chain(groups)
            .collect();
        self.born.retain(|name, _| names.contains(&name));
        for name in names {
            self.born.entry(name.clone()).or_insert(now);
        }
        let Some(last) = &mut self.last else { return };
        last.networks
            .retain(|name, _| plan.networks.iter().any(|n| n.name == *name));
        last.groups
            .retain(|name, _| plan.groups.iter().any(|g| g.name == *name));
        // A network that left a group and comes back starts again from zero there.
        for (name, group) in &mut last.groups {
            let plan = plan.groups.iter().find(|plan| plan.name == *name);
            let Some(plan) = plan else { continue };
            group.active_time.retain(|(network, time)| {
                let stays = network.as_ref().is_none_or(|n| plan.networks.contains(n));
                if !stays {
                    *self.gone.entry(name.clone()).or_default() += *time;
                    let label = format!("{network:?}");
                    group.counters.retain(|(name, _)| !name.contains(&label));
                }
                stays
            });
        }
    }
}

impl Check for Sums {
    fn see(&mut self, step: &Step<'_>) {
        match step.deed {
            Deed::Scraped(_) => {
                let shown = Shown::at(step.engine, step.now);
                self.shown(shown, step.now);
            }
            Deed::Reloaded { .. } => {
                // What it has been shown at this very moment is what a removed network takes along.
                self.adopt(step.plan, step.now);
            }
            _ if self.born.is_empty() => self.adopt(step.plan, Moment::ZERO),
            _ => {}
        }
    }
}

// Invariant 11, and 16 where it speaks of counters.
#[test]
fn times_add_up_to_all_time_and_nothing_shown_ever_goes_back() {
    in_every_history::<Sums>();
}

/// Down time is the time of outages, and an outage is open or closed as the state says.
#[derive(Default)]
struct DownTime;

impl Check for DownTime {
    fn see(&mut self, step: &Step<'_>) {
        let Deed::Scraped(shown) = step.deed else {
            let snapshot = step.snapshot();
            snapshot
                .networks
                .iter()
                .for_each(|view| assert_open_or_closed(view, step));
            return;
        };
        for view in &shown.snapshot.networks {
            assert_open_or_closed(view, step);
            let network = &shown.networks[&view.name];
            let down = network.state_time[State::Down as usize].as_secs_f64();
            let current = view
                .outage
                .as_ref()
                .map(|outage| outage.duration(network.until));
            let finished = view.books.outage_durations.sum;
            let outages = finished + current.unwrap_or_default().as_secs_f64();
            assert!(
                (down - outages).abs() <= 1e-3,
                "{}: {down} s down, outages of {outages} s: {finished} s and {current:?} until {:?}",
                view.name,
                network.until
            );
        }
    }
}

fn assert_open_or_closed(view: &NetworkView, step: &Step<'_>) {
    let started: u64 = view.books.outages.iter().sum();
    let finished = view.books.outage_durations.count();
    let at = format!("{} is {} at {:?}", view.name, view.state, step.now);
    assert_eq!(started - finished, u64::from(view.outage.is_some()), "{at}");
    let running = view
        .outage
        .as_ref()
        .map(|outage| outage.running_since.is_some());
    match view.state {
        State::Down => assert_eq!(running, Some(true), "{at}"),
        State::Unknown => assert_ne!(running, Some(true), "{at}"),
        State::Up | State::Degraded | State::Maintenance => assert_eq!(running, None, "{at}"),
    }
}

// Invariant 12.
#[test]
fn the_time_down_is_the_time_of_all_outages() {
    in_every_history::<DownTime>();
}

/// Outages one after the other, each told once.
#[derive(Default)]
struct Outages {
    open: BTreeMap<Name, Outage>,
    ended: BTreeMap<Name, Moment>,
    last_id: u64,
    states: BTreeMap<Name, State>,
}

impl Outages {
    fn started(&mut self, outage: &Outage, step: &Step<'_>) {
        let name = &outage.network;
        assert!(outage.started <= outage.confirmed, "{outage:?}");
        assert_eq!(outage.confirmed, step.now, "{outage:?}");
        assert_eq!(outage.running_since, Some(outage.started), "{outage:?}");
        assert_eq!(
            (outage.spent, outage.ended),
            (Duration::ZERO, None),
            "{outage:?}"
        );
        assert!(
            outage.id > self.last_id,
            "{outage:?} after {}",
            self.last_id
        );
        self.last_id = outage.id;
        let before = self.ended.get(name).copied().unwrap_or_default();
        assert!(outage.started >= before, "{outage:?} before {before:?}");
        assert!(
            outage.last_good.is_none_or(|good| good <= outage.started),
            "{outage:?}"
        );
        let other = self.open.insert(name.clone(), outage.clone());
        assert_eq!(other, None, "two outages at a time");
    }

    fn finished(&mut self, outage: &Outage, step: &Step<'_>) {
        let name = &outage.network;
        let open = self.open.remove(name).map(|open| open.id);
        assert_eq!(open, Some(outage.id), "{outage:?}");
        let ended = outage.ended.expect("what has ended ended at some time");
        assert!(outage.started <= ended && ended <= step.now, "{outage:?}");
        assert!(outage.spent <= ended.since(outage.started), "{outage:?}");
        assert_eq!(outage.running_since, None, "{outage:?}");
        self.ended.insert(name.clone(), ended);
    }
}

impl Check for Outages {
    fn see(&mut self, step: &Step<'_>) {
        let known = |name: &Name| step.plan.networks.iter().any(|n| n.name == *name);
        match step.deed {
            // What was not saved has not happened: no promise is made about it.
            Deed::Restored { memory, older, .. } => {
                let memories = memory.networks.iter();
                self.open = memories
                    .filter_map(|network| Some((network.name.clone(), network.outage.clone()?)))
                    .collect();
                if older {
                    self.last_id = memory.next_outage - 1;
                    self.ended.clear();
                }
            }
            Deed::Reloaded { .. } => {
                self.open.retain(|name, _| known(name));
                self.ended.retain(|name, _| known(name));
            }
            _ => {}
        }
        for event in step.events {
            match event {
                Event::OutageStarted(outage) => self.started(outage, step),
                // A removed network takes its outage along.
                Event::OutageEnded(outage) if known(&outage.network) => {
                    self.finished(outage, step);
                }
                _ => {}
            }
        }
        for view in &step.snapshot().networks {
            let open = self.open.get(&view.name).map(|outage| outage.id);
            let shown = view.outage.as_ref().map(|outage| outage.id);
            assert_eq!(shown, open, "{} at {:?}", view.name, step.now);
            assert!(view.since <= step.now, "{view:?}");
            let entered = self.states.insert(view.name.clone(), view.state);
            if entered.is_none() {
                assert!(matches!(view.state, State::Unknown | State::Maintenance));
            }
        }
    }
}

// Invariant 13.
#[test]
fn outages_follow_each_other_and_start_before_they_are_confirmed() {
    in_every_history::<Outages>();
}

/// Where an outage began and ended by the rounds themselves: the endpoints that are down, in the
/// order in which their rounds went bad, until the quorum is gone.
fn first_bad_round(
    plan: &bascule::engine::NetworkPlan,
    view: &NetworkView,
    recount: &Recount,
) -> Option<Moment> {
    let mut down: Vec<_> = plan
        .endpoints
        .iter()
        .zip(&view.endpoints)
        .filter(|(plan, view)| plan.weight > 0 && view.state == State::Down)
        .filter_map(|(plan, _)| Some((recount.streak(&plan.key).bad_since?, plan)))
        .collect();
    down.sort_by_key(|(since, _)| *since);
    let mut left: u32 = plan.endpoints.iter().map(|plan| plan.weight).sum();
    let stays = plan.quorum.saturating_sub(plan.hysteresis).max(1);
    for (since, endpoint) in down {
        left -= endpoint.weight;
        if endpoint.required || left < stays {
            return Some(since);
        }
    }
    None
}

// Invariants 12 and 13 against what really happened.
#[test]
fn an_outage_begins_with_the_first_bad_round_and_ends_with_the_first_good_one() {
    for_each_seed(|seed| {
        let mut plan = crate::plans::random_plan(seed);
        plan.uplink.enabled = seed.is_multiple_of(2);
        plan.uplink.canaries = bascule::model::Families::BOTH;
        // What is held is not shown, so no scrape takes anything from the outage.
        let habits = Habits {
            scrape: Some(10),
            ..Habits::default()
        };
        let mut world = World::with(seed, plan, habits);
        world.set_all(Behaviour::Good);
        let mut recount = Recount::default();
        world.run(HOUR / 6, |step| recount.see(step));
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut truth = Duration::ZERO;
        let mut slack = Duration::ZERO;
        for _ in 0..5 {
            let died = world.now();
            let dead = Duration::from_secs(chance.u64(240..1500));
            for network in &world.plan.networks {
                world
                    .nature
                    .storms
                    .insert(network.name.clone(), died + dead);
            }
            let mut outages: Vec<Outage> = Vec::new();
            let mut back: BTreeMap<Name, Vec<Moment>> = BTreeMap::new();
            let mut entered: BTreeMap<Name, Moment> = BTreeMap::new();
            world.run(dead + HOUR / 6, |step| {
                recount.see(step);
                let snapshot = step.snapshot();
                for event in step.events {
                    match event {
                        Event::OutageStarted(outage) => {
                            let networks = step.plan.networks.iter().zip(&snapshot.networks);
                            let mut found =
                                networks.filter(|(plan, _)| plan.name == outage.network);
                            let (plan, view) = found.next().expect("a known network");
                            let expected = first_bad_round(plan, view, &recount);
                            // What had been booked to another state by then stays booked.
                            let booked = entered.get(&outage.network).copied();
                            assert_eq!(Some(outage.started), expected.max(booked), "{outage:?}");
                            assert!(outage.started >= died, "{outage:?} before {died:?}");
                        }
                        Event::Network {
                            network, to, since, ..
                        } if *to != State::Down => {
                            entered.insert(network.clone(), *since);
                        }
                        Event::OutageEnded(outage) => {
                            let plans = &step.plan.networks;
                            let plan = plans.iter().find(|plan| plan.name == outage.network);
                            let plan = plan.expect("a known network");
                            let good = plan.endpoints.iter();
                            let good = good.filter_map(|p| recount.streak(&p.key).good_since);
                            back.insert(outage.network.clone(), good.collect());
                            outages.push(outage.clone());
                        }
                        _ => {}
                    }
                }
            });
            assert_eq!(outages.len(), world.plan.networks.len(), "one outage each");
            for outage in &outages {
                let ended = outage.ended.expect("it has ended");
                let good = &back[&outage.network];
                assert!(
                    good.contains(&ended),
                    "{outage:?} ended at none of {good:?}"
                );
                assert!(ended >= died + dead, "{outage:?} ended while it was dead");
                assert_eq!(outage.spent, ended.since(outage.started), "{outage:?}");
            }
            truth += dead;
            let slowest = world.endpoints().map(|e| e.interval + e.timeout).max();
            slack += slowest.unwrap_or_default().mul_f64(1.05);
        }
        for (name, network) in &world.scrape().networks {
            let down = network.state_time[State::Down as usize];
            assert!(
                down.abs_diff(truth) <= slack,
                "{name}: {down:?} down, in truth {truth:?}"
            );
        }
    });
}
