//! Decisions: rounds in, states and events out. Pure: no clock, no I/O, no log, std only.
//!
//! Four levels, a file each: `doubt` and `uplink` decide whether a failure is ours, `endpoint`
//! counts rounds, `network` weighs endpoints, `group` chooses among networks; `ledger` keeps the
//! books. [`Engine::step`] is the only way in; the same inputs give the same outputs, and no input
//! can make it fail. Every timer is data: [`Engine::next_deadline`] says when time alone will
//! change something.

mod doubt;
mod endpoint;
mod group;
mod input;
mod intake;
mod ledger;
mod memory;
mod network;
mod plan;
mod reload;
mod restore;
#[cfg(test)]
mod tests;
mod uplink;
mod view;
mod watched;
mod witnesses;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{EndpointKey, Event, Moment, Name, NetworkBooks, UplinkState};
use doubt::Queue;
use endpoint::Endpoint;
use group::{Candidate, Group};
use uplink::Uplink;
use watched::{Around, Watched};
use witnesses::Resolvers;

pub use endpoint::MAX_BACKOFF;
pub use input::{Evidence, Input, Judged, Step, Sweep};
pub use memory::{EndpointMemory, GroupMemory, Memory, NetworkMemory, UplinkMemory};
pub use plan::{EndpointPlan, GroupPlan, NetworkPlan, Plan, Preempt, UplinkPlan, Window};

/// What was heard of our own side is remembered for so long.
const WITNESS_MEMORY: Duration = Duration::from_secs(600);

/// How often an endpoint is to be probed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From start to start.
    pub interval: Duration,
    /// No round before this has passed since the last start: the network asked for it.
    pub backoff: Option<Duration>,
}

/// The single owner of all states.
#[derive(Clone, Debug)]
pub struct Engine {
    plan: Plan,
    /// In the order of the plan.
    networks: Vec<Watched>,
    /// The places of the networks by their names.
    places: BTreeMap<Name, usize>,
    /// In the order of the plan.
    groups: Vec<Group>,
    uplink: Uplink,
    resolvers: Resolvers,
    /// When time was last looked at.
    seen: Moment,
    /// How long the uplink has been proven, or not disproven, in all.
    proven: Duration,
    /// Since when the present states may begin: the end of the last freeze or gap.
    not_before: Moment,
    next_outage: u64,
    /// What of the uplink all networks were last judged for.
    judged_for: Option<(bool, Moment, Option<Moment>)>,
    /// No resolver answers, as readers are told.
    mute: bool,
    /// Changes whenever the snapshot may.
    revision: u64,
}

impl Engine {
    /// An engine that knows nothing yet.
    #[must_use]
    pub fn new(plan: Plan, now: Moment) -> Self {
        let mut engine = Self {
            uplink: Uplink::new(plan.uplink, now),
            resolvers: Resolvers::default(),
            plan: Plan::default(),
            networks: Vec::new(),
            places: BTreeMap::new(),
            groups: Vec::new(),
            seen: now,
            proven: Duration::ZERO,
            not_before: now,
            next_outage: 1,
            judged_for: None,
            mute: false,
            revision: 0,
        };
        let _ = engine.adopt(plan, now);
        engine
    }

    /// Outages are numbered from here on, unless their numbers are higher already.
    pub fn number_outages_from(&mut self, next: u64) {
        self.next_outage = next.max(self.next_outage);
    }

    /// Inputs that came at the same moment, judged as one: the order among them does not matter.
    pub fn step(&mut self, batch: &[Input], now: Moment) -> Step {
        let now = now.max(self.seen);
        let uplink_before = self.uplink.reading();
        let judgeable = !self.uplink.is_down();
        let mut endpoints = Vec::new();
        self.pass_time(now);
        self.expire(now, &mut endpoints);
        self.seen = now;
        let rounds = self.take(batch, now);
        let judged = self.settle(now, &mut endpoints);
        // A round that was asked to wait may need proof that nobody has asked for yet.
        if rounds == 0 && self.wants_uplink() {
            self.uplink.ask_again(now);
        }
        endpoints.sort_by(|a, b| match (a, b) {
            (Event::Endpoint { key: a, .. }, Event::Endpoint { key: b, .. }) => a.cmp(b),
            _ => std::cmp::Ordering::Equal,
        });
        let mut events = self.watch_uplink(uplink_before, now);
        events.append(&mut endpoints);
        self.judge(now, judgeable, false, &mut events);
        Step { events, judged }
    }

    /// A round of an endpoint has started: until it ends, its network's time from now on may turn
    /// out to belong to another state.
    pub fn started(&mut self, key: &EndpointKey, now: Moment) {
        if let Some(mut found) = self.find(key) {
            found.endpoint().started(now);
            found.watched.look_at_hold(found.plan);
        }
    }

