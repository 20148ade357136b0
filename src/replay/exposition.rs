//! A replay as OpenMetrics, to fill a Prometheus with a past that it has not seen.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use super::world::Picture;
use super::{Played, Scenario};
use crate::metrics::{self, Shown};

/// Between two pictures, as between two scrapes.
const USUAL: Duration = Duration::from_secs(15);
/// Pictures of a scenario at most, so that a long one makes a file of the same size.
const PICTURES: u32 = 2_000;
/// Prometheus looks back five minutes for a sample; pictures further apart than this leave gaps.
const WIDEST: Duration = Duration::from_secs(240);

/// How far apart the pictures of a scenario have to be for [`openmetrics`]; `None` if it is too
/// long to be written out.
#[must_use]
pub fn between(scenario: &Scenario) -> Option<Duration> {
    let least = scenario.duration / PICTURES;
    (least <= WIDEST).then(|| USUAL.max(Duration::from_secs(least.as_secs() + 1)))
}

/// Writes the pictures of a replay, the one at the end included.
///
/// # Errors
/// If `out` does not take it.
pub fn openmetrics(played: &Played, out: &mut impl Write) -> io::Result<()> {
    let pictures = played.pictures.iter().chain([&played.end]);
    let shown: Vec<(SystemTime, Shown)> = pictures
        .map(|picture| (picture.wall, picture.shown()))
        .collect();
    metrics::openmetrics(&shown, out)
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
