//! What a configuration promises and what it costs, computed and not measured: how long an
//! outage can go unnoticed, and how often each host is asked. `bascule check` prints it.

use std::collections::{BTreeMap, HashMap};
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

/// An endpoint as the engine and as the prober see it.
type Pair<'a> = (&'a EndpointPlan, &'a EndpointSettings);

impl Settings {
    /// The longest time to a confirmed outage, for each network in the order of the plan.
    #[must_use]
    pub fn time_to_confirm(&self) -> Vec<TimeToConfirm> {
        let mut sharing: HashMap<&str, usize> = HashMap::new();
        for endpoint in &self.endpoints {
            *sharing.entry(&*endpoint.host).or_default() += 1;
        }
        let bound = |(network, pairs): (&NetworkPlan, Vec<Pair<'_>>)| {
            let bound = |loss| network_bound(network, &pairs, loss, &sharing);
            TimeToConfirm {
                network: network.name.clone(),
                refused: bound(Loss::Refused),
                black_holed: bound(Loss::BlackHoled),
                stalled: bound(Loss::Stalled),
            }
        };
        self.pairs().into_iter().map(bound).collect()
    }

    /// What each host has to bear, the busiest first.
    #[must_use]
    pub fn load(&self) -> Vec<Load> {
        let mut hosts: BTreeMap<Name, Load> = BTreeMap::new();
        for (plan, endpoint) in self.pairs().into_iter().flat_map(|(_, pairs)| pairs) {
            let rounds = 86_400_000 / plan.interval.as_millis().max(1);
            let rounds = u64::try_from(rounds).unwrap_or(u64::MAX);
            let target = &endpoint.target;
            let each = match target.kind() {
                Kind::Dns => target.resolvers.len(),
                _ => target.addresses_per_family * target.families.len(),
            };
            let load = hosts.entry(endpoint.host.clone()).or_insert_with(|| Load {
                host: endpoint.host.clone(),
                endpoints: 0,
                rounds_per_day: 0,
                connections_per_day: 0,
            });
            load.endpoints += 1;
            load.rounds_per_day += rounds;
            load.connections_per_day += rounds * each as u64;
        }
        let mut loads: Vec<Load> = hosts.into_values().collect();
        loads.sort_by_key(|load| std::cmp::Reverse(load.rounds_per_day));
        loads
    }

    /// The endpoints of each network. Both lists have the same order.
    fn pairs(&self) -> Vec<(&NetworkPlan, Vec<Pair<'_>>)> {
        let mut endpoints = self.endpoints.iter();
        self.plan
            .networks
            .iter()
            .map(|network| {
                let settings = endpoints.by_ref().take(network.endpoints.len());
                (network, network.endpoints.iter().zip(settings).collect())
            })
            .collect()
    }
}

/// The network is down when the weight of the endpoints that are not confirmed as lost is too
/// small, or a required one is confirmed.
fn network_bound(
    network: &NetworkPlan,
    pairs: &[Pair<'_>],
    loss: Loss,
    sharing: &HashMap<&str, usize>,
) -> Duration {
    let needed = network.quorum.saturating_sub(network.hysteresis).max(1);
    let weighted: Vec<Pair<'_>> = pairs
        .iter()
        .copied()
        .filter(|(plan, _)| plan.weight > 0)
        .collect();
    let hosts: Vec<Pair<'_>> = weighted
        .iter()
        .copied()
        .filter(|(_, endpoint)| endpoint.target.kind() != Kind::Dns)
        .collect();
    let total: u32 = weighted.iter().map(|(plan, _)| plan.weight).sum();
    bound(&hosts, total, needed, loss, sharing)
        .or_else(|| bound(&weighted, total, needed, loss, sharing))
        .unwrap_or_default()
}

/// When the loss of just these endpoints is confirmed; `None` if it does not matter. An endpoint
/// notices by its own interval, or is re-checked at once because a faster one was in doubt.
fn bound(
    lost: &[Pair<'_>],
    total: u32,
    needed: u32,
    loss: Loss,
    sharing: &HashMap<&str, usize>,
) -> Option<Duration> {
    let round = |endpoint: &EndpointSettings| failing_round(endpoint, loss, sharing);
    let first =
        |(plan, endpoint): &Pair<'_>| stretched(plan.interval, endpoint.jitter) + round(endpoint);
    let doubt = lost.iter().map(first).min()?;
    let mut confirmed: Vec<(Duration, &EndpointPlan)> = lost
        .iter()
        .map(|pair| {
            let (plan, endpoint) = *pair;
            let round = round(endpoint);
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
fn failing_round(
    endpoint: &EndpointSettings,
    loss: Loss,
    sharing: &HashMap<&str, usize>,
) -> Duration {
    let limits = &endpoint.target.limits;
    let round = match loss {
        Loss::Refused => Duration::ZERO,
        Loss::BlackHoled if endpoint.target.kind() == Kind::Dns => limits.dns,
        Loss::BlackHoled => limits.connect,
        Loss::Stalled => limits.round,
    };
    let there = sharing.get(&*endpoint.host).copied().unwrap_or(1);
    let before = there.saturating_sub(1) / endpoint.per_host.max(1);
    round.min(limits.round) * u32::try_from(before + 1).unwrap_or(u32::MAX)
}

fn stretched(interval: Duration, jitter: f64) -> Duration {
    interval.mul_f64(1.0 + jitter.clamp(0.0, 0.5))
}
