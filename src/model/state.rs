//! Verdicts of rounds, states of endpoints and networks, roles in a group.

use std::borrow::Cow;
use std::fmt;

use super::{Layer, Reason};

/// Why a verdict is not `pass`: where it went wrong, the code, and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The layer; `None` for our own trouble (`local_*`).
    pub layer: Option<Layer>,
    /// The code.
    pub reason: Reason,
    /// One sentence with the particulars, e.g. `certificate expired 3 days ago`. May quote
    /// bytes from outside, already made printable and bounded.
    pub detail: Cow<'static, str>,
}

impl Cause {
    /// A cause at the layer the reason belongs to.
    ///
    /// For the two reasons without a layer of their own (`slow`, `partial_addresses`) use [`Cause::at`].
    #[must_use]
    pub fn new(reason: Reason, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            layer: reason.layer(),
            reason,
            detail: detail.into(),
        }
    }

    /// A cause at a given layer.
    #[must_use]
    pub fn at(layer: Layer, reason: Reason, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            layer: Some(layer),
            reason,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.reason)
    }
}

/// The verdict on one address or one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that is expected was seen.
    Pass,
    /// It works, but late, only in part, or not for much longer.
    Slow(Cause),
    /// The network answers but refuses an anonymous prober. Never an outage.
    Restricted(Cause),
    /// It does not work.
    Fail(Cause),
    /// The fault is ours. Never an outage.
    Inconclusive(Cause),
}

impl Verdict {
    /// Every verdict's word, in the order of the documentation.
    pub const WORDS: [&'static str; 5] = ["pass", "slow", "restricted", "fail", "inconclusive"];

    /// The word used in labels, JSON and logs.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        Self::WORDS[self.index()]
    }

    /// The position in [`Verdict::WORDS`].
    #[must_use]
    pub const fn index(&self) -> usize {
        match self {
            Self::Pass => 0,
            Self::Slow(_) => 1,
            Self::Restricted(_) => 2,
            Self::Fail(_) => 3,
            Self::Inconclusive(_) => 4,
        }
    }

    /// Why it is not `pass`.
    #[must_use]
    pub const fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Pass => None,
            Self::Slow(cause)
            | Self::Restricted(cause)
            | Self::Fail(cause)
            | Self::Inconclusive(cause) => Some(cause),
        }
    }
}

/// The state of an endpoint or a network, judged over several rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Not judged: no evidence yet, or none for too long.
    #[default]
    Unknown,
    /// Works.
    Up,
    /// Works with trouble.
    Degraded,
    /// Does not work.
    Down,
    /// Taken out by the operator.
    Maintenance,
}

impl State {
    /// Every state, in the order of the documentation.
    pub const ALL: [Self; 5] = [
        Self::Unknown,
        Self::Up,
        Self::Degraded,
        Self::Down,
        Self::Maintenance,
    ];

    /// The word used in labels, JSON and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Maintenance => "maintenance",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// Whether people can be sent there: up or degraded.
    #[must_use]
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Up | Self::Degraded)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a network is to a group at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The channel to use now.
    Active,
    /// Usable, not active.
    Standby,
    /// Up and waiting for a failback.
    Held,
    /// Down.
    Failed,
    /// Not judged.
    Unknown,
    /// Taken out by the operator.
    Disabled,
}

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Standby,
        Self::Held,
        Self::Failed,
        Self::Unknown,
        Self::Disabled,
    ];

    /// The word used in labels, JSON and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Standby => "standby",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Disabled => "disabled",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is known of our own connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UplinkState {
    /// Nothing has answered or failed to answer yet, or the machine has no route of the family.
    #[default]
    Unknown,
    /// Proven.
    Up,
    /// Every canary failed and nothing has answered since: nothing is judged.
    Down,
}

impl UplinkState {
    /// Every state, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Unknown, Self::Up, Self::Down];

    /// The word used in labels, JSON and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}
