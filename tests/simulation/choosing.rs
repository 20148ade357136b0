//! Level 3: which network a group uses, and when it changes that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bascule::engine::{GroupPlan, NetworkPlan, Plan, Preempt};
use bascule::model::{
    Activation, Event, Families, GroupView, Moment, Name, NetworkView, Reason, Role, Snapshot,
    State, UplinkState,
};

use crate::nature::Behaviour;
use crate::world::{Deed, Habits, Step, World};
use crate::{Check, HOUR, for_each_seed, in_every_history};

const SIX_HOURS: Duration = Duration::from_secs(6 * 3600);
const LONGEST_DELAY: Duration = Duration::from_secs(3600);
/// Later than this after its time nothing may happen.
const TICK: Duration = Duration::from_millis(1);

/// How long something has lasted while the uplink was proven: bounds from outside.
#[derive(Clone, Copy, Debug, Default)]
struct Lasted {
    least: Duration,
    most: Duration,
}

/// What can be known of a group from outside.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Some network has been active.
    started: bool,
    /// How long its active network has been unknown.
    unknown: Lasted,
    /// How long there has been proof, since the start.
    grace: Lasted,
}

/// Every choice of every group.
#[derive(Default)]
struct Choices {
    last: Option<(Moment, Arc<Snapshot>)>,
    /// The timers stood still since.
    waiting: bool,
    groups: BTreeMap<Name, Seen>,
    /// How long each network has been good without a break.
    good: BTreeMap<Name, Lasted>,
    outages: BTreeMap<Name, Vec<Moment>>,
}

/// Up, or degraded for a reason that does not keep people away: rulings 7.
fn counts_as_up(plan: &NetworkPlan, view: &NetworkView) -> bool {
    let soft = |(plan, view): (
        &bascule::engine::EndpointPlan,
        &bascule::model::EndpointView,
    )| {
        plan.weight == 0
            || match view.state {
                State::Down => false,
                State::Degraded => view.cause.as_ref().is_some_and(|cause| {
                    matches!(cause.reason, Reason::TlsExpiring | Reason::PartialAddresses)
                }),
                _ => true,
            }
    };
    match view.state {
        State::Up => true,
        State::Degraded => plan.endpoints.iter().zip(&view.endpoints).all(soft),
        _ => false,
    }
}

/// What is known of one network of a group.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    plan: &'a NetworkPlan,
    view: &'a NetworkView,
}

impl Candidate<'_> {
    fn usable(self) -> bool {
        self.plan.enabled && self.view.state.is_usable()
    }

    fn good(self) -> bool {
        self.plan.enabled && counts_as_up(self.plan, self.view)
    }

    /// Whoever is waited for at the start.
    fn may_come(self) -> bool {
        self.plan.enabled && self.view.state == State::Unknown
    }
}

fn candidates<'a>(plan: &'a Plan, group: &GroupPlan, snapshot: &'a Snapshot) -> Vec<Candidate<'a>> {
    let of = |name: &Name| {
        let plans = plan.networks.iter().zip(&snapshot.networks);
        let mut found = plans.filter(|(plan, _)| plan.name == *name);
        let (plan, view) = found.next().expect("groups have known networks only");
        Candidate { plan, view }
    };
    group.networks.iter().map(of).collect()
}

fn proven(snapshot: &Snapshot) -> bool {
    snapshot.uplink.states[0] != UplinkState::Down
}

impl Choices {
    /// Time has passed since the last step, in which everything stayed as it was.
    fn pass(&mut self, step: &Step<'_>) {
        let Some((at, before)) = &self.last else {
            return;
        };
        if !proven(before) || self.waiting {
            return;
        }
        let most = step.now.since(*at);
        let seen = matches!(
            step.deed,
            Deed::Stepped | Deed::Scraped(_) | Deed::Reloaded { .. }
        );
        let least = if seen { most } else { Duration::ZERO };
        let add = |lasted: &mut Lasted| {
            lasted.least += least;
            lasted.most += most;
        };
        for view in before.networks.iter().filter(|view| view.state.is_usable()) {
            self.good.entry(view.name.clone()).and_modify(add);
        }
        for group in &before.groups {
            let Some(seen) = self.groups.get_mut(&group.name) else {
                continue;
            };
            add(&mut seen.grace);
            let unknown = |view: &&NetworkView| view.state == State::Unknown;
            let mut unknown = before.networks.iter().filter(unknown);
            if unknown.any(|view| Some(&view.name) == group.active.as_ref()) {
                add(&mut seen.unknown);
            }
        }
    }

