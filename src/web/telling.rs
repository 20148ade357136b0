//! What a group means for people: one line for scripts and wall screens, one sentence for
//! everybody.
//!
//! Both name the channel to use, and what is worth knowing about it: why it is not the preferred
//! one, what is wrong with it, which networks are down. Times are UTC. The line is English; the
//! sentence is in the reader's language.

use std::time::Duration;

use super::source::{Facts, Picture};
use super::tongue::{ENGLISH, Tongue, What};
use crate::model::{GroupView, Layer, Moment, NetworkView, Role, State, UplinkState};
use crate::report::words::clock;

/// A group in a picture.
#[derive(Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) picture: &'a Picture,
    pub(super) facts: &'a Facts,
    pub(super) group: &'a GroupView,
    /// In which language.
    pub(super) tongue: &'a dyn Tongue,
    /// Behind each time of day: nothing, or which time it is.
    pub(super) zone: &'static str,
}

/// What a part of the sentence is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// What has happened.
    News,
    /// Which channel to use.
    Use,
    /// Which channel to use was known last.
    Known,
    /// Where people go when none works.
    Resort,
    /// What else is good to know.
    More,
}

/// How a group fares, as one mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// The preferred channel works.
    Fine,
    /// Nothing is wrong, and a channel is in maintenance.
    Planned,
    /// A channel works, but it is not the preferred one, or it has trouble.
    Uneasy,
    /// No channel works.
    Broken,
    /// Nothing is known yet, or our own side is at fault.
    Unsure,
}

/// Something worth knowing of a network.
struct Note<'a> {
    network: &'a str,
    /// `down since 13:02`.
    what: String,
    /// It is a maintenance.
    planned: bool,
    layer: Option<Layer>,
    /// How long it has been down.
    lasted: Option<Duration>,
}

impl<'a> Telling<'a> {
    /// As programs get it.
    pub(super) const fn plain(
        picture: &'a Picture,
        facts: &'a Facts,
        group: &'a GroupView,
    ) -> Self {
        Self {
            picture,
            facts,
            group,
            tongue: ENGLISH,
            zone: "",
        }
    }

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
                .map(|until| format!("pinned until {until}"))
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

    /// `X is down since 13:02 (TLS), 7m. Post on: Bluesky. Standby: Mastodon, Threads.`
    pub(super) fn sentence(self) -> String {
        let parts = self.parts();
        let texts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
        texts.join(" ")
    }

    /// The sentence in its parts.
    pub(super) fn parts(self) -> Vec<(Part, String)> {
        let tongue = self.tongue;
        let title = self.group.active.as_deref();
        let title = title.map(|name| self.facts.title(name));
        let known = title.map(|it| (Part::Known, tongue.last_known(it)));
        if let Some(since) = self.blind() {
            let blind = (Part::News, tongue.blind(&since, self.blind_for()));
            return [blind].into_iter().chain(known).collect();
        }
        if self.is_deaf() {
            let deaf = (Part::News, tongue.deaf());
            return [deaf].into_iter().chain(known).collect();
        }
        let Some(title) = title else {
            if self.unjudged() {
                let nothing = (Part::News, tongue.nothing_judged());
                let unproven = self.is_unproven().then(|| tongue.unproven());
                let unproven = unproven.map(|it| (Part::More, it));
                return [nothing].into_iter().chain(unproven).collect();
            }
            let resort = self.facts.last_resort(&self.group.name);
            let resort = resort.map(|url| (Part::Resort, tongue.last_resort(url)));
            let none = (Part::News, tongue.none_works());
            let planned = self.notes().into_iter().filter(|it| it.planned);
            let planned = planned.map(|it| (Part::More, self.long(&it)));
            return [none].into_iter().chain(resort).chain(planned).collect();
        };
        let notes = self.notes();
        let mut parts: Vec<_> = notes.iter().map(|it| (Part::News, self.long(it))).collect();
        if self.all_work() {
            let others = notes.iter().any(|it| it.planned);
            parts.push((Part::News, tongue.all_work(others)));
        }
        parts.push((Part::Use, tongue.post_on(title)));
        let pinned = self.pinned().map(|until| tongue.is_pinned(&until));
        parts.extend(pinned.map(|it| (Part::More, it)));
        parts.push((Part::More, self.standby()));
        parts
    }

    /// How the group fares.
    pub(super) fn tone(self) -> Tone {
        if self.blind().is_some() || self.is_deaf() {
            return Tone::Unsure;
        }
        let Some(active) = self.group.active.as_ref() else {
            let known = !self.unjudged();
            return if known { Tone::Broken } else { Tone::Unsure };
        };
        let first = self.networks().find(|(_, role)| *role != Role::Disabled);
        let preferred = first.is_some_and(|(network, _)| network.name == *active);
        let state = self.picture.network(active).map(|it| it.state);
        match state {
            Some(State::Up) if preferred && self.resting().is_some() => Tone::Planned,
            Some(State::Up) if preferred => Tone::Fine,
            Some(State::Unknown) | None => Tone::Unsure,
            Some(_) => Tone::Uneasy,
        }
    }

    /// A few words, for the title of a window.
    pub(super) fn headline(self) -> String {
        let tongue = self.tongue;
        let active = self.group.active.as_deref();
        let title = active.map(|name| self.facts.title(name));
        if self.blind().is_some() || self.is_deaf() {
            return tongue.labels().blind_head.to_owned();
        }
        let Some(title) = title else {
            let none = self.unjudged();
            let labels = tongue.labels();
            return if none {
                labels.unjudged_head
            } else {
                labels.none_head
            }
            .to_owned();
        };
        let failed = |(_, role): &(&NetworkView, Role)| *role == Role::Failed;
        match self.networks().find(failed) {
            Some((lost, _)) => tongue.down_head(self.facts.title(&lost.name), title),
            None if self.tone() == Tone::Planned => match self.resting() {
                Some(resting) => tongue.resting_head(self.facts.title(&resting.name), title),
                None => tongue.use_head(title),
            },
            None if self.all_work() => tongue.fine_head(title),
            None => tongue.use_head(title),
        }
    }

