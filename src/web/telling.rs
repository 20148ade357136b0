//! What a group means for people: one line for scripts and wall screens, one sentence for
//! everybody.
//!
//! Both name the channel to use, and what is worth knowing about it: why it is not the preferred
//! one, what is wrong with it, which networks are down. Times are UTC.

use std::time::Duration;

use super::source::{Facts, Picture};
use crate::model::{GroupView, Moment, NetworkView, Role, State, UplinkState};
use crate::report::words::{clock, span};

/// A group in a picture.
#[derive(Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) picture: &'a Picture,
    pub(super) facts: &'a Facts,
    pub(super) group: &'a GroupView,
}

/// Something worth knowing of a network.
struct Note<'a> {
    network: &'a str,
    /// `down since 13:02`.
    what: String,
    /// `tls`.
    layer: Option<&'static str>,
    /// How long it has been down.
    lasted: Option<Duration>,
}

impl Telling<'_> {
    /// `crisis: bluesky (x down since 13:02, tls)`.
    pub(super) fn line(self) -> String {
        let active = self.group.active.as_deref();
        let notes = if let Some(since) = self.blind() {
            vec![format!(
                "not judged: our own connection is down since {since}"
            )]
        } else if self.is_deaf() {
            vec!["not judged: no resolver answers here".to_owned()]
        } else if active.is_none() {
            let resort = self.facts.last_resort(&self.group.name);
            let resort = resort.map(|url| format!("last resort: {url}"));
            let unjudged = self.unjudged().then(|| "not judged yet".to_owned());
            unjudged.or(resort).into_iter().collect()
        } else {
            self.pinned()
                .into_iter()
                .chain(self.short_notes())
                .collect()
        };
        let active = active.unwrap_or("none");
        let mut line = format!("{}: {active}", self.group.name);
        if !notes.is_empty() {
            line.push_str(&format!(" ({})", notes.join("; ")));
        }
        line
    }

    /// `X is down since 13:02 (tls), 7m. Post on: Bluesky. Standby: Mastodon, Threads.`
    pub(super) fn sentence(self) -> String {
        let active = self.group.active.as_deref();
        let title = active.map(|name| self.facts.title(name));
        if let Some(since) = self.blind() {
            let known = title.map_or_else(String::new, |it| format!(" Last known: {it}."));
            return format!("Our own connection is down since {since}: nothing is judged.{known}");
        }
        if self.is_deaf() {
            let known = title.map_or_else(String::new, |it| format!(" Last known: {it}."));
            return format!("No resolver answers here: names cannot be judged.{known}");
        }
        let Some(title) = title else {
            if self.unjudged() {
                return "Nothing is judged yet.".to_owned();
            }
            let resort = self.facts.last_resort(&self.group.name);
            let resort = resort.map_or_else(String::new, |url| format!(" Last resort: {url}"));
            return format!("No channel works.{resort}");
        };
        let mut parts: Vec<String> = self.notes().iter().map(|it| self.long(it)).collect();
        if self
            .networks()
            .all(|(network, _)| network.state == State::Up)
        {
            parts.push("All channels work.".to_owned());
        }
        parts.push(format!("Post on: {title}."));
        parts.extend(self.pinned().map(|pinned| format!("It is {pinned}.")));
        parts.push(self.standby());
        parts.join(" ")
    }

    /// Nothing can be said of the group: it is us, or nothing is judged yet.
    pub(super) fn is_unsure(self) -> bool {
        let idle = self.group.active.is_none() && self.unjudged();
        self.blind().is_some() || self.is_deaf() || idle
    }

    /// Since when our own connection is down.
    fn blind(self) -> Option<String> {
        let uplink = &self.picture.snapshot.uplink;
        let down = self.facts.uplink_judged && uplink.states[0] == UplinkState::Down;
        down.then(|| self.clock(uplink.since))
    }

    /// No resolver answers, and that is why nothing is known of the channel.
    fn is_deaf(self) -> bool {
        let active = self.group.active.as_ref();
        let known = |(network, _): (&NetworkView, _)| {
            Some(&network.name) == active && network.state != State::Unknown
        };
        self.picture.snapshot.uplink.mute
            && (active.is_some() || self.unjudged())
            && !self.networks().any(known)
    }

    /// Nothing is known of any network.
    fn unjudged(self) -> bool {
        let mut roles = self.group.roles.iter();
        roles.all(|(_, role)| *role == Role::Unknown)
    }

    fn pinned(self) -> Option<String> {
        let (network, until) = self.group.pinned.as_ref()?;
        let holds = self.group.active.as_ref() == Some(network);
        holds.then(|| format!("pinned until {}", self.clock(*until)))
    }

    fn standby(self) -> String {
        let stands_by = |role| matches!(role, Role::Standby | Role::Held);
        let titles: Vec<&str> = self
            .networks()
            .filter(|(_, role)| stands_by(*role))
            .map(|(network, _)| self.facts.title(&network.name))
            .collect();
        if titles.is_empty() {
            return "Nothing stands by.".to_owned();
        }
        let alone = match self.group.standby_domains {
            0 => ", and all of it falls together with the active one",
            _ => "",
        };
        format!("Standby: {}{alone}.", titles.join(", "))
    }

    fn short_notes(self) -> Vec<String> {
        let of = |note: &Note<'_>| {
            let layer = note.layer.map_or_else(String::new, |it| format!(", {it}"));
            format!("{} {}{layer}", note.network, note.what)
        };
        self.notes().iter().map(of).collect()
    }

    fn long(self, note: &Note<'_>) -> String {
        let title = self.facts.title(note.network);
        let layer = note.layer.map_or_else(String::new, |it| format!(" ({it})"));
        let lasted = note
            .lasted
            .map_or_else(String::new, |it| format!(", {}", span(it)));
        format!("{title} is {}{layer}{lasted}.", note.what)
    }

    /// The active network and those before it that are not well, and all that are down.
    fn notes(&self) -> Vec<Note<'_>> {
        let mut preferred = true;
        let mut notes = Vec::new();
        for (network, role) in self.networks() {
            if preferred || role == Role::Failed {
                notes.extend(self.note(network, role));
            }
            preferred &= role != Role::Active;
        }
        notes
    }

    fn note<'a>(&self, network: &'a NetworkView, role: Role) -> Option<Note<'a>> {
        let since = self.clock(network.since);
        let what = match (network.state, role) {
            (State::Maintenance, _) => format!("in maintenance since {since}"),
            (_, Role::Disabled) => "disabled".to_owned(),
            (State::Up, Role::Held) => match &self.group.failback_due {
                Some((name, at)) if *name == network.name => {
                    format!("up since {since} and takes over at {}", self.clock(*at))
                }
                _ => format!("up since {since} and held"),
            },
            (State::Up, _) => return None,
            (state, _) => format!("{state} since {since}"),
        };
        let troubled = matches!(network.state, State::Down | State::Degraded);
        let layer = network.layer.filter(|_| troubled);
        let outage = network.outage.as_ref();
        Some(Note {
            network: &network.name,
            what,
            layer: layer.map(|it| it.as_str()),
            lasted: outage
                .filter(|_| network.state == State::Down)
                .map(|it| Duration::from_secs(it.duration(self.picture.now).as_secs())),
        })
    }

    /// The group's networks with their roles, in order of preference.
    fn networks(&self) -> impl Iterator<Item = (&NetworkView, Role)> {
        let roles = self.group.roles.iter();
        roles.filter_map(|(name, role)| Some((self.picture.network(name)?, *role)))
    }

    fn clock(&self, moment: Moment) -> String {
        clock(self.picture.wall_of(moment), self.picture.wall)
    }
}
