//! Kills, restarts and other configurations: what was known goes on as if nothing had happened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bascule::model::{Activation, Event, Moment, Name, Snapshot, State, Verdict};

use crate::nature::Behaviour;
use crate::plans::random_plan;
use crate::world::{Deed, Habits, Step, World};
use crate::{Check, HOUR, for_each_seed, in_every_history};

/// A daemon that was started again says nothing and switches nothing until it has seen something.
#[derive(Default)]
struct Restarts {
    /// Since when it has been without evidence.
    blind_since: Option<Moment>,
}

impl Restarts {
    fn restored(step: &Step<'_>) {
        let Deed::Restored { memory, fresh, .. } = step.deed else {
            return;
        };
        let now = step.snapshot();
        for view in &now.networks {
            let remembered = memory.networks.iter().find(|n| n.name == view.name);
            let Some(remembered) = remembered else {
                continue;
            };
            assert!(
                matches!(view.state, State::Unknown | State::Maintenance),
                "{} is {} without evidence",
                view.name,
                view.state
            );
            let mut endpoints = view.endpoints.iter();
            assert!(endpoints.all(|view| view.state == State::Unknown));
            let known = |outage: &bascule::model::Outage| (outage.id, outage.started);
            assert_eq!(
                view.outage.as_ref().map(known),
                remembered.outage.as_ref().map(known),
                "{}",
                view.name
            );
            assert_eq!(view.books.outages, remembered.books.outages);
        }
        for view in &now.groups {
            let remembered = memory.groups.iter().find(|group| group.name == view.name);
            let remembered = remembered.filter(|_| fresh);
            let active = remembered.and_then(|group| group.active.clone());
            assert_eq!(view.active, active, "{}, fresh {fresh}", view.name);
        }
    }
}

impl Check for Restarts {
    fn see(&mut self, step: &Step<'_>) {
        Self::restored(step);
        if let Deed::Restored { .. } = step.deed {
            self.blind_since = Some(step.now);
        }
        let seen = |verdict: &Verdict| !matches!(verdict, Verdict::Inconclusive(_));
        if step.judged.iter().any(|judged| seen(&judged.verdict)) {
            self.blind_since = None;
        }
        let Some(since) = self.blind_since else {
            return;
        };
        for event in step.events {
            let allowed = match event {
                Event::Network { to, .. } => matches!(to, State::Unknown | State::Maintenance),
                Event::OutageEnded(_) | Event::Uplink { .. } => true,
                Event::Endpoint { .. } | Event::OutageStarted(_) => false,
                Event::Group { group, reason, .. } => {
                    let mut plans = step.plan.groups.iter();
                    let hold = plans
                        .find(|plan| plan.name == *group)
                        .map(|p| p.unknown_hold);
                    *reason == Activation::Manual || hold <= Some(step.now.since(since))
                }
            };
            assert!(
                allowed,
                "blind since {since:?}, at {:?}: {event:?}",
                step.now
            );
        }
    }
}

// Invariant 16.
#[test]
fn a_daemon_that_was_killed_goes_on_where_it_was_and_waits_for_evidence() {
    in_every_history::<Restarts>();
}

// Invariant 16 against what really happened.
#[test]
fn an_outage_is_counted_once_however_often_the_daemon_is_killed() {
    for_each_seed(|seed| {
        let mut plan = random_plan(seed);
        plan.uplink.enabled = seed.is_multiple_of(2);
        plan.uplink.canaries = bascule::model::Families::BOTH;
        let habits = Habits {
            scrape: Some(40),
            kill: Some(240),
            longest_gap: 60,
            ..Habits::default()
        };
        let mut world = World::with(seed, plan, Habits::default());
        world.set_all(Behaviour::Good);
        world.run(HOUR / 6, |_| {});
        world.take_up(habits);
        let mut told: BTreeMap<Name, u64> = BTreeMap::new();
        let mut dead = Duration::ZERO;
        let mut ids: BTreeMap<Name, u64> = BTreeMap::new();
        for _ in 0..3 {
            let long = HOUR / 2;
            for network in &world.plan.networks {
                let until = world.now() + long;
                world.nature.storms.insert(network.name.clone(), until);
            }
            dead += long;
            world.run(HOUR, |step| {
                for event in step.events {
                    if let Event::OutageStarted(outage) = event {
                        *told.entry(outage.network.clone()).or_default() += 1;
                        ids.insert(outage.network.clone(), outage.id);
                    }
                }
                for view in &step.snapshot().networks {
                    if let Some(outage) = &view.outage {
                        assert_eq!(Some(&outage.id), ids.get(&view.name), "{}", view.name);
                    }
                }
            });
        }
        world.take_up(Habits::default());
        world.run(HOUR / 6, |_| {});
        let shown = world.scrape();
        for view in &shown.snapshot.networks {
            let name = &view.name;
            assert_eq!(view.state, State::Up, "{name}");
            assert_eq!(told.get(name), Some(&3), "{name}: outages told");
            assert_eq!(
                view.books.outages.iter().sum::<u64>(),
                3,
                "{name}: outages counted"
            );
            assert_eq!(
                view.books.outage_durations.count(),
                3,
                "{name}: outages finished"
            );
            let down = shown.networks[name].state_time[State::Down as usize];
            let slack = Duration::from_secs(3 * 40);
            assert!(down <= dead + slack, "{name}: {down:?} down of {dead:?}");
        }
    });
}

