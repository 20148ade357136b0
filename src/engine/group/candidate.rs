//! What a group knows of its networks, and how long each has still to wait to be failed back to.

use std::time::Duration;

use super::super::plan::GroupPlan;
use super::super::watched::OUTAGE_MEMORY;
use crate::model::{Moment, Name, State};

/// Longest that outages can lengthen the way back.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);

/// What a group has to know of one of its networks.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Candidate<'a> {
    pub(in crate::engine) name: &'a Name,
    pub(in crate::engine) state: State,
    /// Taken out by the operator: disabled, or in maintenance.
    pub(in crate::engine) disabled: bool,
    /// Up, or degraded by what does not matter for the choice.
    pub(in crate::engine) good: bool,
    /// How long it has been good without a break, by the proven time.
    pub(in crate::engine) good_for: Duration,
    /// When its outages of the last six hours were confirmed, the oldest first.
    pub(in crate::engine) recent_outages: &'a [Moment],
    /// Start of the outage that runs.
    pub(in crate::engine) outage_started: Option<Moment>,
    pub(in crate::engine) failure_domains: &'a [Name],
}

/// What all groups have to know of the moment.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Now {
    pub(in crate::engine) moment: Moment,
    pub(in crate::engine) proven: Duration,
    /// The uplink is not proven.
    pub(in crate::engine) frozen: bool,
}

impl Candidate<'_> {
    pub(in crate::engine) fn is_usable(&self) -> bool {
        self.state.is_usable() && !self.disabled
    }

    pub(in crate::engine) fn is_good(&self) -> bool {
        self.good && !self.disabled
    }

    /// How much longer than `good_for` it has to stay good before it is failed back to. Outages
    /// lengthen the wait; while it lasts the oldest of them may be forgotten.
    pub(in crate::engine) fn wait(&self, plan: &GroupPlan, now: Now) -> Duration {
        let count = u32::try_from(self.recent_outages.len()).unwrap_or(u32::MAX);
        let longest = plan.preempt_delay.max(LONGEST_DELAY);
        let delay = |outages: u32| {
            let delay = plan.preempt_delay.saturating_mul(outages.max(1));
            delay.min(longest)
        };
        let ends = self.recent_outages.iter().map(|at| *at + OUTAGE_MEMORY);
        let forgotten = ends.map(|at| at.since(now.moment));
        let stages = [Duration::ZERO].into_iter().chain(forgotten);
        let waits = stages.zip(0..).map(|(earliest, gone)| {
            let left = delay(count.saturating_sub(gone)).saturating_sub(self.good_for);
            left.max(earliest)
        });
        waits.min().unwrap_or_default()
    }
}

/// The network that the group is held to by hand, while that is usable.
pub(super) fn pinned(plan: &GroupPlan, networks: &[Candidate<'_>], now: Now) -> Option<Name> {
    let (name, until) = plan.pin.as_ref()?;
    let usable = networks.iter().any(|c| c.name == name && c.is_usable());
    (usable && now.moment < *until).then(|| name.clone())
}

/// After the active network is lost: the first that is up, else the first that is degraded.
pub(super) fn replacement(networks: &[Candidate<'_>]) -> Option<Name> {
    let good = networks.iter().find(|c| c.is_good());
    let usable = || networks.iter().find(|c| c.is_usable());
    good.or_else(usable).map(|c| c.name.clone())
}
