//! Level 1: from rounds to states of endpoints.

use std::collections::BTreeMap;

use bascule::model::{EndpointKey, Event, State};

use crate::nature::Behaviour;
use crate::recount::Recount;
use crate::world::{Deed, Habits, Step, World};
use crate::{Check, HOUR, for_each_seed, in_every_history};

/// Endpoints turn after as many rounds in a row as their plan says.
#[derive(Default)]
struct Rows {
    recount: Recount,
    was_down: BTreeMap<EndpointKey, bool>,
}

impl Check for Rows {
    fn see(&mut self, step: &Step<'_>) {
        self.recount.see(step);
        if !matches!(step.deed, Deed::Stepped) {
            self.was_down.clear();
        }
        for event in step.events {
            let Event::Endpoint {
                key,
                from,
                to,
                since,
                ..
            } = event
            else {
                continue;
            };
            assert!(*since <= step.now, "{event:?} in the future");
            assert_ne!(from, to);
            let mut plans = step.plan.networks.iter().flat_map(|n| &n.endpoints);
            let Some(plan) = plans.find(|plan| plan.key == *key) else {
                assert!(matches!(step.deed, Deed::Reloaded { .. }), "{event:?}");
                continue;
            };
            let streak = self.recount.streak(key);
            let [bad, good, poor, fine] = streak.longest;
            let was_down = self.was_down.get(key) == Some(&true);
            match to {
                State::Down => {
                    assert!(bad >= plan.fall, "{event:?}: {streak:?}");
                    self.was_down.insert(key.clone(), true);
                }
                State::Up | State::Degraded => {
                    if !from.is_usable() {
                        assert!(good >= 1, "{event:?}: {streak:?}");
                    }
                    if *from == State::Down || (*from == State::Unknown && was_down) {
                        assert!(good >= plan.rise, "{event:?}: {streak:?}");
                    }
                    if (*from, *to) == (State::Up, State::Degraded) {
                        assert!(poor >= plan.fall, "{event:?}: {streak:?}");
                    }
                    if (*from, *to) == (State::Degraded, State::Up) {
                        // Walls alone say nothing of quality: what was known of it grows old.
                        let quiet = streak.quality_at.map(|at| step.now.since(at));
                        let old = quiet >= Some(plan.recheck_interval * 3);
                        assert!(fine >= plan.rise || old, "{event:?}: {streak:?}");
                    }
                    self.was_down.insert(key.clone(), false);
                }
                State::Unknown => {}
                State::Maintenance => panic!("{event:?}: endpoints are never in maintenance"),
            }
        }
    }
}

// Invariant 1, for endpoints; what it comes to for networks is in `quorum.rs`.
#[test]
fn no_endpoint_goes_down_or_comes_back_without_its_rounds_in_a_row() {
    in_every_history::<Rows>();
}

// Invariant 2.
#[test]
fn failures_that_are_fewer_in_a_row_than_fall_change_nothing() {
    for_each_seed(|seed| {
        let habits = Habits {
            scrape: Some(20),
            ..Habits::default()
        };
        let plan = World::wild(seed).plan;
        let mut world = World::with(seed, plan, habits);
        world.set_all(Behaviour::ShortRuns);
        world.run(HOUR, |step| {
            for event in step.events {
                let bad = match event {
                    Event::Endpoint { to, .. } => *to == State::Down,
                    Event::Network { to, .. } => *to == State::Down,
                    Event::OutageStarted(_) => true,
                    _ => false,
                };
                assert!(!bad, "{event:?}");
            }
        });
    });
}

// Invariant 2.
#[test]
fn what_is_inconclusive_or_restricted_never_leads_to_trouble_or_a_switch() {
    for_each_seed(|seed| {
        let mut world = World::new(seed);
        world.set_all(Behaviour::Good);
        // Long enough for the preferred network to have been failed back to.
        world.run(HOUR / 6, |_| {});
        world.set_all(Behaviour::WallsAndOurs);
        let mut unknown_since = None;
        world.run(HOUR, |step| {
            for event in step.events {
                match event {
                    Event::Endpoint { to, .. } | Event::Network { to, .. } => {
                        assert!(!matches!(to, State::Down | State::Degraded), "{event:?}");
                    }
                    Event::OutageStarted(_) | Event::OutageEnded(_) | Event::Uplink { .. } => {
                        panic!("{event:?}")
                    }
                    // Our own trouble for long enough makes a network unknown, which is not
                    // usable for long: the only way to another active network.
                    Event::Group { .. } => assert!(unknown_since.is_some(), "{event:?}"),
                }
            }
            let unknown = |network: &bascule::model::NetworkView| network.state == State::Unknown;
            if step.snapshot().networks.iter().any(unknown) {
                unknown_since = unknown_since.or(Some(step.now));
            }
        });
    });
}
