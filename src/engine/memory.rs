//! What survives a restart: everything the engine knows, as plain data.
//!
//! The moments in it are those of the process that wrote it. A restart is to the engine what a
//! suspended machine is: time passes and nothing is seen. So whoever restores it makes the
//! clock go on from [`Memory::at`] plus the time that has passed, and no moment needs translating.

use std::time::Duration;

use crate::model::{
    Cause, Families, GroupBooks, Moment, Name, NetworkBooks, Outage, State, UplinkBooks,
    UplinkState,
};

/// Everything that survives.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// When it was taken.
    pub at: Moment,
    /// How long the uplink has been proven in all: the clock of the groups' timers.
    pub proven_time: Duration,
    /// The number of the next outage.
    pub next_outage: u64,
    /// Networks.
    pub networks: Vec<NetworkMemory>,
    /// Groups.
    pub groups: Vec<GroupMemory>,
    /// Our own connection.
    pub uplink: UplinkMemory,
}

/// One network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkMemory {
    /// Its name.
    pub name: Name,
    /// Its state.
    pub state: State,
    /// Since when, backdated.
    pub since: Moment,
    /// When that was confirmed.
    pub confirmed: Option<Moment>,
    /// What was last known for certain: up, down, or unknown if nothing ever was.
    pub last_known: State,
    /// The endpoint that explains the last trouble, and its cause.
    pub trouble: Option<(Name, Cause)>,
    /// The outage that runs or is suspended.
    pub outage: Option<Outage>,
    /// When the outages of the last six hours were confirmed.
    pub recent_outages: Vec<Moment>,
    /// Since when it has been good without a break, by [`Memory::proven_time`].
    pub good_since: Option<Duration>,
    /// What was counted and timed.
    pub books: NetworkBooks,
    /// Until when its time can be booked: the start of what may yet be another state.
    pub held: Option<Moment>,
    /// Its endpoints.
    pub endpoints: Vec<EndpointMemory>,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointMemory {
    /// Its name.
    pub endpoint: Name,
    /// Its fingerprint: another one, and it is another endpoint.
    pub fingerprint: String,
    /// Its state.
    pub state: State,
    /// It was down and has not been up since.
    pub was_down: bool,
    /// Why it is in trouble.
    pub trouble: Option<Cause>,
    /// Start of its last good round.
    pub last_good: Option<Moment>,
    /// How long it is left alone after a rate limit.
    pub backoff: Option<Duration>,
}

/// One group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupMemory {
    /// Its name.
    pub name: Name,
    /// The active network.
    pub active: Option<Name>,
    /// Some network has been active since the first start.
    pub started: bool,
    /// Nobody has been active since: the first failed probe of the channel that was lost.
    pub lost_since: Option<Moment>,
    /// No network was usable when it was last looked at.
    pub exhausted: bool,
    /// Usable networks besides the active one.
    pub standbys: u32,
    /// Independent ones among them.
    pub standby_domains: u32,
    /// What was counted and timed.
    pub books: GroupBooks,
}

/// Our own connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UplinkMemory {
    /// Families of which a canary has ever answered.
    pub canaries_answered: Families,
    /// The states of: any family, IPv4, IPv6.
    pub states: [UplinkState; 3],
    /// What was timed.
    pub books: UplinkBooks,
}
