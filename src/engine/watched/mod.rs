//! One network with all that is remembered of it: its endpoints, its state, its books.

mod ahead;
mod good;

use std::time::Duration;

use super::doubt::Queue;
use super::endpoint::Endpoint;
use super::group::Candidate;
use super::ledger::{Change, Ledger, Loss};
use super::memory::NetworkMemory;
use super::network::{self, Network, Tally};
use super::plan::NetworkPlan;
use crate::model::{Cause, Event, Moment, Name, NetworkView, Reason, State, Trouble};
use ahead::Ahead;
use good::Good;

/// How long an outage lengthens the way back.
pub(super) const OUTAGE_MEMORY: Duration = Duration::from_secs(6 * 3600);

/// What happens around the networks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    pub(super) now: Moment,
    pub(super) proven: Duration,
    /// The uplink is not proven.
    pub(super) frozen: bool,
    /// Time before this one belongs to no state that begins now: nothing was proven or seen.
    pub(super) not_before: Moment,
    /// Since when nothing is proven.
    pub(super) lost_since: Option<Moment>,
}

#[derive(Clone, Debug)]
pub(super) struct Watched {
    network: Network,
    since: Moment,
    confirmed: Option<Moment>,
    /// What explained the last trouble. Kept while hysteresis holds a network down of which no
    /// endpoint is down any more.
    trouble: Option<Trouble>,
    pub(super) endpoints: Vec<Endpoint>,
    /// Rounds that wait for proof, one queue an endpoint.
    pub(super) queues: Vec<Queue>,
    pub(super) ledger: Ledger,
    good: Good,
    /// Unknown for want of proof, which breaks no stretch of good time.
    interrupted: bool,
    /// When the outages of the last six hours were confirmed.
    recent: Vec<Moment>,
    /// Something has happened to it since it was last judged.
    touched: bool,
    /// What is asked for at each step is looked at only when something has happened.
    ahead: Ahead,
}

impl Around {
    /// What of it concerns every network.
    pub(super) const fn circumstances(&self) -> (bool, Moment, Option<Moment>) {
        let lost_since = if self.frozen { self.lost_since } else { None };
        (self.frozen, self.not_before, lost_since)
    }
}

impl Watched {
    pub(super) fn new(endpoints: Vec<Endpoint>, now: Moment) -> Self {
        Self {
            network: Network::default(),
            since: now,
            confirmed: None,
            trouble: None,
            queues: vec![Queue::default(); endpoints.len()],
            endpoints,
            ledger: Ledger::new(now),
            good: Good::default(),
            interrupted: false,
            recent: Vec::new(),
            touched: true,
            ahead: Ahead::default(),
        }
    }

    /// A network of which nothing is known yet.
    pub(super) fn unknown(plan: &NetworkPlan, now: Moment) -> Self {
        let endpoints = plan.endpoints.iter().map(|plan| Endpoint::new(plan, now));
        Self::new(endpoints.collect(), now)
    }

    pub(super) fn with_endpoints(self, endpoints: Vec<Endpoint>, queues: Vec<Queue>) -> Self {
        Self {
            endpoints,
            queues,
            ..self
        }
    }

    pub(super) const fn state(&self) -> State {
        self.network.state()
    }

    /// What explains the state, where it is one of trouble.
    pub(super) const fn trouble(&self) -> Option<&Trouble> {
        match self.network.state() {
            State::Down | State::Degraded => self.trouble.as_ref(),
            _ => None,
        }
    }

    fn held_since(&self, plan: &NetworkPlan) -> Option<Moment> {
        let counted = plan
            .endpoints
            .iter()
            .zip(self.endpoints.iter().zip(&self.queues));
        counted
            .filter(|(plan, _)| plan.weight > 0)
            .flat_map(|(_, (endpoint, queue))| [endpoint.held_since(), queue.held_since()])
            .flatten()
            .min()
    }