// Invariant 16: books, outages and their numbers come back from any readable file.
#[test]
fn an_outage_survives_a_long_absence_and_is_not_counted_again() {
    for_each_seed(|seed| {
        let mut plan = random_plan(seed);
        plan.uplink.enabled = false;
        let mut world = World::with(seed, plan, Habits::default());
        world.set_all(Behaviour::Good);
        world.run(HOUR / 6, |_| {});
        world.set_all(Behaviour::Dead);
        world.run(HOUR / 4, |_| {});
        let before = world.scrape();
        let absence = Duration::from_secs(60 + 1800 * (seed % 5));
        world.restart_after(absence);
        world.run(HOUR / 4, |step| {
            let new = |event: &Event| matches!(event, Event::OutageStarted(_));
            assert!(!step.events.iter().any(new), "{:?}", step.events);
        });
        let after = world.scrape();
        for (before, after) in before
            .snapshot
            .networks
            .iter()
            .zip(&after.snapshot.networks)
        {
            assert_eq!((before.state, after.state), (State::Down, State::Down));
            let id = |view: &bascule::model::NetworkView| view.outage.as_ref().map(|o| o.id);
            assert_eq!(id(before), id(after));
            assert_eq!(before.books.outages, after.books.outages);
        }
        for (name, after) in &after.networks {
            let before = &before.networks[name];
            let time =
                |state: State| after.state_time[state as usize] - before.state_time[state as usize];
            assert!(
                time(State::Unknown) >= absence,
                "{name}: the gap is unknown"
            );
            assert!(time(State::Down) <= HOUR / 4, "{name}: the gap is not down");
        }
    });
}

/// What a reload does not touch stays as it is.
#[derive(Default)]
struct Untouched {
    before: Option<Arc<Snapshot>>,
}

impl Check for Untouched {
    fn see(&mut self, step: &Step<'_>) {
        let now = step.snapshot();
        if let (Deed::Reloaded { before: old }, Some(before)) = (&step.deed, &self.before) {
            let same = *old == step.plan;
            assert!(!same || step.events.is_empty(), "{:?}", step.events);
            for view in &now.networks {
                let plan = |of: &bascule::engine::Plan| {
                    let mut networks = of.networks.iter();
                    networks.find(|plan| plan.name == view.name).cloned()
                };
                let touched = plan(old) != plan(step.plan);
                let known = before.networks.iter().find(|known| known.name == view.name);
                let (false, Some(known)) = (touched, known) else {
                    continue;
                };
                let known = bascule::model::NetworkView {
                    books: view.books.clone(),
                    ..known.clone()
                };
                assert_eq!(*view, known, "at {:?}", step.now);
            }
            for view in &now.groups {
                let plan = |of: &bascule::engine::Plan| {
                    let mut groups = of.groups.iter();
                    let group = groups.find(|plan| plan.name == view.name).cloned();
                    let networks = of.networks.iter();
                    let networks = networks.filter(|n| {
                        group
                            .as_ref()
                            .is_some_and(|group| group.networks.contains(&n.name))
                    });
                    let networks: Vec<_> = networks.cloned().collect();
                    (group, networks)
                };
                let known = before.groups.iter().find(|known| known.name == view.name);
                if let (Some(known), true) = (known, plan(old) == plan(step.plan)) {
                    assert_eq!(view.active, known.active, "at {:?}", step.now);
                    assert_eq!(view.roles, known.roles, "at {:?}", step.now);
                }
            }
        }
        self.before = Some(now);
    }
}

// Invariant 18.
#[test]
fn a_reload_changes_nothing_about_what_it_does_not_touch() {
    in_every_history::<Untouched>();
}
