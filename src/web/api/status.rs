//! `/status.json` and `/status.txt`: everything at a glance.

use serde::Serialize;

use super::groups::{self, Group};
use super::networks::Network;
use super::{Head, Shown};
use crate::web::telling::Telling;

/// The document. `problem` is what is wrong with the memory.
pub(in crate::web) fn document(
    shown: Shown<'_>,
    problem: Option<String>,
) -> Result<Vec<u8>, String> {
    let networks = shown.picture.snapshot.networks.iter();
    super::text(&Document {
        head: shown.head(),
        // The sentence names files and folders.
        problem: problem.filter(|_| shown.targets),
        uplink: Uplink::new(shown),
        groups: groups::all(shown),
        networks: networks.map(|it| Network::new(shown, it)).collect(),
    })
}

/// One line a group.
pub(in crate::web) fn text(shown: Shown<'_>) -> String {
    let groups = shown.picture.snapshot.groups.iter();
    let lines = groups.map(|group| {
        let telling = Telling::plain(shown.picture, shown.facts, group);
        telling.line() + "\n"
    });
    lines.collect()
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    problem: Option<String>,
    uplink: Uplink,
    groups: Vec<Group<'a>>,
    networks: Vec<Network<'a>>,
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
