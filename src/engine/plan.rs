//! What the engine judges by: the configuration's part of it.

use std::time::Duration;

use crate::model::{EndpointKey, Families, Moment, Name};

/// Everything the engine has to know of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Networks, in the order of the configuration.
    pub networks: Vec<NetworkPlan>,
    /// Failover groups.
    pub groups: Vec<GroupPlan>,
    /// Our own connection.
    pub uplink: UplinkPlan,
}

/// How our own connection is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UplinkPlan {
    /// False: every failure is believed at once.
    pub enabled: bool,
    /// Families that have canaries.
    pub canaries: Families,
}

/// From when until when something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From this moment on.
    pub from: Moment,
    /// Until just before this one.
    pub until: Moment,
}

impl Window {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Moment) -> bool {
        self.from <= now && now < self.until
    }
}

/// How one network is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPlan {
    /// Its name.
    pub name: Name,
    /// What falls together with it. Empty: the network is its own domain.
    pub failure_domains: Vec<Name>,
    /// Weight that must be up; `1 <= quorum <= sum of weights`.
    pub quorum: u32,
    /// Weight that may be missing from, or must come on top of, the quorum before the state changes.
    pub hysteresis: u32,
    /// False: probed and judged, and no choice for any group.
    pub enabled: bool,
    /// When it is in maintenance.
    pub maintenance: Vec<Window>,
    /// Its endpoints.
    pub endpoints: Vec<EndpointPlan>,
}

/// How one endpoint is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointPlan {
    /// Which endpoint.
    pub key: EndpointKey,
    /// Its weight in the quorum; 0 = watched, never counted.
    pub weight: u32,
    /// The network is down if this one is.
    pub required: bool,
    /// Consecutive good rounds that end a state of trouble.
    pub rise: u32,
    /// Consecutive bad rounds that begin one.
    pub fall: u32,
    /// Interval when settled and up.
    pub interval: Duration,
    /// Interval while in doubt.
    pub recheck_interval: Duration,
    /// Interval when settled and down.
    pub down_interval: Duration,
    /// Whole-round limit, for the staleness of evidence.
    pub timeout: Duration,
    /// Changes when anything about the endpoint changes but secrets: at a reload an endpoint
    /// with another fingerprint starts again from `unknown`.
    pub fingerprint: String,
}

/// A failover group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPlan {
    /// Its name.
    pub name: Name,
    /// Networks in order of preference.
    pub networks: Vec<Name>,
    /// Whether a preferred network that came back is taken again.
    pub preempt: Preempt,
    /// How long it must have been good for that, times its outages in the last six hours.
    pub preempt_delay: Duration,
    /// How long less preferred networks wait at the start for one that is still unknown.
    pub startup_grace: Duration,
    /// How long an active network may be unknown.
    pub unknown_hold: Duration,
    /// Leave a degraded network for one that is up.
    pub failover_on_degraded: bool,
    /// A network that is used while it is usable, until a moment.
    pub pin: Option<(Name, Moment)>,
}

/// Whether a preferred network that came back is taken again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preempt {
    /// Yes, after the delay.
    #[default]
    Auto,
    /// No.
    Never,
    /// When somebody pins it.
    Manual,
}

impl GroupPlan {
    /// A group with the defaults of the configuration.
    #[must_use]
    pub fn new(name: Name, networks: Vec<Name>) -> Self {
        Self {
            name,
            networks,
            preempt: Preempt::Auto,
            preempt_delay: Duration::from_secs(300),
            startup_grace: Duration::from_secs(30),
            unknown_hold: Duration::from_secs(120),
            failover_on_degraded: false,
            pin: None,
        }
    }
}
