//! Level 3: which network a group should use now, and what is left to fall back to.
//!
//! The active network is the first usable one in order of preference.

use super::plan::{GroupPlan, NetworkPlan};
use crate::model::{Activation, GroupBooks, GroupView, Moment, Name, Role, State};

/// The memory of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    active: Option<Name>,
    /// Some network has been active since the start.
    started: bool,
}

/// A change of the active network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Switch {
    pub(super) from: Option<Name>,
    pub(super) to: Option<Name>,
    pub(super) reason: Activation,
}

impl Group {
    /// Chooses the active network anew.
    pub(super) fn choose(
        &mut self,
        plan: &GroupPlan,
        state_of: impl Fn(&str) -> State,
    ) -> Option<Switch> {
        let chosen = plan
            .networks
            .iter()
            .find(|name| state_of(name).is_usable())
            .cloned();
        if chosen == self.active {
            return None;
        }
        let preference = |name: &Name| plan.networks.iter().position(|n| n == name);
        let reason = match (&self.active, &chosen) {
            (None, _) if !self.started => Activation::Startup,
            (None, _) => Activation::Recovery,
            // A reload took the active one out of the group: nobody failed.
            (Some(old), _) if preference(old).is_none() => Activation::Manual,
            (Some(_), None) => Activation::Failover,
            (Some(old), Some(new)) if preference(new) < preference(old) => Activation::Failback,
            (Some(_), Some(_)) => Activation::Failover,
        };
        self.started = true;
        let from = std::mem::replace(&mut self.active, chosen);
        Some(Switch {
            from,
            to: self.active.clone(),
            reason,
        })
    }

    pub(super) fn view<'a>(
        &self,
        plan: &GroupPlan,
        state_of: impl Fn(&str) -> State,
        plan_of: impl Fn(&str) -> Option<&'a NetworkPlan>,
    ) -> GroupView {
        let roles: Vec<(Name, Role)> = plan
            .networks
            .iter()
            .map(|name| {
                let role = match state_of(name) {
                    _ if self.active.as_ref() == Some(name) => Role::Active,
                    State::Up | State::Degraded => Role::Standby,
                    State::Down => Role::Failed,
                    State::Unknown => Role::Unknown,
                    State::Maintenance => Role::Disabled,
                };
                (name.clone(), role)
            })
            .collect();
        let standbys: Vec<&Name> = roles
            .iter()
            .filter(|(_, role)| *role == Role::Standby)
            .map(|(name, _)| name)
            .collect();
        GroupView {
            name: plan.name.clone(),
            active: self.active.clone(),
            standbys: u32::try_from(standbys.len()).unwrap_or(u32::MAX),
            standby_domains: independent(self.active.as_ref(), &standbys, plan_of),
            roles,
            frozen: false,
            failback_due: None,
            pinned: None,
            books: GroupBooks::new(&plan.networks, Moment::ZERO),
        }
    }
}

/// How many of the standbys can be taken, in order of preference, so that none shares a failure
/// domain with the active network or with one already taken.
fn independent<'a>(
    active: Option<&Name>,
    standbys: &[&Name],
    plan_of: impl Fn(&str) -> Option<&'a NetworkPlan>,
) -> u32 {
    let domains_of = |name: &Name| -> Vec<Name> {
        match plan_of(name) {
            Some(plan) if !plan.failure_domains.is_empty() => plan.failure_domains.clone(),
            _ => vec![name.clone()],
        }
    };
    let mut taken: Vec<Name> = active.map(domains_of).unwrap_or_default();
    let mut count = 0;
    for name in standbys {
        let domains = domains_of(name);
        if domains.iter().all(|domain| !taken.contains(domain)) {
            taken.extend(domains);
            count += 1;
        }
    }
    count
}
