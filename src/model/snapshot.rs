//! What readers see: one consistent picture of all states at a moment.

use super::{
    Cause, EndpointKey, GroupBooks, Layer, Moment, Name, NetworkBooks, Outage, Role, State,
    Trouble, UplinkBooks, UplinkState,
};

/// All states at one moment. Built by the engine after each step, shared read-only.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Networks, in the order of the configuration.
    pub networks: Vec<NetworkView>,
    /// Groups, in the order of the configuration.
    pub groups: Vec<GroupView>,
    /// Our own connection.
    pub uplink: UplinkView,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            networks: Vec::new(),
            groups: Vec::new(),
            uplink: UplinkView {
                states: [UplinkState::Unknown; 3],
                since: Moment::ZERO,
                gateway: None,
                mute: false,
                books: UplinkBooks::new(Moment::ZERO),
            },
        }
    }
}

/// Our own connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UplinkView {
    /// Of: any family, IPv4, IPv6.
    pub states: [UplinkState; 3],
    /// Since when the first of them holds.
    pub since: Moment,
    /// Whether our own gateway answered when it was last asked.
    pub gateway: Option<bool>,
    /// No resolver answers anybody: what has a name cannot be judged.
    pub mute: bool,
    /// Time in each state.
    pub books: UplinkBooks,
}

/// One network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkView {
    /// Its name.
    pub name: Name,
    /// Its confirmed state.
    pub state: State,
    /// Since when, backdated to the round that made the difference.
    pub since: Moment,
    /// When the state was confirmed; `None` before the first change.
    pub confirmed: Option<Moment>,
    /// What explains a state of trouble.
    pub trouble: Option<Trouble>,
    /// The lowest failing layer of the current trouble.
    pub layer: Option<Layer>,
    /// Weight that can still fail before the network goes down.
    pub spare_weight: u32,
    /// Outages in the last six hours lengthen the way back.
    pub flapping: bool,
    /// The outage that runs, or is suspended while the network is unknown.
    pub outage: Option<Outage>,
    /// What was counted and timed.
    pub books: NetworkBooks,
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
    /// Why it is in trouble.
    pub cause: Option<Cause>,
}

/// One group.
#[derive(Clone, Debug, PartialEq)]
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
    /// Decisions are held for lack of uplink proof.
    pub frozen: bool,
    /// The network that will take over again, and when, if it stays good.
    pub failback_due: Option<(Name, Moment)>,
    /// The network that the group is held to by hand, and until when.
    pub pinned: Option<(Name, Moment)>,
    /// What was counted and timed.
    pub books: GroupBooks,
}
