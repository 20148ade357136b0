//! `/api/v1/networks`: every network with its endpoints.

use std::time::Duration;

use serde::Serialize;

use super::{Head, Shown};
use crate::model::{EndpointView, Layer, NetworkView, Outage, State};
use crate::report::json::seconds;

/// The document.
pub(in crate::web) fn document(shown: Shown<'_>) -> Result<Vec<u8>, String> {
    let networks = shown.picture.snapshot.networks.iter().enumerate();
    super::text(&Document {
        head: shown.head(),
        networks: networks
            .map(|(index, it)| Full::new(shown, index, it))
            .collect(),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    networks: Vec<Full<'a>>,
}

#[derive(Serialize)]
struct Full<'a> {
    #[serde(flatten)]
    network: Network<'a>,
    state_seconds: StateSeconds,
    endpoints: Vec<Endpoint<'a>>,
}

impl<'a> Full<'a> {
    fn new(shown: Shown<'a>, index: usize, view: &'a NetworkView) -> Self {
        let endpoints = view.endpoints.iter();
        Self {
            network: Network::new(shown, view),
            state_seconds: StateSeconds::new(shown.picture.state_time(index, view)),
            endpoints: endpoints.map(|it| Endpoint::new(shown, it)).collect(),
        }
    }
}

/// A network without its endpoints.
#[derive(Serialize)]
pub(super) struct Network<'a> {
    name: &'a str,
    title: &'a str,
    state: &'static str,
    since: String,
    confirmed: Option<String>,
    layer: Option<&'static str>,
    reason: Option<&'static str>,
    detail: Option<&'a str>,
    endpoint: Option<&'a str>,
    spare_weight: u32,
    flapping: bool,
    roles: Vec<RoleInGroup<'a>>,
    outage: Option<OutageNow<'a>>,
}

impl<'a> Network<'a> {
    pub(super) fn new(shown: Shown<'a>, view: &'a NetworkView) -> Self {
        let trouble = view.trouble.as_ref();
        let outage = view.outage.as_ref();
        let groups = shown.picture.snapshot.groups.iter();
        let roles = groups.filter_map(|group| {
            let (_, role) = group.roles.iter().find(|(name, _)| *name == view.name)?;
            Some(RoleInGroup {
                group: &group.name,
                role: role.as_str(),
            })
        });
        Self {
            name: &view.name,
            title: shown.facts.title(&view.name),
            state: view.state.as_str(),
            since: shown.time(view.since),
            confirmed: view.confirmed.map(|at| shown.time(at)),
            layer: view.layer.map(Layer::as_str),
            reason: trouble.map(|it| it.cause.reason.as_str()),
            detail: trouble.and_then(|it| shown.detail(&it.cause)),
            endpoint: trouble.map(|it| &*it.endpoint),
            spare_weight: view.spare_weight,
            flapping: view.flapping,
            roles: roles.collect(),
            outage: outage.map(|it| OutageNow::new(shown, it)),
        }
    }
}

#[derive(Serialize)]
struct RoleInGroup<'a> {
    group: &'a str,
    role: &'static str,
}

#[derive(Serialize)]
struct OutageNow<'a> {
    id: u64,
    state: &'static str,
    started: String,
    confirmed: String,
    duration_seconds: f64,
    layer: Option<&'static str>,
    reason: &'static str,
    endpoint: &'a str,
}

impl<'a> OutageNow<'a> {
    fn new(shown: Shown<'_>, outage: &'a Outage) -> Self {
        Self {
            id: outage.id,
            state: super::history::state_of(outage),
            started: shown.time(outage.started),
            confirmed: shown.time(outage.confirmed),
            duration_seconds: seconds(outage.duration(shown.picture.now)),
            layer: outage.cause.layer.map(Layer::as_str),
            reason: outage.cause.reason.as_str(),
            endpoint: &outage.endpoint,
        }
    }
}

#[derive(Serialize)]
struct StateSeconds {
    unknown: f64,
    up: f64,
    degraded: f64,
    down: f64,
    maintenance: f64,
}

impl StateSeconds {
    fn new(times: [Duration; 5]) -> Self {
        let of = |state: State| seconds(times[state as usize]);
        Self {
            unknown: of(State::Unknown),
            up: of(State::Up),
            degraded: of(State::Degraded),
            down: of(State::Down),
            maintenance: of(State::Maintenance),
        }
    }
}

/// An endpoint, without the network it belongs to.
#[derive(Serialize)]
pub(super) struct Endpoint<'a> {
    endpoint: &'a str,
    state: &'static str,
    since: String,
    tried: bool,
    restricted: bool,
    layer: Option<&'static str>,
    reason: Option<&'static str>,
    detail: Option<&'a str>,
}

impl<'a> Endpoint<'a> {
    pub(super) fn new(shown: Shown<'a>, view: &'a EndpointView) -> Self {
        let cause = view.cause.as_ref();
        Self {
            endpoint: &view.key.endpoint,
            state: view.state.as_str(),
            since: shown.time(view.since),
            tried: view.tried,
            restricted: view.restricted,
            layer: cause.and_then(|it| it.layer).map(Layer::as_str),
            reason: cause.map(|it| it.reason.as_str()),
            detail: cause.and_then(|it| shown.detail(it)),
        }
    }
}