    /// All that are not in maintenance, if there are any.
    fn all_work(self) -> bool {
        let mut present = self
            .networks()
            .filter(|(network, _)| network.state != State::Maintenance)
            .peekable();
        present.peek().is_some() && present.all(|(network, _)| network.state == State::Up)
    }

    /// The first network that is in maintenance.
    fn resting(&self) -> Option<&NetworkView> {
        let mut networks = self.networks();
        let resting = networks.find(|(network, _)| network.state == State::Maintenance);
        resting.map(|(network, _)| network)
    }

    /// Since when our own connection is down.
    fn blind(self) -> Option<String> {
        let uplink = &self.picture.snapshot.uplink;
        let down = self.facts.uplink_judged && uplink.states[0] == UplinkState::Down;
        down.then(|| self.clock(uplink.since))
    }

    pub(super) fn is_blind(self) -> bool {
        self.blind().is_some()
    }

    /// Nothing has proven our own connection yet.
    fn is_unproven(self) -> bool {
        self.facts.uplink_judged && self.picture.snapshot.uplink.states[0] == UplinkState::Unknown
    }

    /// For how long it has been down.
    fn blind_for(self) -> Duration {
        let uplink = &self.picture.snapshot.uplink;
        Duration::from_secs(self.picture.now.since(uplink.since).as_secs())
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

    /// Nothing is known of any network, or the first choice has not been made yet.
    fn unjudged(self) -> bool {
        let mut roles = self.group.roles.iter().map(|(_, role)| *role);
        let mut waiting = roles.clone();
        roles.all(|role| role == Role::Unknown)
            || waiting.any(|role| matches!(role, Role::Standby | Role::Held))
    }

    /// Until when the active network is pinned.
    fn pinned(self) -> Option<String> {
        let (network, until) = self.group.pinned.as_ref()?;
        let holds = self.group.active.as_ref() == Some(network);
        holds.then(|| self.clock(*until))
    }

    fn standby(self) -> String {
        let stands_by = |role| matches!(role, Role::Standby | Role::Held);
        let titles: Vec<&str> = self
            .networks()
            .filter(|(_, role)| stands_by(*role))
            .map(|(network, _)| self.facts.title(&network.name))
            .collect();
        self.tongue.standby(&titles, self.group.standby_domains > 0)
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
        self.tongue.note(title, &note.what, note.layer, note.lasted)
    }

    /// The active network and those before it that are not well, and all that are down or in
    /// maintenance.
    fn notes(&self) -> Vec<Note<'_>> {
        let mut preferred = true;
        let mut notes = Vec::new();
        for (network, role) in self.networks() {
            if preferred || role == Role::Failed || network.state == State::Maintenance {
                notes.extend(self.note(network, role));
            }
            preferred &= role != Role::Active;
        }
        notes
    }

    fn note<'n>(&self, network: &'n NetworkView, role: Role) -> Option<Note<'n>> {
        let (since, lasted) = self.picture.since(network);
        let since = &self.clock(since);
        let what = match (network.state, role) {
            (State::Maintenance, _) => {
                let until = self.facts.resting_until(&network.name, self.picture.wall);
                let until = until.map(|it| clock(it, self.picture.wall) + self.zone);
                return Some(self.resting_note(network, since, until.as_deref()));
            }
            (_, Role::Disabled) => What::Disabled,
            (State::Up, Role::Held) => {
                let due = self.group.failback_due.as_ref();
                let due = due.filter(|(name, _)| *name == network.name);
                let at = due.map(|(_, at)| self.clock(*at));
                return Some(self.held(network, since, at.as_deref()));
            }
            (State::Up, _) => return None,
            (state, _) => What::Is { state, since },
        };
        let troubled = matches!(network.state, State::Down | State::Degraded);
        let layer = network.layer.filter(|_| troubled);
        let counted = network.state == State::Down && network.outage.is_some();
        Some(Note {
            network: &network.name,
            what: self.tongue.what(what),
            planned: false,
            layer,
            lasted: counted.then(|| Duration::from_secs(lasted.as_secs())),
        })
    }

    fn held<'n>(&self, network: &'n NetworkView, since: &str, at: Option<&str>) -> Note<'n> {
        Note {
            network: &network.name,
            what: self.tongue.what(What::Held { since, at }),
            planned: false,
            layer: None,
            lasted: None,
        }
    }

    fn resting_note<'n>(
        &self,
        network: &'n NetworkView,
        since: &str,
        until: Option<&str>,
    ) -> Note<'n> {
        Note {
            network: &network.name,
            what: self.tongue.what(What::Maintenance { since, until }),
            planned: true,
            layer: None,
            lasted: None,
        }
    }

    /// The group's networks with their roles, in order of preference.
    fn networks(&self) -> impl Iterator<Item = (&NetworkView, Role)> {
        let roles = self.group.roles.iter();
        roles.filter_map(|(name, role)| Some((self.picture.network(name)?, *role)))
    }

    fn clock(&self, moment: Moment) -> String {
        let clock = clock(self.picture.wall_of(moment), self.picture.wall);
        clock + self.zone
    }
}
