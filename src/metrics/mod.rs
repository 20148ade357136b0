//! Every metric of bascule, how it is recorded, and how it is rendered.
//!
//! [`names`] lists them. The numbers of an endpoint have fixed places (`endpoint.rs`), so that
//! counting a round (`record.rs`) looks up no label and allocates nothing. Gauges of states are
//! taken from one [`Snapshot`] at the scrape (`states.rs`), so that a one-hot set always sums to 1.
//! What the daemon counts of itself is kept by the prometheus library. Label values come from the configuration and from closed lists, never from what a
//! server sends: the number of series is a function of the configuration alone.

mod cell;
mod endpoint;
pub mod names;
mod process;
mod record;
mod registry;
mod states;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, IntCounter, IntCounterVec, IntGauge, Registry, TextEncoder,
};

use crate::model::{Activation, EndpointKey, Event, Kind, Name, Round, Snapshot, State};
use crate::schedule::Skip;
pub use prometheus::Error;

use endpoint::Series;
use text::Text;

/// What there is to measure: the configuration's part of the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Leave out most series of endpoints.
    pub lean: bool,
    /// Networks.
    pub networks: Vec<Name>,
    /// Endpoints.
    pub endpoints: Vec<WatchedEndpoint>,
    /// Groups and their networks.
    pub groups: Vec<(Name, Vec<Name>)>,
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

/// The routes of the listener, as label values.
pub const ROUTES: [&str; 6] = ["/metrics", "/healthz", "/readyz", "/", "/-/reload", "other"];

/// All metrics of a daemon. Cheap to clone; every clone is the same metrics.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    /// Of what events count: gathered in the same moment as the states that they led to.
    told: Registry,
    transitions: IntCounterVec,
    last_transition: GaugeVec,
    activations: IntCounterVec,
    lag: Histogram,
    skipped: IntCounterVec,
    in_flight: IntGauge,
    panics: IntCounter,
    web_requests: IntCounterVec,
    reload_successful: IntGauge,
    reload_timestamp: Gauge,
    shown: Mutex<Shown>,
    counted: Mutex<Counted>,
}

/// What the next scrape shows. Locked for moments only: the pipeline waits for this lock.
#[derive(Default)]
struct Shown {
    snapshot: Arc<Snapshot>,
    lean: bool,
}

/// The numbers of the endpoints. Locked for moments only.
#[derive(Default)]
struct Counted {
    watched: Watched,
    endpoints: Arc<BTreeMap<EndpointKey, Arc<Series>>>,
}

