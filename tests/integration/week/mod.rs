//! A week of trouble in a real Prometheus: what two bascules would have been scraped of, one in the
//! north and one in the south (`tests/scenarios/week-*.toml`). Rules, dashboards and the cookbook
//! are asked about it.
//!
//! One server for all tests of the process, made when the first one asks for it.

mod agreement;
mod backfill;
mod cookbook;
mod server;

use std::net::SocketAddr;
use std::sync::OnceLock;

pub(crate) use self::server::{Sample, Series, Server, ask};

/// Where the two look from: the label `instance`, and the end of the scenario's name.
pub(crate) const VANTAGES: [&str; 2] = ["north", "south"];

/// Seconds between two samples.
pub(crate) const APART: i64 = 60;

/// The week, ready to be asked.
pub(crate) struct Week {
    server: Server,
    start: i64,
    end: i64,
}

/// The week, made by whoever asks first.
pub(crate) fn prometheus() -> &'static Week {
    static WEEK: OnceLock<Week> = OnceLock::new();
    WEEK.get_or_init(Week::make)
}

impl Week {
    fn make() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("week-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a folder can be made");
        let (start, end) = backfill::span();
        backfill::fill(&folder.path().join("data"), start);
        let server = Server::start(folder);
        Self { server, start, end }
    }

    /// The first sample, in Unix seconds.
    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    /// The last sample.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// Where it listens, for who asks in another way.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The answer to a question in PromQL at a moment.
    pub(crate) fn instant(&self, promql: &str, at: i64) -> Result<Vec<Sample>, String> {
        self.server.instant(promql, at)
    }

    /// The answers from `start` to `end`, every `step` seconds.
    pub(crate) fn range(
        &self,
        promql: &str,
        start: i64,
        end: i64,
        step: i64,
    ) -> Result<Vec<Series>, String> {
        self.server.range(promql, start, end, step)
    }
}
