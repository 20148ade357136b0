//! What a configuration promises and what it costs, computed and not measured: how long an
//! outage can go unnoticed, and how often each host is asked. `bascule check` prints it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{EndpointSettings, Settings};
use crate::engine::{EndpointPlan, NetworkPlan};
use crate::model::{Kind, Name};

/// The longest time from the first lost request to the confirmed outage, when all hosts of a
/// network are lost at once. Name servers are taken to answer on: those questions are lost only
/// where a network has no other endpoints that decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeToConfirm {
    /// Which network.
    pub network: Name,
    /// Its hosts refuse: rounds fail at once.
    pub refused: Duration,
    /// Its hosts are black holes: rounds fail when connecting (or asking) times out.
    pub black_holed: Duration,
    /// Its hosts accept and then say nothing: rounds fail when their whole time is up.
    pub stalled: Duration,
}

/// What a host has to bear in peace time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Which host.
    pub host: Name,
    /// Endpoints there.
    pub endpoints: usize,
    /// Rounds a day.
    pub rounds_per_day: u64,
    /// Connections a day at most, if every family has as many addresses as are tried.
    pub connections_per_day: u64,
}

/// How an outage looks from here.
#[derive(Clone, Copy)]
enum Loss {
    Refused,
    BlackHoled,
    Stalled,
}

impl Settings {
    /// The longest time to a confirmed outage, for each network in the order of the plan.
    #[must_use]
    pub fn time_to_confirm(&self) -> Vec<TimeToConfirm> {
        let bound = |network: &NetworkPlan| TimeToConfirm {
            network: network.name.clone(),
            refused: self.network_bound(network, Loss::Refused),
            black_holed: self.network_bound(network, Loss::BlackHoled),
            stalled: self.network_bound(network, Loss::Stalled),
        };
        self.plan.networks.iter().map(bound).collect()
    }

    /// What each host has to bear, the busiest first.
    #[must_use]
    pub fn load(&self) -> Vec<Load> {
        let mut hosts: BTreeMap<Name, Load> = BTreeMap::new();
        for (plan, endpoint) in self.pairs() {
            let rounds = 86_400_000 / plan.interval.as_millis().max(1);
            let rounds = u64::try_from(rounds).unwrap_or(u64::MAX);
            let target = &endpoint.target;
            let addresses = target.addresses_per_family * target.families.len();
            let load = hosts.entry(endpoint.host.clone()).or_insert_with(|| Load {
                host: endpoint.host.clone(),
                endpoints: 0,
                rounds_per_day: 0,
                connections_per_day: 0,
            });
            load.endpoints += 1;
            load.rounds_per_day += rounds;
            load.connections_per_day += rounds
                * match target.kind() {
                    Kind::Dns => target.resolvers.len() as u64,
                    _ => addresses as u64,
                };
        }
        let mut loads: Vec<Load> = hosts.into_values().collect();
        loads.sort_by_key(|load| std::cmp::Reverse(load.rounds_per_day));
        loads
    }

    fn pairs(&self) -> impl Iterator<Item = (&EndpointPlan, &EndpointSettings)> {
        let plans = self.plan.networks.iter().flat_map(|n| &n.endpoints);
        plans.filter_map(|plan| {
            let endpoint = self.endpoints.iter().find(|e| e.key == plan.key)?;
            Some((plan, endpoint))
        })
    }

    /// The network is down when the weight of the endpoints that are not confirmed as lost is
    /// too small, or a required one is confirmed. An endpoint notices by its own interval, or is
    /// re-checked at once because a faster one was in doubt.
    fn network_bound(&self, network: &NetworkPlan, loss: Loss) -> Duration {
        let weighted =
            |(plan, _): &(&EndpointPlan, _)| plan.key.network == network.name && plan.weight > 0;
        let weighted: Vec<_> = self.pairs().filter(weighted).collect();
        let needed = network.quorum.saturating_sub(network.hysteresis).max(1);
        let hosts: Vec<_> = weighted
            .iter()
            .copied()
            .filter(|(_, endpoint)| endpoint.target.kind() != Kind::Dns)
            .collect();
        let total: u32 = weighted.iter().map(|(plan, _)| plan.weight).sum();
        self.bound(&hosts, total, needed, loss)
            .or_else(|| self.bound(&weighted, total, needed, loss))
            .unwrap_or_default()
    }

    /// When the loss of just these endpoints is confirmed; `None` if it does not matter.
    fn bound(
        &self,
        lost: &[(&EndpointPlan, &EndpointSettings)],
        total: u32,
        needed: u32,
        loss: Loss,
    ) -> Option<Duration> {
        let first = |(plan, endpoint): &(&EndpointPlan, &EndpointSettings)| {
            stretched(plan.interval, endpoint.jitter) + self.failing_round(endpoint, loss)
        };
        let doubt = lost.iter().map(first).min()?;
        let mut confirmed: Vec<(Duration, &EndpointPlan)> = lost
            .iter()
            .map(|pair| {
                let (plan, endpoint) = *pair;
                let round = self.failing_round(endpoint, loss);
                let again = stretched(plan.recheck_interval, endpoint.jitter).max(round);
                let more = again * plan.fall.saturating_sub(1);
                (first(pair).min(doubt + round) + more, plan)
            })
            .collect();
        confirmed.sort_by_key(|(bound, _)| *bound);
        let mut left = total;
        for (bound, plan) in confirmed {
            left = left.saturating_sub(plan.weight);
            if plan.required || left < needed {
                return Some(bound);
            }
        }
        None
    }

    /// How long a failing round takes, the wait for its turn at the host included.
    fn failing_round(&self, endpoint: &EndpointSettings, loss: Loss) -> Duration {
        let limits = &endpoint.target.limits;
        let round = match loss {
            Loss::Refused => Duration::ZERO,
            Loss::BlackHoled if endpoint.target.kind() == Kind::Dns => limits.dns,
            Loss::BlackHoled => limits.connect,
            Loss::Stalled => limits.round,
        };
        let round = round.min(limits.round);
        let there = self.endpoints.iter().filter(|e| e.host == endpoint.host);
        let before = there.count().saturating_sub(1) / endpoint.per_host.max(1);
        round * u32::try_from(before + 1).unwrap_or(u32::MAX)
    }
}

fn stretched(interval: Duration, jitter: f64) -> Duration {
    interval.mul_f64(1.0 + jitter.clamp(0.0, 0.5))
}