    fn forget(&mut self, step: &Step<'_>) {
        let Deed::Restored {
            memory,
            fresh,
            older,
        } = step.deed
        else {
            return;
        };
        for (name, seen) in &mut self.groups {
            let remembered = memory.groups.iter().find(|group| group.name == *name);
            seen.started = fresh && remembered.is_some_and(|group| group.started);
            (seen.unknown, seen.grace) = (Lasted::default(), Lasted::default());
        }
        for lasted in self.good.values_mut() {
            lasted.least = Duration::ZERO;
            if older {
                lasted.most = LONGEST_DELAY;
            }
        }
        if older || !fresh {
            self.outages.clear();
        }
    }

    /// The delay before a network is failed back to.
    fn delay(&self, group: &GroupPlan, network: &Name, now: Moment) -> Duration {
        let outages = self.outages.get(network).into_iter().flatten();
        let recent = outages
            .filter(|at| now.since(**at) + TICK < SIX_HOURS)
            .count();
        let times = u32::try_from(recent.max(1)).unwrap_or(u32::MAX);
        group.preempt_delay.saturating_mul(times).min(LONGEST_DELAY)
    }

    fn look_at_networks(&mut self, step: &Step<'_>, now: &Snapshot) {
        for event in step.events {
            match event {
                Event::OutageStarted(outage) => {
                    let outages = self.outages.entry(outage.network.clone()).or_default();
                    outages.push(outage.confirmed);
                }
                Event::Network { network, since, .. } => {
                    // Good for longer than it has been known to be.
                    let lasted = self.good.entry(network.clone()).or_default();
                    lasted.most = lasted.most.max(step.now.since(*since));
                }
                _ => {}
            }
        }
        for (plan, view) in step.plan.networks.iter().zip(&now.networks) {
            let lasted = self.good.entry(view.name.clone()).or_default();
            let backdated = step.now.since(view.since);
            if view.state == State::Unknown {
                // Whether this breaks it depends on why; from outside it may or may not.
                lasted.least = Duration::ZERO;
            } else if !counts_as_up(plan, view) {
                *lasted = Lasted::default();
            } else if lasted.most.is_zero() {
                lasted.most = backdated;
            }
        }
    }

    fn look_at_group(&mut self, step: &Step<'_>, plan: &GroupPlan, now: &Snapshot) {
        let view = now.groups.iter().find(|view| view.name == plan.name);
        let view = view.expect("a group of the plan is in the picture");
        let all = candidates(step.plan, plan, now);
        assert_roles(plan, view, &all, step);
        let changes = step.events.iter().filter_map(|event| match event {
            Event::Group {
                group,
                from,
                to,
                reason,
            } if *group == plan.name => Some((from, to, *reason)),
            _ => None,
        });
        for (from, to, reason) in changes {
            self.judge_change(step, plan, &all, (from.as_ref(), to.as_ref(), reason));
        }
        let seen = self.groups.entry(plan.name.clone()).or_default();
        seen.started |= view.active.is_some();
        let active = all
            .iter()
            .find(|c| Some(&c.view.name) == view.active.as_ref());
        if !proven(now) {
            (seen.unknown, seen.grace) = (Lasted::default(), Lasted::default());
            return;
        }
        if active.is_none_or(|active| active.view.state != State::Unknown) {
            seen.unknown = Lasted::default();
        }
        let restarts = !matches!(step.deed, Deed::Stepped | Deed::Scraped(_));
        if restarts {
            seen.unknown.least = Duration::ZERO;
        }
        if matches!(step.deed, Deed::Restored { .. } | Deed::Slept) {
            // It decides anew at its next step.
            return;
        }
        assert_settled(plan, view, &all, active, seen, step);
    }

