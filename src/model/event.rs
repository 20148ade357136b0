//! What the engine says happened.

use super::{Cause, EndpointKey, Family, Moment, Name, Outage, State, UplinkState};

/// One change of state, in the order of the levels: endpoint, network, group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An endpoint changed state.
    Endpoint {
        /// Which endpoint.
        key: EndpointKey,
        /// The state it left.
        from: State,
        /// The state it entered.
        to: State,
        /// Why, where it is in trouble; where it became unknown, our own trouble, if there was any.
        cause: Option<Cause>,
        /// Start of the first round that speaks for the new state.
        since: Moment,
    },
    /// A network changed state.
    Network {
        /// Which network.
        network: Name,
        /// The state it left.
        from: State,
        /// The state it entered.
        to: State,
        /// Why, where it is in trouble.
        trouble: Option<Trouble>,
        /// Since when, backdated to the round that made the difference.
        since: Moment,
    },
    /// An outage was confirmed. Comes behind the network's change of state.
    OutageStarted(Outage),
    /// An outage is over. Comes behind the network's change of state.
    OutageEnded(Outage),
    /// Our own connection changed state.
    Uplink {
        /// The family; `None` = any of them, which is what decides whether anything is judged.
        family: Option<Family>,
        /// The state it left.
        from: UplinkState,
        /// The state it entered.
        to: UplinkState,
        /// Whether our own gateway answers, if that was asked.
        gateway: Option<bool>,
    },
    /// A group has another active network.
    Group {
        /// Which group.
        group: Name,
        /// The network that was active.
        from: Option<Name>,
        /// The network that is active now.
        to: Option<Name>,
        /// Why.
        reason: Activation,
    },
}

impl Event {
    /// Something became unknown: not judged any more.
    #[must_use]
    pub const fn is_loss_of_evidence(&self) -> bool {
        matches!(
            self,
            Self::Endpoint {
                to: State::Unknown,
                ..
            } | Self::Network {
                to: State::Unknown,
                ..
            }
        )
    }
}

/// The endpoint that explains a network's trouble: the one with the lowest failing layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its name inside the network.
    pub endpoint: Name,
    /// What is wrong with it.
    pub cause: Cause,
}

/// Why a network became the active one of a group, or why none is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activation {
    /// The first choice after the start.
    Startup,
    /// The active one was lost.
    Failover,
    /// A preferred one came back.
    Failback,
    /// There was none.
    Recovery,
    /// By hand.
    Manual,
}

impl Activation {
    /// Every reason, in the order of the documentation.
    pub const ALL: [Self; 5] = [
        Self::Startup,
        Self::Failover,
        Self::Failback,
        Self::Recovery,
        Self::Manual,
    ];

    /// The word used in labels and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Failover => "failover",
            Self::Failback => "failback",
            Self::Recovery => "recovery",
            Self::Manual => "manual",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}
