//! What a scrape would have shown at many times, in OpenMetrics: to backfill a Prometheus with a
//! replay (`promtool tsdb create-blocks-from openmetrics`).
//!
//! The same code counts rounds and writes series as for the scrape, so both make the same series.

mod labels;
mod table;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::SystemTime;

use super::endpoint::{self, Series};
use super::states::{self, Picture};
use super::text::Text;
use super::{Shown, Watched};
use crate::model::{EndpointKey, Round};
pub use labels::Labels;
pub(super) use table::Table;

/// What would have been scraped, time after time.
pub struct Samples {
    lean: bool,
    endpoints: BTreeMap<EndpointKey, Series>,
    text: Text,
}

impl Samples {
    /// Samples of what is watched, of about so many times.
    #[must_use]
    pub fn new(watched: Watched, expected: usize) -> Self {
        let lean = watched.lean;
        let series = |endpoint: super::WatchedEndpoint| {
            let key = endpoint.key.clone();
            (key, Series::new(endpoint, lean, None))
        };
        Self {
            lean,
            endpoints: watched.endpoints.into_iter().map(series).collect(),
            text: Text::tabled(Table::new(expected)),
        }
    }

    /// How many series there are; none before the first sample was taken.
    #[must_use]
    pub fn series(&self) -> usize {
        self.text.table().map_or(0, Table::series)
    }

    /// Counts a round that has its final verdict.
    pub fn round(&self, key: &EndpointKey, round: &Round, ended: SystemTime) {
        if let Some(series) = self.endpoints.get(key) {
            series.record(round, ended);
        }
    }

    /// Takes a sample of everything. One that is not a millisecond later than the one before is
    /// left out.
    pub fn take(&mut self, at: SystemTime, shown: Shown) {
        let since = at.duration_since(SystemTime::UNIX_EPOCH);
        let milliseconds = since.unwrap_or_default().as_millis();
        let milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX);
        if self.text.table().and_then(Table::last) >= Some(milliseconds) {
            return;
        }
        self.text.at(milliseconds);
        let origin = at.checked_sub(shown.now.since_origin());
        let picture = Picture {
            shown,
            origin: origin.unwrap_or(SystemTime::UNIX_EPOCH),
        };
        states::write(&mut self.text, &picture, self.lean);
        let series: Vec<&Series> = self.endpoints.values().collect();
        endpoint::write(&mut self.text, &series);
    }

    /// Writes them, each with these labels besides its own.
    ///
    /// # Errors
    /// If `out` does not take it.
    pub fn write(&self, labels: &Labels, out: &mut impl Write) -> io::Result<()> {
        match self.text.table() {
            Some(table) => table.write(labels, out),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for Samples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let series = self.series();
        f.debug_struct("Samples").field("series", &series).finish()
    }
}

#[cfg(test)]
mod tests;