    fn judge_change(
        &self,
        step: &Step<'_>,
        plan: &GroupPlan,
        all: &[Candidate<'_>],
        (from, to, reason): (Option<&Name>, Option<&Name>, Activation),
    ) {
        let place = |name: &Name| all.iter().position(|c| c.view.name == *name);
        let old = from.and_then(place).map(|place| all[place]);
        let new = to.map(|to| all[place(to).expect("what is active is in the group")]);
        let at = format!("at {:?}: {from:?} to {to:?}, {}", step.now, reason.as_str());
        assert_ne!(from, to, "{at}");
        assert!(new.is_none_or(Candidate::usable), "{at}");
        let pinned = plan.pin.as_ref().filter(|(_, until)| step.now < *until);
        let pinned = pinned
            .and_then(|(name, _)| place(name))
            .map(|place| all[place]);
        if let Some(pinned) = pinned.filter(|pinned| pinned.usable()) {
            assert_eq!(to, Some(&pinned.view.name), "pinned, {at}");
            return;
        }
        let seen = self.groups.get(&plan.name).cloned().unwrap_or_default();
        match reason {
            Activation::Startup | Activation::Recovery => {
                assert_eq!(from, None, "{at}");
                let first = all.iter().find(|c| c.usable());
                assert_eq!(to, first.map(|c| &c.view.name), "{at}");
            }
            Activation::Failover => {
                let others = || all.iter().filter(|c| Some(&c.view.name) != from);
                let best = others().find(|c| c.good());
                let best = best.or_else(|| others().find(|c| c.usable()));
                assert_eq!(to, best.map(|c| &c.view.name), "{at}");
                let old = old.expect("who is failed over from was in the group");
                match old.view.state {
                    State::Unknown => assert!(
                        seen.unknown.most + TICK >= plan.unknown_hold,
                        "unknown for {:?} only, {at}",
                        seen.unknown.most
                    ),
                    State::Up | State::Degraded => assert!(
                        plan.failover_on_degraded
                            && !old.good()
                            && new.is_some_and(Candidate::good),
                        "{at}"
                    ),
                    State::Down | State::Maintenance => {}
                }
            }
            Activation::Failback => {
                assert_eq!(plan.preempt, Preempt::Auto, "{at}");
                let (from, to) = (from.expect("an incumbent"), to.expect("a successor"));
                assert!(place(to) < place(from), "{at}");
                assert!(new.is_some_and(Candidate::good), "{at}");
                let good = self.good.get(to).copied().unwrap_or_default();
                let delay = self.delay(plan, to, step.now);
                assert!(
                    good.most + TICK >= delay,
                    "good for {:?} of {delay:?}, {at}",
                    good.most
                );
            }
            // A pin came or went, the configuration changed, or a window of maintenance began.
            Activation::Manual => {
                let gone =
                    old.is_none_or(|old| !old.plan.enabled || old.view.state == State::Maintenance);
                let by_hand = matches!(step.deed, Deed::Reloaded { .. });
                assert!(gone || by_hand || plan.pin.is_some(), "{at}");
            }
        }
    }
}

/// Invariants 6, 8 and 9: what must have been done when a step is over.
fn assert_settled(
    plan: &GroupPlan,
    view: &GroupView,
    all: &[Candidate<'_>],
    active: Option<&Candidate<'_>>,
    seen: &Seen,
    step: &Step<'_>,
) {
    let at = format!("{} at {:?}", plan.name, step.now);
    let first = all.iter().position(|c| c.usable());
    let pinned = view.pinned.as_ref().map(|(name, _)| name);
    if let Some(pinned) = all.iter().find(|c| Some(&c.view.name) == pinned)
        && pinned.usable()
    {
        assert_eq!(
            view.active.as_ref(),
            Some(&pinned.view.name),
            "{at}, pinned"
        );
    }
    match active {
        None => {
            let Some(first) = first else { return };
            let waits = !seen.started && all[..first].iter().any(|c| c.may_come());
            assert!(
                waits && seen.grace.least <= plan.startup_grace + TICK,
                "{at}: none, though {} is usable, after {:?}",
                all[first].view.name,
                seen.grace.least
            );
        }
        Some(active) => {
            let (name, state) = (&active.view.name, active.view.state);
            assert!(
                active.plan.enabled && !matches!(state, State::Down | State::Maintenance),
                "{at}: {name} is active and {state}, enabled {}",
                active.plan.enabled
            );
            assert!(
                first.is_none() || seen.unknown.least <= plan.unknown_hold + TICK,
                "{at}: {name} is active and unknown for {:?}",
                seen.unknown.least
            );
        }
    }
}

/// Invariant 7, and the numbers that are made of roles.
fn assert_roles(plan: &GroupPlan, view: &GroupView, all: &[Candidate<'_>], step: &Step<'_>) {
    let at = format!("{} at {:?}", plan.name, step.now);
    let names: Vec<&Name> = view.roles.iter().map(|(name, _)| name).collect();
    assert_eq!(names, plan.networks.iter().collect::<Vec<_>>(), "{at}");
    let place = |name: &Name| plan.networks.iter().position(|known| known == name);
    let active = view
        .active
        .as_ref()
        .map(|name| place(name).expect("it is in the group"));
    for (i, (candidate, (name, role))) in all.iter().zip(&view.roles).enumerate() {
        let allowed = match role {
            Role::Active => active == Some(i),
            Role::Standby => active != Some(i) && candidate.usable(),
            Role::Held => active.is_some_and(|active| i < active) && candidate.good(),
            Role::Failed => candidate.plan.enabled && candidate.view.state == State::Down,
            Role::Unknown => candidate.plan.enabled && candidate.view.state == State::Unknown,
            Role::Disabled => !candidate.plan.enabled || candidate.view.state == State::Maintenance,
        };
        let state = candidate.view.state;
        assert!(allowed, "{at}: {name} is {state}, its role {role}");
        assert_eq!(active == Some(i), *role == Role::Active, "{at}: {name}");
    }
    let standbys = |role: &Role| matches!(role, Role::Standby | Role::Held);
    let count = view.roles.iter().filter(|(_, role)| standbys(role)).count();
    assert_eq!(view.standbys as usize, count, "{at}");
    let domains = |i: usize| -> Vec<Name> {
        match &all[i].plan.failure_domains[..] {
            [] => vec![plan.networks[i].clone()],
            domains => domains.to_vec(),
        }
    };
    let mut taken = active.map(domains).unwrap_or_default();
    let mut independent = 0;
    for (i, (_, role)) in view.roles.iter().enumerate() {
        if standbys(role) && domains(i).iter().all(|domain| !taken.contains(domain)) {
            taken.extend(domains(i));
            independent += 1;
        }
    }
    assert_eq!(view.standby_domains, independent, "{at}");
    if let Some((due, when)) = &view.failback_due {
        let held = view
            .roles
            .iter()
            .any(|(name, role)| name == due && *role == Role::Held);
        assert!(
            held,
            "{at}: failback to {due} at {when:?}, which is not held"
        );
    }
}

impl Check for Choices {
    fn see(&mut self, step: &Step<'_>) {
        let now = step.snapshot();
        self.pass(step);
        self.forget(step);
        if matches!(step.deed, Deed::Reloaded { .. }) {
            self.groups
                .retain(|name, _| step.plan.groups.iter().any(|g| g.name == *name));
            let known = |name: &Name| step.plan.networks.iter().any(|n| n.name == *name);
            self.good.retain(|name, _| known(name));
            self.outages.retain(|name, _| known(name));
        }
        self.look_at_networks(step, &now);
        for plan in &step.plan.groups {
            self.look_at_group(step, plan, &now);
        }
        self.last = Some((step.now, now));
        self.waiting = step.engine.is_waiting();
    }
}

// Invariants 6 to 9.
#[test]
fn every_choice_of_a_network_is_the_right_one_at_the_right_time() {
    in_every_history::<Choices>();
}

// Invariants 8 and 19.
#[test]
fn failing_back_is_bounded_however_much_a_network_flaps() {
    for_each_seed(|seed| {
        let mut chance = fastrand::Rng::with_seed(seed);
        let delay = Duration::from_secs([30, 60, 300][chance.usize(0..3)]);
        let mut plan = flappers(seed);
        plan.groups[0].preempt_delay = delay;
        let habits = Habits {
            scrape: Some(60),
            ..Habits::default()
        };
        let mut world = World::with(seed, plan, habits);
        world.set_all(Behaviour::Good);
        let mut failbacks: Vec<Moment> = Vec::new();
        let mut choices = Choices::default();
        let period = Duration::from_secs(chance.u64(60..900));
        let end = world.now() + HOUR * 8;
        while world.now() < end {
            let until = world.now() + period.mul_f64(chance.f64());
            world.nature.storms.insert("n0".into(), until);
            world.run(period, |step| {
                choices.see(step);
                let failback = |event: &&Event| {
                    matches!(
                        event,
                        Event::Group {
                            reason: Activation::Failback,
                            ..
                        }
                    )
                };
                failbacks.extend(step.events.iter().filter(failback).map(|_| step.now));
            });
        }
        for pair in failbacks.windows(2) {
            let gap = pair[1].since(pair[0]);
            assert!(
                gap >= delay,
                "{gap:?} between two failbacks, {delay:?} is the least"
            );
        }
        // Once a network has had many outages its delay has grown to the cap.
        let outages = choices.outages.get("n0").map_or(0, Vec::len);
        if outages > 60 * LONGEST_DELAY.as_secs() as usize / delay.as_secs() as usize {
            let late = failbacks.iter().filter(|at| **at + HOUR > end).count();
            assert!(late <= 1, "{late} failbacks in the last hour");
        }
    });
}

// Invariants 8 and 13 of the rulings: after the delay it does happen.
#[test]
fn a_network_that_stays_good_is_failed_back_to_when_its_delay_is_over() {
    for_each_seed(|seed| {
        let mut plan = flappers(seed);
        let delay = Duration::from_secs(60 + seed % 300);
        plan.groups[0].preempt_delay = delay;
        let mut world = World::with(seed, plan, Habits::default());
        world.set_all(Behaviour::Good);
        world.run(HOUR / 6, |_| {});
        assert_eq!(world.snapshot().groups[0].active.as_deref(), Some("n0"));
        let outages = 1 + u32::try_from(seed % 3).unwrap_or(0);
        for _ in 0..outages {
            let until = world.now() + HOUR / 12;
            world.nature.storms.insert("n0".into(), until);
            world.run(HOUR / 6, |_| {});
        }
        // The last failback was due so long after the last recovery, unless it has been.
        let expected = (delay * outages).min(LONGEST_DELAY);
        let snapshot = world.snapshot();
        let n0 = &snapshot.networks[0];
        assert_eq!(n0.state, State::Up);
        let due = n0.since + expected;
        let mut taken =
            (snapshot.groups[0].active.as_deref() == Some("n0")).then_some(Moment::ZERO);
        if taken.is_none() {
            assert_eq!(snapshot.groups[0].roles[0].1, Role::Held);
            let (name, promised) = snapshot.groups[0].failback_due.clone().expect("it is due");
            assert_eq!(&*name, "n0");
            // Good from the first good round on, or from when that was confirmed.
            assert!(promised >= due && promised <= due + Duration::from_secs(60));
            world.run(HOUR * 2, |step| {
                if step.snapshot().groups[0].active.as_deref() == Some("n0") {
                    taken = taken.or(Some(step.now));
                }
            });
            assert_eq!(taken, Some(promised));
        }
    });
}

// Invariants 5 and 8: the clock of a way back stands still while nothing is proven.
#[test]
fn a_freeze_neither_shortens_nor_undoes_the_way_back() {
    for_each_seed(|seed| {
        let mut plan = flappers(seed);
        plan.uplink.enabled = true;
        plan.uplink.canaries = Families::BOTH;
        for endpoint in plan.networks.iter_mut().flat_map(|n| &mut n.endpoints) {
            // A round on its way when the cable is mended may be believed: one, and no more.
            endpoint.fall = endpoint.fall.max(2);
        }
        let mut world = World::with(seed, plan, Habits::default());
        world.nature.families = Some(Families::BOTH);
        world.set_all(Behaviour::Good);
        world.run(HOUR / 6, |_| {});
        world
            .nature
            .storms
            .insert("n0".into(), world.now() + HOUR / 12);
        world.run(HOUR / 12 + HOUR / 30, |_| {});
        let due = world.snapshot().groups[0].failback_due.clone();
        let (_, due) = due.expect("n0 is back and waits");
        let cut = Duration::from_secs(60 + seed % 600);
        world.nature.cut_until = [world.now() + cut; 2];
        let mut frozen = Duration::ZERO;
        let mut frozen_since = None;
        let mut taken = None;
        world.run(HOUR / 2, |step| {
            for event in step.events {
                match event {
                    Event::Uplink {
                        family: None, to, ..
                    } if *to == UplinkState::Down => {
                        frozen_since = Some(step.now);
                    }
                    Event::Uplink { family: None, .. } => {
                        let since = frozen_since.take();
                        frozen += since.map_or(Duration::ZERO, |since| step.now.since(since));
                    }
                    Event::Group { to, reason, .. } => {
                        assert_eq!((to.as_deref(), *reason), (Some("n0"), Activation::Failback));
                        taken = Some(step.now);
                    }
                    _ => {}
                }
            }
        });
        assert!(frozen > Duration::ZERO, "the cut was noticed");
        let taken = taken.expect("n0 was taken again");
        let expected = due + frozen;
        let late = Duration::from_secs(60);
        assert!(
            expected <= taken + TICK && taken <= expected + late,
            "due at {due:?}, frozen for {frozen:?}, taken at {taken:?}"
        );
    });
}

/// Two networks; the first will come and go.
fn flappers(seed: u64) -> Plan {
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut plan = Plan {
        networks: vec![
            crate::plans::network("n0", &mut chance),
            crate::plans::network("n1", &mut chance),
        ],
        ..Plan::default()
    };
    for endpoint in plan
        .networks
        .iter_mut()
        .flat_map(|network| &mut network.endpoints)
    {
        endpoint.interval = Duration::from_secs(20);
    }
    let names = vec!["n0".into(), "n1".into()];
    plan.groups = vec![GroupPlan::new("g".into(), names)];
    plan
}
