//! The fully resolved configuration as TOML: every key with the value that is in force, secrets
//! masked. Loading it again gives the same configuration, and the same text.

use std::fmt::Write as _;

use super::decode::{Table as _, Value, quoted};
use super::endpoint::Endpoint;
use super::fault::At;
use super::file::{Global, Web};
use super::lists::list;
use super::merge::Merged;
use super::network::Network;
use crate::engine::GroupPlan;
use crate::model::Name;

/// Prints it.
pub(crate) fn resolved(
    vantage: &str,
    web: &Web,
    global: &Global,
    merged: &[(Merged, Vec<At<Endpoint>>)],
    networks: &[Network],
    groups: &[At<GroupPlan>],
) -> String {
    let mut out = format!("vantage = {}\n\n[web]\n", quoted(vantage));
    web.all_lines("", &mut out);
    out.push_str("\n[probe]\n");
    global.all_lines("", &mut out);
    for ((merged, endpoints), network) in merged.iter().zip(networks) {
        head(merged, network, &mut out);
        for at in endpoints {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "\n[[network.{}.{}]]", merged.name, at.value.kind());
            if at.value.common().enabled().value {
                at.value.lines(&mut out);
            } else {
                disabled(&at.value, &mut out);
            }
        }
    }
    for group in groups {
        let names = names(&group.value.networks);
        let name = quoted(&group.value.name);
        let _ = writeln!(out, "\n[[group]]\nname = {name}\nnetworks = {names}");
    }
    out
}

/// The network's own keys. Those of `[probe]` stand at each endpoint.
fn head(merged: &Merged, network: &Network, out: &mut String) {
    let _ = writeln!(out, "\n[network.{}]", merged.name);
    if let Some(preset) = &merged.preset {
        let _ = writeln!(out, "preset = {}", quoted(preset));
    }
    let _ = writeln!(out, "title = {}", quoted(&network.settings.title));
    if let Some(profile) = &network.settings.profile {
        let _ = writeln!(out, "profile = {}", quoted(profile));
    }
    if let Some(instances) = &merged.network.instances {
        instances.value.lines("instances", out);
    }
    let domains = names(&network.plan.failure_domains);
    let _ = writeln!(out, "failure_domains = {domains}");
    let _ = writeln!(out, "quorum = {}", network.plan.quorum);
    let _ = writeln!(out, "hysteresis = {}", network.plan.hysteresis);
}

/// What has to be said of an endpoint that is off: enough to keep it off.
fn disabled(endpoint: &Endpoint, out: &mut String) {
    if let Some(name) = &endpoint.common().name {
        name.value.lines("name", out);
    }
    out.push_str("enabled = false\n");
    if let (key, Some(subject)) = endpoint.subject() {
        subject.value.lines(key, out);
    }
}

fn names(names: &[Name]) -> String {
    list("", names.iter().map(|name| name.to_string())).inline()
}
