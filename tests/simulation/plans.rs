//! Plans made from a seed, and random edits of them. Whatever comes out is valid.

use std::time::Duration;

use bascule::engine::{EndpointPlan, GroupPlan, NetworkPlan, Plan, Preempt, UplinkPlan, Window};
use bascule::model::{EndpointKey, Families, Moment, Name};
use fastrand::Rng;

const DOMAINS: [&str; 3] = ["d0", "d1", "d2"];

/// A plan without anything an operator does: one to four networks, one group, no canaries.
pub(crate) fn random_plan(seed: u64) -> Plan {
    let mut chance = Rng::with_seed(seed);
    let count = chance.usize(1..5);
    let networks: Vec<NetworkPlan> = (0..count)
        .map(|n| network(&format!("n{n}"), &mut chance))
        .collect();
    let names = networks.iter().map(|network| network.name.clone());
    let group = GroupPlan::new("g".into(), names.collect());
    Plan {
        networks,
        groups: vec![group],
        uplink: UplinkPlan::default(),
    }
}

/// A plan with all that an operator can do.
pub(crate) fn wild_plan(seed: u64, canaries: Families) -> Plan {
    let mut plan = random_plan(seed);
    let mut chance = Rng::with_seed(seed ^ 0x11ad);
    plan.uplink = UplinkPlan {
        enabled: chance.f64() < 0.85,
        canaries,
    };
    let names: Vec<Name> = plan.networks.iter().map(|n| n.name.clone()).collect();
    if chance.bool() {
        let mut some = names.clone();
        chance.shuffle(&mut some);
        some.truncate(chance.usize(1..=names.len()));
        plan.groups.push(GroupPlan::new("h".into(), some));
    }
    for group in &mut plan.groups {
        retime(group, &mut chance);
    }
    for _ in 0..chance.usize(0..3) {
        edit(&mut plan, Moment::ZERO, &mut chance);
    }
    plan
}

/// One change such as an operator makes, or none at all.
pub(crate) fn edit(plan: &mut Plan, now: Moment, chance: &mut Rng) {
    let which = chance.usize(0..plan.networks.len());
    match chance.u32(0..12) {
        0 => {}
        1 => {
            let network = &mut plan.networks[which];
            if network.endpoints.len() > 1 {
                network
                    .endpoints
                    .remove(chance.usize(0..network.endpoints.len()));
            }
        }
        2 => {
            let network = &mut plan.networks[which];
            let name = network.name.clone();
            let free = (0..)
                .map(|e| EndpointKey::new(&name, &format!("e{e}")))
                .find(|key| network.endpoints.iter().all(|known| known.key != *key));
            network
                .endpoints
                .extend(free.map(|key| endpoint(key, chance)));
        }
        3 => {
            let network = &mut plan.networks[which];
            let e = chance.usize(0..network.endpoints.len());
            let mut other = endpoint(network.endpoints[e].key.clone(), chance);
            other.fingerprint = chance.u32(..).to_string();
            network.endpoints[e] = other;
        }
        4 => plan.networks[which].quorum = chance.u32(1..6),
        5 => plan.networks[which].enabled ^= true,
        6 => {
            let from = now + Duration::from_secs(chance.u64(0..300));
            let until = from + Duration::from_secs(chance.u64(20..900));
            let windows = &mut plan.networks[which].maintenance;
            windows.retain(|window| window.until > now);
            windows.push(Window { from, until });
        }
        7 => remove(plan, which),
        8 => {
            let name: Name = (0..)
                .map(|n| Name::from(format!("n{n}")))
                .find(|name| plan.networks.iter().all(|known| known.name != *name))
                .expect("some name is free");
            plan.networks.push(network(&name, chance));
            let group = chance.usize(0..plan.groups.len());
            let names = &mut plan.groups[group].networks;
            names.insert(chance.usize(0..=names.len()), name);
        }
        9 => {
            let group = chance.usize(0..plan.groups.len());
            chance.shuffle(&mut plan.groups[group].networks);
        }
        10 => {
            let group = chance.usize(0..plan.groups.len());
            let group = &mut plan.groups[group];
            let pinned = group.networks[chance.usize(0..group.networks.len())].clone();
            let until = now + Duration::from_secs(chance.u64(10..1200));
            group.pin = match group.pin {
                Some(_) => None,
                None => Some((pinned, until)),
            };
        }
        _ => {
            let group = chance.usize(0..plan.groups.len());
            retime(&mut plan.groups[group], chance);
        }
    }
    plan.networks.iter_mut().for_each(mend);
}

pub(crate) fn network(name: &str, chance: &mut Rng) -> NetworkPlan {
    let count = chance.usize(1..6);
    let endpoints: Vec<EndpointPlan> = (0..count)
        .map(|e| endpoint(EndpointKey::new(name, &format!("e{e}")), chance))
        .collect();
    let mut network = NetworkPlan {
        name: name.into(),
        failure_domains: (0..chance.usize(0..3))
            .map(|_| DOMAINS[chance.usize(0..3)].into())
            .collect(),
        quorum: chance.u32(1..8),
        hysteresis: chance.u32(0..4),
        enabled: true,
        maintenance: Vec::new(),
        endpoints,
    };
    mend(&mut network);
    network
}

fn endpoint(key: EndpointKey, chance: &mut Rng) -> EndpointPlan {
    let seconds = Duration::from_secs;
    let weight = chance.u32(0..4);
    EndpointPlan {
        key,
        weight,
        required: weight > 0 && chance.f64() < 0.15,
        rise: chance.u32(1..4),
        fall: chance.u32(1..5),
        interval: seconds(chance.u64(20..121)),
        recheck_interval: seconds(chance.u64(3..15)),
        down_interval: seconds(chance.u64(10..20)),
        timeout: seconds(chance.u64(2..11)),
        fingerprint: String::new(),
    }
}

fn retime(group: &mut GroupPlan, chance: &mut Rng) {
    let seconds = Duration::from_secs;
    group.preempt = match chance.u32(0..6) {
        0 => Preempt::Never,
        1 => Preempt::Manual,
        _ => Preempt::Auto,
    };
    group.preempt_delay = seconds([10, 60, 300, 900][chance.usize(0..4)]);
    group.startup_grace = seconds(chance.u64(0..60));
    group.unknown_hold = seconds(chance.u64(10..200));
    group.failover_on_degraded = chance.f64() < 0.3;
}

fn remove(plan: &mut Plan, which: usize) {
    let name = plan.networks[which].name.clone();
    let needed = plan
        .groups
        .iter()
        .any(|group| *group.networks == [name.clone()]);
    if needed || plan.networks.len() == 1 {
        return;
    }
    plan.networks.remove(which);
    for group in &mut plan.groups {
        group.networks.retain(|known| *known != name);
        group.pin.take_if(|(pinned, _)| *pinned == name);
    }
}

/// Makes the numbers of a network fit each other: `1 <= quorum <= W`, `hysteresis < quorum`,
/// `quorum + hysteresis <= W`.
pub(crate) fn mend(network: &mut NetworkPlan) {
    if network
        .endpoints
        .iter()
        .all(|endpoint| endpoint.weight == 0)
    {
        network.endpoints[0].weight = 1;
    }
    let total: u32 = network.endpoints.iter().map(|e| e.weight).sum();
    network.quorum = network.quorum.clamp(1, total);
    let most = (network.quorum - 1).min(total - network.quorum);
    network.hysteresis = network.hysteresis.min(most);
}
