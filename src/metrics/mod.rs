//! Every metric of bascule, how it is recorded, and how it is rendered.
//!
//! [`names`] lists them. The numbers of an endpoint have fixed places (`endpoint.rs`), so that
//! counting a round (`record.rs`) looks up no label and allocates nothing. States, books and times
//! are taken from one [`Snapshot`] at the scrape (`states.rs`), the same way for a replay
//! (`openmetrics.rs`). What the daemon counts of itself is in `itself.rs`; the prometheus library
//! keeps a few gauges. Label values come from the configuration and from closed lists, never from
//! what a server sends: the number of series is a function of the configuration alone.

mod cell;
mod endpoint;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod itself;
pub mod names;
mod openmetrics;
mod process;
mod record;
mod registry;
mod saved;
mod states;
#[cfg(test)]
mod tests;
mod text;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use prometheus::{Encoder, Gauge, IntGauge, Registry, TextEncoder};

use crate::model::{EndpointKey, Kind, Moment, Name, Round, Snapshot};
use crate::schedule::Skip;
pub use openmetrics::{Labels, Samples};
pub use prometheus::Error;
pub use saved::Saved;

use endpoint::Series;
use itself::Itself;
use states::Picture;
use text::Text;
use webhooks::Webhooks;

/// What there is to measure: the configuration's part of the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Leave out most series of endpoints.
    pub lean: bool,
    /// Endpoints.
    pub endpoints: Vec<WatchedEndpoint>,
}

/// One endpoint to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedEndpoint {
    /// Which endpoint.
    pub key: EndpointKey,
    /// What kind.
    pub kind: Kind,
    /// Its resolvers, as the configuration writes them.
    pub resolvers: Vec<Name>,
}

/// The network label of a group without a usable network.
pub const NO_NETWORK: &str = "none";

/// Wall-clock times that are this far apart mean that the clock was set.
const SET: Duration = Duration::from_secs(1);

/// The routes of the listener, as label values.
pub const ROUTES: [&str; 14] = [
    "/metrics",
    "/healthz",
    "/readyz",
    "/",
    "/-/reload",
    "/api/v1/networks",
    "/api/v1/groups",
    "/api/v1/outages",
    "/api/v1/events",
    "/api/v1/endpoints",
    "/status.json",
    "/status.txt",
    "/go",
    "other",
];

/// All metrics of a daemon. Cheap to clone; every clone is the same metrics.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    times: Times,
    registry: Registry,
    in_flight: IntGauge,
    reload_successful: IntGauge,
    reload_timestamp: Gauge,
    itself: Itself,
    shown: Mutex<Shown>,
    counted: Mutex<Counted>,
    webhooks: Mutex<Webhooks>,
    /// The wall-clock time of the origin of moments, as it was last told.
    origin: Mutex<Option<SystemTime>>,
}

/// The clocks that are read at a scrape.
#[derive(Clone)]
pub struct Times {
    now: Arc<dyn Fn() -> Moment + Send + Sync>,
    wall_of: Arc<dyn Fn(Moment) -> SystemTime + Send + Sync>,
}

impl Times {
    /// What tells the moment, and what tells the wall-clock time of a moment.
    #[must_use]
    pub fn new(
        now: impl Fn() -> Moment + Send + Sync + 'static,
        wall_of: impl Fn(Moment) -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        Self {
            now: Arc::new(now),
            wall_of: Arc::new(wall_of),
        }
    }
}

/// What readers are shown at a moment. Locked for moments only: the pipeline waits for this lock.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// All states and books.
    pub snapshot: Arc<Snapshot>,
    /// Until when the time of each network can be booked, in the order of the snapshot. `None`:
    /// until any moment.
    pub holds: Arc<[Option<Moment>]>,
    /// The moment. Nobody has been shown a later one.
    pub now: Moment,
    /// When the states were last looked at by those who judge.
    pub looked_at: Moment,
}

/// Counters of time run on for so long without anybody having looked: a daemon that does not
/// judge any more must not seem to, and what a suspended machine has not seen is nobody's time.
const LIVENESS: Duration = Duration::from_secs(2);

/// The numbers of the endpoints. Locked for moments only.
#[derive(Clone, Default)]
struct Counted {
    lean: bool,
    endpoints: Arc<BTreeMap<EndpointKey, Arc<Series>>>,
}

