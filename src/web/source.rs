//! What the pages are made of, and where it comes from.
//!
//! The room reads states, configuration, rounds and history through one trait, [`Source`], so
//! that it neither waits for the pipeline nor knows how anything is kept.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::history::{EventRow, OutageRow};
use crate::model::{EndpointKey, Moment, Name, NetworkView, Outage, Round, Snapshot, State};

/// Hours that [`Past`] goes back, the present one included.
pub const PAST_HOURS: usize = 24;
/// Days that [`Past`] goes back, the present one included.
pub const PAST_DAYS: usize = 90;

/// Without word from those who judge for so long, they hang.
const HANGS: Duration = Duration::from_secs(10);
/// A window of maintenance is announced so long before it opens.
const ANNOUNCED: Duration = Duration::from_secs(86_400);

/// Where the pages get everything from. Nothing here may wait but the answers of the history.
pub trait Source: Send + Sync {
    /// All states as they are now.
    fn picture(&self) -> Picture;

    /// What the configuration says; another one after a reload.
    fn facts(&self) -> Arc<Facts>;

    /// The last rounds of an endpoint.
    fn rounds(&self, key: &EndpointKey) -> Option<LastRounds>;

    /// What is wrong with the state file or the history, in a sentence.
    fn problem(&self) -> Option<String>;

    /// The time of day: later than that of the picture where nobody judges any more.
    fn clock(&self) -> SystemTime {
        self.picture().wall
    }

    /// Has written down for good whatever has been shown so far. Waits for that, but not long.
    fn keep(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async {})
    }

    /// Events after a number, ascending, `limit` of them at most.
    fn events(&self, after: u64, limit: usize) -> Reply<Events>;

    /// The newest events but those of endpoints, ascending, `limit` of them at most.
    fn latest(&self, _limit: usize) -> Reply<Vec<EventRow>> {
        absent()
    }

    /// The last changes of the active network of any group, the newest first.
    fn switches(&self, _limit: usize) -> Reply<Vec<EventRow>> {
        absent()
    }

    /// Outages, those with the highest numbers first.
    fn outages(&self, wanted: Wanted) -> Reply<Vec<OutageRow>>;

    /// One outage.
    fn outage(&self, id: u64) -> Reply<Option<OutageRow>>;

    /// Time of each state in the last hours and days, for each network in the order of the
    /// snapshot.
    fn past(&self) -> Reply<Vec<Past>> {
        absent()
    }
}

/// An answer of the history, which has a thread of its own.
pub type Reply<T> = Pin<Box<dyn Future<Output = Result<T, Unavailable>> + Send>>;

/// The history has no answer: why, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable(pub String);

/// Some events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events {
    /// The number of the oldest event that is kept; `None` if there is none.
    pub oldest: Option<u64>,
    /// The rows, ascending.
    pub rows: Vec<EventRow>,
}

/// Which outages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those that ended at this time or later, or have not ended.
    pub since: Option<SystemTime>,
    /// Those of this network.
    pub network: Option<String>,
    /// Those with a smaller number.
    pub before: Option<u64>,
    /// So many at most.
    pub limit: usize,
}

/// What is remembered of a network's time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Which network.
    pub network: Name,
    /// The last [`PAST_HOURS`] hours of UTC, ascending; the last one is the present one.
    pub hours: Vec<Share>,
    /// The last [`PAST_DAYS`] days of UTC, ascending; the last one is the present one.
    pub days: Vec<Share>,
}

/// An hour or a day, and how much of it belongs to which state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its beginning.
    pub from: SystemTime,
    /// Its length; of the present one, what has passed of it.
    pub length: Duration,
    /// Time in each state, in the order of [`crate::model::State::ALL`]. What is missing to the length, and
    /// the time as `unknown`, was not observed.
    pub state_time: [Duration; 5],
}

