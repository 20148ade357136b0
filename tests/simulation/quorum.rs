//! Level 2: from states of endpoints to states of networks.

use std::time::Duration;

use bascule::engine::{Engine, Evidence, Input, NetworkPlan, Plan, Sweep};
use bascule::model::{
    Cause, Doubt, Event, Families, Family, Layer, Moment, NetworkView, Reason, Standing, State,
    UplinkState, Verdict,
};
use proptest::prelude::*;

use crate::plans::{network, random_plan};
use crate::world::{Deed, Step};
use crate::{Check, cases, in_every_history};

/// The state of a network is one that its endpoints allow.
#[derive(Default)]
struct Allowed;

/// The weights of a network by what is known of its endpoints.
struct Weights {
    live: u32,
    unknown: u32,
    required_down: bool,
    required_unknown: bool,
    troubled: bool,
}

impl Weights {
    fn of(plan: &NetworkPlan, view: &NetworkView) -> Self {
        let endpoints = || plan.endpoints.iter().zip(&view.endpoints);
        let weight = |of: &[State]| {
            let of = endpoints().filter(|(_, view)| of.contains(&view.state));
            of.map(|(plan, _)| plan.weight).sum()
        };
        let required = |of: State| {
            let mut required = endpoints().filter(|(plan, _)| plan.required);
            required.any(|(_, view)| view.state == of)
        };
        Self {
            live: weight(&[State::Up, State::Degraded]),
            unknown: weight(&[State::Unknown]),
            required_down: required(State::Down),
            required_unknown: required(State::Unknown),
            troubled: weight(&[State::Down, State::Degraded]) > 0,
        }
    }
}

impl Check for Allowed {
    fn see(&mut self, step: &Step<'_>) {
        if matches!(step.deed, Deed::Restored { .. } | Deed::Slept) {
            // It judges anew at its next step.
            return;
        }
        let snapshot = step.snapshot();
        let unproven = snapshot.uplink.states[0] == UplinkState::Down;
        assert_eq!(snapshot.networks.len(), step.plan.networks.len());
        for (plan, view) in step.plan.networks.iter().zip(&snapshot.networks) {
            assert_eq!(plan.name, view.name);
            let w = Weights::of(plan, view);
            let (best, q, h) = (w.live + w.unknown, plan.quorum, plan.hysteresis);
            let stays = q.saturating_sub(h).max(1);
            let maintained = plan.maintenance.iter().any(|window| window.holds(step.now));
            let allowed = match view.state {
                _ if maintained => view.state == State::Maintenance,
                State::Maintenance => false,
                _ if unproven => view.state == State::Unknown,
                State::Up | State::Degraded => {
                    (view.state == State::Degraded) == w.troubled
                        && w.live >= stays
                        && !w.required_down
                }
                // Inside the band it may be down still; below the quorum it is.
                State::Down => w.required_down || best < q || w.live < q + h,
                State::Unknown => {
                    let lost = w.required_down || best < stays;
                    let known = w.live >= q + h && !w.required_unknown;
                    !lost && !known
                }
            };
            let (now, name, state) = (step.now, &view.name, view.state);
            assert!(
                allowed,
                "{name} is {state} at {now:?}: live {} unknown {} quorum {q} hysteresis {h}, required down {} unknown {}",
                w.live, w.unknown, w.required_down, w.required_unknown
            );
            let spare = if view.state.is_usable() {
                w.live - stays
            } else {
                0
            };
            assert_eq!(view.spare_weight, spare, "{name} at {now:?}");
        }
        for event in step.events {
            let Event::Network {
                network,
                from,
                to,
                since,
                ..
            } = event
            else {
                continue;
            };
            assert_ne!(from, to);
            assert!(*since <= step.now, "{event:?} in the future");
            let mut plans = step.plan.networks.iter().zip(&snapshot.networks);
            let Some((plan, view)) = plans.find(|(plan, _)| plan.name == *network) else {
                continue;
            };
            if *to == State::Down {
                let weighty = plan.endpoints.iter().zip(&view.endpoints);
                let mut weighty = weighty.filter(|(plan, _)| plan.weight > 0);
                assert!(
                    weighty.any(|(_, view)| view.state == State::Down),
                    "{event:?} without an endpoint that is down"
                );
            }
        }
    }
}