impl Metrics {
    /// Metrics of a daemon that watches nothing yet.
    ///
    /// # Errors
    /// If two metrics of [`names`] clash; a test keeps that from happening.
    pub fn new(times: Times) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let make = registry::Maker(&registry);
        let build_info = make.gauges(names::BUILD_INFO)?;
        build_info
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1.0);
        process::register(&registry)?;
        Ok(Self(Arc::new(Inner {
            times,
            in_flight: make.int_gauge(names::ROUNDS_IN_FLIGHT)?,
            reload_successful: make.int_gauge(names::RELOAD_SUCCESSFUL)?,
            reload_timestamp: make.gauge(names::RELOAD_SUCCESS_TIMESTAMP)?,
            itself: Itself::default(),
            shown: Mutex::default(),
            counted: Mutex::default(),
            webhooks: Mutex::default(),
            origin: Mutex::default(),
            registry,
        })))
    }

    /// Initialises every series of the endpoints that are watched, and drops the series of those
    /// that are not any more. The other series come and go with the snapshot.
    pub fn adopt(&self, watched: Watched) {
        let mut counted = lock(&self.0.counted);
        let Counted { lean, endpoints } = &*counted;
        let series_of = |endpoint: WatchedEndpoint| match endpoints.get(&endpoint.key) {
            Some(series) if *lean == watched.lean && series.endpoint == endpoint => {
                Arc::clone(series)
            }
            before => {
                let before = before.map(|series| &**series);
                Arc::new(Series::new(endpoint, watched.lean, before))
            }
        };
        let all = watched.endpoints.into_iter();
        let endpoints = all.map(|endpoint| (endpoint.key.clone(), series_of(endpoint)));
        *counted = Counted {
            endpoints: Arc::new(endpoints.collect()),
            lean: watched.lean,
        };
    }

    /// The same for webhooks.
    pub fn adopt_webhooks(&self, names: impl IntoIterator<Item = Name>) {
        let mut webhooks = lock(&self.0.webhooks);
        *webhooks = webhooks::adopted(&webhooks, names);
    }

    /// Every counter that survives a restart.
    #[must_use]
    pub fn save(&self) -> Saved {
        let endpoints = Arc::clone(&lock(&self.0.counted).endpoints);
        let of_endpoints = endpoints
            .iter()
            .map(|(key, series)| (key.to_string(), saved::save(|visit| series.slots(visit))));
        let webhooks = lock(&self.0.webhooks).clone();
        let itself = saved::save(|visit| {
            self.0.itself.slots(visit);
            webhooks::slots(&webhooks, visit);
        });
        let all = of_endpoints.chain([(String::new(), itself)]);
        all.filter(|(_, numbers)| !numbers.is_empty()).collect()
    }

    /// Goes on from what was saved, once, after [`Metrics::adopt`]. What is not watched any more is
    /// forgotten, and what is no number of ours is left out.
    pub fn restore(&self, saved: &Saved) {
        let endpoints = Arc::clone(&lock(&self.0.counted).endpoints);
        for (key, series) in endpoints.iter() {
            if let Some(saved) = saved.get(&key.to_string()) {
                saved::restore(saved, |visit| series.slots(visit));
            }
        }
        if let Some(saved) = saved.get("") {
            saved::restore(saved, |visit| self.0.itself.slots(visit));
            let webhooks = lock(&self.0.webhooks).clone();
            saved::restore(saved, |visit| webhooks::slots(&webhooks, visit));
        }
    }

    /// Runs `f` with the moment until which readers have been shown time as booked; nobody is
    /// shown anything while it runs. It returns the new picture, if there is one, and until when
    /// the time of each network can be booked, in the order of the picture's networks.
    ///
    /// `f` must not show anything itself: it would wait for its own end.
    pub fn publish<R>(
        &self,
        f: impl FnOnce(Moment) -> (R, Option<Arc<Snapshot>>, Vec<Option<Moment>>),
    ) -> R {
        let mut shown = lock(&self.0.shown);
        let (answer, snapshot, holds) = f(shown.now);
        shown.looked_at = (self.0.times.now)();
        if let Some(snapshot) = snapshot {
            shown.snapshot = snapshot;
        }
        shown.holds = holds.into();
        answer
    }

    /// What there is to show now.
    #[must_use]
    pub fn view(&self) -> Shown {
        let mut shown = lock(&self.0.shown);
        let now = (self.0.times.now)().min(shown.looked_at + LIVENESS);
        shown.now = shown.now.max(now);
        shown.clone()
    }

    /// The wall-clock time of a moment. It stays the same until the clock is set: reading two
    /// clocks one after the other would give another time at each scrape.
    #[must_use]
    pub fn wall_of(&self, moment: Moment) -> SystemTime {
        let origin = self.origin();
        let wall = origin.checked_add(moment.since_origin());
        wall.unwrap_or(origin)
    }

    /// The time of day now, also while nobody publishes.
    #[must_use]
    pub fn wall_now(&self) -> SystemTime {
        self.wall_of((self.0.times.now)())
    }

    fn origin(&self) -> SystemTime {
        let read = (self.0.times.wall_of)(Moment::ZERO);
        let mut told = lock(&self.0.origin);
        let origin = told.filter(|told| {
            let apart = read
                .duration_since(*told)
                .unwrap_or_else(|back| back.duration());
            apart < SET
        });
        *told.insert(origin.unwrap_or(read))
    }

    /// Counts a round that has its final verdict.
    pub fn round(&self, key: &EndpointKey, round: &Round, ended: SystemTime) {
        let series = lock(&self.0.counted).endpoints.get(key).cloned();
        if let Some(series) = series {
            series.record(round, ended);
        }
    }

    /// A round started, so much after its time.
    pub fn started(&self, lag: Duration) {
        self.0.itself.lag.observe(lag.as_secs_f64());
    }

    /// Rounds were not run.
    pub fn skipped(&self, reason: Skip, count: u64) {
        self.0.itself.skipped[reason as usize].add(count);
    }

    /// So many rounds are running.
    pub fn in_flight(&self, rounds: usize) {
        self.0
            .in_flight
            .set(i64::try_from(rounds).unwrap_or(i64::MAX));
    }

    /// A round was lost to a bug.
    pub fn panicked(&self) {
        self.0.itself.panics.inc();
    }

    /// The memory could not be written.
    pub fn persist_failed(&self) {
        self.0.itself.persist_failures.inc();
    }

    /// The configuration was (re)loaded, or was not.
    pub fn loaded(&self, successful: bool, at: SystemTime) {
        self.0.reload_successful.set(i64::from(successful));
        if successful {
            self.0.reload_timestamp.set(unix_seconds(at));
        }
    }

    /// A request was answered. `route` is one of [`ROUTES`].
    pub fn request(&self, route: &'static str, status: u16) {
        self.0.itself.request(route, status);
    }

    /// An attempt to deliver an event has ended, or the event was given up. `result` is a label
    /// value.
    pub fn delivery(&self, webhook: &str, result: &str) {
        if let Some(numbers) = lock(&self.0.webhooks).get(webhook) {
            numbers.delivery(result);
        }
    }

    /// So many events wait to be delivered.
    pub fn pending(&self, webhook: &str, events: usize) {
        if let Some(numbers) = lock(&self.0.webhooks).get(webhook) {
            numbers.pending.set(events as f64);
        }
    }

    /// Everything, in the Prometheus text format.
    ///
    /// # Errors
    /// If the encoder fails, which it does on duplicate or empty families only.
    pub fn render(&self) -> prometheus::Result<Vec<u8>> {
        let picture = Picture {
            shown: self.view(),
            origin: self.origin(),
        };
        let Counted { lean, endpoints } = lock(&self.0.counted).clone();
        let mut text = Text::new();
        states::write(&mut text, &picture, lean);
        let series: Vec<&Series> = endpoints.values().map(|series| &**series).collect();
        endpoint::write(&mut text, &series);
        let webhooks = lock(&self.0.webhooks).clone();
        self.0.itself.write(&mut text);
        webhooks::write(&mut text, &webhooks);
        let mut page = text.into_bytes();
        TextEncoder::new().encode(&self.0.registry.gather(), &mut page)?;
        Ok(page)
    }
}

/// Seconds since the epoch, as Prometheus wants them.
fn unix_seconds(at: SystemTime) -> f64 {
    match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// A poisoned lock only means that some thread panicked elsewhere; numbers cannot be half written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
