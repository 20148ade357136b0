//! Webhooks: what was confirmed is told to programs of the owner, a banner on a site for example.
//!
//! Every event is a row of the history with a number. For each webhook there is a cursor, the
//! number of the last event that its receiver has taken; it is kept in the history. Events behind
//! it are sent in order, one at a time, and the cursor moves when the receiver has answered with
//! 2xx: each event is delivered at least once, and each attempt carries the same id. What to do
//! next is decided in `courier.rs`, which does nothing itself.
//!
//! All of it lives on a thread of its own. Nobody waits for it, it proves nothing about our own
//! connection, and it knows neither probes nor states: those who start it hand in what it needs
//! ([`Outside`]).

mod body;
mod courier;
mod crew;
mod deliver;
mod post;
mod sign;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use url::Url;

use crate::history::{EventRow, OutageRow};
use crate::model::Name;
use crate::probe::trust::Roots;

pub use crew::Crew;
pub use sign::Secret;

/// One webhook, as the configuration has it.
#[derive(Clone)]
pub struct Webhook {
    /// Its name.
    pub name: Name,
    /// Where events are sent.
    pub url: Url,
    /// What they are signed with.
    pub secret: Option<Secret>,
    /// Whom to trust.
    pub roots: Roots,
    /// What is told.
    pub events: Vec<Kind>,
    /// Older events are given up.
    pub max_age: Duration,
}

impl Webhook {
    /// How many secrets an event is signed with.
    #[must_use]
    pub fn secrets(&self) -> usize {
        self.secret.as_ref().map_or(0, Secret::count)
    }
}

/// The path and the query of the URL may hold a token.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.url.origin().ascii_serialization();
        f.debug_struct("Webhook")
            .field("name", &self.name)
            .field("to", &to)
            .finish_non_exhaustive()
    }
}

/// What can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An outage was confirmed.
    OutageStarted,
    /// An outage is over.
    OutageEnded,
    /// A group has another active network.
    Group,
    /// Our own connection changed state.
    Uplink,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 4] = [
        Self::OutageStarted,
        Self::OutageEnded,
        Self::Group,
        Self::Uplink,
    ];

    /// The word in the configuration, in the history and in what is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutageStarted => "outage_started",
            Self::OutageEnded => "outage_ended",
            Self::Group => "group",
            Self::Uplink => "uplink",
        }
    }

    /// What an event is, if it is anything to tell.
    fn of(row: &EventRow) -> Option<Self> {
        let kind = Self::ALL.into_iter().find(|it| it.as_str() == row.kind)?;
        // A family that comes or goes is nothing to act on.
        let part = kind == Self::Uplink && row.endpoint.as_deref() != Some("any");
        (!part).then_some(kind)
    }
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has taken the event.
    Success,
    /// It has not, and is asked again.
    Failure,
    /// It is not asked again.
    GivenUp,
}

impl Outcome {
    /// The word used in labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::GivenUp => "given_up",
        }
    }
}

/// An answer of the history; why there is none, in a sentence.
pub type Reply<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

/// What webhooks know of the world. Nothing here may wait but the answers of the history.
pub trait Outside: Send + Sync {
    /// The cursor that is kept; `None` if there is none for certain.
    fn cursor(&self, webhook: &str) -> Reply<Option<u64>>;

    /// Has a cursor kept.
    fn keep(&self, webhook: &str, cursor: u64);

    /// Has all cursors forgotten but those of these webhooks.
    fn forget_others(&self, webhooks: Vec<String>);

    /// Changes when the history has something new.
    fn stored(&self) -> watch::Receiver<u64>;

    /// Events behind a number, ascending and without a gap.
    fn events(&self, after: u64) -> Reply<Vec<EventRow>>;

    /// One outage.
    fn outage(&self, id: u64) -> Reply<Option<OutageRow>>;

    /// How everything is now.
    fn present(&self) -> Present;

    /// An attempt was made, or an event given up.
    fn counted(&self, webhook: &str, outcome: Outcome);

    /// So many events wait.
    fn pending(&self, webhook: &str, events: usize);

    /// A number from 0 to 1, another one each time.
    fn chance(&self) -> f64;
}

/// How everything is at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// When.
    pub at: SystemTime,
    /// The place this daemon looks from.
    pub vantage: String,
    /// State of our own connection; `None` if it is not judged.
    pub uplink: Option<&'static str>,
    /// Groups.
    pub groups: Vec<GroupNow>,
    /// Networks.
    pub networks: Vec<NetworkNow>,
}

/// A group now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupNow {
    /// Its name.
    pub name: Name,
    /// The active network.
    pub active: Option<Name>,
    /// Where people go when no network is usable.
    pub last_resort: Option<String>,
}

/// A network now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkNow {
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: String,
    /// Its state.
    pub state: &'static str,
    /// Where people go when it is the active one.
    pub link: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_of_a_webhook_is_where_it_sends_and_nothing_that_opens_it() {
        let webhook = Webhook {
            name: "banner".into(),
            url: Url::parse("https://city.example:8443/hooks/s3cret?token=t0ken").unwrap(),
            secret: Secret::parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX").ok(),
            roots: Roots::none(),
            events: Vec::new(),
            max_age: Duration::ZERO,
        };
        let expected = r#"Webhook { name: "banner", to: "https://city.example:8443", .. }"#;
        assert_eq!(format!("{webhook:?}"), expected);
    }
}