    /// Judges the network anew, after its endpoints. `next_outage` is taken if one begins.
    pub(super) fn judge(
        &mut self,
        plan: &NetworkPlan,
        around: Around,
        next_outage: &mut u64,
    ) -> Vec<Event> {
        let from = self.network.state();
        let to = self.next(plan, around);
        let mut events = Vec::new();
        if from != to {
            let began = self.began(plan, to, around);
            self.network.enter(to);
            self.explain(plan);
            let loss = (to == State::Down).then(|| Loss {
                id: *next_outage,
                network: plan.name.clone(),
                trouble: self.loss(plan),
                last_good: self.last_good(plan, began),
            });
            let (since, change) = self.ledger.enter(to, began, around.now, loss);
            self.since = since;
            self.confirmed = Some(around.now);
            events.push(Event::Network {
                network: plan.name.clone(),
                from,
                to,
                trouble: self.trouble().cloned(),
                since,
            });
            match change {
                Change::Started(outage) => {
                    *next_outage = next_outage.saturating_add(1);
                    self.recent.push(around.now);
                    events.push(Event::OutageStarted(outage));
                }
                Change::Ended(outage) => events.push(Event::OutageEnded(outage)),
                Change::Nothing => {}
            }
        } else {
            self.explain(plan);
        }
        self.recent
            .retain(|at| around.now.since(*at) < OUTAGE_MEMORY);
        self.watch_good(plan, around);
        let in_doubt = plan
            .endpoints
            .iter()
            .zip(&self.endpoints)
            .any(|(plan, endpoint)| plan.weight > 0 && endpoint.in_doubt());
        for (plan, endpoint) in plan.endpoints.iter().zip(&mut self.endpoints) {
            endpoint.set_pace(plan, in_doubt);
        }
        events
    }

    fn next(&self, plan: &NetworkPlan, around: Around) -> State {
        if plan
            .maintenance
            .iter()
            .any(|window| window.holds(around.now))
        {
            State::Maintenance
        } else if around.frozen {
            State::Unknown
        } else {
            self.network
                .next(plan, self.tally(plan, |endpoint| endpoint.state()))
        }
    }

    fn tally(&self, plan: &NetworkPlan, state_of: impl Fn(&Endpoint) -> State) -> Tally {
        let states = self.endpoints.iter().map(state_of);
        Tally::of(plan.endpoints.iter().zip(states))
    }

    /// When the state that is confirmed now truly began: the endpoints take on their present
    /// states one by one, in the order in which they turned, and one of them makes the difference.
    fn began(&self, plan: &NetworkPlan, to: State, around: Around) -> Moment {
        let from = self.network.state();
        let windows = || plan.maintenance.iter();
        if to == State::Maintenance {
            let opened = windows().filter(|window| window.holds(around.now));
            return opened.map(|window| window.from).min().unwrap_or(around.now);
        }
        let closed = windows()
            .map(|window| window.until)
            .filter(|at| *at <= around.now);
        let not_before = match from {
            State::Maintenance => {
                let its_own = closed.filter(|at| *at > self.since);
                its_own.max().unwrap_or(around.now)
            }
            State::Unknown => around.not_before,
            _ => Moment::ZERO,
        };
        if around.frozen {
            return around.lost_since.unwrap_or(around.now).max(not_before);
        }
        let booked = self.ledger.books.booked_until;
        let counted = || {
            let pairs = plan.endpoints.iter().zip(&self.endpoints);
            pairs
                .filter(|(plan, _)| plan.weight > 0)
                .map(|(_, endpoint)| endpoint.turn().1)
        };
        let mut turns: Vec<Moment> = counted().map(|at| at.max(booked)).collect();
        turns.sort_unstable();
        turns.dedup();
        let made_the_difference = turns.iter().copied().find(|at| {
            let then = self.tally(plan, |endpoint| {
                let (state, since, before) = endpoint.turn();
                if since <= *at { state } else { before }
            });
            self.network.next(plan, then) == to
        });
        let began = made_the_difference.or_else(|| turns.last().copied());
        began.unwrap_or(around.now).max(not_before).min(around.now)
    }

    /// What an outage that begins now is explained with.
    fn loss(&self, plan: &NetworkPlan) -> Trouble {
        self.trouble.clone().unwrap_or_else(|| Trouble {
            endpoint: plan.name.clone(),
            cause: Cause::new(Reason::HttpStatus, ""),
        })
    }

