//! How long a network has been good without a break: what a failback waits for.

use std::time::Duration;

use super::super::endpoint::Endpoint;
use super::super::plan::NetworkPlan;
use super::{Around, Watched};
use crate::model::{Moment, Reason, State};

/// A stretch of good time, by the proven time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Good {
    /// What was good before the present stretch, without a break in between.
    pub(super) before: Duration,
    /// Start of the present stretch.
    pub(super) since: Option<Duration>,
}

impl Watched {
    /// Keeps the time for which it has been good without a break. What is unknown for want of
    /// proof neither adds to it nor breaks it.
    pub(super) fn watch_good(&mut self, plan: &NetworkPlan, around: Around) {
        let good = self.is_good(plan);
        match self.network.state() {
            State::Unknown if around.frozen || self.interrupted => {
                self.interrupted = true;
                self.pause_good(around.proven);
            }
            _ if good => {
                // What was learned before the interruption may yet grow old, which breaks nothing.
                self.interrupted &= !self.is_refreshed(plan, around.not_before);
                self.good.since.get_or_insert(around.proven);
            }
            _ => {
                self.interrupted = false;
                self.good = Good::default();
            }
        }
    }

    /// Whether all that counts has been heard of since a moment.
    pub(super) fn is_refreshed(&self, plan: &NetworkPlan, since: Moment) -> bool {
        let mut counted = plan.endpoints.iter().zip(&self.endpoints);
        counted.all(|(plan, endpoint)| plan.weight == 0 || endpoint.heard() >= Some(since))
    }

    pub(super) fn pause_good(&mut self, proven: Duration) {
        if let Some(since) = self.good.since.take() {
            self.good.before += proven.saturating_sub(since);
        }
    }

    /// Nothing was seen until now: what becomes unknown by that breaks no stretch of good time.
    pub(in crate::engine) fn interrupt(&mut self, proven: Duration) {
        self.pause_good(proven);
        self.interrupted = true;
    }

    /// Up, or degraded by nothing that matters for the choice.
    pub(super) fn is_good(&self, plan: &NetworkPlan) -> bool {
        let harmless = |endpoint: &Endpoint| match endpoint.state() {
            State::Down => false,
            State::Degraded => endpoint.trouble().is_some_and(|cause| {
                matches!(cause.reason, Reason::TlsExpiring | Reason::PartialAddresses)
            }),
            _ => true,
        };
        match self.network.state() {
            State::Up => true,
            State::Degraded => plan
                .endpoints
                .iter()
                .zip(&self.endpoints)
                .all(|(plan, endpoint)| plan.weight == 0 || harmless(endpoint)),
            _ => false,
        }
    }
}
