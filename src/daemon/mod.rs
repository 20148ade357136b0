//! The wiring: builds the rooms, starts and stops them in order, reloads.
//!
//! Start: configuration, metrics (every series at 0), signals, listeners, pipeline. A fault in
//! the configuration or an address that cannot be had ends the start with one sentence.
//!
//! Stop (SIGTERM, SIGINT): the pipeline ends first and drops the rounds in flight, which are
//! not counted; then the listeners. Nothing waits for a server or a client, so it takes
//! milliseconds.
//!
//! Reload (SIGHUP, `POST /-/reload`): the new configuration is read and checked in full beside
//! the running one, then swapped in one step; a faulty one changes nothing and is told in the
//! log and in `bascule_config_last_reload_successful`.

mod narrator;
mod pipeline;
mod reload;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::{mpsc, watch};

use crate::config::{self, Faults, Settings};
use crate::host::clock::Clock;
use crate::host::signals::Signals;
use crate::metrics::{Metrics, Times};
use crate::web::{self, Readiness, Server};
use pipeline::Pipeline;
use reload::Reloader;

/// Wishes to reload that can wait; a further one waits at the listener.
const RELOAD_QUEUE: usize = 8;

/// What the command line decides.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
}

/// Why the daemon did not start.
#[derive(Debug)]
pub enum StartError {
    /// The configuration has faults.
    Config(Faults),
    /// A listener could not be opened.
    Listen(SocketAddr, std::io::Error),
    /// No thread for the listeners.
    Server(std::io::Error),
    /// No signal handlers.
    Signals(std::io::Error),
    /// A bug: two metrics clash.
    Metrics(crate::metrics::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(faults) => write!(f, "{faults}"),
            Self::Listen(address, error) => write!(
                f,
                "cannot listen on {address}: {error} (another bascule? change web.listen)"
            ),
            Self::Server(error) => write!(f, "cannot serve: {error}"),
            Self::Signals(error) => write!(f, "cannot install signal handlers: {error}"),
            Self::Metrics(error) => write!(f, "cannot set up the metrics: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// Runs the daemon until a signal stops it.
///
/// # Errors
/// If it cannot start.
pub async fn run(options: Options) -> Result<(), StartError> {
    let clock = Clock::system();
    let source = config::find(options.config);
    let settings = config::load(&source).map_err(StartError::Config)?.settings;
    let times = {
        let (moments, walls) = (clock.clone(), clock.clone());
        Times::new(move || moments.now(), move |moment| walls.wall_of(moment))
    };
    let metrics = Metrics::new(times).map_err(StartError::Metrics)?;
    metrics.loaded(true, clock.wall());
    let signals = Signals::listen().map_err(StartError::Signals)?;
    let mut listeners = Vec::new();
    for &address in &settings.web.listen {
        let listener = web::bind(address).map_err(|error| StartError::Listen(address, error))?;
        listeners.push(listener);
    }

    let (reload_wishes, reload_requests) = mpsc::channel(RELOAD_QUEUE);
    let (readiness_sender, readiness) = watch::channel(Readiness::default());
    let enable_lifecycle = Arc::new(AtomicBool::new(settings.web.enable_lifecycle));
    let view = web::View::new(
        metrics.clone(),
        Arc::new(web::Nothing),
        readiness,
        reload_wishes,
        Arc::clone(&enable_lifecycle),
    );
    narrator::starting(&source, &settings);
    let reloader = Reloader::new(source, enable_lifecycle, settings.web.listen.clone());
    let pipeline = Pipeline::new(settings, metrics, clock, readiness_sender);

    for address in listeners
        .iter()
        .filter_map(|listener| listener.local_addr().ok())
    {
        narrator::listening(address);
    }
    let server = Server::start(listeners, &view).map_err(StartError::Server)?;
    pipeline.run(signals, reload_requests, reloader).await;
    server.stop();
    narrator::stopped();
    Ok(())
}

/// What the metrics room has to know of a configuration.
fn watched(settings: &Settings) -> crate::metrics::Watched {
    crate::metrics::Watched {
        lean: settings.web.lean,
        endpoints: settings
            .endpoints
            .iter()
            .map(|endpoint| crate::metrics::WatchedEndpoint {
                key: endpoint.key.clone(),
                kind: endpoint.target.kind(),
                resolvers: endpoint
                    .target
                    .resolvers
                    .iter()
                    .map(|r| r.label.clone())
                    .collect(),
            })
            .collect(),
    }
}
