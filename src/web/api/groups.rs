//! `/api/v1/groups`: every group, and where it sends people now.

use serde::Serialize;

use super::{Head, Shown};
use crate::model::GroupView;
use crate::report::words::timestamp;
use crate::web::telling::Telling;

/// The document.
pub(in crate::web) fn document(shown: Shown<'_>) -> Result<Vec<u8>, String> {
    super::text(&Document {
        head: shown.head(),
        groups: all(shown),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    groups: Vec<Group<'a>>,
}

/// Every group, in the order of the configuration.
pub(super) fn all(shown: Shown<'_>) -> Vec<Group<'_>> {
    let groups = shown.picture.snapshot.groups.iter();
    groups.map(|it| Group::new(shown, it)).collect()
}

/// A group in one line.
pub(super) fn line(shown: Shown<'_>, view: &GroupView) -> String {
    if !shown.hangs {
        return Telling::plain(shown.picture, shown.facts, view).line();
    }
    let active = view.active.as_deref().unwrap_or("none");
    let since = timestamp(shown.picture.wall);
    format!(
        "{}: {active} (not judged: the prober hangs since {since})",
        view.name
    )
}

fn sentence(shown: Shown<'_>, telling: Telling<'_>) -> String {
    let sentence = telling.sentence();
    if !shown.hangs {
        return sentence;
    }
    let since = timestamp(shown.picture.wall);
    format!("The prober itself hangs: nothing has been judged since {since}. Before: {sentence}")
}

/// A group.
#[derive(Serialize)]
pub(super) struct Group<'a> {
    name: &'a str,
    line: String,
    sentence: String,
    active: Option<&'a str>,
    go: String,
    link: Option<String>,
    last_resort: Option<&'a str>,
    roles: Vec<RoleOf<'a>>,
    standbys: u32,
    standby_domains: u32,
    frozen: bool,
    failback_due: Option<Due<'a>>,
    pinned: Option<Pinned<'a>>,
    exhaustions: u64,
}

impl<'a> Group<'a> {
    fn new(shown: Shown<'a>, view: &'a GroupView) -> Self {
        let telling = Telling::plain(shown.picture, shown.facts, view);
        let roles = view.roles.iter().map(|(network, role)| RoleOf {
            network,
            role: role.as_str(),
        });
        Self {
            name: &view.name,
            line: line(shown, view),
            sentence: sentence(shown, telling),
            active: view.active.as_deref(),
            go: format!("/go/{}", view.name),
            link: shown.facts.destination(&view.name, view.active.as_deref()),
            last_resort: shown.facts.last_resort(&view.name),
            roles: roles.collect(),
            standbys: view.standbys,
            standby_domains: view.standby_domains,
            frozen: view.frozen,
            failback_due: view.failback_due.as_ref().map(|(network, at)| Due {
                network,
                at: shown.time(*at),
            }),
            pinned: view.pinned.as_ref().map(|(network, until)| Pinned {
                network,
                until: shown.time(*until),
            }),
            exhaustions: view.books.exhaustions,
        }
    }
}

#[derive(Serialize)]
struct RoleOf<'a> {
    network: &'a str,
    role: &'static str,
}

#[derive(Serialize)]
struct Due<'a> {
    network: &'a str,
    at: String,
}

#[derive(Serialize)]
struct Pinned<'a> {
    network: &'a str,
    until: String,
}
