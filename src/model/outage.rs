//! An outage of a network: one record from the first bad round to the first good one.

use std::time::Duration;

use super::{Cause, Moment, Name};

/// A confirmed outage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Its number; never used twice while the memory lasts.
    pub id: u64,
    /// The network that was down.
    pub network: Name,
    /// Start of the first bad round of the endpoint that broke the quorum.
    pub started: Moment,
    /// When it was confirmed.
    pub confirmed: Moment,
    /// Start of the last good round of that endpoint before it; `None` if there was none.
    pub last_good: Option<Moment>,
    /// The endpoint with the lowest failing layer at confirmation.
    pub endpoint: Name,
    /// What was wrong with it at confirmation.
    pub cause: Cause,
    /// Seconds spent in `down` so far, without the stretch that still runs.
    pub spent: Duration,
    /// Since when the present stretch of `down` runs; `None` while suspended in `unknown`, and
    /// once the outage is over.
    pub running_since: Option<Moment>,
    /// When it ended: the start of the first good round of the endpoint that restored the
    /// quorum, or the end of the last stretch of `down`.
    pub ended: Option<Moment>,
}

impl Outage {
    /// Its seconds in `down` until `now`.
    #[must_use]
    pub fn duration(&self, now: Moment) -> Duration {
        let running = self.running_since.map(|since| now.since(since));
        self.spent + running.unwrap_or_default()
    }
}
