//! The wiring: builds the rooms, starts and stops them in order, reloads.
//!
//! Start: passed sockets, configuration, signals, listeners, what was remembered, metrics (every
//! series at 0), pipeline; then systemd is told. A fault in the configuration or an address that
//! cannot be had ends the start with one sentence.
//!
//! Stop (SIGTERM, SIGINT): the pipeline ends first and drops the rounds in flight, which are
//! not counted; then the listeners, which finish the answers under way, within a second; then
//! the memory, so that it has what the last answer has shown. Nothing waits for a server.
//!
//! Reload (SIGHUP, `POST /-/reload`): the new configuration is read and checked in full beside
//! the running one, then swapped in one step; a faulty one changes nothing and is told in the
//! log and in `bascule_config_last_reload_successful`.

mod adopt;
mod bars;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod journal;
mod judging;
mod keeper;
mod listeners;
mod look;
mod manager;
mod narrator;
mod past;
mod persist;
mod pipeline;
mod progress;
mod reload;
mod rounds;
mod source;
mod timesheet;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::config::{self, Faults, Settings};
use crate::engine::Engine;
use crate::history::{self, History, Image};
use crate::host::clock::Clock;
use crate::host::signals::Signals;
use crate::host::systemd::{self, Notifier};
use crate::metrics::{Metrics, Times};
use crate::web::access::{Access, Audience, Gate};
use crate::web::{self, Readiness, Server};
use journal::Journal;
use keeper::{Keeper, memory_of};
use listeners::Door;
use manager::Manager;
use pipeline::{Pipeline, Told};
use reload::Reloader;
use rounds::Rounds;
use source::{Everything, SharedFacts};
use timesheet::Timesheet;

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
    /// systemd has passed something that cannot be served.
    Passed(systemd::NotListening),
    /// A listener could not be opened.
    Listen(listeners::Taken),
    /// No thread for the listeners.
    Server(std::io::Error),
    /// A bug: what was remembered could not be taken up.
    Memory(tokio::task::JoinError),
    /// No signal handlers.
    Signals(std::io::Error),
    /// A bug: two metrics clash.
    Metrics(crate::metrics::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(faults) => write!(f, "{faults}"),
            Self::Passed(socket) => write!(f, "{socket}"),
            Self::Listen(taken) => write!(f, "{taken}"),
            Self::Server(error) => write!(f, "cannot serve: {error}"),
            Self::Memory(error) => write!(f, "cannot go on from the state: {error}"),
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
    let ended = start_and_run(options).await;
    ended.inspect_err(manager::failed)
}

async fn start_and_run(options: Options) -> Result<(), StartError> {
    let passed = systemd::sockets().map_err(StartError::Passed)?;
    let source = config::find(options.config);
    let settings = config::load(&source).map_err(StartError::Config)?.settings;
    let signals = Signals::listen().map_err(StartError::Signals)?;
    let doors = listeners::open(&wanted(&settings), passed).map_err(StartError::Listen)?;
    narrator::starting(&source, &settings);

    let mut notifier = Notifier::from_environment();
    let remembered = settings.clone();
    let restoring = tokio::task::spawn_blocking(move || remember(&remembered));
    let Beginning {
        clock,
        engine,
        history,
        journal,
        timesheet,
        counters,
    } = manager::patiently(&mut notifier, restoring)
        .await
        .map_err(StartError::Memory)?;
    let metrics = Metrics::new(times(&clock)).map_err(StartError::Metrics)?;
    metrics.loaded(true, clock.wall());
    let everything = Everything {
        metrics: metrics.clone(),
        rounds: Rounds::default(),
        keeper: Keeper::new(history, metrics.clone(), clock.clone()),
        facts: SharedFacts::default(),
        kept: past::Kept::default(),
    };
    let told = Told {
        keeper: everything.keeper.clone(),
        rounds: everything.rounds.clone(),
        facts: everything.facts.clone(),
        manager: Manager::new(notifier, everything.clone()),
        journal,
        timesheet,
        metrics: metrics.clone(),
    };

    let (reload_wishes, reload_requests) = mpsc::channel(RELOAD_QUEUE);
    let (readiness_sender, readiness) = watch::channel(Readiness::default());
    let access = settings.web.access.clone();
    let gate = Gate::new(reload::rules(&settings));
    let unnamed = doors.iter().filter_map(Door::as_unnamed).collect();
    let reloader = Reloader::new(source, gate.clone(), &settings, unnamed);
    let mut pipeline = Pipeline::new(settings, engine, told, clock, readiness_sender);
    pipeline.begin(counters.as_ref());

    let view = web::View::new(
        metrics,
        Arc::new(everything),
        readiness,
        reload_wishes,
        gate,
    );
    let server = serve(doors, &view, &access).map_err(StartError::Server)?;
    pipeline.ready();
    let stopped = pipeline.run(signals, reload_requests, reloader).await;
    server.close().await;
    stopped.end();
    narrator::stopped();
    Ok(())
}

