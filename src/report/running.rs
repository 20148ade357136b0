//! What a running daemon says of itself, read back from the documents of `docs/api.md`.
//!
//! Only what is drawn is read: a newer daemon may say more. Times stay the text they are.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

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
    /// Its own connection.
    #[serde(default)]
    pub uplink: Option<Uplink>,
    /// What its operator wants people to know.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// Windows of maintenance, open or announced.
    #[serde(default)]
    pub maintenance: Vec<Window>,
    /// Its groups.
    pub groups: Vec<Group>,
    /// Its networks.
    pub networks: Vec<Network>,
}

/// The connection of the daemon.
#[derive(Debug, Deserialize, PartialEq)]
pub struct Uplink {
    /// Whether it is judged.
    pub judged: bool,
    /// Its state.
    pub state: String,
    /// Since when.
    pub since: String,
    /// The same over IPv4.
    pub ipv4: String,
    /// The same over IPv6.
    pub ipv6: String,
    /// Whether the gateway answered.
    pub gateway: Option<bool>,
}

/// A notice of the operator.
#[derive(Debug, Deserialize)]
pub struct Notice {
    /// Its words, in each language.
    texts: Vec<NoticeText>,
    /// Until when.
    #[serde(default)]
    pub until: Option<String>,
}

#[derive(Debug, Deserialize)]
struct NoticeText {
    language: Option<String>,
    text: String,
}

impl Notice {
    /// Its words in English, else those for everybody, else any.
    #[must_use]
    pub fn text(&self) -> &str {
        let of = |wanted: Option<&str>| {
            let mut texts = self.texts.iter();
            texts.find(|it| it.language.as_deref() == wanted)
        };
        let found = of(Some("en"))
            .or_else(|| of(None))
            .or_else(|| self.texts.first());
        found.map_or("", |it| &it.text)
    }
}

/// A window of maintenance.
#[derive(Debug, Deserialize)]
pub struct Window {
    /// The network.
    pub network: String,
    /// From when.
    pub from: String,
    /// Until when.
    pub until: String,
    /// Whether it has begun.
    pub open: bool,
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
    /// Its networks, in order of preference.
    #[serde(default)]
    pub roles: Vec<Member>,
    /// Usable networks besides the active one.
    #[serde(default)]
    pub standbys: u32,
    /// How many of them do not fall together.
    #[serde(default)]
    pub standby_domains: u32,
    /// Nothing is decided.
    #[serde(default)]
    pub frozen: bool,
    /// Who takes over again.
    #[serde(default)]
    pub failback_due: Option<Due>,
    /// Whom the configuration holds it to.
    #[serde(default)]
    pub pinned: Option<Pinned>,
}

/// A network of a group.
#[derive(Debug, Deserialize)]
pub struct Member {
    /// Its name.
    pub network: String,
}

/// A failback that waits.
#[derive(Debug, Deserialize)]
pub struct Due {
    /// The preferred network.
    pub network: String,
    /// When it takes over.
    pub at: String,
}

/// A choice of the configuration.
#[derive(Debug, Deserialize)]
pub struct Pinned {
    /// The network.
    pub network: String,
    /// Until when.
    pub until: String,
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
    /// The particulars.
    #[serde(default)]
    pub detail: Option<String>,
    /// The endpoint that explains the trouble.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Weight that can still fail.
    #[serde(default)]
    pub spare_weight: u32,
    /// Its outages lengthen its way back.
    #[serde(default)]
    pub flapping: bool,
    /// The outage that is not over.
    #[serde(default)]
    pub outage: Option<OutageNow>,
    /// What it is to each group.
    pub roles: Vec<RoleInGroup>,
}

/// What a network is to a group.
#[derive(Debug, Deserialize)]
pub struct RoleInGroup {
    /// The word.
    pub role: String,
}

/// The outage of a network.
#[derive(Debug, Deserialize)]
pub struct OutageNow {
    /// Its number.
    pub id: u64,
    /// Whether it runs.
    pub state: String,
    /// When it began.
    #[serde(default)]
    pub started: Option<String>,
    /// Time spent in `down`.
    pub duration_seconds: f64,
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
    /// Its number.
    #[serde(default)]
    pub id: u64,
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

/// What has to change for a reader to be told again: no times, which pass by themselves, and no
/// particulars, which are other ones in each round.
#[derive(Debug, PartialEq)]
pub struct Gist(Vec<String>);

impl Status {
    /// What it says, as far as that does not change by itself.
    #[must_use]
    pub fn gist(&self) -> Gist {
        let mut gist = vec![format!("{:?} {:?}", self.problem, self.notices)];
        gist.extend(self.uplink.iter().map(|it| {
            let Uplink {
                state,
                ipv4,
                ipv6,
                gateway,
                ..
            } = it;
            format!("{state} {ipv4} {ipv6} {gateway:?}")
        }));
        gist.extend(self.maintenance.iter().map(|it| format!("{it:?}")));
        gist.extend(self.groups.iter().map(|it| {
            let due = it.failback_due.as_ref().map(|due| &due.network);
            let pinned = it.pinned.as_ref().map(|it| (&it.network, &it.until));
            let (standbys, domains) = (it.standbys, it.standby_domains);
            let (name, active, frozen) = (&it.name, &it.active, it.frozen);
            format!("{name} {active:?} {standbys} {domains} {frozen} {due:?} {pinned:?}")
        }));
        gist.extend(self.networks.iter().map(|it| {
            let roles: Vec<&str> = it.roles.iter().map(|it| &*it.role).collect();
            let outage = it.outage.as_ref().map(|it| (it.id, &it.state));
            let (name, state, layer, reason) = (&it.name, &it.state, &it.layer, &it.reason);
            let (spare, flapping) = (it.spare_weight, it.flapping);
            format!("{name} {state} {layer:?} {reason:?} {spare} {flapping} {outage:?} {roles:?}")
        }));
        Gist(gist)
    }

    /// The networks of the groups in order of preference, then all others, as the page has them.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Network> {
        let preferred = self.groups.iter().flat_map(|group| &group.roles);
        let mut places = HashMap::new();
        for (place, member) in preferred.enumerate() {
            places.entry(&*member.network).or_insert(place);
        }
        let mut networks: Vec<&Network> = self.networks.iter().collect();
        networks.sort_by_key(|it| places.get(&*it.name).copied().unwrap_or(usize::MAX));
        networks
    }

    /// How far its moment is behind `now`, or ahead of it; `None` if it is no time.
    #[must_use]
    pub fn age(&self, now: SystemTime) -> Option<Result<Duration, Duration>> {
        let at = SystemTime::from(self.at.parse::<jiff::Timestamp>().ok()?);
        Some(now.duration_since(at).map_err(|ahead| ahead.duration()))
    }

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

/// `13:02` of an RFC 3339 time on the day of `now`, `23 May 07:09` in its year, `2025-05-23` else.
pub(super) fn brief(time: &str, now: &str) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = time.get(5..7).and_then(|it| it.parse::<usize>().ok());
    let month = month.and_then(|it| MONTHS.get(it.wrapping_sub(1)));
    let (Some(year), Some(month), Some(day), Some(clock)) =
        (time.get(..4), month, time.get(8..10), time.get(11..16))
    else {
        return time.to_owned();
    };
    if now.get(..10) == time.get(..10) {
        clock.to_owned()
    } else if now.get(..4) == Some(year) {
        format!("{} {month} {clock}", day.trim_start_matches('0'))
    } else {
        time.chars().take(10).collect()
    }
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
