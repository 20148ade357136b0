//! Decisions: rounds in, states and events out. Pure: no clock, no I/O, no log, std only.
//!
//! Three levels, one file each: `endpoint` counts rounds, `network` weighs endpoints,
//! `group` chooses among networks. [`Engine::step`] is the only way in; the same inputs give
//! the same outputs, and no input can make it fail.

mod endpoint;
mod group;
mod input;
mod memory;
mod network;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{
    EndpointKey, Event, Families, GroupView, Moment, Name, NetworkBooks, NetworkView, Snapshot,
    State, Trouble,
};
use endpoint::Endpoint;
use group::Group;
use network::{Network, Tally};

pub use endpoint::MAX_BACKOFF;
pub use input::{Evidence, Input, Judged, Step, Sweep};
pub use memory::{EndpointMemory, GroupMemory, Memory, NetworkMemory, UplinkMemory};
pub use plan::{EndpointPlan, GroupPlan, NetworkPlan, Plan, Preempt, UplinkPlan, Window};

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
    networks: BTreeMap<Name, Watched>,
    groups: BTreeMap<Name, Group>,
    /// Changes whenever the snapshot may.
    revision: u64,
}

#[derive(Clone, Debug)]
struct Watched {
    network: Network,
    since: Moment,
    /// What explained the last trouble. Kept while hysteresis holds a network down of which no
    /// endpoint is down any more.
    trouble: Option<Trouble>,
    endpoints: Vec<Endpoint>,
}

impl Engine {
    /// An engine that knows nothing yet.
    #[must_use]
    pub fn new(plan: Plan, now: Moment) -> Self {
        let mut engine = Self {
            plan: Plan::default(),
            networks: BTreeMap::new(),
            groups: BTreeMap::new(),
            revision: 0,
        };
        engine.adopt(plan, now);
        engine
    }

    /// Results that came at the same moment, judged as one: the order among them does not matter.
    pub fn step(&mut self, batch: &[Input], now: Moment) -> Step {
        let mut events = Vec::new();
        let mut judged = Vec::new();
        self.expire(now, &mut events);
        for input in batch {
            let Input::Round(evidence) = input else {
                continue;
            };
            self.count(evidence, now, &mut events);
            judged.push(Judged {
                round: evidence.round,
                key: evidence.key.clone(),
                verdict: evidence.verdict.clone(),
                left_out: Families::NONE,
            });
        }
        judged.sort_by(|a, b| a.key.cmp(&b.key));
        events.sort_by(|a, b| match (a, b) {
            (Event::Endpoint { key: a, .. }, Event::Endpoint { key: b, .. }) => a.cmp(b),
            _ => std::cmp::Ordering::Equal,
        });
        self.judge(now, &mut events);
        Step { events, judged }
    }

    /// A round of an endpoint has started: until it ends, its network's time from now on may turn
    /// out to belong to another state.
    pub const fn started(&mut self, _key: &EndpointKey, _now: Moment) {}

    /// Readers are shown, or the memory is to keep, that all time until `now` is booked to the
    /// present states, as far as it is not held: nothing later takes that back.
    pub const fn show(&mut self, _now: Moment) {}

    /// Until when the time of each network can be booked, in the order of the plan. `None`: until
    /// any moment.
    pub fn holds(&self) -> impl Iterator<Item = Option<Moment>> {
        self.plan.networks.iter().map(|_| None)
    }

    /// Whether all canaries are to be asked now. True until a [`Sweep`] comes that started later.
    #[must_use]
    pub const fn wants_sweep(&self) -> bool {
        false
    }

    /// Everything that is to survive a restart.
    #[must_use]
    pub fn memory(&self, now: Moment) -> Memory {
        Memory {
            at: now,
            proven_time: Duration::ZERO,
            next_outage: 1,
            networks: Vec::new(),
            groups: Vec::new(),
            uplink: UplinkMemory {
                canaries_answered: Families::NONE,
                books: crate::model::UplinkBooks::new(now),
            },
        }
    }

    /// An engine that goes on where another process stopped. `fresh` says whether states, active
    /// networks and timers still mean anything; books, outages and their numbers always do.
    #[must_use]
    pub fn restore(plan: Plan, _memory: &Memory, _fresh: bool, now: Moment) -> Self {
        Self::new(plan, now)
    }

