//! What the listener shows of everything.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::keeper::Keeper;
use super::past;
use super::rounds::Rounds;
use crate::config::{NetworkSettings, Settings};
use crate::history::{self, EventRow, History, OutageRow};
use crate::metrics::Metrics;
use crate::model::EndpointKey;
use crate::web::{
    Events, Facts, GroupFacts, LastRounds, MaintenanceFacts, NetworkFacts, NoticeFacts, Past,
    Picture, Reply, Source, Unavailable, Wanted,
};

#[derive(Clone)]
pub(super) struct Everything {
    pub(super) metrics: Metrics,
    pub(super) rounds: Rounds,
    pub(super) keeper: Keeper,
    pub(super) facts: SharedFacts,
    pub(super) kept: past::Kept,
}

/// What the configuration says; another one after a reload.
#[derive(Clone, Default)]
pub(super) struct SharedFacts(Arc<Mutex<Arc<Facts>>>);

impl SharedFacts {
    pub(super) fn adopt(&self, settings: &Settings) {
        let facts = Facts {
            vantage: settings.vantage.clone(),
            uplink_judged: settings.uplink.enabled,
            round_due: round_due(settings),
            networks: settings
                .networks
                .iter()
                .map(|network| NetworkFacts {
                    name: network.name.clone(),
                    title: network.title.clone(),
                    profile: network.profile.clone(),
                    home: network.home.clone(),
                })
                .collect(),
            groups: settings
                .groups
                .iter()
                .map(|group| GroupFacts {
                    name: group.name.clone(),
                    last_resort: group.last_resort.clone(),
                })
                .collect(),
            notices: settings
                .notices
                .iter()
                .map(|notice| NoticeFacts {
                    texts: notice.texts.clone(),
                    until: notice.until,
                })
                .collect(),
            maintenance: windows(settings),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(facts);
    }
}

/// The shortest interval twice, as rounds may have to wait for their turn, and the longest round.
/// Networks with `enabled = false` count: they are probed like all others.
fn round_due(settings: &Settings) -> Option<Duration> {
    let endpoints = || settings.plan.networks.iter().flat_map(|it| &it.endpoints);
    let interval = endpoints().map(|it| it.interval).min()?;
    let timeout = endpoints().map(|it| it.timeout).max()?;
    Some(interval * 2 + timeout)
}

/// Every window of every network, the earliest first.
fn windows(settings: &Settings) -> Vec<MaintenanceFacts> {
    let of = |network: &NetworkSettings| {
        let name = network.name.clone();
        let windows = network.maintenance.iter().map(move |it| MaintenanceFacts {
            network: name.clone(),
            from: it.from,
            until: it.until,
        });
        windows.collect::<Vec<_>>()
    };
    let mut windows: Vec<_> = settings.networks.iter().flat_map(of).collect();
    windows.sort_by_key(|it| (it.from, it.until));
    windows
}

#[cfg(any(test, fuzzing))]
impl SharedFacts {
    pub(super) fn shared(&self) -> Arc<Facts> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Everything {
    fn history(&self) -> History {
        self.keeper.history.clone()
    }
}

impl Source for Everything {
    fn picture(&self) -> Picture {
        let shown = self.metrics.view();
        Picture {
            wall: self.metrics.wall_of(shown.now),
            snapshot: shown.snapshot,
            holds: shown.holds,
            now: shown.now,
        }
    }

    fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn rounds(&self, key: &EndpointKey) -> Option<LastRounds> {
        self.rounds.of(key)
    }

    fn clock(&self) -> SystemTime {
        self.metrics.wall_now()
    }

    fn problem(&self) -> Option<String> {
        let problems = self.history().problems();
        let mut sentences: Vec<String> =
            problems.state.into_iter().chain(problems.history).collect();
        sentences.dedup();
        (!sentences.is_empty()).then(|| sentences.join("; "))
    }

    fn keep(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        let keeper = self.keeper.clone();
        Box::pin(async move { keeper.save_before_showing().await })
    }

    fn events(&self, after: u64, limit: usize) -> Reply<Events> {
        let history = self.history();
        Box::pin(async move {
            let oldest = history.events(0, 1).await.map_err(|why| absent(&why))?;
            let rows = history
                .events(after, limit)
                .await
                .map_err(|why| absent(&why))?;
            Ok(Events {
                oldest: oldest.first().map(|row| row.seq),
                rows,
            })
        })
    }

    fn latest(&self, limit: usize) -> Reply<Vec<EventRow>> {
        let history = self.history();
        Box::pin(async move {
            let rows = history.latest_events(limit).await;
            rows.map_err(|why| absent(&why))
        })
    }

    fn switches(&self, limit: usize) -> Reply<Vec<EventRow>> {
        let history = self.history();
        Box::pin(async move { history.switches(limit).await.map_err(|why| absent(&why)) })
    }

    fn outages(&self, wanted: Wanted) -> Reply<Vec<OutageRow>> {
        let history = self.history();
        Box::pin(async move {
            let since = wanted.since.unwrap_or(SystemTime::UNIX_EPOCH);
            let rows = history.outages(since, wanted.network, wanted.before, wanted.limit);
            rows.await.map_err(|why| absent(&why))
        })
    }

    fn outage(&self, id: u64) -> Reply<Option<OutageRow>> {
        let history = self.history();
        Box::pin(async move { history.outage(id).await.map_err(|why| absent(&why)) })
    }

    fn past(&self) -> Reply<Vec<Past>> {
        let everything = self.clone();
        Box::pin(async move { everything.gather_past().await })
    }
}

fn absent(why: &history::Unavailable) -> Unavailable {
    Unavailable(why.to_string())
}
