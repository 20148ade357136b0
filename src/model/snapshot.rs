//! What readers see: one consistent picture of all states at a moment.

use super::{EndpointKey, Layer, Moment, Name, Role, State, Trouble};

/// All states at one moment. Built by the engine after each step, shared read-only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Networks, in the order of the configuration.
    pub networks: Vec<NetworkView>,
    /// Groups, in the order of the configuration.
    pub groups: Vec<GroupView>,
}

/// One network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkView {
    /// Its name.
    pub name: Name,
    /// Its confirmed state.
    pub state: State,
    /// Since when.
    pub since: Moment,
    /// What explains a state of trouble.
    pub trouble: Option<Trouble>,
    /// The lowest failing layer of the current trouble.
    pub layer: Option<Layer>,
    /// Weight that can still fail before the network goes down.
    pub spare_weight: u32,
    /// Its endpoints, in the order of the configuration.
    pub endpoints: Vec<EndpointView>,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointView {
    /// Which endpoint.
    pub key: EndpointKey,
    /// Its confirmed state.
    pub state: State,
    /// Since when.
    pub since: Moment,
    /// The last conclusive round met a bot wall.
    pub restricted: bool,
    /// At least one round has ended, whatever its verdict.
    pub tried: bool,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Its name.
    pub name: Name,
    /// The active network.
    pub active: Option<Name>,
    /// Each network's role, in order of preference.
    pub roles: Vec<(Name, Role)>,
    /// Usable networks besides the active one.
    pub standbys: u32,
    /// How many standbys can be taken so that no two, nor any and the active network, share a
    /// failure domain.
    pub standby_domains: u32,
}
