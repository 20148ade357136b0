//! Things that are allowed and probably not meant.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::catalog::Catalog;
use super::endpoint::Endpoint;
use super::fault::{At, Fault};
use super::group::Judged;
use super::merge::Merged;
use super::network::Network;
use crate::model::Name;

/// More often than this is impolite to hosts of other people.
const POLITE: Duration = Duration::from_secs(60);

/// Networks that a sentence names.
const NAMED: usize = 3;

/// Warns of intervals below a minute for hosts of the catalog, once for each place where such
/// an interval was written.
pub(crate) fn intervals(networks: &[(Merged, Vec<At<Endpoint>>)], catalog: &Catalog) -> Vec<Fault> {
    let known = catalog.hosts();
    let mut hosts: BTreeMap<(usize, String), (Fault, BTreeSet<String>)> = BTreeMap::new();
    let all = networks.iter().flat_map(|(_, endpoints)| endpoints);
    for endpoint in all.filter(|at| at.value.common().enabled().value) {
        let interval = endpoint.value.probe().interval();
        let from_catalog = interval.place.file.starts_with("catalog/");
        let Some(host) = endpoint.value.host() else {
            continue;
        };
        if interval.value.0 < POLITE && !from_catalog && known.contains(&host) {
            let place = (interval.place.offset, interval.place.key.to_string());
            let fault = interval.fault(format!(
                "{} is impolite: its operator did not ask to be probed more than once a minute",
                interval.value
            ));
            let entry = hosts
                .entry(place)
                .or_insert_with(|| (fault, BTreeSet::new()));
            entry.1.insert(host);
        }
    }
    let sentence = |(mut fault, hosts): (Fault, BTreeSet<String>)| {
        let first = hosts.first().cloned().unwrap_or_default();
        let more = match hosts.len() - 1 {
            0 => first,
            1 => format!("{first} and 1 more host"),
            n => format!("{first} and {n} more hosts"),
        };
        fault.sentence = format!("{} ({more})", fault.sentence);
        fault
    };
    hosts.into_values().map(sentence).collect()
}

/// Warns of groups that are no redundancy, or lead nowhere.
pub(crate) fn groups(groups: &[At<Judged>], networks: &[Network]) -> Vec<Fault> {
    let warnings = groups
        .iter()
        .map(|group| [no_redundancy(group, networks), nowhere(group, networks)]);
    warnings.flatten().flatten().collect()
}

/// Networks that have no place for people, while one of which `/go/GROUP` has none either. Where
/// no network is usable it needs none: that is said in words.
fn nowhere(group: &At<Judged>, networks: &[Network]) -> Option<Fault> {
    let Judged { plan, settings, .. } = &group.value;
    let leads = |it: &Network| it.settings.profile.is_some() || it.settings.home.is_some();
    let without = |name: &&Name| {
        let found = networks.iter().find(|it| it.plan.name == **name);
        found.is_some_and(|it| it.plan.enabled && !leads(it))
    };
    let without: Vec<&Name> = plan.networks.iter().filter(without).collect();
    if settings.last_resort.is_some() || without.is_empty() {
        return None;
    }
    let shown = without.iter().take(NAMED).map(|name| format!("`{name}`"));
    let more = without.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!("{more} more"));
    let all: Vec<String> = shown.chain(more).collect();
    let (which, remedy) = match all.split_last() {
        Some((last, [])) => (last.clone(), "it"),
        Some((last, first)) => (format!("{} or {last}", first.join(", ")), "each"),
        None => return None,
    };
    let name = &plan.name;
    Some(group.fault(format!(
        "`/go/{name}` leads nowhere while {which} is active: give {remedy} a profile, or the group a \
         last_resort"
    )))
}

fn no_redundancy(group: &At<Judged>, networks: &[Network]) -> Option<Fault> {
    let plan = &group.value.plan;
    let (name, all) = (&plan.name, plan.networks.len());
    let of = |name: &Name| networks.iter().find(|network| network.plan.name == *name);
    let members: Vec<&Network> = plan.networks.iter().filter_map(of).collect();
    let choices: Vec<&&Network> = members.iter().filter(|it| it.plan.enabled).collect();
    let sentence = match (choices.len(), all) {
        (_, 0) => return None,
        (0, _) => format!(
            "every network of the group `{name}` has enabled = false: none can ever be active"
        ),
        (1, 1) => format!("the group `{name}` has one network: there is nothing to fall back to"),
        (1, _) => format!(
            "the group `{name}` has one network that is enabled: there is nothing to fall back to"
        ),
        _ => {
            let (first, others) = choices.split_first()?;
            dependent(name, first, others)?
        }
    };
    Some(group.fault(sentence))
}

/// Why whatever takes the first choice of a group takes the others too.
fn dependent(group: &Name, first: &Network, others: &[&&Network]) -> Option<String> {
    let falling = domains(first);
    let shared = |other: &&&Network| !domains(other).is_disjoint(&falling);
    if !others.iter().all(shared) {
        return None;
    }
    let common = |domain: &&str| others.iter().all(|it| domains(it).contains(domain));
    Some(match falling.iter().copied().find(|it| common(it)) {
        Some(domain) => format!(
            "all networks of the group `{group}` share the failure domain `{domain}`: they fall together"
        ),
        None => format!(
            "no other network of the group `{group}` is independent of its first choice `{}`: each shares a failure domain with it ({})",
            first.plan.name,
            falling.into_iter().collect::<Vec<_>>().join(", ")
        ),
    })
}

/// What falls together with a network: without failure domains, itself.
fn domains(network: &Network) -> BTreeSet<&str> {
    match network.plan.failure_domains.as_slice() {
        [] => [&*network.plan.name].into(),
        domains => domains.iter().map(|domain| &**domain).collect(),
    }
}
