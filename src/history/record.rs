//! What the history holds: plain rows, with times by the wall clock.

use std::time::{Duration, SystemTime};

/// Something to keep, with its place in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number in the journal: ascending, never used twice.
    pub seq: u64,
    /// What it is.
    pub record: Record,
}

/// What is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// Something happened.
    Event(EventRow),
    /// An outage, as it is known now: a later record with the same number replaces it.
    Outage(OutageRow),
}

/// One line of the journal. Words are those of the labels; absent facts are `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// Its number: the `seq` of its entry.
    pub seq: u64,
    /// When it was confirmed.
    pub at: SystemTime,
    /// `endpoint`, `network`, `group`, `uplink`, `outage_started`, `outage_ended`.
    pub kind: String,
    /// The network concerned.
    pub network: Option<String>,
    /// The endpoint concerned.
    pub endpoint: Option<String>,
    /// The group concerned.
    pub group: Option<String>,
    /// What was before: a state, a network, `none`.
    pub from: Option<String>,
    /// What is now.
    pub to: Option<String>,
    /// The layer of the trouble.
    pub layer: Option<String>,
    /// A reason of the closed list; for groups the reason of the activation.
    pub reason: Option<String>,
    /// The sentence that the log has.
    pub text: String,
    /// Since when it holds, backdated.
    pub since: Option<SystemTime>,
    /// The outage concerned.
    pub outage: Option<u64>,
}

/// One outage.
#[derive(Clone, Debug, PartialEq)]
pub struct OutageRow {
    /// Its number.
    pub id: u64,
    /// The network that was down.
    pub network: String,
    /// Start of the first bad round.
    pub started: SystemTime,
    /// When it was confirmed.
    pub confirmed: SystemTime,
    /// When it ended; `None` while it runs.
    pub ended: Option<SystemTime>,
    /// Time spent in `down`, as far as it is booked: all of it once it has ended.
    pub duration: Duration,
    /// Lowest failing layer at confirmation.
    pub layer: Option<String>,
    /// Why, of the closed list.
    pub reason: String,
    /// The particulars in a sentence.
    pub detail: String,
    /// The endpoint that failed at that layer.
    pub endpoint: String,
    /// The first failed round in full, as the JSON of `bascule probe --json`; `None` if it was
    /// not kept.
    pub evidence: Option<String>,
}
