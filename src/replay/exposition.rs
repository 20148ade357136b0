//! A replay as OpenMetrics, to fill a Prometheus with a past that it has not seen.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Scenario;
use super::facts;
use super::world::{Picture, World};
use crate::config::Settings;
use crate::engine::Judged;
use crate::metrics::{Samples, Shown, Watched, WatchedEndpoint};
use crate::model::Round;

/// Between two samples at least: Prometheus scrapes no faster.
pub const LEAST_APART: Duration = Duration::from_secs(1);
/// Prometheus looks back five minutes for a sample; samples further apart than this leave gaps.
pub const MOST_APART: Duration = Duration::from_secs(240);
/// Between two samples, as between two scrapes.
const USUAL: Duration = Duration::from_secs(15);
/// Samples of a series if nobody asks for more, so that a long scenario makes a file of the same
/// size.
const ENOUGH: u32 = 2_000;
/// Samples of all series at most: each is eight bytes in memory, and a line of the file.
const MOST: u128 = 50_000_000;

/// How far apart the samples of a scenario are, if not as far as was asked for.
///
/// # Errors
/// A sentence if there would be too many.
pub fn between(scenario: &Scenario, asked: Option<Duration>) -> Result<Duration, String> {
    let least = (scenario.duration / ENOUGH).as_secs() + 1;
    let usual = USUAL.max(Duration::from_secs(least)).min(MOST_APART);
    let every = asked.unwrap_or(usual).max(LEAST_APART);
    let times = scenario.duration.as_nanos() / every.as_nanos() + 2;
    let series = World::new(scenario, Some(1)).sampled();
    if times * series as u128 > MOST {
        return Err(format!(
            "would be {times} samples of each of {series} series, more than 50 million in all: \
             shorten it, or leave more time between them (--every)"
        ));
    }
    Ok(every)
}

/// Takes samples while a scenario is played.
pub(super) struct Recorder {
    pub(super) samples: Samples,
    /// Rounds without their final verdict.
    ended: BTreeMap<u64, Round>,
}

impl Recorder {
    pub(super) fn new(settings: &Settings, expected: usize) -> Self {
        Self {
            samples: Samples::new(watched(settings), expected),
            ended: BTreeMap::new(),
        }
    }

    /// A round has ended.
    pub(super) fn ended(&mut self, number: u64, round: Round) {
        self.ended.insert(number, round);
    }

    /// A round has its final verdict.
    pub(super) fn judged(&mut self, judged: &Judged, wall: std::time::SystemTime) {
        if let Some(mut round) = self.ended.remove(&judged.round) {
            facts::settle(&mut round, judged);
            self.samples.round(&judged.key, &round, wall);
        }
    }

    /// Takes a sample of everything.
    pub(super) fn take(&mut self, picture: &Picture) {
        let shown = Shown {
            snapshot: picture.snapshot.clone(),
            holds: picture.holds.as_slice().into(),
            now: picture.now,
            looked_at: picture.now,
        };
        self.samples.take(picture.wall, shown);
    }
}

pub(super) fn watched(settings: &Settings) -> Watched {
    let endpoints = settings.endpoints.iter().map(|endpoint| {
        let resolvers = endpoint.target.resolvers.iter();
        WatchedEndpoint {
            key: endpoint.key.clone(),
            kind: endpoint.target.kind(),
            resolvers: resolvers.map(|resolver| resolver.label.clone()).collect(),
        }
    });
    Watched {
        lean: settings.web.lean,
        endpoints: endpoints.collect(),
    }
}
