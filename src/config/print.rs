//! The fully resolved configuration as TOML: every key with the value that is in force, secrets
//! masked. Loading it again gives the same configuration, and the same text.

use std::fmt::Write as _;

use super::decode::{Table as _, Value, quoted};
use super::endpoint::Endpoint;
use super::fault::At;
use super::file::{Global, Maintenance, Uplink, Web};
use super::group::Judged;
use super::lists::list;
use super::memory::Memory;
use super::merge::Merged;
use super::network::Network;
use super::notice::Notice;
use crate::model::Name;

/// What there is to print.
pub(crate) struct Resolved<'a> {
    /// The place this daemon looks from.
    pub(crate) vantage: &'a str,
    /// What survives a restart.
    pub(crate) memory: &'a Memory,
    /// `[web]`.
    pub(crate) web: &'a Web,
    /// `[probe]`.
    pub(crate) global: &'a Global,
    /// Networks as they were written, and their endpoints with all defaults.
    pub(crate) merged: &'a [(Merged, Vec<At<Endpoint>>)],
    /// Networks as they are judged, in the same order.
    pub(crate) networks: &'a [Network],
    /// `[[group]]`.
    pub(crate) groups: &'a [At<Judged>],
    /// `[uplink]`.
    pub(crate) uplink: &'a Uplink,
    /// `[[maintenance]]`.
    pub(crate) maintenance: &'a [At<Maintenance>],
    /// `[[notice]]`.
    pub(crate) notices: &'a [At<Notice>],
}

/// Prints it.
pub(crate) fn resolved(it: &Resolved<'_>) -> String {
    let mut out = format!("vantage = {}\n", quoted(it.vantage));
    // Only the environment can name a directory that no TOML can write.
    if let Some(directory) = it.memory.state_dir.as_ref().and_then(|it| it.to_str()) {
        directory.to_owned().lines("state_dir", &mut out);
    }
    it.memory.max_state_age.lines("max_state_age", &mut out);
    out.push_str("\n[web]\n");
    it.web.all_lines("", &mut out);
    out.push_str("\n[history]\n");
    it.memory.history.all_lines("", &mut out);
    out.push_str("\n[probe]\n");
    it.global.all_lines("", &mut out);
    for ((merged, endpoints), network) in it.merged.iter().zip(it.networks) {
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
    for group in it.groups {
        out.push_str("\n[[group]]\n");
        group.value.table.all_lines("", &mut out);
    }
    out.push_str("\n[uplink]\n");
    it.uplink.all_lines("", &mut out);
    for window in it.maintenance {
        out.push_str("\n[[maintenance]]\n");
        window.value.all_lines("", &mut out);
    }
    for notice in it.notices {
        out.push_str("\n[[notice]]\n");
        notice.value.all_lines("", &mut out);
    }
    out
}

/// The network's own keys. Those of `[probe]` stand at each endpoint.
fn head(merged: &Merged, network: &Network, out: &mut String) {
    let _ = writeln!(out, "\n[network.{}]", merged.name);
    if let Some(preset) = &merged.preset {
        let _ = writeln!(out, "preset = {}", quoted(preset));
    }
    let _ = writeln!(out, "enabled = {}", network.plan.enabled);
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