/// The last rounds of an endpoint.
#[derive(Clone, Debug, Default)]
pub struct LastRounds {
    /// The newest first.
    pub rounds: Vec<Arc<Round>>,
    /// The first failed one of the running outage, if it is still known.
    pub first_failed: Option<Arc<Round>>,
}

/// All states at a moment, with the wall clock beside it.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The states.
    pub snapshot: Arc<Snapshot>,
    /// Until when the time of each network can be booked, in the order of the snapshot.
    pub holds: Arc<[Option<Moment>]>,
    /// The moment.
    pub now: Moment,
    /// The time of day at that moment.
    pub wall: SystemTime,
}

impl Picture {
    /// The time of day at a moment.
    #[must_use]
    pub fn wall_of(&self, moment: Moment) -> SystemTime {
        let ago = self.now.since(moment);
        let ahead = moment.since(self.now);
        let then = self.wall.checked_sub(ago);
        let then = then.and_then(|then| then.checked_add(ahead));
        then.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Whether those who judge hang: they have not been heard of since this picture.
    pub(super) fn is_over(&self, clock: SystemTime) -> bool {
        clock
            .duration_since(self.wall)
            .is_ok_and(|age| age >= HANGS)
    }

    /// A network by its name.
    pub(super) fn network(&self, name: &str) -> Option<&NetworkView> {
        self.snapshot.networks.iter().find(|it| &*it.name == name)
    }

    /// Since when a network is what it is, and for how long. One that is down has been so since its
    /// outage began: a restart, or a time in which it was `unknown`, is not a new beginning.
    pub(super) fn since(&self, network: &NetworkView) -> (Moment, Duration) {
        let outage = network.outage.as_ref();
        match outage.filter(|_| network.state == State::Down) {
            Some(outage) => (outage.started, outage.duration(self.now)),
            None => (network.since, self.now.since(network.since)),
        }
    }

    /// The outage of that number, if it runs or is suspended.
    pub(super) fn outage(&self, id: u64) -> Option<&Outage> {
        let outages = self
            .snapshot
            .networks
            .iter()
            .filter_map(|network| network.outage.as_ref());
        outages.into_iter().find(|outage| outage.id == id)
    }

    /// Time of each state of a network, in the order of the snapshot.
    pub(super) fn state_time(&self, index: usize, network: &NetworkView) -> [Duration; 5] {
        let held = self.holds.get(index).copied().flatten();
        network.books.state_time_at(self.now, held)
    }
}

/// What the configuration says of things that are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The place this daemon looks from.
    pub vantage: String,
    /// Whether our own connection is judged.
    pub uplink_judged: bool,
    /// After so long without the end of any round, the rounds are late; `None`: there are none.
    pub round_due: Option<Duration>,
    /// Networks.
    pub networks: Vec<NetworkFacts>,
    /// Groups.
    pub groups: Vec<GroupFacts>,
    /// What everybody should know, in the order of the configuration.
    pub notices: Vec<NoticeFacts>,
    /// Windows of maintenance, the earliest first.
    pub maintenance: Vec<MaintenanceFacts>,
}

/// What the operator has to say to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeFacts {
    /// The text in each language (`fr`); one without a language is for everybody.
    pub texts: Vec<(Option<String>, String)>,
    /// Until when it is shown.
    pub until: SystemTime,
}

/// A window of maintenance of one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaintenanceFacts {
    /// Which network.
    pub network: Name,
    /// From this time on.
    pub from: SystemTime,
    /// Until just before this one.
    pub until: SystemTime,
}

/// What the configuration says of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFacts {
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: String,
    /// Where people go when it is the active one.
    pub profile: Option<String>,
    /// The home page of its preset.
    pub home: Option<String>,
}

/// What the configuration says of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFacts {
    /// Its name.
    pub name: Name,
    /// Where people go when no network is usable.
    pub last_resort: Option<String>,
}

impl Facts {
    /// The title of a network; its name if it has none.
    pub(super) fn title<'a>(&'a self, network: &'a str) -> &'a str {
        self.network(network).map_or(network, |it| &it.title)
    }

