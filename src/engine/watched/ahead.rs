//! What is asked of a network at every step is looked at only when something has happened to it.

use std::time::Duration;

use super::super::doubt::Queue;
use super::super::endpoint::Endpoint;
use super::super::plan::NetworkPlan;
use super::{OUTAGE_MEMORY, Watched};
use crate::model::{Moment, State};

/// What is known in advance, until something happens.
#[derive(Clone, Debug, Default)]
pub(super) struct Ahead {
    /// When it must be looked at again.
    pub(super) deadline: Option<Moment>,
    /// Since when its time may turn out to belong to another state.
    pub(super) held: Option<Moment>,
    /// Some round waits for proof.
    waits: bool,
    /// Longer without a look, and nothing was seen.
    patience: Option<Duration>,
    /// What groups choose by.
    choice: (State, bool, bool, Option<Moment>, usize),
}

impl Watched {
    /// Since when its time may turn out to belong to another state.
    pub(in crate::engine) const fn held(&self) -> Option<Moment> {
        self.ahead.held
    }

    /// When it must be looked at again, if nothing happens before.
    pub(in crate::engine) const fn deadline(&self) -> Option<Moment> {
        self.ahead.deadline
    }

    /// Whether some round waits for proof.
    pub(in crate::engine) const fn waits(&self) -> bool {
        self.ahead.waits
    }

    /// Whether something has happened since it was last judged.
    pub(in crate::engine) const fn is_touched(&self) -> bool {
        self.touched
    }

    /// Something happens to it.
    pub(in crate::engine) const fn touch(&mut self) {
        self.touched = true;
        self.ahead.waits = true;
    }

    /// Whether time alone has done something to it.
    pub(in crate::engine) fn expire(&mut self, now: Moment) -> bool {
        let due = self.ahead.deadline.is_some_and(|at| at <= now);
        self.touched |= due;
        due
    }

    /// Whether so much time has passed without a look that nothing was seen in between.
    pub(in crate::engine) fn is_jump(&self, passed: Duration) -> bool {
        self.ahead
            .patience
            .is_some_and(|patience| passed > patience)
    }

    /// Looks anew since when its time is held.
    pub(in crate::engine) fn look_at_hold(&mut self, plan: &NetworkPlan) {
        self.ahead.held = self.held_since(plan);
    }

    /// Everything that happened has been judged: looks ahead. Returns whether groups may choose
    /// otherwise now.
    pub(in crate::engine) fn settle_down(&mut self, plan: &NetworkPlan, now: Moment) -> bool {
        let endpoints = plan.endpoints.iter().zip(&self.endpoints);
        let outage = self.ledger.outage.as_ref().map(|outage| outage.started);
        let choice = (
            self.state(),
            plan.enabled,
            self.is_good(plan),
            outage,
            self.recent.len(),
        );
        let ahead = Ahead {
            deadline: self.next_deadline(plan, now),
            held: self.held_since(plan),
            waits: self.queues.iter().any(Queue::waits),
            patience: endpoints
                .map(|(plan, endpoint)| endpoint.stale_after(plan))
                .min(),
            choice,
        };
        let before = std::mem::replace(&mut self.ahead, ahead);
        self.touched = false;
        before.choice != choice
    }

    fn next_deadline(&self, plan: &NetworkPlan, now: Moment) -> Option<Moment> {
        let endpoints = self.endpoints.iter().filter_map(Endpoint::deadline);
        let queues = self.queues.iter().filter_map(Queue::deadline);
        let windows = plan
            .maintenance
            .iter()
            .flat_map(|window| [window.from, window.until]);
        let forgotten = self.recent.iter().map(|at| *at + OUTAGE_MEMORY);
        let deadlines = endpoints.chain(queues).chain(windows).chain(forgotten);
        deadlines.filter(|at| *at > now).min()
    }
}