    /// The last good round of the endpoints that are down: of the one that broke the quorum it
    /// is the youngest.
    fn last_good(&self, plan: &NetworkPlan, began: Moment) -> Option<Moment> {
        let down = plan
            .endpoints
            .iter()
            .zip(&self.endpoints)
            .filter(|(plan, endpoint)| plan.weight > 0 && endpoint.state() == State::Down);
        let good = down.filter_map(|(_, endpoint)| endpoint.last_good());
        good.filter(|at| *at <= began).max()
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

    /// Whether outages lengthen the way back.
    pub(super) const fn is_flapping(&self) -> bool {
        self.recent.len() > 1
    }

    /// What groups have to know of it.
    pub(super) fn candidate<'a>(
        &'a self,
        plan: &'a NetworkPlan,
        proven: Duration,
    ) -> Candidate<'a> {
        let present = self.good.since.map(|since| proven.saturating_sub(since));
        Candidate {
            name: &plan.name,
            state: self.state(),
            disabled: !plan.enabled || self.state() == State::Maintenance,
            good: self.is_good(plan),
            good_for: self.good.before + present.unwrap_or_default(),
            recent_outages: &self.recent,
            outage_started: self.ledger.outage.as_ref().map(|outage| outage.started),
            failure_domains: &plan.failure_domains,
        }
    }

    pub(super) fn view(&self, plan: &NetworkPlan) -> NetworkView {
        let trouble = self.trouble().cloned();
        let tally = self.tally(plan, |endpoint| endpoint.state());
        NetworkView {
            name: plan.name.clone(),
            state: self.state(),
            since: self.since,
            confirmed: self.confirmed,
            layer: trouble.as_ref().and_then(|trouble| trouble.cause.layer),
            trouble,
            spare_weight: self.network.spare_weight(plan, tally),
            flapping: self.is_flapping(),
            outage: self.ledger.outage.clone(),
            books: self.ledger.books.clone(),
            endpoints: plan
                .endpoints
                .iter()
                .zip(&self.endpoints)
                .map(|(plan, endpoint)| endpoint.view(plan))
                .collect(),
        }
    }

    pub(super) fn memory(&self, plan: &NetworkPlan, proven: Duration) -> NetworkMemory {
        let endpoints = plan.endpoints.iter().zip(&self.endpoints);
        let present = self.good.since.map(|since| proven.saturating_sub(since));
        let good_for = self.good.before + present.unwrap_or_default();
        let was_good = self.good.since.is_some() || !self.good.before.is_zero();
        NetworkMemory {
            name: plan.name.clone(),
            state: self.state(),
            since: self.since,
            confirmed: self.confirmed,
            last_known: self.network.last_known(),
            trouble: self
                .trouble
                .clone()
                .map(|trouble| (trouble.endpoint, trouble.cause)),
            outage: self.ledger.outage.clone(),
            recent_outages: self.recent.clone(),
            good_since: was_good.then(|| proven.saturating_sub(good_for)),
            books: self.ledger.books.clone(),
            held: self.held_since(plan),
            endpoints: endpoints
                .map(|(plan, endpoint)| endpoint.memory(plan))
                .collect(),
        }
    }

    /// A network that is remembered: unknown since the memory was written.
    pub(super) fn restore(
        plan: &NetworkPlan,
        memory: &NetworkMemory,
        proven: Duration,
        (seen, fresh): (Moment, bool),
    ) -> Self {
        let endpoints = plan.endpoints.iter().map(|plan| {
            let known = memory.endpoints.iter().find(|known| {
                fresh
                    && known.endpoint == plan.key.endpoint
                    && known.fingerprint == plan.fingerprint
            });
            known.map_or_else(
                || Endpoint::new(plan, seen),
                |known| Endpoint::restore(plan, known, seen),
            )
        });
        let mut watched = Self::new(endpoints.collect(), seen);
        watched.ledger.books = memory.books.clone();
        watched.ledger.outage = memory.outage.clone();
        let seen = memory.held.map_or(seen, |held| held.min(seen));
        watched.ledger.interrupt(seen);
        watched.recent = memory.recent_outages.clone();
        watched.since = watched.ledger.books.booked_until;
        if fresh {
            watched.network = Network::remembered(memory.last_known);
            watched.confirmed = memory.confirmed;
            let named = |(endpoint, cause): (Name, Cause)| Trouble { endpoint, cause };
            watched.trouble = memory.trouble.clone().map(named);
            watched.interrupted = true;
            if let Some(since) = memory.good_since {
                watched.good.before = proven.saturating_sub(since);
            }
        }
        watched
    }
}
