//! `/status.json` and `/status.txt`: everything at a glance.

use std::time::SystemTime;

use serde::Serialize;

use super::groups::{self, Group};
use super::networks::Network;
use super::{Head, Shown};
use crate::report::words::timestamp_ms;
use crate::web::source::{MaintenanceFacts, NoticeFacts};

/// The document. `problem` is what is wrong with the memory.
pub(in crate::web) fn document(
    shown: Shown<'_>,
    problem: Option<String>,
) -> Result<Vec<u8>, String> {
    let networks = shown.picture.snapshot.networks.iter();
    let now = shown.picture.wall;
    let windows = shown.facts.maintenance_at(now);
    super::text(&Document {
        head: shown.head(),
        // The sentence names files and folders.
        problem: problem.filter(|_| shown.targets),
        notices: shown.facts.notices_at(now).map(Notice::new).collect(),
        uplink: Uplink::new(shown),
        maintenance: windows.map(|it| Maintenance::new(it, now)).collect(),
        groups: groups::all(shown),
        networks: networks.map(|it| Network::new(shown, it)).collect(),
    })
}

/// One line a group.
pub(in crate::web) fn text(shown: Shown<'_>) -> String {
    let groups = shown.picture.snapshot.groups.iter();
    let lines = groups.map(|group| groups::line(shown, group) + "\n");
    lines.collect()
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    problem: Option<String>,
    notices: Vec<Notice<'a>>,
    uplink: Uplink,
    maintenance: Vec<Maintenance<'a>>,
    groups: Vec<Group<'a>>,
    networks: Vec<Network<'a>>,
}

/// What the operator has to say to everybody.
#[derive(Serialize)]
struct Notice<'a> {
    until: String,
    texts: Vec<Text<'a>>,
}

impl<'a> Notice<'a> {
    fn new(facts: &'a NoticeFacts) -> Self {
        let texts = facts.texts.iter().map(|(language, text)| Text {
            language: language.as_deref(),
            text,
        });
        Self {
            until: timestamp_ms(facts.until),
            texts: texts.collect(),
        }
    }
}

#[derive(Serialize)]
struct Text<'a> {
    language: Option<&'a str>,
    text: &'a str,
}

/// A window of maintenance.
#[derive(Serialize)]
struct Maintenance<'a> {
    network: &'a str,
    from: String,
    until: String,
    open: bool,
}

impl<'a> Maintenance<'a> {
    fn new(facts: &'a MaintenanceFacts, now: SystemTime) -> Self {
        Self {
            network: &facts.network,
            from: timestamp_ms(facts.from),
            until: timestamp_ms(facts.until),
            open: facts.is_open(now),
        }
    }
}

#[derive(Serialize)]
struct Uplink {
    judged: bool,
    state: &'static str,
    since: String,
    ipv4: &'static str,
    ipv6: &'static str,
    gateway: Option<bool>,
}

impl Uplink {
    fn new(shown: Shown<'_>) -> Self {
        let view = &shown.picture.snapshot.uplink;
        let [any, ipv4, ipv6] = view.states.map(|state| state.as_str());
        Self {
            judged: shown.facts.uplink_judged,
            state: any,
            since: shown.time(view.since),
            ipv4,
            ipv6,
            gateway: view.gateway,
        }
    }
}
