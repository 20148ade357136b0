//! Our own connection: what is its fault is nobody else's.

use std::time::Duration;

use bascule::model::{Activation, Event, Families, State, UplinkState};

use crate::nature::{Behaviour, Canaries};
use crate::plans::random_plan;
use crate::recount::Recount;
use crate::world::{Deed, Habits, Step, World};
use crate::{Check, HOUR, for_each_seed, in_every_history};

/// Nothing is judged while the uplink is unproven.
#[derive(Default)]
struct Frozen {
    unproven: bool,
    active: Vec<Option<bascule::model::Name>>,
}

impl Check for Frozen {
    fn see(&mut self, step: &Step<'_>) {
        let snapshot = step.snapshot();
        let unproven = snapshot.uplink.states[0] == UplinkState::Down;
        assert!(
            step.plan.uplink.enabled || !unproven,
            "nothing is to be proven"
        );
        for group in &snapshot.groups {
            assert_eq!(group.frozen, unproven, "{} at {:?}", group.name, step.now);
        }
        let active = snapshot.groups.iter().map(|group| group.active.clone());
        let active: Vec<_> = active.collect();
        if unproven {
            for event in step.events {
                let bad = match event {
                    Event::Network { to, .. } => !matches!(to, State::Unknown | State::Maintenance),
                    Event::OutageStarted(_) => true,
                    // What an operator takes out is out at once.
                    Event::Group { reason, .. } => *reason != Activation::Manual,
                    _ => false,
                };
                assert!(!bad, "at {:?}, unproven: {event:?}", step.now);
            }
            let same = matches!(step.deed, Deed::Stepped | Deed::Slept | Deed::Scraped(_));
            if self.unproven && same && step.events.is_empty() {
                assert_eq!(active, self.active, "at {:?}", step.now);
            }
        }
        (self.unproven, self.active) = (unproven, active);
    }
}

// Invariant 5.
#[test]
fn while_the_uplink_is_unproven_nothing_goes_down_and_nothing_is_switched() {
    in_every_history::<Frozen>();
}

// Invariants 1 and 5.
#[test]
fn every_round_has_one_last_word_and_a_doubtful_failure_is_believed_after_proof_only() {
    for_each_seed(|seed| {
        let mut world = World::wild(seed);
        let answer = world.nature.canaries == [Canaries::Answer; 2];
        let mut recount = Recount::default();
        world.run(HOUR, |step| recount.see(step));
        world.take_up(Habits::default());
        world.nature.cut_until = [world.now(); 2];
        world.nature.storms.clear();
        world.set_all(Behaviour::Good);
        world.run(HOUR / 6, |step| recount.see(step));
        assert!(
            !answer || recount.pending() == 0,
            "{} rounds wait for ever",
            recount.pending()
        );
    });
}

/// Endpoints that need two bad rounds, and are all good.
fn steady(seed: u64, families: Option<Families>, habits: Habits) -> World {
    let mut plan = random_plan(seed);
    plan.uplink.enabled = true;
    plan.uplink.canaries = Families::BOTH;
    for endpoint in plan
        .networks
        .iter_mut()
        .flat_map(|network| &mut network.endpoints)
    {
        // A round on its way when the cable is mended may be believed: one, and no more.
        endpoint.fall = endpoint.fall.max(2);
    }
    let mut world = World::with(seed, plan, Habits::default());
    world.nature.families = families;
    world.set_all(Behaviour::Good);
    world.run(HOUR / 4, |_| {});
    world.take_up(habits);
    world
}

fn assert_calm(world: &mut World, time: Duration) -> (u32, u32) {
    let (mut lost, mut found) = (0, 0);
    let calm = world.snapshot().groups[0].active.clone();
    assert_eq!(calm.as_deref(), Some("n0"));
    world.run(time, |step| {
        for event in step.events {
            match event {
                Event::Endpoint { to, .. } | Event::Network { to, .. } => {
                    assert!(!matches!(to, State::Down | State::Degraded), "{event:?}");
                }
                Event::Uplink {
                    family: None, to, ..
                } => match to {
                    UplinkState::Down => lost += 1,
                    _ => found += 1,
                },
                Event::Uplink { .. } => {}
                Event::OutageStarted(_) | Event::OutageEnded(_) | Event::Group { .. } => {
                    panic!("our own trouble made {event:?}")
                }
            }
        }
        assert_eq!(step.snapshot().groups[0].active, calm);
    });
    (lost, found)
}

// Invariant 5 against what really happened.
#[test]
fn a_cut_cable_switches_nothing_not_even_when_it_is_mended() {
    let seen = std::cell::Cell::new(0);
    for_each_seed(|seed| {
        let habits = Habits {
            scrape: Some(30),
            cut: Some(2400),
            ..Habits::default()
        };
        let mut world = steady(seed, None, habits);
        let (lost, found) = assert_calm(&mut world, HOUR * 3);
        assert!(lost.abs_diff(found) <= 1);
        seen.set(seen.get() + lost);
    });
    assert!(
        std::env::var("BASCULE_SEED").is_ok() || seen.get() > 50,
        "cuts are noticed"
    );
}

// A host that loses one family degrades nobody who is reachable by the other.
#[test]
fn a_family_that_is_cut_off_degrades_nobody() {
    for_each_seed(|seed| {
        let habits = Habits {
            cut: Some(2400),
            cut_single: true,
            ..Habits::default()
        };
        let mut world = steady(seed, Some(Families::BOTH), habits);
        assert_calm(&mut world, HOUR * 3);
    });
}

// The resolver gets the same as the cable: a name that nobody can resolve is nobody's outage.
#[test]
fn a_dead_resolver_takes_nobody_down() {
    for_each_seed(|seed| {
        let mut world = steady(seed, None, Habits::default());
        for _ in 0..3 {
            world.nature.deaf_until = world.now() + Duration::from_secs(20 + seed % 80);
            world.run(HOUR / 6, |step| {
                for event in step.events {
                    let bad = match event {
                        Event::Endpoint { to, .. } | Event::Network { to, .. } => {
                            matches!(to, State::Down | State::Degraded)
                        }
                        Event::OutageStarted(_) => true,
                        _ => false,
                    };
                    assert!(!bad, "{event:?}");
                }
            });
        }
    });
}
