//! From what the file says to what it means: defaults, references, cross checks. Everything is
//! checked before anything is given up, so that all faults are reported together.

use std::sync::Arc;

use regex::Regex;

use super::catalog::Catalog;
use super::compile::Context;
use super::decode::Table as _;
use super::endpoint::Endpoint;
use super::fault::{At, Fault, Place, printable};
use super::file::{File, Probe};
use super::group::{Surroundings, groups, not_a_place_for_people};
use super::maintenance::{windows, windows_of};
use super::memory::Memory;
use super::merge::{Merged, merge};
use super::network::{self, Network};
use super::notice::notices;
use super::print;
use super::secret::Environment;
use super::uplink::uplink;
use super::warn;
use super::web::web;
use super::webhook::webhooks;
use super::{EndpointSettings, Settings};
use crate::engine::Plan;
use crate::model::{EndpointKey, Name};
use crate::probe::target::{Target, What};

/// What a file means, or what is wrong with it.
pub(crate) struct Resolved {
    /// `None` if there are faults.
    pub(crate) settings: Option<Settings>,
    /// The fully resolved configuration as TOML.
    pub(crate) text: String,
    /// Everything wrong.
    pub(crate) faults: Vec<Fault>,
}

/// Resolves a file; `name` is what faults call it.
pub(crate) fn resolve(
    name: &str,
    mut file: File,
    catalog: &Catalog,
    environment: &Environment,
) -> Resolved {
    let mut context = Context::new(environment);
    let mut faults = Vec::new();
    let merged = merge(&mut file, catalog, &mut faults);

    let vantage = vantage(&file, environment, &mut faults);
    let mut warnings = Vec::new();
    let (web, web_settings) = web(&file, environment, &mut faults, &mut warnings);
    let memory = Memory::of(&file, environment, &mut faults);
    let mut global = super::file::Global::defaults();
    if let Some(at) = file.probe.take() {
        global.merge_table(at.value);
    }
    let mut shown = global.clone();
    settle(&mut shown.probe);
    context.probe(&shown.probe);
    context.at_least_one(&global.max_in_flight(), 100_000);

    let mut networks = Vec::new();
    let mut endpoints = Vec::new();
    let mut written = Vec::new();
    for network in merged {
        let mut probe = global.probe.clone();
        probe.merge_table(network.network.probe.clone());
        let filled = fill(&network, &probe);
        endpoints.extend(compile(&network, &filled, &mut context));
        networks.push(network::check(&network, &filled, &mut faults));
        written.push((network, filled));
    }
    warnings.extend(warn::intervals(&written, catalog));
    warnings.extend(networks.iter().flat_map(|n| n.warnings.iter().cloned()));
    let around = Surroundings {
        file: name,
        networks: &networks,
        catalog: catalog.names().collect(),
        now: environment.now,
    };
    let groups = groups(&mut file, &around, &mut faults, &mut warnings);
    warnings.extend(warn::groups(&groups, &networks));
    let windows = windows(&file, &around, &mut faults, &mut warnings);
    for network in &mut networks {
        network.settings.maintenance = windows_of(&network.plan.name, &windows);
    }
    let notices = notices(&file, environment.now, &mut faults, &mut warnings);
    let (uplink, uplink_settings) = uplink(&file, &mut faults, &mut warnings);

    let (webhook_tables, webhooks) = webhooks(&file, &global, &mut context);
    let roots = context.roots(&[global.probe.ca_file.as_ref()]);
    let text = print::resolved(&print::Resolved {
        vantage: &vantage,
        memory: &memory,
        web: &web,
        global: &shown,
        merged: &written,
        networks: &networks,
        groups: &groups,
        uplink: &uplink,
        maintenance: file
            .maintenance
            .as_ref()
            .map_or(&[][..], |list| &list.value),
        webhooks: &webhook_tables,
        notices: file.notice.as_ref().map_or(&[][..], |list| &list.value),
    });
    faults.append(&mut context.faults);
    warnings.append(&mut context.warnings);

    let (plans, facts): (Vec<_>, Vec<_>) = networks
        .into_iter()
        .map(|network: Network| (network.plan, network.settings))
        .unzip();
    let (group_plans, group_facts) = groups
        .into_iter()
        .map(|group| (group.value.plan, group.value.settings))
        .unzip();
    let settings = roots.filter(|_| faults.is_empty()).map(|roots| Settings {
        vantage,
        history: memory.history_settings(),
        names_state_dir: memory.names_state_dir,
        state_dir: memory.state_dir,
        max_state_age: memory.max_state_age.0,
        web: web_settings,
        plan: Plan {
            networks: plans,
            groups: group_plans,
            uplink: uplink_settings.plan(),
        },
        uplink: uplink_settings,
        endpoints,
        networks: facts,
        groups: group_facts,
        webhooks,
        notices,
        max_in_flight: global.max_in_flight().value as usize,
        roots,
        warnings,
    });
    Resolved {
        settings,
        text,
        faults,
    }
}

