//! A network as a whole: weights, quorum, hysteresis, failure domains, and what the engine has
//! to know of them.

use std::fmt::Write as _;
use std::time::Duration;

use super::NetworkSettings;
use super::decide::{self, Scale};
use super::endpoint::Endpoint;
use super::fault::{At, Fault, Place, printable};
use super::merge::{Merged, check_name};
use super::resolve::{check_profile, place_of};
use super::values::Span;
use crate::engine::{EndpointPlan, NetworkPlan};
use crate::model::{EndpointKey, Name};

/// Watching more seldom than this is too slow to decide anything.
const SLOWEST_WEIGHTED: Duration = Duration::from_secs(300);
/// Weights beyond this are a slip of the finger.
const HEAVIEST: u32 = 1000;

/// A network that was looked at.
pub(crate) struct Network {
    /// How it is judged.
    pub(crate) plan: NetworkPlan,
    /// What people should know of it.
    pub(crate) settings: NetworkSettings,
    /// What is allowed and probably not meant.
    pub(crate) warnings: Vec<Fault>,
}

/// Checks a network whose endpoints have all their defaults.
pub(crate) fn check(merged: &Merged, filled: &[At<Endpoint>], faults: &mut Vec<Fault>) -> Network {
    let name: Name = merged.name.as_str().into();
    let enabled: Vec<&At<Endpoint>> = filled
        .iter()
        .filter(|at| at.value.common().enabled().value)
        .collect();
    let mut endpoints = Vec::new();
    for at in &enabled {
        endpoints.extend(endpoint(merged, at, faults));
    }
    let total: u32 = endpoints.iter().map(|e| e.weight.min(HEAVIEST)).sum();
    let table = &merged.network;
    let quorum = table.quorum.as_ref().map_or(total / 2 + 1, |at| at.value);
    let hysteresis = table.hysteresis().value;
    let mut warnings = Vec::new();
    if endpoints.is_empty() {
        // Where they were lost to other faults, those say enough.
        let key = format!("{}.", merged.place.key);
        let told = |fault: &Fault| {
            fault
                .key
                .as_ref()
                .is_some_and(|k| format!("{k}.").starts_with(&key))
        };
        if !(merged.endpoints.is_empty() && faults.iter().any(told)) {
            faults.push(merged.place.fault("has no endpoint that is enabled"));
        }
    } else if total == 0 && !endpoints.iter().any(|e| e.required) {
        let sentence = "has endpoints of weight 0 only: nothing decides whether it is up";
        faults.push(merged.place.fault(sentence));
    } else if total > 0 {
        quorum_faults(merged, total, quorum, hysteresis, faults);
        let scale = Scale {
            total,
            quorum,
            hysteresis,
        };
        warnings.extend(decide::alone(merged, &enabled, &endpoints, &scale));
    }
    let domains = table.failure_domains.as_ref();
    let mut failure_domains: Vec<Name> = Vec::new();
    for at in domains.into_iter().flat_map(|list| &list.value) {
        faults.extend(check_name(&at.value, &at.place, "a failure domain"));
        if failure_domains.iter().any(|domain| **domain == *at.value) {
            let shown = printable(&at.value);
            faults.push(at.fault(format!("`{shown}` is there twice")));
        }
        failure_domains.push(at.value.as_str().into());
    }
    match check_profile(merged) {
        Some((fault, true)) => warnings.push(fault),
        Some((fault, false)) => faults.push(fault),
        None => {}
    }
    if let Some(at) = &table.title
        && (at.value.trim().is_empty() || printable(&at.value) != at.value)
    {
        faults.push(at.fault("must be a line of 1 to 80 visible characters"));
    }
    let title = table.title.as_ref().map(|at| at.value.clone());
    Network {
        plan: NetworkPlan {
            name: name.clone(),
            failure_domains,
            quorum,
            hysteresis,
            enabled: table.enabled().value,
            maintenance: Vec::new(),
            endpoints,
        },
        settings: NetworkSettings {
            title: title.unwrap_or_else(|| merged.name.clone()),
            name,
            profile: table.profile.as_ref().map(|at| at.value.clone()),
            home: merged.home.clone(),
            preset: merged.preset.clone(),
            maintenance: Vec::new(),
        },
        warnings,
    }
}

fn endpoint(merged: &Merged, at: &At<Endpoint>, faults: &mut Vec<Fault>) -> Option<EndpointPlan> {
    let (common, probe) = (at.value.common(), at.value.probe());
    let name = common.name.as_ref()?;
    let (weight, required) = (common.weight(), common.required());
    if weight.value > HEAVIEST {
        faults.push(weight.fault(format!("must be from 0 to {HEAVIEST}")));
    }
    if required.value && weight.value == 0 {
        let place: Place = match weight.place.is_default() {
            true => required.place.clone(),
            false => weight.place.clone(),
        };
        faults.push(place.fault("weight 0 means never counted, required means decisive: choose"));
    }
    for interval in [
        probe.interval(),
        probe.recheck_interval(),
        probe.down_interval(),
    ] {
        if weight.value == 0 || interval.value.0 <= SLOWEST_WEIGHTED {
            continue;
        }
        let slowest = Span(SLOWEST_WEIGHTED);
        faults.push(if interval.place.is_supplied() && !weight.place.is_supplied() {
            weight.fault(format!(
                "must be 0: the preset asks every {}, and over {slowest} is too slow to decide anything",
                interval.value
            ))
        } else {
            interval.fault(format!(
                "is over {slowest}, too slow to decide anything: give the endpoint weight = 0"
            ))
        });
    }
    Some(EndpointPlan {
        key: EndpointKey::new(&merged.name, &name.value.0),
        weight: weight.value,
        required: required.value,
        rise: probe.rise().value,
        fall: probe.fall().value,
        interval: probe.interval().value.0,
        recheck_interval: probe.recheck_interval().value.0,
        down_interval: probe.down_interval().value.0,
        timeout: probe.timeout().value.0,
        fingerprint: fingerprint(at),
    })
}

/// The kind and every key with its value, secrets masked: equal for endpoints that are the same.
fn fingerprint(at: &At<Endpoint>) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "[{}]", at.value.kind());
    at.value.lines(&mut text);
    text
}

fn quorum_faults(
    merged: &Merged,
    total: u32,
    quorum: u32,
    hysteresis: u32,
    faults: &mut Vec<Fault>,
) {
    let table = &merged.network;
    let quorum_place = place_of(merged, table.quorum.as_ref(), "quorum");
    let hysteresis_place = place_of(merged, table.hysteresis.as_ref(), "hysteresis");
    if quorum == 0 {
        faults.push(quorum_place.fault("must be at least 1"));
    } else if quorum > total {
        faults.push(quorum_place.fault(format!(
            "{quorum} can never be reached: all enabled endpoints together weigh {total}"
        )));
    } else if hysteresis >= quorum {
        faults.push(hysteresis_place.fault(format!(
            "{hysteresis} must be less than the quorum, which is {quorum}"
        )));
    } else if u64::from(quorum) + u64::from(hysteresis) > u64::from(total) {
        faults.push(hysteresis_place.fault(format!(
            "{hysteresis} on top of the quorum {quorum} can never be reached: all enabled endpoints together weigh {total}"
        )));
    }
}
