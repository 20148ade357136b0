//! What a running daemon says of itself, read back from the documents of `docs/api.md`.
//!
//! Only what is drawn is read: a newer daemon may say more. Times stay the text they are.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::json::harmless;
use crate::model::printable::{QUOTE, printable};

/// `/status.json`.
#[derive(Debug, Deserialize)]
pub struct Status {
    /// The place the daemon looks from.
    pub vantage: String,
    /// When it said so.
    pub at: String,
    /// What is wrong with its memory.
    pub problem: Option<String>,
    /// Its groups.
    pub groups: Vec<Group>,
    /// Its networks.
    pub networks: Vec<Network>,
}

/// A group.
#[derive(Debug, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// What it means for people.
    pub sentence: String,
    /// The active network.
    pub active: Option<String>,
}

/// A network.
#[derive(Debug, Deserialize)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: String,
    /// Since when.
    pub since: String,
    /// The lowest failing layer.
    pub layer: Option<String>,
    /// The reason of its trouble.
    pub reason: Option<String>,
    /// What it is to each group.
    pub roles: Vec<RoleInGroup>,
}

/// What a network is to a group.
#[derive(Debug, Deserialize)]
pub struct RoleInGroup {
    /// The word.
    pub role: String,
}

/// `/api/v1/outages`.
#[derive(Debug, Deserialize)]
pub struct Outages {
    /// The place the daemon looks from.
    pub vantage: String,
    /// There may be more, with smaller numbers than this one.
    pub next: Option<u64>,
    /// The outages.
    pub outages: Vec<Outage>,
}

/// An outage.
#[derive(Debug, Deserialize)]
pub struct Outage {
    /// The network that was down.
    pub network: String,
    /// `running`, `suspended`, `ended`, `forgotten`.
    pub state: String,
    /// Start of the first bad round.
    pub started: String,
    /// Time spent in `down`.
    pub duration_seconds: f64,
    /// The lowest failing layer.
    pub layer: Option<String>,
    /// Why.
    pub reason: String,
    /// The particulars.
    pub detail: Option<String>,
    /// The endpoint that failed at that layer.
    pub endpoint: String,
}

impl Status {
    /// Some group has no usable network.
    #[must_use]
    pub fn is_bad_news(&self) -> bool {
        self.groups.iter().any(|group| group.active.is_none())
    }
}

/// Reads a document.
///
/// # Errors
/// With a sentence, if it is none of this version.
pub fn read<T: DeserializeOwned>(document: &[u8]) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Version {
        api: String,
    }
    let version: Version = serde_json::from_slice(document)
        .map_err(|_| "does not answer like a bascule daemon".to_owned())?;
    if version.api != "v1" {
        let version = printable(&version.api, QUOTE);
        return Err(format!(
            "speaks version `{version}` of the API, and this bascule version `v1`"
        ));
    }
    serde_json::from_slice(document).map_err(|error| {
        // It quotes what stands where something else was expected, however long.
        let error = printable(&error.to_string(), 2 * QUOTE);
        format!("says what cannot be understood: {error}")
    })
}

/// A document for programs, on one line and without anything that a terminal could obey.
#[must_use]
pub fn retold(document: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(document).ok()?;
    Some(harmless(&document.to_string()) + "\n")
}

/// The sentence of a document that says why there is none.
#[must_use]
pub fn refusal(document: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let refusal: Refusal = serde_json::from_slice(document).ok()?;
    Some(printable(&refusal.error, 4 * QUOTE))
}

/// `2026-05-24 13:02` of an RFC 3339 time; `13:02` on the day of `now`.
pub(super) fn minutes(time: &str, now: Option<&str>) -> String {
    let part = |from, to| time.get(from..to).unwrap_or(time);
    let today = now.is_some_and(|now| now.get(..10) == time.get(..10));
    if today {
        part(11, 16).to_owned()
    } else {
        part(0, 16).replace('T', " ")
    }
}
