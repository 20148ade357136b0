//! What the page is made of: gathered before it is written, all of the same moment.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::history::{EventRow, OutageRow};
use crate::model::{NetworkView, Role, Round};
use crate::web::source::{Facts, Past, Picture};
use crate::web::tongue::Tongue;

/// Everything that the page can tell.
pub(in crate::web) struct Matter {
    pub(in crate::web) picture: Picture,
    pub(in crate::web) facts: Arc<Facts>,
    /// The time of day, also while the picture stands still.
    pub(in crate::web) clock: SystemTime,
    /// What is wrong with the memory.
    pub(in crate::web) problem: Option<String>,
    /// The last rounds of the endpoints of each network, in the order of the snapshot, the
    /// newest first.
    pub(in crate::web) rounds: Vec<Vec<Vec<Arc<Round>>>>,
    /// `None`: there is no history of it.
    pub(in crate::web) past: Option<Vec<Past>>,
    /// The newest last. `None`: the history does not answer.
    pub(in crate::web) events: Option<Vec<EventRow>>,
    pub(in crate::web) outages: Vec<OutageRow>,
    pub(in crate::web) tongue: &'static dyn Tongue,
    /// The page asks to be renewed.
    pub(in crate::web) renews: bool,
}

/// Why what is shown may not be true any more.
pub(super) enum Lateness {
    /// Nobody judges, since then.
    Hangs(SystemTime),
    /// No round has ended, since then.
    Late(SystemTime),
}

impl Matter {
    /// The networks of the groups in order of preference, then all others.
    pub(super) fn networks(&self) -> Vec<(usize, &NetworkView)> {
        let snapshot = &self.picture.snapshot;
        let preferred = snapshot.groups.iter().flat_map(|group| &group.roles);
        let names = preferred.map(|(name, _)| name);
        let names = names.chain(snapshot.networks.iter().map(|it| &it.name));
        let mut found: Vec<(usize, &NetworkView)> = Vec::new();
        for name in names {
            let place = snapshot.networks.iter().position(|it| it.name == *name);
            let Some(place) = place.filter(|place| found.iter().all(|(it, _)| it != place)) else {
                continue;
            };
            found.push((place, &snapshot.networks[place]));
        }
        found
    }

    /// The groups that a network is in, and what it is to them.
    pub(super) fn roles(&self, network: &str) -> Vec<(&str, Role)> {
        let groups = self.picture.snapshot.groups.iter();
        let roles = groups.filter_map(|group| {
            let (_, role) = group.roles.iter().find(|(name, _)| **name == *network)?;
            Some((&*group.name, *role))
        });
        roles.collect()
    }

    /// When the newest round of all ended.
    pub(super) fn newest(&self) -> Option<SystemTime> {
        let rounds = self.rounds.iter().flatten().filter_map(|it| it.first());
        rounds.map(|it| it.started + it.duration).max()
    }

    /// How long before now that was.
    pub(super) fn age(&self, then: SystemTime) -> Duration {
        let age = self.clock.duration_since(then).unwrap_or_default();
        Duration::from_secs(age.as_secs())
    }

    pub(super) fn lateness(&self) -> Option<Lateness> {
        let seen = self.picture.wall;
        if self.picture.is_over(self.clock) {
            return Some(Lateness::Hangs(seen));
        }
        let newest = self.newest()?;
        // Whom a network has asked to stay away may not ask again so soon.
        let rounds = self.rounds.iter().flatten().filter_map(|it| it.first());
        let asked = rounds.filter_map(|it| it.retry_after).max();
        let due = self.facts.round_due? + asked.unwrap_or_default();
        (self.age(newest) > due).then_some(Lateness::Late(newest))
    }
}