/// Gives every endpoint of a network its defaults.
fn fill(network: &Merged, probe: &Probe) -> Vec<At<Endpoint>> {
    let fill = |at: &At<Endpoint>| {
        let mut value = at.value.clone().filled(probe);
        settle(value.probe_mut());
        At {
            value,
            place: at.place.clone(),
        }
    };
    network.endpoints.iter().map(fill).collect()
}

/// Shortens what the user did not write so that it fits into what the user did write: with
/// `interval = "2s"` nobody has to say that the re-check interval is not 5 s.
pub(crate) fn settle(probe: &mut Probe) {
    let (interval, timeout) = (probe.interval(), probe.timeout());
    for (field, limit) in [
        (&mut probe.recheck_interval, &interval),
        (&mut probe.down_interval, &interval),
        (&mut probe.dns_timeout, &timeout),
        (&mut probe.connect_timeout, &timeout),
        (&mut probe.tls_timeout, &timeout),
        (&mut probe.response_timeout, &timeout),
        (&mut probe.slow_after, &timeout),
    ] {
        if let Some(at) = field
            && at.place.is_supplied()
            && at.place.file != limit.place.file
        {
            at.value.0 = at.value.0.min(limit.value.0);
        }
    }
}

/// Compiles the enabled endpoints of a network.
fn compile(
    network: &Merged,
    filled: &[At<Endpoint>],
    context: &mut Context<'_>,
) -> Vec<EndpointSettings> {
    let mut compiled = Vec::new();
    for at in filled {
        let common = at.value.common();
        let (Some(name), true) = (&common.name, common.enabled().value) else {
            continue;
        };
        let key = EndpointKey::new(&network.name, &name.value.0);
        if let Some(target) = context.target(&at.value, &at.place, Some(key.clone())) {
            compiled.push(settings_of(key, target, at.value.probe()));
        }
    }
    compiled
}

/// What a scheduler and a prober need to know of an endpoint.
pub(crate) fn settings_of(key: EndpointKey, target: Target, probe: &Probe) -> EndpointSettings {
    EndpointSettings {
        key,
        host: host_of(&target),
        target: Arc::new(target),
        per_host: probe.per_host().value as usize,
        jitter: probe.jitter().value,
    }
}

/// The host that rounds are counted against. Questions to name servers do not burden the host
/// they ask about, so they are counted apart, as `dns:NAME`.
fn host_of(target: &Target) -> Name {
    let host = match &target.what {
        What::Http(http) => http.url.host_str().unwrap_or_default().to_owned(),
        What::Tls(tls) => tls.host.host.clone(),
        What::Tcp(to) => to.host.clone(),
        What::Dns(dns) => format!("dns:{}", dns.name),
    };
    let host = host.to_ascii_lowercase();
    host.trim_start_matches('[')
        .trim_end_matches([']', '.'])
        .into()
}

fn vantage(file: &File, environment: &Environment, faults: &mut Vec<Fault>) -> String {
    let Some(at) = &file.vantage else {
        return environment.host_name.clone();
    };
    let long = at.value.chars().count() > 64;
    if at.value.trim().is_empty() || long || printable(&at.value) != at.value {
        faults.push(at.fault("must be a line of 1 to 64 visible characters"));
    }
    at.value.clone()
}

/// What is wrong with a profile, and whether it only looks odd.
pub(crate) fn check_profile(network: &Merged) -> Option<(Fault, bool)> {
    let at = network.network.profile.as_ref()?;
    if let Some(fault) = not_a_place_for_people(at) {
        return Some((fault, false));
    }
    let pattern = Regex::new(&network.profile_pattern.as_ref()?.0).ok()?;
    if pattern.is_match(&at.value) {
        return None;
    }
    let preset = network.preset.as_deref().unwrap_or_default();
    let sentence = format!("does not look like a profile on {preset}");
    Some((at.fault(sentence), true))
}

/// The place of a key of a network: where it was written, or else where the network was.
pub(crate) fn place_of<T>(network: &Merged, at: Option<&At<T>>, key: &str) -> Place {
    match at {
        Some(at) if at.place.file == network.place.file => at.place.clone(),
        _ => network.place.below(key),
    }
}
