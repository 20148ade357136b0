//! What the engine judges by: the configuration's part of it.

use std::time::Duration;

use crate::model::{EndpointKey, Name};

/// Everything the engine has to know of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Networks, in the order of the configuration.
    pub networks: Vec<NetworkPlan>,
    /// Failover groups.
    pub groups: Vec<GroupPlan>,
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
}
