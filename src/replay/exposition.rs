//! A replay as OpenMetrics, to fill a Prometheus with a past that it has not seen.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use super::world::Picture;
use super::{Played, Scenario};
use crate::metrics::{self, Labels, Shown};

/// Between two pictures at least: Prometheus scrapes no faster.
pub const LEAST_APART: Duration = Duration::from_secs(1);
/// Prometheus looks back five minutes for a sample; pictures further apart than this leave gaps.
pub const MOST_APART: Duration = Duration::from_secs(240);
/// Between two pictures, as between two scrapes.
const USUAL: Duration = Duration::from_secs(15);
/// Pictures of a scenario if nobody asks for more, so that a long one makes a file of the same size.
const ENOUGH: u32 = 2_000;
/// Pictures of a scenario at most.
const MOST: u128 = 20_000;

/// How far apart the pictures of a scenario are for [`openmetrics`], if not as far as was asked
/// for.
///
/// # Errors
/// A sentence if there would be too many.
pub fn between(scenario: &Scenario, asked: Option<Duration>) -> Result<Duration, String> {
    let least = (scenario.duration / ENOUGH).as_secs() + 1;
    let usual = USUAL.max(Duration::from_secs(least)).min(MOST_APART);
    let every = asked.unwrap_or(usual).max(LEAST_APART);
    let pictures = scenario.duration.as_nanos() / every.as_nanos();
    if pictures > MOST {
        return Err(format!(
            "would be {pictures} samples of each series, and {MOST} is the most: \
             replay less, or with a longer --every"
        ));
    }
    Ok(every)
}

/// Writes the pictures of a replay, the one at the end included.
///
/// # Errors
/// If `out` does not take it.
pub fn openmetrics(played: &Played, labels: &Labels, out: &mut impl Write) -> io::Result<()> {
    let pictures = played.pictures.iter().chain([&played.end]);
    let shown: Vec<(SystemTime, Shown)> = pictures
        .map(|picture| (picture.wall, picture.shown()))
        .collect();
    metrics::openmetrics(&shown, labels, out)
}

impl Picture {
    /// As the metrics know it.
    fn shown(&self) -> Shown {
        Shown {
            snapshot: self.snapshot.clone(),
            holds: self.holds.as_slice().into(),
            now: self.now,
            looked_at: self.now,
        }
    }
}