    /// A round of an endpoint was lost: it will never end.
    pub fn lost(&mut self, key: &EndpointKey) {
        if let Some(mut found) = self.find(key) {
            found.endpoint().ended();
            found.watched.look_at_hold(found.plan);
        }
    }

    /// Readers are shown, or the memory is to keep, that all time until `now` is booked to the
    /// present states, as far as it is not held: nothing later takes that back.
    pub fn show(&mut self, now: Moment) {
        for watched in &mut self.networks {
            let held = watched.held();
            watched.ledger.book(held.map_or(now, |held| held.min(now)));
        }
        let judged = !self.uplink.is_down();
        for group in &mut self.groups {
            group.book(now, judged);
        }
        let states = self.uplink.reading();
        self.uplink.book(now, states);
    }

    /// Until when the time of each network can be booked, in the order of the plan. `None`: until
    /// any moment.
    pub fn holds(&self) -> impl Iterator<Item = Option<Moment>> {
        self.networks.iter().map(Watched::held)
    }

    /// The books of each network, in the order of the plan.
    pub fn books(&self) -> impl Iterator<Item = (&Name, &NetworkBooks)> {
        let networks = self.plan.networks.iter().zip(&self.networks);
        networks.map(|(plan, watched)| (&plan.name, &watched.ledger.books))
    }

    /// Whether all canaries are to be asked now. True until a [`Sweep`] comes that started later.
    #[must_use]
    pub fn wants_sweep(&self) -> bool {
        self.uplink.sweep_at().is_some_and(|at| at <= self.seen)
    }

    /// When time was last looked at.
    #[must_use]
    pub const fn seen(&self) -> Moment {
        self.seen
    }

