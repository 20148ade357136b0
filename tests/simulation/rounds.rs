//! When rounds happen, how soon they find what is dead, and what a long sleep does to them.

use std::collections::BTreeMap;
use std::time::Duration;

use bascule::model::{EndpointKey, Event, Moment, State};

use crate::nature::Behaviour;
use crate::world::{Habits, World};
use crate::{HOUR, for_each_seed};

// Invariant 4.
#[test]
fn a_dead_endpoint_is_found_within_the_bound() {
    for_each_seed(|seed| {
        let mut plan = crate::plans::random_plan(seed);
        let uplink = seed.is_multiple_of(2);
        plan.uplink.enabled = uplink;
        plan.uplink.canaries = bascule::model::Families::BOTH;
        let mut world = World::with(seed, plan, Habits::default());
        world.set_all(Behaviour::Good);
        world.run(Duration::from_secs(400), |_| {});
        let died = world.now();
        world.set_all(Behaviour::Dead);
        let mut found: BTreeMap<EndpointKey, Moment> = BTreeMap::new();
        world.run(Duration::from_secs(900), |step| {
            for event in step.events {
                if let Event::Endpoint {
                    key,
                    to: State::Down,
                    ..
                } = event
                {
                    found.entry(key.clone()).or_insert(step.now);
                }
            }
        });
        for plan in world.endpoints() {
            let found = found
                .get(&plan.key)
                .unwrap_or_else(|| panic!("{} was never found", plan.key));
            let jitter = 1.0 + world.jitter();
            let bound = plan.interval.mul_f64(jitter)
                + plan.timeout
                + (plan.recheck_interval.mul_f64(jitter).max(plan.timeout)) * (plan.fall - 1);
            // A round that was running when it died may still have been a good one.
            let slack = Duration::from_millis(400);
            // Canaries answer within a tenth of a second and are asked once a second at most, after
            // five seconds where nothing hangs on it: the first failure waits for them, and so
            // does the last.
            let proof = match plan.weight {
                _ if !uplink => Duration::ZERO,
                0 => Duration::from_millis(5100) * 2,
                _ => Duration::from_millis(1100) * 2,
            };
            let took = found.since(died);
            assert!(
                took <= bound + slack + proof,
                "{}: {took:?} is over {bound:?}",
                plan.key
            );
        }
    });
}

// Invariant 4.
#[test]
fn no_endpoint_is_probed_sooner_than_its_fast_interval_or_beside_another_of_its_host() {
    for_each_seed(|seed| {
        let habits = Habits {
            shares_hosts: true,
            cut: Some(600),
            deaf: Some(600),
            suspend: Some(600),
            ..Habits::default()
        };
        let plan = World::wild(seed).plan;
        let mut world = World::with(seed, plan, habits);
        let fastest: BTreeMap<EndpointKey, Duration> = world
            .endpoints()
            .map(|plan| {
                let fast = plan
                    .interval
                    .min(plan.recheck_interval)
                    .min(plan.down_interval);
                (plan.key.clone(), fast)
            })
            .collect();
        let jitter = world.jitter();
        let mut last: BTreeMap<EndpointKey, Moment> = BTreeMap::new();
        world.run(HOUR, |step| {
            for key in step.started {
                if let Some(last) = last.insert(key.clone(), step.now) {
                    let gap = step.now.since(last);
                    let least = fastest[key].mul_f64(1.0 - jitter) - Duration::from_micros(1);
                    assert!(
                        gap >= least,
                        "{key}: {gap:?} after the last start, least is {least:?}"
                    );
                }
            }
            for (host, running) in step.running_per_host {
                assert!(*running <= 1, "{running} rounds at a time to {host}");
            }
        });
        assert!(last.len() == fastest.len(), "every endpoint is probed");
    });
}

// Invariant 4.
#[test]
fn there_is_always_a_next_probe_within_the_interval() {
    for_each_seed(|seed| {
        let habits = Habits {
            cut: Some(600),
            deaf: Some(600),
            storm: Some(600),
            ..Habits::default()
        };
        let mut plan = World::wild(seed).plan;
        plan.uplink.canaries = bascule::model::Families::BOTH;
        let mut world = World::with(seed, plan, habits);
        world.set_all(Behaviour::Good);
        let longest: BTreeMap<EndpointKey, Duration> = world
            .endpoints()
            .map(|plan| {
                let slow = plan
                    .interval
                    .max(plan.recheck_interval)
                    .max(plan.down_interval);
                (plan.key.clone(), slow.mul_f64(1.05) + plan.timeout)
            })
            .collect();
        let mut last: BTreeMap<EndpointKey, Moment> = BTreeMap::new();
        world.run(HOUR, |step| {
            for key in step.started {
                last.insert(key.clone(), step.now);
            }
            for (key, most) in &longest {
                let last = last.get(key).copied().unwrap_or_default();
                let gap = step.now.since(last);
                assert!(gap <= *most, "{key}: no probe for {gap:?}");
            }
        });
    });
}