// Invariant 1, for networks; and what rulings 5 says of their states.
#[test]
fn a_network_is_in_the_state_that_its_endpoints_say() {
    in_every_history::<Allowed>();
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

/// What a verdict rests on; only failures are ever doubtful.
fn standing() -> impl Strategy<Value = Standing> {
    let families = prop_oneof![
        Just(Families::NONE),
        Just(Families::only(Family::Ipv4)),
        Just(Families::BOTH)
    ];
    (families, 0..4_u8).prop_map(|(families, kind)| Standing {
        proves: if kind == 0 { families } else { Families::NONE },
        answered: if kind == 1 {
            vec!["system".into()]
        } else {
            Vec::new()
        },
        doubt: match kind {
            2 if !families.is_empty() => Some(Box::new(Doubt::Addresses {
                families,
                without: Box::new([(); 3].map(|()| Verdict::Pass)),
            })),
            3 => Some(Box::new(Doubt::Resolution {
                resolvers: vec!["system".into()],
            })),
            _ => None,
        },
    })
}

type Result = Option<(Verdict, Standing)>;

#[derive(Clone, Debug)]
struct Batch {
    results: Vec<Result>,
    sweep: Option<[Option<bool>; 2]>,
}

/// A plan, and for each of some moments the results of all endpoints, and perhaps of a sweep.
fn history() -> impl Strategy<Value = (Plan, Vec<Batch>)> {
    (any::<u64>(), any::<bool>()).prop_flat_map(|(seed, uplink)| {
        let mut plan = random_plan(seed);
        plan.uplink.enabled = uplink;
        plan.uplink.canaries = Families::BOTH;
        let endpoints: usize = plan
            .networks
            .iter()
            .map(|network| network.endpoints.len())
            .sum();
        let results = prop::collection::vec(prop::option::of((verdict(), standing())), endpoints);
        let answers = any::<[Option<bool>; 2]>();
        let batch = (results, prop::option::weighted(0.3, answers))
            .prop_map(|(results, sweep)| Batch { results, sweep });
        (Just(plan), prop::collection::vec(batch, 1..25))
    })
}

/// What comes in at a moment; without a way of doubting if `certain`.
fn inputs(plan: &Plan, batch: &Batch, now: Moment, certain: bool) -> Vec<Input> {
    let before = now - Duration::from_secs(1);
    let keys = plan.networks.iter().flat_map(|network| &network.endpoints);
    let given = keys
        .zip(&batch.results)
        .enumerate()
        .filter_map(|(i, (plan, result))| {
            let (verdict, standing) = result.clone()?;
            let mut evidence = Evidence::certain(plan.key.clone(), verdict, before);
            evidence.round = now.since_origin().as_secs() * 100 + i as u64;
            if !certain {
                evidence.standing = standing;
                if !matches!(evidence.verdict, Verdict::Fail(_)) {
                    evidence.standing.doubt = None;
                }
            }
            Some(Input::Round(evidence))
        });
    let sweep = batch.sweep.filter(|_| !certain).map(|answered| Sweep {
        started: before + Duration::from_millis(500),
        answered,
        no_route: answered.map(|answered| answered.is_none()),
        gateway: None,
    });
    given.chain(sweep.map(Input::Sweep)).collect()
}

fn certain(plan: &Plan, batch: &Batch, now: Moment) -> Vec<Input> {
    inputs(plan, batch, now, true)
}

const fn moment(i: usize) -> Moment {
    Moment::from_secs(5 * (i as u64 + 1))
}

proptest! {
    #![proptest_config(cases())]

    // Invariant 3.
    #[test]
    fn the_order_inside_a_batch_does_not_matter((plan, batches) in history(), seed in any::<u64>()) {
        let mut one = Engine::new(plan.clone(), Moment::ZERO);
        let mut other = Engine::new(plan.clone(), Moment::ZERO);
        let mut chance = fastrand::Rng::with_seed(seed);
        for (i, batch) in batches.iter().enumerate() {
            let now = moment(i);
            let batch = inputs(&plan, batch, now, false);
            let mut shuffled = batch.clone();
            chance.shuffle(&mut shuffled);
            prop_assert_eq!(one.step(&batch, now), other.step(&shuffled, now));
            prop_assert_eq!(one.snapshot(), other.snapshot());
            prop_assert_eq!(one.memory(now), other.memory(now));
        }
    }

    // Invariant 14.
    #[test]
    fn a_better_result_never_makes_a_network_worse((plan, batches) in history(), which in any::<prop::sample::Index>()) {
        let (last, before) = batches.split_last().unwrap();
        let mut worse = Engine::new(plan.clone(), Moment::ZERO);
        for (i, batch) in before.iter().enumerate() {
            worse.step(&certain(&plan, batch, moment(i)), moment(i));
        }
        let mut better = worse.clone();
        let now = moment(before.len());
        let worse_batch = certain(&plan, last, now);
        let mut better_batch = worse_batch.clone();
        let failures: Vec<usize> = worse_batch.iter().enumerate()
            .filter(|(_, input)| matches!(input, Input::Round(Evidence { verdict: Verdict::Fail(_), .. })))
            .map(|(i, _)| i).collect();
        prop_assume!(!failures.is_empty());
        if let Input::Round(raised) = &mut better_batch[failures[which.index(failures.len())]] {
            raised.verdict = Verdict::Pass;
        }
        worse.step(&worse_batch, now);
        better.step(&better_batch, now);
        let rank = |state: State| match state {
            State::Down => 0,
            State::Unknown | State::Maintenance => 1,
            State::Degraded => 2,
            State::Up => 3,
        };
        let hysteresis = plan.networks.iter().map(|network| network.hysteresis);
        let views = (worse.snapshot().networks, better.snapshot().networks);
        for ((worse, better), hysteresis) in views.0.iter().zip(&views.1).zip(hysteresis) {
            // In the band of a network that is down, what is known of it is that it is down: an
            // endpoint that is found good there takes it from `unknown` back to what it was.
            let in_its_band = hysteresis > 0
                && (worse.state, better.state) == (State::Unknown, State::Down);
            prop_assert!(
                in_its_band || rank(better.state) >= rank(worse.state),
                "{}: {} instead of {}", worse.name, better.state, worse.state
            );
        }
    }

    // Invariant 15, as rulings 20 reads it.
    #[test]
    fn spare_weight_can_be_lost_and_the_network_stays_up((plan, batches) in history(), seed in any::<u64>()) {
        let mut engine = Engine::new(plan.clone(), Moment::ZERO);
        for (i, batch) in batches.iter().enumerate() {
            engine.step(&certain(&plan, batch, moment(i)), moment(i));
        }
        let snapshot = engine.snapshot();
        let mut chance = fastrand::Rng::with_seed(seed);
        for (network, plan) in snapshot.networks.iter().zip(&plan.networks) {
            prop_assert!(plan.quorum.saturating_sub(plan.hysteresis).max(1) <= plan.quorum + plan.hysteresis);
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
            let mut now = moment(batches.len() - 1);
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

    // Invariant 18; `memory.rs` has the rest of it.
    #[test]
    fn an_unchanged_reload_is_a_no_op_and_a_network_more_at_the_end_changes_nothing((plan, batches) in history()) {
        let mut engine = Engine::new(plan.clone(), Moment::ZERO);
        let mut now = Moment::ZERO;
        for (i, batch) in batches.iter().enumerate() {
            now = moment(i);
            engine.step(&inputs(&plan, batch, now, false), now);
        }
        engine.show(now);
        let (before, memory) = (engine.snapshot(), engine.memory(now));
        prop_assert!(engine.reload(plan.clone(), now).is_empty());
        prop_assert_eq!(&engine.snapshot(), &before);
        prop_assert_eq!(&engine.memory(now), &memory);
        let mut longer = plan.clone();
        longer.networks.push(network("extra", &mut fastrand::Rng::with_seed(1)));
        engine.reload(longer, now);
        let after = engine.snapshot();
        prop_assert_eq!(&after.networks[..plan.networks.len()], &before.networks[..]);
        prop_assert_eq!(&after.groups, &before.groups);
        prop_assert_eq!(&after.uplink, &before.uplink);
        let longer = engine.memory(now);
        prop_assert_eq!(&longer.networks[..plan.networks.len()], &memory.networks[..]);
        prop_assert_eq!(&longer.groups, &memory.groups);
    }

    #[test]
    fn nothing_that_happens_makes_the_engine_fail((plan, batches) in history(), gaps in prop::collection::vec(0_u64..100_000, 25)) {
        let mut engine = Engine::new(plan.clone(), Moment::ZERO);
        let mut now = Moment::from_secs(1);
        for (batch, gap) in batches.iter().zip(gaps) {
            now = now + Duration::from_secs(gap);
            engine.step(&inputs(&plan, batch, now, false), now);
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
