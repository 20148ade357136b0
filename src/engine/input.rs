//! What goes into a step, and what comes out of it.

use std::time::Duration;

use crate::model::{EndpointKey, Event, Families, Moment, Standing, Verdict};

/// Something that happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// A round ended.
    Round(Evidence),
    /// All canaries were asked.
    Sweep(Sweep),
}

/// What a round says about its endpoint.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The number of the round, given by whoever runs rounds; comes back in [`Judged`].
    pub round: u64,
    /// Which endpoint.
    pub key: EndpointKey,
    /// The round's verdict.
    pub verdict: Verdict,
    /// How long the network asked us to stay away.
    pub retry_after: Option<Duration>,
    /// When the round started.
    pub started: Moment,
    /// What the verdict rests on.
    pub standing: Standing,
}

impl Evidence {
    /// The result of a round that stands on its own.
    #[must_use]
    pub fn certain(key: EndpointKey, verdict: Verdict, started: Moment) -> Self {
        Self {
            round: 0,
            key,
            verdict,
            retry_after: None,
            started,
            standing: Standing::default(),
        }
    }
}

/// What all canaries together said of our own connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// When the first of them was asked.
    pub started: Moment,
    /// By family, IPv4 first: whether some canary answered; `None` = none could be asked (there
    /// are none, no route of the family, no descriptors), or this machine was too busy to see it.
    pub answered: [Option<bool>; 2],
    /// By family: there are canaries, and this machine has a route to none of them.
    pub no_route: [bool; 2],
    /// Whether our own gateway answers; proves nothing.
    pub gateway: Option<bool>,
}

/// What one step came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What happened, in the order of the levels.
    pub events: Vec<Event>,
    /// Rounds that have found their verdict, in the order of their endpoints. Most do in the
    /// step that brings them; a doubtful one waits until our own side is proven or disproven.
    pub judged: Vec<Judged>,
}

/// The last word on a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The number of the round.
    pub round: u64,
    /// Its endpoint.
    pub key: EndpointKey,
    /// Its verdict: the probe's own, or what is left of it without what our own side is to blame for.
    pub verdict: Verdict,
    /// Families whose failures are ours.
    pub left_out: Families,
}
