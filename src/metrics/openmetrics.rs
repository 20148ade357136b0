//! States and books at many times, in OpenMetrics: to backfill a Prometheus with a replay
//! (`promtool tsdb create-blocks-from openmetrics`).
//!
//! The bounds of histograms are written as in a scrape, so that both make the same series.

mod labels;

use std::io::{self, Write};
use std::time::SystemTime;

use super::Shown;
use super::states::{self, Picture};
use super::text::Text;
pub use labels::Labels;

/// Writes what was shown at each of these times, every sample with these labels besides its own. Times have to ascend; of several in one
/// millisecond the last one counts, and one before its predecessor is left out.
///
/// # Errors
/// If `out` does not take it.
pub fn openmetrics(
    pictures: &[(SystemTime, Shown)],
    labels: &Labels,
    out: &mut impl Write,
) -> io::Result<()> {
    let dated = ascending(pictures);
    let mut text = Text::dated(labels);
    for family in states::families() {
        family.begin(&mut text);
        // All metrics before this one.
        out.write_all(&text.take())?;
        for (at, picture) in &dated {
            text.at(*at);
            family.write(&mut text, picture);
        }
    }
    out.write_all(&text.into_bytes())?;
    out.write_all(b"# EOF\n")
}

/// Each with the milliseconds since the epoch.
fn ascending(pictures: &[(SystemTime, Shown)]) -> Vec<(u128, Picture)> {
    let mut dated: Vec<(u128, Picture)> = Vec::with_capacity(pictures.len());
    for (at, shown) in pictures {
        let since = at.duration_since(SystemTime::UNIX_EPOCH);
        let milliseconds = since.unwrap_or_default().as_millis();
        let last = dated.last().map(|(last, _)| *last);
        if last.is_some_and(|last| last > milliseconds) {
            continue;
        }
        if last == Some(milliseconds) {
            dated.pop();
        }
        let origin = at.checked_sub(shown.now.since_origin());
        let picture = Picture {
            shown: shown.clone(),
            origin: origin.unwrap_or(SystemTime::UNIX_EPOCH),
        };
        dated.push((milliseconds, picture));
    }
    dated
}

#[cfg(test)]
mod tests;
