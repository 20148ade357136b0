//! Timetable and engine together in a seeded world, with a simulated clock: nothing sleeps.
//!
//! Every history prints its seed when it fails; `BASCULE_SEED=N cargo test --test simulation`
//! replays that one history.

mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use bascule::engine::{Engine, Evidence, Input, Plan};
use bascule::model::{Cause, EndpointKey, Event, Layer, Moment, Reason, Role, State, Verdict};
use proptest::prelude::*;
use world::{Behaviour, World, random_plan};

/// Histories a property is tried on.
const HISTORIES: u64 = 200;

/// Tries a property on many seeds, or on the one of `BASCULE_SEED`.
fn for_each_seed(property: impl Fn(u64)) {
    let only = std::env::var("BASCULE_SEED")
        .ok()
        .map(|seed| seed.parse::<u64>().expect("BASCULE_SEED is a number"));
    let seeds = only.map_or(0..HISTORIES, |seed| seed..seed + 1);
    for seed in seeds {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| property(seed)));
        if let Err(panic) = outcome {
            eprintln!("seed {seed}: replay with BASCULE_SEED={seed} cargo test --test simulation");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn no_endpoint_goes_down_or_comes_back_without_its_rounds_in_a_row() {
    for_each_seed(|seed| {
        let mut world = World::new(seed);
        let plans: BTreeMap<EndpointKey, (u32, u32)> = world
            .plan
            .networks
            .iter()
            .flat_map(|network| &network.endpoints)
            .map(|plan| (plan.key.clone(), (plan.rise, plan.fall)))
            .collect();
        // Consecutive failures and successes, inconclusive rounds left out.
        let mut streaks: BTreeMap<EndpointKey, (u32, u32)> = BTreeMap::new();
        world.run(Duration::from_secs(3600), |step| {
            for evidence in step.batch {
                let (bad, good) = streaks.entry(evidence.key.clone()).or_default();
                match evidence.verdict {
                    Verdict::Inconclusive(_) => {}
                    Verdict::Fail(_) => (*bad, *good) = (*bad + 1, 0),
                    _ => (*bad, *good) = (0, *good + 1),
                }
            }
            for event in step.events {
                let Event::Endpoint { key, from, to, .. } = event else {
                    continue;
                };
                let (rise, fall) = plans[key];
                let (bad, good) = streaks.get(key).copied().unwrap_or_default();
                if *to == State::Down {
                    assert!(bad >= fall, "{key} down after {bad} of {fall} failures");
                }
                if *from == State::Down && to.is_usable() {
                    assert!(
                        good >= rise,
                        "{key} back after {good} of {rise} good rounds"
                    );
                }
            }
        });
    });
}

#[test]
fn what_is_inconclusive_or_restricted_never_leads_to_trouble_or_a_switch() {
    for_each_seed(|seed| {
        let mut world = World::new(seed);
        world.set_all(Behaviour::Good);
        world.run(Duration::from_secs(300), |_| {});
        world.set_all(Behaviour::WallsAndOurs);
        world.run(Duration::from_secs(3600), |step| {
            for event in step.events {
                let mut world_changes = step.events.iter();
                match event {
                    Event::Endpoint { to, .. } | Event::Network { to, .. } => {
                        assert!(!matches!(to, State::Down | State::Degraded), "{event:?}");
                    }
                    Event::OutageStarted(_) | Event::OutageEnded(_) | Event::Uplink { .. } => {
                        panic!("{event:?}")
                    }
                    // Our own trouble for long enough makes a network unknown, which is not
                    // usable: the only way to another active network.
                    Event::Group { .. } => assert!(
                        world_changes.any(|event| matches!(event, Event::Network { .. })),
                        "{event:?}"
                    ),
                }
            }
        });
    });
}

#[test]
fn the_active_network_is_never_a_down_one_and_roles_are_one_each() {
    for_each_seed(|seed| {
        let mut world = World::new(seed);
        world.run(Duration::from_secs(3600), |step| {
            let snapshot = step.engine.snapshot();
            let state_of = |name: &str| {
                snapshot
                    .networks
                    .iter()
                    .find(|network| &*network.name == name)
                    .unwrap()
                    .state
            };
            for group in &snapshot.groups {
                let active = group.active.as_ref().map(|name| state_of(name));
                assert_ne!(active, Some(State::Down));
                let actives = group
                    .roles
                    .iter()
                    .filter(|(_, role)| *role == Role::Active)
                    .count();
                assert_eq!(actives, usize::from(group.active.is_some()));
                let standbys = group
                    .roles
                    .iter()
                    .filter(|(_, role)| matches!(role, Role::Standby | Role::Held))
                    .count();
                assert_eq!(standbys, group.standbys as usize);
                assert!(group.standby_domains <= group.standbys);
            }
        });
    });
}

#[test]
fn a_dead_endpoint_is_found_within_the_bound() {
    for_each_seed(|seed| {
        let mut world = World::new(seed);
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
        for plan in world
            .plan
            .networks
            .iter()
            .flat_map(|network| &network.endpoints)
        {
            let found = found
                .get(&plan.key)
                .unwrap_or_else(|| panic!("{} was never found", plan.key));
            let jitter = 1.0 + world.jitter();
            let bound = plan.interval.mul_f64(jitter)
                + plan.timeout
                + (plan.recheck_interval.mul_f64(jitter).max(plan.timeout)) * (plan.fall - 1);
            // A round that was running when it died may still have been a good one.
            let slack = plan.timeout + Duration::from_millis(1);
            let took = found.since(died);
            assert!(
                took <= bound + slack,
                "{}: {took:?} is over {bound:?}",
                plan.key
            );
        }
    });
}

#[test]
fn no_endpoint_is_probed_sooner_than_its_fast_interval_or_beside_another_of_its_host() {
    for_each_seed(|seed| {
        let mut world = World::new(seed);
        let fastest: BTreeMap<EndpointKey, Duration> = world
            .plan
            .networks
            .iter()
            .flat_map(|network| &network.endpoints)
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
        world.run(Duration::from_secs(3600), |step| {
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

#[test]
fn while_the_revision_stays_so_does_the_picture() {
    for_each_seed(|seed| {
        let mut world = World::new(seed);
        let mut last: Option<(u64, bascule::model::Snapshot)> = None;
        let (mut steps, mut pictures) = (0_u64, 0_u64);
        world.run(Duration::from_secs(1800), |step| {
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
        world.run(Duration::from_secs(4000), |_| {});
        let settled = world.revision();
        world.run(Duration::from_secs(1800), |_| {});
        assert_eq!(
            world.revision(),
            settled,
            "good rounds confirm what is known"
        );
        assert!(pictures < steps);
    });
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 0..20 {
        let story = || {
            let mut world = World::new(seed);
            let mut events = Vec::new();
            world.run(Duration::from_secs(1800), |step| {
                events.extend(step.events.iter().map(|event| (step.now, event.clone())));
            });
            events
        };
        assert_eq!(story(), story());
    }
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

#[test]
fn a_long_sleep_makes_everything_unknown_and_nothing_down() {
    for_each_seed(|seed| {
        let mut world = World::new(seed);
        world.set_all(Behaviour::Good);
        world.run(Duration::from_secs(400), |_| {});
        world.sleep(Duration::from_secs(86_400));
        world.run(Duration::from_secs(400), |step| {
            for event in step.events {
                let (Event::Endpoint { to, .. } | Event::Network { to, .. }) = event else {
                    continue;
                };
                assert!(!matches!(to, State::Down | State::Degraded), "{event:?}");
            }
        });
        let up = world
            .snapshot()
            .networks
            .iter()
            .all(|network| network.state == State::Up);
        assert!(up, "all is well again");
    });
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        4 => Just(Verdict::Pass),
        1 => Just(Verdict::Slow(Cause::at(Layer::Http, Reason::Slow, ""))),
        1 => Just(Verdict::Restricted(Cause::new(Reason::WallStatus, ""))),
        4 => Just(Verdict::Fail(Cause::new(Reason::TcpRefused, ""))),
        1 => Just(Verdict::Inconclusive(Cause::new(Reason::LocalNoRoute, ""))),
    ]
}

/// A plan, and for each of some batches the verdicts of all endpoints.
fn history() -> impl Strategy<Value = (Plan, Vec<Vec<Option<Verdict>>>)> {
    any::<u64>().prop_flat_map(|seed| {
        let plan = random_plan(seed);
        let endpoints: usize = plan
            .networks
            .iter()
            .map(|network| network.endpoints.len())
            .sum();
        let batch = prop::collection::vec(prop::option::of(verdict()), endpoints);
        (Just(plan), prop::collection::vec(batch, 1..25))
    })
}

fn evidence(plan: &Plan, batch: &[Option<Verdict>], now: Moment) -> Vec<Input> {
    let keys = plan
        .networks
        .iter()
        .flat_map(|network| &network.endpoints)
        .map(|plan| &plan.key);
    let given = keys.zip(batch).filter_map(|(key, verdict)| {
        let verdict = verdict.clone()?;
        Some(Input::Round(Evidence::certain(key.clone(), verdict, now)))
    });
    given.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_inside_a_batch_does_not_matter((plan, batches) in history(), seed in any::<u64>()) {
        let mut one = Engine::new(plan.clone(), Moment::ZERO);
        let mut other = Engine::new(plan.clone(), Moment::ZERO);
        let mut chance = fastrand::Rng::with_seed(seed);
        for (i, batch) in batches.iter().enumerate() {
            let now = Moment::from_secs(5 * (i as u64 + 1));
            let batch = evidence(&plan, batch, now);
            let mut shuffled = batch.clone();
            chance.shuffle(&mut shuffled);
            prop_assert_eq!(one.step(&batch, now), other.step(&shuffled, now));
            prop_assert_eq!(one.snapshot(), other.snapshot());
        }
    }

    #[test]
    fn a_better_result_never_makes_a_network_worse((plan, batches) in history(), which in any::<prop::sample::Index>()) {
        let (last, before) = batches.split_last().unwrap();
        let mut worse = Engine::new(plan.clone(), Moment::ZERO);
        for (i, batch) in before.iter().enumerate() {
            let now = Moment::from_secs(5 * (i as u64 + 1));
            worse.step(&evidence(&plan, batch, now), now);
        }
        let mut better = worse.clone();
        let mut raised = last.clone();
        let which = which.index(raised.len());
        if !matches!(raised[which], Some(Verdict::Fail(_))) {
            return Ok(());
        }
        raised[which] = Some(Verdict::Pass);
        let now = Moment::from_secs(5 * (batches.len() as u64 + 1));
        worse.step(&evidence(&plan, last, now), now);
        better.step(&evidence(&plan, &raised, now), now);
        let rank = |state: State| match state {
            State::Down => 0,
            State::Unknown | State::Maintenance => 1,
            State::Degraded => 2,
            State::Up => 3,
        };
        for (worse, better) in worse.snapshot().networks.iter().zip(&better.snapshot().networks) {
            prop_assert!(rank(better.state) >= rank(worse.state), "{} {} {}", better.name, worse.state, better.state);
        }
    }

    #[test]
    fn spare_weight_can_be_lost_and_the_network_stays_up((plan, batches) in history(), seed in any::<u64>()) {
        let mut engine = Engine::new(plan.clone(), Moment::ZERO);
        let mut now = Moment::ZERO;
        for batch in &batches {
            now = now + Duration::from_secs(5);
            engine.step(&evidence(&plan, batch, now), now);
        }
        let snapshot = engine.snapshot();
        let mut chance = fastrand::Rng::with_seed(seed);
        for (network, plan) in snapshot.networks.iter().zip(&plan.networks) {
            if !network.state.is_usable() {
                prop_assert_eq!(network.spare_weight, 0);
                continue;
            }
            let mut engine = engine.clone();
            let mut spare = network.spare_weight;
            let mut candidates: Vec<_> = plan.endpoints.iter().zip(&network.endpoints).collect();
            chance.shuffle(&mut candidates);
            let mut lost = Vec::new();
            for (plan, view) in candidates {
                if !plan.required && view.state.is_usable() && plan.weight <= spare {
                    spare -= plan.weight;
                    lost.push(plan);
                }
            }
            let mut now = now;
            for _ in 0..lost.iter().map(|plan| plan.fall).max().unwrap_or(0) {
                now = now + Duration::from_millis(10);
                let refused = || Verdict::Fail(Cause::new(Reason::TcpRefused, ""));
                let batch: Vec<Input> = lost.iter().map(|plan| {
                    Input::Round(Evidence::certain(plan.key.clone(), refused(), now))
                }).collect();
                engine.step(&batch, now);
            }
            let after = engine.snapshot();
            let after = after.networks.iter().find(|n| n.name == network.name).unwrap();
            prop_assert!(after.state.is_usable(), "{} lost {} of spare {}", after.name, lost.len(), network.spare_weight);
        }
    }

    #[test]
    fn an_unchanged_reload_is_a_no_op_and_a_network_more_at_the_end_changes_nothing((plan, batches) in history()) {
        let mut engine = Engine::new(plan.clone(), Moment::ZERO);
        let mut now = Moment::ZERO;
        for batch in &batches {
            now = now + Duration::from_secs(5);
            engine.step(&evidence(&plan, batch, now), now);
        }
        let before = engine.snapshot();
        prop_assert!(engine.reload(plan.clone(), now).is_empty());
        prop_assert_eq!(&engine.snapshot(), &before);
        let mut longer = plan.clone();
        let mut extra = random_plan(1).networks.remove(0);
        extra.name = "extra".into();
        for endpoint in &mut extra.endpoints {
            endpoint.key.network = "extra".into();
        }
        longer.networks.push(extra);
        engine.reload(longer, now);
        let after = engine.snapshot();
        prop_assert_eq!(&after.networks[..plan.networks.len()], &before.networks[..]);
        prop_assert_eq!(&after.groups, &before.groups);
    }

    #[test]
    fn nothing_that_happens_makes_the_engine_fail((plan, batches) in history(), gaps in prop::collection::vec(0_u64..100_000, 25)) {
        let mut engine = Engine::new(plan.clone(), Moment::ZERO);
        let mut now = Moment::ZERO;
        for (batch, gap) in batches.iter().zip(gaps) {
            now = now + Duration::from_secs(gap);
            engine.step(&evidence(&plan, batch, now), now);
            prop_assert!(engine.step(&[], now).events.is_empty(), "judging twice is judging once");
            prop_assert!(engine.next_deadline().is_none_or(|at| at > now));
            let snapshot = engine.snapshot();
            for network in &snapshot.networks {
                let trouble = matches!(network.state, State::Down | State::Degraded);
                prop_assert_eq!(network.trouble.is_some(), trouble, "{:?}", network);
            }
        }
    }
}