    pub(super) fn last_resort(&self, group: &str) -> Option<&str> {
        let group = self.groups.iter().find(|it| &*it.name == group)?;
        group.last_resort.as_deref()
    }

    /// The same as it can stand in a header; browsers write it the same way.
    pub(super) fn destination(&self, group: &str, active: Option<&str>) -> Option<String> {
        let link = self.link(group, active)?;
        Some(url::Url::parse(link).map_or_else(|_| link.to_owned(), String::from))
    }

    /// Where a group sends people whose active network is this one.
    pub(super) fn link(&self, group: &str, active: Option<&str>) -> Option<&str> {
        let network = active.and_then(|name| self.network(name));
        let own = network.and_then(|it| it.profile.as_deref().or(it.home.as_deref()));
        own.or_else(|| self.last_resort(group))
    }

    /// The notices that are to be shown at a time.
    pub(super) fn notices_at(&self, now: SystemTime) -> impl Iterator<Item = &NoticeFacts> {
        self.notices.iter().filter(move |it| now < it.until)
    }

    /// The windows that are open at a time, or open within [`ANNOUNCED`] of it.
    pub(super) fn maintenance_at(
        &self,
        now: SystemTime,
    ) -> impl Iterator<Item = &MaintenanceFacts> {
        let soon = now.checked_add(ANNOUNCED).unwrap_or(now);
        let windows = self.maintenance.iter();
        windows.filter(move |it| now < it.until && it.from <= soon)
    }

    /// Until when a network is in maintenance: windows that follow each other are one.
    pub(super) fn resting_until(&self, network: &str, now: SystemTime) -> Option<SystemTime> {
        let windows = self.maintenance.iter();
        let own = windows.filter(|it| *it.network == *network && now < it.until);
        own.fold(None, |end, window| {
            let joins = window.from <= end.unwrap_or(now);
            if joins {
                end.max(Some(window.until))
            } else {
                end
            }
        })
    }

    pub(super) fn network(&self, name: &str) -> Option<&NetworkFacts> {
        self.networks.iter().find(|it| &*it.name == name)
    }
}

impl NoticeFacts {
    /// The text for readers of a language, and its own language if anybody said it: the reader's,
    /// else the one for everybody, else English, else the first.
    pub(super) fn said_in(&self, language: &str) -> Option<(Option<&str>, &str)> {
        let of = |wanted: Option<&str>| {
            let mut texts = self.texts.iter();
            texts.find(|(language, _)| language.as_deref() == wanted)
        };
        let chosen = of(Some(language))
            .or_else(|| of(None))
            .or_else(|| of(Some("en")));
        let (language, text) = chosen.or_else(|| self.texts.first())?;
        Some((language.as_deref(), text))
    }
}

impl MaintenanceFacts {
    /// Whether the window is open.
    pub(super) fn is_open(&self, now: SystemTime) -> bool {
        self.from <= now && now < self.until
    }
}

/// A source that knows nothing: for a listener without a daemon behind it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Source for Nothing {
    fn picture(&self) -> Picture {
        Picture {
            snapshot: Arc::default(),
            holds: Arc::default(),
            now: Moment::ZERO,
            wall: SystemTime::UNIX_EPOCH,
        }
    }

    fn facts(&self) -> Arc<Facts> {
        Arc::default()
    }

    fn rounds(&self, _: &EndpointKey) -> Option<LastRounds> {
        None
    }

    fn problem(&self) -> Option<String> {
        None
    }

    fn events(&self, _: u64, _: usize) -> Reply<Events> {
        absent()
    }

    fn outages(&self, _: Wanted) -> Reply<Vec<OutageRow>> {
        absent()
    }

    fn outage(&self, _: u64) -> Reply<Option<OutageRow>> {
        absent()
    }
}

fn absent<T: Send + 'static>() -> Reply<T> {
    Box::pin(async { Err(Unavailable("no history is kept".to_owned())) })
}
