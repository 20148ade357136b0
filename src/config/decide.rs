//! Warnings of networks whose state hangs on a single endpoint, though several are watched and none
//! is said to be required. Presets have been thought about and are left alone; a network of one
//! endpoint has no other choice, which `bascule check` says where it tells of the network.

use super::endpoint::Endpoint;
use super::fault::{At, Fault};
use super::merge::Merged;
use super::resolve::place_of;
use crate::engine::EndpointPlan;
use crate::model::Kind;

/// Weights, and what is asked of them.
pub(crate) struct Scale {
    /// Of all enabled endpoints.
    pub(crate) total: u32,
    pub(crate) quorum: u32,
    pub(crate) hysteresis: u32,
}

impl Scale {
    /// The weight at which the network stays up.
    fn stays(&self) -> u32 {
        self.quorum.saturating_sub(self.hysteresis).max(1)
    }

    /// Whether the rest is too little without so much.
    fn falls_without(&self, weight: u32) -> bool {
        self.total.saturating_sub(weight) < self.stays()
    }
}

/// What a single endpoint decides.
pub(crate) fn alone(
    merged: &Merged,
    enabled: &[&At<Endpoint>],
    endpoints: &[EndpointPlan],
    scale: &Scale,
) -> Option<Fault> {
    let written = merged.network.quorum.as_ref();
    let is_own = written.is_none_or(|at| at.place.file == merged.place.file);
    let weighted: Vec<&EndpointPlan> = endpoints.iter().filter(|it| it.weight > 0).collect();
    if !is_own || weighted.len() < 2 {
        return None;
    }
    let sentence = takes_down(&weighted, scale).or_else(|| holds_up(enabled, &weighted, scale))?;
    Some(place_of(merged, written, "quorum").fault(sentence))
}

/// False alarms: one fault is an outage.
fn takes_down(weighted: &[&EndpointPlan], scale: &Scale) -> Option<String> {
    let Scale { total, quorum, .. } = scale;
    let takes = |it: &&&EndpointPlan| !it.required && scale.falls_without(it.weight);
    let alone: Vec<&&EndpointPlan> = weighted.iter().filter(takes).collect();
    let first = alone.first()?;
    let name = &first.key.endpoint;
    let which = match alone.len() {
        1 if first.weight >= quorum.saturating_add(scale.hysteresis) => {
            let weight = first.weight;
            return Some(format!(
                "`{name}` alone decides whether the network is up: it weighs {weight} of {total}, \
                 and the quorum is {quorum}"
            ));
        }
        1 => format!("`{name}` alone takes"),
        n => format!("any one of {n} endpoints (`{name}`, ...) takes"),
    };
    Some(format!(
        "losing {which} the network down: the quorum is {quorum} of {total}"
    ))
}

/// Missed outages: a name that resolves says nothing of the service behind it.
fn holds_up(
    enabled: &[&At<Endpoint>],
    weighted: &[&EndpointPlan],
    scale: &Scale,
) -> Option<String> {
    let is_name = |plan: &EndpointPlan| {
        enabled.iter().any(|at| {
            let name = at.value.common().name.as_ref();
            let is_it = name.is_some_and(|name| *name.value.0 == *plan.key.endpoint);
            is_it && at.value.kind() == Kind::Dns
        })
    };
    let (names, services): (Vec<&EndpointPlan>, Vec<&EndpointPlan>) =
        weighted.iter().copied().partition(|it| is_name(it));
    if services.is_empty() || services.iter().any(|it| it.required) {
        return None;
    }
    let name = names.iter().find(|it| it.weight >= scale.stays())?;
    Some(format!(
        "the name `{}` alone holds the network up while everything else fails: the quorum is {} of \
         {}; give it weight = 0, or another endpoint required = true",
        name.key.endpoint, scale.quorum, scale.total
    ))
}