/// Opens the doors.
fn serve(doors: Vec<Door>, view: &web::View, access: &Access) -> std::io::Result<Server> {
    let mut served = Vec::new();
    for door in doors {
        narrator::listening(&door, access);
        served.push((door.listener, door.audience));
    }
    Server::start(served, view)
}

/// Where to listen, and for whom.
fn wanted(settings: &Settings) -> Vec<(SocketAddr, Audience)> {
    let private = settings.web.listen.iter();
    let public = settings.web.public_listen.iter();
    private
        .map(|&address| (address, Audience::Private))
        .chain(public.map(|&address| (address, Audience::Public)))
        .collect()
}

/// What a daemon begins with.
struct Beginning {
    clock: Clock,
    engine: Engine,
    history: History,
    journal: Journal,
    timesheet: Timesheet,
    counters: Option<crate::metrics::Saved>,
}

/// Goes on where another process stopped, if anything is left of it.
fn remember(settings: &Settings) -> Beginning {
    if settings.state_dir.is_none() {
        narrator::no_memory();
    }
    let wall = Clock::system();
    let wanted = history::Settings {
        dir: settings.state_dir.clone(),
        retention: settings.history.retention,
        max_size: settings.history.max_size,
    };
    let opened = history::open(wanted, move || wall.wall());
    for problem in &opened.problems {
        narrator::memory_found(problem);
    }
    let (clock, mut engine, outbox, timesheet, counters) = match opened.image {
        Some((image, away)) => {
            let (clock, engine) = resume(settings, &image, away);
            let timesheet = Timesheet::restore(&image.memory, image.hours);
            let counters = Some(image.counters);
            (clock, engine, image.outbox, timesheet, counters)
        }
        None => {
            let clock = Clock::system();
            let plan = settings.plan_at(|wall| clock.moment_of(wall));
            let engine = Engine::new(plan, clock.now());
            (clock, engine, Vec::new(), Timesheet::default(), None)
        }
    };
    engine.number_outages_from(opened.next_outage);
    Beginning {
        clock,
        engine,
        history: opened.history,
        journal: Journal::new(opened.next_seq, outbox),
        timesheet,
        counters,
    }
}

/// Clock and engine go on from an image that was taken so long ago.
fn resume(settings: &Settings, image: &Image, away: Duration) -> (Clock, Engine) {
    let (moment, wall) = (image.saved.moment, image.saved.wall);
    let seen = moment.max(image.shown_until).max(image.memory.at);
    let clock = Clock::resuming(seen + away).anchored(moment, wall);
    let fresh = away <= settings.max_state_age;
    narrator::resumed(away, fresh);
    let plan = settings.plan_at(|wall| clock.moment_of(wall));
    let engine = Engine::restore(plan, &memory_of(image), fresh, clock.now());
    (clock, engine)
}

fn times(clock: &Clock) -> Times {
    let (now, wall) = (clock.clone(), clock.clone());
    Times::new(move || now.now(), move |moment| wall.wall_of(moment))
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