// Invariant 10.
#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 0..30 {
        let story = || {
            let mut world = World::wild(seed);
            let mut events = Vec::new();
            let mut end = None;
            world.run(HOUR / 2, |step| {
                events.extend(step.events.iter().map(|event| (step.now, event.clone())));
                end = Some((step.engine.snapshot(), step.engine.memory(step.now)));
            });
            (events, end)
        };
        assert_eq!(story(), story());
    }
}

#[test]
fn while_the_revision_stays_so_does_the_picture() {
    for_each_seed(|seed| {
        let mut world = World::new(seed);
        let mut last: Option<(u64, bascule::model::Snapshot)> = None;
        let (mut steps, mut pictures) = (0_u64, 0_u64);
        world.run(HOUR / 2, |step| {
            let (revision, snapshot) = (step.engine.revision(), step.engine.snapshot());
            steps += 1;
            match &last {
                Some((before, picture)) if *before == revision => assert_eq!(*picture, snapshot),
                _ => pictures += 1,
            }
            last = Some((revision, snapshot));
        });
        world.set_all(Behaviour::Good);
        // The way back after an outage takes an hour at most.
        world.run(HOUR + HOUR / 6, |_| {});
        let settled = world.revision();
        world.run(HOUR / 2, |_| {});
        assert_eq!(
            world.revision(),
            settled,
            "good rounds confirm what is known"
        );
        assert!(pictures < steps);
    });
}

#[test]
fn after_a_long_sleep_rounds_do_not_burst() {
    for_each_seed(|seed| {
        let mut world = World::new(seed);
        world.set_all(Behaviour::Good);
        world.run(Duration::from_secs(400), |_| {});
        // The successor of a round that was running starts when that ends; nothing else does.
        let running = world.in_flight();
        world.sleep(Duration::from_secs(86_400));
        let mut at_once = 0;
        world.run(Duration::ZERO, |step| at_once += step.started.len());
        assert!(at_once <= running, "{at_once} at once, {running} before");
    });
}

// Invariant 17. The wall clock has no way into the engine: what else can jump is time itself.
#[test]
fn a_long_sleep_makes_everything_unknown_and_nothing_down() {
    for_each_seed(|seed| {
        let mut world = World::new(seed);
        world.set_all(Behaviour::Good);
        world.run(Duration::from_secs(400), |_| {});
        let before = world.scrape();
        let day = Duration::from_secs(86_400);
        world.sleep(day);
        world.run(Duration::from_secs(400), |step| {
            for event in step.events {
                let (Event::Endpoint { to, .. } | Event::Network { to, .. }) = event else {
                    continue;
                };
                assert!(!matches!(to, State::Down | State::Degraded), "{event:?}");
            }
        });
        let after = world.scrape();
        for network in &after.snapshot.networks {
            assert_eq!(network.state, State::Up, "all is well again");
            let time = |of: &crate::shown::Shown, state: State| {
                of.networks[&network.name].state_time[state as usize]
            };
            let unseen = time(&after, State::Unknown) - time(&before, State::Unknown);
            let plan = world.plan.networks.iter();
            let plan = plan.clone().find(|plan| plan.name == network.name);
            let stale = plan.into_iter().flat_map(|plan| &plan.endpoints);
            let stale = stale.map(|plan| plan.interval * 3 + plan.timeout);
            let stale = stale.max().unwrap_or_default();
            assert!(
                unseen >= day - stale,
                "{unseen:?} of a day, {stale:?} at most"
            );
        }
    });
}

// Invariant 17.
#[test]
fn sleeping_at_any_moment_never_makes_an_outage() {
    for_each_seed(|seed| {
        let habits = Habits {
            scrape: Some(60),
            suspend: Some(90),
            kill: seed.is_multiple_of(2).then_some(900),
            longest_gap: 7200,
            ..Habits::default()
        };
        let plan = World::wild(seed).plan;
        let mut world = World::with(seed, plan, habits);
        world.set_all(Behaviour::Good);
        world.run(HOUR * 4, |step| {
            for event in step.events {
                let bad = match event {
                    Event::Endpoint { to, .. } | Event::Network { to, .. } => {
                        matches!(to, State::Down | State::Degraded)
                    }
                    Event::OutageStarted(_) | Event::OutageEnded(_) => true,
                    _ => false,
                };
                assert!(!bad, "{event:?}");
            }
        });
        for (name, network) in &world.scrape().networks {
            let down = network.state_time[State::Down as usize];
            assert_eq!(down, Duration::ZERO, "{name}");
        }
    });
}