impl Metrics {
    /// Metrics of a daemon that watches nothing yet.
    ///
    /// # Errors
    /// If two metrics of [`names`] clash; a test keeps that from happening.
    pub fn new() -> prometheus::Result<Self> {
        let (registry, told) = (Registry::new(), Registry::new());
        let (make, make_told) = (registry::Maker(&registry), registry::Maker(&told));
        let build_info = make.gauges(names::BUILD_INFO)?;
        build_info
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1.0);
        let inner = Inner {
            transitions: make_told.counters(names::NETWORK_TRANSITIONS)?,
            last_transition: make_told.gauges(names::NETWORK_LAST_TRANSITION)?,
            activations: make_told.counters(names::GROUP_ACTIVATIONS)?,
            lag: make.histogram(names::SCHEDULER_LAG)?,
            skipped: make.counters(names::SCHEDULER_SKIPPED)?,
            in_flight: make.int_gauge(names::ROUNDS_IN_FLIGHT)?,
            panics: make.counter(names::ROUND_PANICS)?,
            web_requests: make.counters(names::WEB_REQUESTS)?,
            reload_successful: make.int_gauge(names::RELOAD_SUCCESSFUL)?,
            reload_timestamp: make.gauge(names::RELOAD_SUCCESS_TIMESTAMP)?,
            shown: Mutex::default(),
            counted: Mutex::default(),
            registry,
            told,
        };
        process::register(&inner.registry)?;
        for skip in Skip::ALL {
            inner.skipped.with_label_values(&[skip.as_str()]);
        }
        for route in ROUTES {
            for class in ["2xx", "3xx", "4xx", "5xx"] {
                inner.web_requests.with_label_values(&[route, class]);
            }
        }
        Ok(Self(Arc::new(inner)))
    }

    /// Initialises every series of what is watched, and drops the series of what is not any more.
    pub fn adopt(&self, watched: Watched) {
        let mut counted = lock(&self.0.counted);
        let old = std::mem::take(&mut counted.watched);
        self.forget(&old, &watched);
        for network in &watched.networks {
            self.0.last_transition.with_label_values(&[network]);
            for state in State::ALL {
                self.0
                    .transitions
                    .with_label_values(&[network, state.as_str()]);
            }
        }
        for (group, networks) in &watched.groups {
            for network in networks.iter().map(|name| &**name).chain([NO_NETWORK]) {
                for reason in Activation::ALL {
                    self.0
                        .activations
                        .with_label_values(&[group, network, reason.as_str()]);
                }
            }
        }
        let known = &counted.endpoints;
        let endpoints = watched.endpoints.iter().map(|endpoint| {
            let series = match known.get(&endpoint.key) {
                Some(series) if old.lean == watched.lean && series.endpoint == *endpoint => {
                    Arc::clone(series)
                }
                before => {
                    let before = before.map(|series| &**series);
                    Arc::new(Series::new(endpoint.clone(), watched.lean, before))
                }
            };
            (endpoint.key.clone(), series)
        });
        counted.endpoints = Arc::new(endpoints.collect());
        lock(&self.0.shown).lean = watched.lean;
        counted.watched = watched;
    }

    /// Counts a round.
    pub fn round(&self, key: &EndpointKey, round: &Round, ended: SystemTime) {
        let series = lock(&self.0.counted).endpoints.get(key).cloned();
        if let Some(series) = series {
            series.record(round, ended);
        }
    }

    /// Counts what happened, and shows the states that it led to, in one step: no scrape sees
    /// one without the other.
    pub fn tell(&self, events: &[Event], at: SystemTime, snapshot: Arc<Snapshot>) {
        let mut shown = lock(&self.0.shown);
        for event in events {
            self.event(event, at);
        }
        shown.snapshot = snapshot;
    }

    fn event(&self, event: &Event, at: SystemTime) {
        match event {
            Event::Endpoint { .. }
            | Event::OutageStarted(_)
            | Event::OutageEnded(_)
            | Event::Uplink { .. } => {}
            Event::Network { network, to, .. } => {
                self.0
                    .transitions
                    .with_label_values(&[network, to.as_str()])
                    .inc();
                self.0
                    .last_transition
                    .with_label_values(&[network])
                    .set(unix_seconds(at));
            }
            Event::Group {
                group, to, reason, ..
            } => {
                let to = to.as_deref().unwrap_or(NO_NETWORK);
                self.0
                    .activations
                    .with_label_values(&[group, to, reason.as_str()])
                    .inc();
            }
        }
    }

    /// A round started, so much after its time.
    pub fn started(&self, lag: Duration) {
        self.0.lag.observe(lag.as_secs_f64());
    }

    /// Rounds were not run.
    pub fn skipped(&self, reason: Skip, count: u64) {
        self.0
            .skipped
            .with_label_values(&[reason.as_str()])
            .inc_by(count);
    }

    /// So many rounds are running.
    pub fn in_flight(&self, rounds: usize) {
        self.0
            .in_flight
            .set(i64::try_from(rounds).unwrap_or(i64::MAX));
    }

    /// A round was lost to a bug.
    pub fn panicked(&self) {
        self.0.panics.inc();
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
        let class = match status / 100 {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.0.web_requests.with_label_values(&[route, class]).inc();
    }

    /// Everything, in the Prometheus text format.
    ///
    /// # Errors
    /// If the encoder fails, which it does on duplicate or empty families only.
    pub fn render(&self) -> prometheus::Result<Vec<u8>> {
        let shown = lock(&self.0.shown);
        let (snapshot, lean) = (Arc::clone(&shown.snapshot), shown.lean);
        let mut families = self.0.told.gather();
        drop(shown);
        families.extend(self.0.registry.gather());
        let endpoints = Arc::clone(&lock(&self.0.counted).endpoints);
        let mut text = Text::new();
        states::write(&mut text, &snapshot, lean);
        let series: Vec<&Series> = endpoints.values().map(|series| &**series).collect();
        if !series.is_empty() {
            endpoint::write(&mut text, &series);
        }
        let mut page = text.into_bytes();
        TextEncoder::new().encode(&families, &mut page)?;
        Ok(page)
    }

    /// Removes the series of networks and groups that `old` has and `new` has not.
    fn forget(&self, old: &Watched, new: &Watched) {
        // An error here means that there was no such series, which is what is wanted.
        for network in old
            .networks
            .iter()
            .filter(|name| !new.networks.contains(name))
        {
            let _ = self.0.last_transition.remove_label_values(&[network]);
            for state in State::ALL {
                let _ = self
                    .0
                    .transitions
                    .remove_label_values(&[network, state.as_str()]);
            }
        }
        for (group, networks) in &old.groups {
            let kept = new.groups.iter().find(|(name, _)| name == group);
            for network in networks.iter().map(|name| &**name).chain([NO_NETWORK]) {
                let stays = kept.is_some_and(|(_, networks)| {
                    network == NO_NETWORK || networks.iter().any(|name| &**name == network)
                });
                for reason in Activation::ALL.into_iter().filter(|_| !stays) {
                    let labels = [&**group, network, reason.as_str()];
                    let _ = self.0.activations.remove_label_values(&labels);
                }
            }
        }
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
