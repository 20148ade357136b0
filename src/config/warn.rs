//! Things that are allowed and probably not meant.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::catalog::Catalog;
use super::endpoint::Endpoint;
use super::fault::{At, Fault};
use super::merge::Merged;
use super::network::Network;
use crate::engine::GroupPlan;

/// More often than this is impolite to hosts of other people.
const POLITE: Duration = Duration::from_secs(60);

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

/// Warns of groups that are no redundancy.
pub(crate) fn groups(groups: &[At<GroupPlan>], networks: &[Network]) -> Vec<Fault> {
    let mut warnings = Vec::new();
    for group in groups {
        let mut common: Option<BTreeSet<&str>> = None;
        for name in &group.value.networks {
            let network = networks.iter().find(|network| network.plan.name == *name);
            let Some(network) = network else { continue };
            let own: BTreeSet<&str> = match network.plan.failure_domains.as_slice() {
                [] => [&*network.plan.name].into(),
                domains => domains.iter().map(|domain| &**domain).collect(),
            };
            common = Some(match common {
                None => own,
                Some(common) => common.intersection(&own).copied().collect(),
            });
        }
        let name = &group.value.name;
        let shared = common.as_ref().and_then(|common| common.first());
        match (group.value.networks.len(), shared) {
            (1, _) => warnings.push(group.fault(format!(
                "the group `{name}` has one network: there is nothing to fall back to"
            ))),
            (2.., Some(domain)) => warnings.push(group.fault(format!(
                "all networks of the group `{name}` share the failure domain `{domain}`: they fall together"
            ))),
            _ => {}
        }
    }
    warnings
}