    /// Another configuration: what did not change keeps its memory, a changed endpoint starts
    /// again from `unknown`, what is gone is forgotten.
    pub fn reload(&mut self, plan: Plan, now: Moment) -> Vec<Event> {
        if plan == self.plan {
            return Vec::new();
        }
        self.adopt(plan, now);
        let mut events = Vec::new();
        self.judge(now, &mut events);
        events
    }

    /// When [`Engine::step`] must be called even if no round ends: the next evidence to grow stale.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.networks
            .values()
            .flat_map(|memory| &memory.endpoints)
            .filter_map(Endpoint::deadline)
            .min()
    }

    /// How often each endpoint is to be probed now.
    pub fn paces(&self) -> impl Iterator<Item = (&EndpointKey, Pace)> {
        self.each()
            .map(|(plan, endpoint)| (&plan.key, endpoint.pace()))
    }

    /// How often each endpoint of one network is to be probed now: what a round can change.
    pub fn paces_of(&self, network: &str) -> impl Iterator<Item = (&EndpointKey, Pace)> {
        let plan = self
            .plan
            .networks
            .iter()
            .find(|plan| &*plan.name == network);
        let endpoints = self.networks.get(network).map_or(&[][..], |m| &m.endpoints);
        let plans = plan.map_or(&[][..], |plan| &plan.endpoints);
        plans
            .iter()
            .zip(endpoints)
            .map(|(plan, endpoint)| (&plan.key, endpoint.pace()))
    }

    /// Changes whenever [`Engine::snapshot`] may have changed: most rounds confirm what is known,
    /// and a picture of a thousand endpoints need not be made again for each of them.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// One consistent picture of everything.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            networks: self
                .plan
                .networks
                .iter()
                .map(|plan| self.view(plan))
                .collect(),
            groups: self
                .plan
                .groups
                .iter()
                .map(|plan| self.group_view(plan))
                .collect(),
            uplink: Snapshot::default().uplink,
        }
    }

    fn adopt(&mut self, plan: Plan, now: Moment) {
        let mut known: BTreeMap<EndpointKey, (String, Endpoint)> = self
            .each()
            .map(|(plan, endpoint)| {
                let entry = (plan.fingerprint.clone(), endpoint.clone());
                (plan.key.clone(), entry)
            })
            .collect();
        let mut remembered = std::mem::take(&mut self.networks);
        for network in &plan.networks {
            let endpoints = network
                .endpoints
                .iter()
                .map(|plan| match known.remove(&plan.key) {
                    Some((fingerprint, endpoint)) if fingerprint == plan.fingerprint => endpoint,
                    _ => Endpoint::new(plan, now),
                })
                .collect();
            let memory = match remembered.remove(&network.name) {
                Some(memory) => Watched {
                    endpoints,
                    ..memory
                },
                None => Watched {
                    network: Network::default(),
                    since: now,
                    trouble: None,
                    endpoints,
                },
            };
            self.networks.insert(network.name.clone(), memory);
        }
        let mut groups = std::mem::take(&mut self.groups);
        for group in &plan.groups {
            let memory = groups.remove(&group.name).unwrap_or_default();
            self.groups.insert(group.name.clone(), memory);
        }
        self.plan = plan;
        self.revision += 1;
    }

    fn expire(&mut self, now: Moment, events: &mut Vec<Event>) {
        for plan in &self.plan.networks {
            let Some(memory) = self.networks.get_mut(&plan.name) else {
                continue;
            };
            for (plan, endpoint) in plan.endpoints.iter().zip(&mut memory.endpoints) {
                let from = endpoint.state();
                if endpoint.tick(now) {
                    self.revision += 1;
                    events.push(Event::Endpoint {
                        key: plan.key.clone(),
                        from,
                        to: endpoint.state(),
                        cause: endpoint.ours().cloned(),
                        since: now,
                    });
                }
            }
        }
    }

    fn count(&mut self, evidence: &Evidence, now: Moment, events: &mut Vec<Event>) {
        let found = self
            .plan
            .networks
            .iter()
            .find(|plan| plan.name == evidence.key.network);
        let Some(network) = found else { return };
        let Some(memory) = self.networks.get_mut(&network.name) else {
            return;
        };
        let mut pairs = network.endpoints.iter().zip(&mut memory.endpoints);
        let Some((plan, endpoint)) = pairs.find(|(plan, _)| plan.key == evidence.key) else {
            return;
        };
        let (from, shown) = (endpoint.state(), endpoint.shown());
        endpoint.round(plan, &evidence.verdict, evidence.retry_after, now);
        let to = endpoint.state();
        if endpoint.shown() != shown || endpoint.trouble().is_some() {
            self.revision += 1;
        }
        if from != to {
            events.push(Event::Endpoint {
                key: plan.key.clone(),
                from,
                to,
                cause: endpoint.trouble().cloned(),
                since: now,
            });
        }
    }

    /// Levels 2 and 3, after all endpoints have been counted.
    fn judge(&mut self, now: Moment, events: &mut Vec<Event>) {
        for plan in &self.plan.networks {
            let Some(memory) = self.networks.get_mut(&plan.name) else {
                continue;
            };
            let from = memory.network.judge(plan, memory.tally(plan));
            memory.explain(plan);
            let in_doubt = plan
                .endpoints
                .iter()
                .zip(&memory.endpoints)
                .any(|(plan, endpoint)| plan.weight > 0 && endpoint.in_doubt());
            for (plan, endpoint) in plan.endpoints.iter().zip(&mut memory.endpoints) {
                endpoint.set_pace(plan, in_doubt);
            }
            if let Some(from) = from {
                memory.since = now;
                self.revision += 1;
                events.push(Event::Network {
                    network: plan.name.clone(),
                    from,
                    to: memory.network.state(),
                    trouble: memory.trouble().cloned(),
                    since: now,
                });
            }
        }
        let networks = &self.networks;
        for plan in &self.plan.groups {
            let Some(group) = self.groups.get_mut(&plan.name) else {
                continue;
            };
            if let Some(switch) = group.choose(plan, |name| state_of(networks, name)) {
                self.revision += 1;
                events.push(Event::Group {
                    group: plan.name.clone(),
                    from: switch.from,
                    to: switch.to,
                    reason: switch.reason,
                });
            }
        }
    }

    fn view(&self, plan: &NetworkPlan) -> NetworkView {
        let memory = self.networks.get(&plan.name);
        let state = state_of(&self.networks, &plan.name);
        let trouble = memory.and_then(Watched::trouble).cloned();
        let endpoints = memory.map_or(&[][..], |memory| &memory.endpoints);
        NetworkView {
            name: plan.name.clone(),
            state,
            since: memory.map_or(Moment::ZERO, |memory| memory.since),
            confirmed: None,
            flapping: false,
            outage: None,
            books: NetworkBooks::new(Moment::ZERO),
            layer: trouble.as_ref().and_then(|trouble| trouble.cause.layer),
            trouble,
            spare_weight: memory.map_or(0, |memory| {
                memory.network.spare_weight(plan, memory.tally(plan))
            }),
            endpoints: plan
                .endpoints
                .iter()
                .zip(endpoints)
                .map(|(plan, endpoint)| endpoint.view(plan))
                .collect(),
        }
    }

    fn group_view(&self, plan: &GroupPlan) -> GroupView {
        let unstarted = Group::default();
        self.groups.get(&plan.name).unwrap_or(&unstarted).view(
            plan,
            |name| state_of(&self.networks, name),
            |name| self.plan.networks.iter().find(|plan| &*plan.name == name),
        )
    }

    fn each(&self) -> impl Iterator<Item = (&EndpointPlan, &Endpoint)> {
        self.plan.networks.iter().flat_map(|network| {
            let endpoints = self
                .networks
                .get(&network.name)
                .map_or(&[][..], |m| &m.endpoints);
            network.endpoints.iter().zip(endpoints)
        })
    }
}

impl Watched {
    fn tally(&self, plan: &NetworkPlan) -> Tally {
        let states = self.endpoints.iter().map(Endpoint::state);
        Tally::of(plan.endpoints.iter().zip(states))
    }

    /// What explains the state, where it is one of trouble.
    const fn trouble(&self) -> Option<&Trouble> {
        match self.network.state() {
            State::Down | State::Degraded => self.trouble.as_ref(),
            _ => None,
        }
    }

    fn explain(&mut self, plan: &NetworkPlan) {
        let state = self.network.state();
        let endpoints = plan.endpoints.iter().zip(&self.endpoints);
        let states = endpoints.map(|(plan, endpoint)| (plan, endpoint.state(), endpoint.trouble()));
        match network::trouble(state, states) {
            Some(trouble) => self.trouble = Some(trouble),
            None if state == State::Up => self.trouble = None,
            None => {}
        }
    }
}

fn state_of(networks: &BTreeMap<Name, Watched>, name: &str) -> State {
    networks
        .get(name)
        .map_or(State::Unknown, |memory| memory.network.state())
}