    /// Whether nothing is judged for lack of uplink proof.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.uplink.is_down()
    }

    /// Whether the timers of the groups stand still: nothing is proven, or no resolver answers
    /// anybody, which is as good as no way out for all that has a name.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.uplink.is_down() || self.resolvers.are_mute()
    }

    /// Another configuration: what did not change keeps its memory, a changed endpoint starts
    /// again from `unknown`, what is gone is forgotten.
    pub fn reload(&mut self, plan: Plan, now: Moment) -> Vec<Event> {
        if plan == self.plan {
            return Vec::new();
        }
        let now = now.max(self.seen);
        let uplink_before = self.uplink.reading();
        let judgeable = !self.uplink.is_down();
        self.pass_time(now);
        let mut events = Vec::new();
        self.expire(now, &mut events);
        self.seen = now;
        // Time until now is judged by the old plan.
        self.judge(now, judgeable, false, &mut events);
        let ended = self.adopt(plan, now);
        events.extend(ended.into_iter().map(Event::OutageEnded));
        events.append(&mut self.watch_uplink(uplink_before, now));
        self.judge(now, judgeable, true, &mut events);
        events
    }

    /// When [`Engine::step`] must be called even if no round ends.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let networks = self.networks.iter().filter_map(Watched::deadline);
        let groups = self.groups.iter().filter_map(Group::deadline);
        let sweep = self.uplink.sweep_at().filter(|at| *at > self.seen);
        networks.chain(groups).chain(sweep).min()
    }

    /// How often each endpoint is to be probed now.
    pub fn paces(&self) -> impl Iterator<Item = (&EndpointKey, Pace)> {
        self.each()
            .map(|(plan, endpoint)| (&plan.key, endpoint.pace()))
    }

    /// How often each endpoint of one network is to be probed now: what a round can change.
    pub fn paces_of(&self, network: &str) -> impl Iterator<Item = (&EndpointKey, Pace)> {
        let place = self.places.get(network).copied().into_iter();
        let found = place.filter_map(|place| {
            let plan = self.plan.networks.get(place)?;
            Some(
                plan.endpoints
                    .iter()
                    .zip(&self.networks.get(place)?.endpoints),
            )
        });
        found
            .flatten()
            .map(|(plan, endpoint)| (&plan.key, endpoint.pace()))
    }

    /// Changes whenever [`Engine::snapshot`] may have changed by more than the passing of time:
    /// most rounds confirm what is known, and a picture of a thousand endpoints need not be made
    /// again for each of them.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Time goes on. Where it jumps, nothing was seen in between: nobody's time, no timer's either.
    fn pass_time(&mut self, now: Moment) {
        let passed = now.since(self.seen);
        let mut networks = self.networks.iter();
        if !networks.any(|watched| watched.is_jump(passed)) {
            if !self.is_waiting() {
                self.proven += passed;
            }
            return;
        }
        self.revision += 1;
        self.not_before = now;
        let (judged, states) = (!self.uplink.is_down(), self.uplink.reading());
        for group in &mut self.groups {
            group.book(self.seen, judged);
            group.book(now, false);
            group.thaw(self.proven);
        }
        self.uplink.book(self.seen, states);
        self.uplink.book(now, [UplinkState::Unknown; 3]);
        for watched in &mut self.networks {
            watched.interrupt(self.proven);
        }
    }

    fn expire(&mut self, now: Moment, events: &mut Vec<Event>) {
        for (plan, watched) in self.plan.networks.iter().zip(&mut self.networks) {
            if !watched.expire(now) {
                continue;
            }
            for (plan, endpoint) in plan.endpoints.iter().zip(&mut watched.endpoints) {
                let from = endpoint.state();
                if endpoint.tick(plan, self.seen, now) {
                    self.revision += 1;
                    events.push(Event::Endpoint {
                        key: plan.key.clone(),
                        from,
                        to: endpoint.state(),
                        cause: endpoint.ours().cloned(),
                        since: endpoint.turn().1,
                    });
                }
            }
        }
        self.resolvers.forget(now - WITNESS_MEMORY);
        self.uplink.forget(now - WITNESS_MEMORY);
    }

    /// Levels 2 and 3, after all endpoints have been counted: what something has happened to, or
    /// all of it.
    fn judge(&mut self, now: Moment, judgeable: bool, all: bool, events: &mut Vec<Event>) {
        let around = Around {
            now,
            proven: self.proven,
            frozen: self.uplink.is_down(),
            not_before: self.not_before,
            lost_since: self.uplink.lost_since(),
        };
        let mute = self.resolvers.are_mute();
        if mute != std::mem::replace(&mut self.mute, mute) {
            self.revision += 1;
        }
        // What the uplink has become concerns everybody.
        let all = all || self.judged_for != Some(around.circumstances());
        self.judged_for = Some(around.circumstances());
        let mut choices_changed = all;
        for (plan, watched) in self.plan.networks.iter().zip(&mut self.networks) {
            if !all && !watched.is_touched() {
                continue;
            }
            let flapping = watched.is_flapping();
            let mut changes = watched.judge(plan, around, &mut self.next_outage);
            if !changes.is_empty() || flapping != watched.is_flapping() {
                self.revision += 1;
            }
            events.append(&mut changes);
            choices_changed |= watched.settle_down(plan, now);
        }
        let moment = self.moment();
        for (plan, group) in self.plan.groups.iter().zip(&mut self.groups) {
            if !choices_changed && group.deadline().is_none_or(|at| at > now) {
                continue;
            }
            let known = (&self.plan, &self.networks[..], &self.places);
            let networks = candidates(known, &plan.networks, self.proven);
            if let Some(switch) = group.judge(plan, &networks, moment, judgeable) {
                events.push(Event::Group {
                    group: plan.name.clone(),
                    from: switch.from,
                    to: switch.to,
                    reason: switch.reason,
                });
            }
            group.look_ahead(plan, &networks, moment);
            let shown = Some(group.shown(plan, &networks, moment));
            if shown != group.last_shown {
                group.last_shown = shown;
                self.revision += 1;
            }
        }
    }

    fn moment(&self) -> group::Now {
        group::Now {
            moment: self.seen,
            proven: self.proven,
            frozen: self.uplink.is_down(),
        }
    }

    /// The networks of a group, in order of preference.
    fn candidates(&self, names: &[Name]) -> Vec<Candidate<'_>> {
        let known = (&self.plan, &self.networks[..], &self.places);
        candidates(known, names, self.proven)
    }

    fn find(&mut self, key: &EndpointKey) -> Option<Found<'_>> {
        let place = *self.places.get(&key.network)?;
        let plan = self.plan.networks.get(place)?;
        let watched = self.networks.get_mut(place)?;
        let place = plan.endpoints.iter().position(|plan| plan.key == *key)?;
        Some(Found {
            plan,
            watched,
            place,
        })
    }

    fn each(&self) -> impl Iterator<Item = (&EndpointPlan, &Endpoint)> {
        let networks = self.plan.networks.iter().zip(&self.networks);
        networks.flat_map(|(plan, watched)| plan.endpoints.iter().zip(&watched.endpoints))
    }
}

/// An endpoint, with the network it belongs to.
struct Found<'a> {
    plan: &'a NetworkPlan,
    watched: &'a mut Watched,
    place: usize,
}

impl Found<'_> {
    fn has_weight(&self) -> bool {
        self.plan.endpoints[self.place].weight > 0
    }

    fn endpoint(&mut self) -> &mut Endpoint {
        &mut self.watched.endpoints[self.place]
    }

    fn queue(&mut self) -> &mut Queue {
        &mut self.watched.queues[self.place]
    }
}

fn candidates<'a>(
    (plan, networks, places): (&'a Plan, &'a [Watched], &BTreeMap<Name, usize>),
    names: &[Name],
    proven: Duration,
) -> Vec<Candidate<'a>> {
    let known = names.iter().filter_map(|name| {
        let place = *places.get(name)?;
        let plan = plan.networks.get(place)?;
        Some(networks.get(place)?.candidate(plan, proven))
    });
    known.collect()
}
