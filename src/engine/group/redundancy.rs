//! Roles, and what is left to fall back to: what readers are shown of a group.

use std::time::Duration;

use super::super::plan::{GroupPlan, Preempt};
use super::Group;
use super::candidate::{Candidate, Now, pinned};
use crate::model::{GroupView, Moment, Name, Role, State};

/// What readers are shown of a group besides the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Shown {
    active: Option<Name>,
    roles: Vec<Role>,
    standby_domains: u32,
    exhaustions: u64,
    frozen: bool,
    failback: Option<(Name, Moment)>,
    pinned: Option<Name>,
}

impl Group {
    /// Counts what could take over.
    pub(in crate::engine) fn count_standbys(
        &mut self,
        plan: &GroupPlan,
        networks: &[Candidate<'_>],
    ) {
        let standbys: Vec<&Candidate<'_>> = networks
            .iter()
            .filter(|c| matches!(self.role(plan, c, networks), Role::Standby | Role::Held))
            .collect();
        let active = networks
            .iter()
            .find(|c| Some(c.name) == self.active.as_ref());
        self.standbys = u32::try_from(standbys.len()).unwrap_or(u32::MAX);
        self.standby_domains = independent(active, &standbys);
    }

    pub(in crate::engine) fn role(
        &self,
        plan: &GroupPlan,
        candidate: &Candidate<'_>,
        networks: &[Candidate<'_>],
    ) -> Role {
        if self.active.as_ref() == Some(candidate.name) {
            return Role::Active;
        }
        if candidate.disabled {
            return Role::Disabled;
        }
        match candidate.state {
            State::Up | State::Degraded if self.is_held(plan, candidate, networks) => Role::Held,
            State::Up | State::Degraded => Role::Standby,
            State::Down => Role::Failed,
            State::Unknown => Role::Unknown,
            State::Maintenance => Role::Disabled,
        }
    }

    /// Up, preferred to the active one, and waiting.
    pub(in crate::engine) fn is_held(
        &self,
        plan: &GroupPlan,
        candidate: &Candidate<'_>,
        networks: &[Candidate<'_>],
    ) -> bool {
        let place = |name: &Name| networks.iter().position(|c| c.name == name);
        let preferred = self
            .active
            .as_ref()
            .is_some_and(|active| place(candidate.name) < place(active));
        preferred && candidate.good && plan.preempt != Preempt::Never
    }

    /// The failback that is due next, and in how much time.
    pub(in crate::engine) fn failback(
        &self,
        plan: &GroupPlan,
        networks: &[Candidate<'_>],
        now: Now,
    ) -> Option<(Name, Duration)> {
        if plan.preempt != Preempt::Auto || now.frozen {
            return None;
        }
        let pinned_for = pinned(plan, networks, now)
            .and(plan.pin.as_ref())
            .map(|(_, until)| until.since(now.moment));
        let held = networks
            .iter()
            .filter(|c| c.is_good() && self.is_held(plan, c, networks));
        held.map(|c| {
            let wait = c.wait(plan, now).max(pinned_for.unwrap_or_default());
            (c.name.clone(), wait)
        })
        .min_by_key(|(_, wait)| *wait)
    }

    pub(in crate::engine) fn view(
        &self,
        plan: &GroupPlan,
        networks: &[Candidate<'_>],
        now: Now,
    ) -> GroupView {
        let roles = networks
            .iter()
            .map(|c| (c.name.clone(), self.role(plan, c, networks)));
        let failback = self.failback(plan, networks, now);
        let pinned = pinned(plan, networks, now).and_then(|_| plan.pin.clone());
        GroupView {
            name: plan.name.clone(),
            active: self.active.clone(),
            roles: roles.collect(),
            standbys: self.standbys,
            standby_domains: self.standby_domains,
            frozen: now.frozen,
            failback_due: failback.map(|(name, wait)| (name, now.moment + wait)),
            pinned,
            books: self.books.clone(),
        }
    }

    /// What readers are shown of it besides the books.
    pub(in crate::engine) fn shown(
        &self,
        plan: &GroupPlan,
        networks: &[Candidate<'_>],
        now: Now,
    ) -> Shown {
        let roles = networks.iter().map(|c| self.role(plan, c, networks));
        let failback = self.failback(plan, networks, now);
        Shown {
            active: self.active.clone(),
            roles: roles.collect(),
            standby_domains: self.standby_domains,
            exhaustions: self.books.exhaustions,
            frozen: now.frozen,
            failback: failback.map(|(name, wait)| (name, now.moment + wait)),
            pinned: pinned(plan, networks, now),
        }
    }
}

/// How many of the standbys can be taken, in order of preference, so that none shares a failure
/// domain with the active network or with one already taken.
fn independent(active: Option<&Candidate<'_>>, standbys: &[&Candidate<'_>]) -> u32 {
    let domains_of = |network: &Candidate<'_>| -> Vec<Name> {
        if network.failure_domains.is_empty() {
            vec![network.name.clone()]
        } else {
            network.failure_domains.to_vec()
        }
    };
    let mut taken: Vec<Name> = active.map(domains_of).unwrap_or_default();
    let mut count = 0;
    for network in standbys {
        let domains = domains_of(network);
        if domains.iter().all(|domain| !taken.contains(domain)) {
            taken.extend(domains);
            count += 1;
        }
    }
    count
}
