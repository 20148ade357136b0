//! The loop: what is due is probed, what was probed is judged, what was judged is told.
//!
//! It owns the timetable and the engine, and is the only one that changes them. Rounds and sweeps
//! of the canaries run as tasks of their own; the loop waits for nothing else than the next thing
//! to happen.
//!
//! Whatever changes what readers see happens while nobody reads ([`Metrics::publish`]), so that
//! time that was shown as booked stays booked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::journal::Journal;
use super::keeper::Keeper;
use super::manager::Manager;
use super::narrator;
use super::reload::Reloader;
use super::rounds::Rounds;
use super::source::SharedFacts;
use super::timesheet::Timesheet;
use super::webhooks::Webhooks;
use crate::config::Settings;
use crate::engine::{Engine, Evidence, Input, Step, Sweep};
use crate::history::{Entry, Problems};
use crate::host::clock::Clock;
use crate::host::descriptors;
use crate::host::signals::{Request, Signals};
use crate::metrics::Metrics;
use crate::model::{Cause, EndpointKey, Moment, Round};
use crate::probe::Prober;
use crate::probe::canary::{Canaries, Swept};
use crate::probe::deadline::Deadline;
use crate::probe::target::Target;
use crate::schedule::Timetable;
use crate::web::{Readiness, ReloadRequest};

/// The loop looks at the time at least so often: counters of time run as far as it has looked.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// What the canaries and the gateway take together, at most.
const SWEEP: Duration = Duration::from_secs(3);

pub(super) struct Pipeline {
    pub(super) engine: Engine,
    pub(super) timetable: Timetable,
    pub(super) prober: Prober,
    /// What the configuration says; its plan needs the clock to be of use.
    pub(super) settings: Settings,
    pub(super) canaries: Canaries,
    pub(super) endpoints: BTreeMap<EndpointKey, Watch>,
    running: JoinSet<Round>,
    pub(super) sweeps: JoinSet<Swept>,
    /// When the sweep that runs has to have ended.
    pub(super) sweep_ends: Option<Instant>,
    pub(super) in_flight: BTreeMap<Id, Flight>,
    /// Rounds that have ended, by their numbers, until the engine has the last word on them.
    pub(super) ended: BTreeMap<u64, Round>,
    rounds_run: u64,
    pub(super) clock: Clock,
    /// How often the wall clock had been set when its times were last made into moments.
    clock_steps: u64,
    pub(super) told: Told,
    pub(super) readiness: watch::Sender<Readiness>,
    pub(super) blind: bool,
    pub(super) generations: u64,
    /// The revision of the engine that readers see.
    pub(super) shown: Option<u64>,
    /// Happened, and not handed to the history yet: the state file comes first.
    pub(super) unkept: Vec<Entry>,
    pub(super) unsaved: bool,
    pub(super) last_save: Moment,
    pub(super) problems: Problems,
    pub(super) persist_failures: u64,
    /// Files that this process may have open.
    pub(super) descriptors: Option<u64>,
}

/// What the loop knows of an endpoint.
pub(super) struct Watch {
    pub(super) target: Arc<Target>,
    pub(super) fingerprint: String,
    /// Rounds of an older generation are not counted: they probed something else.
    pub(super) generation: u64,
    pub(super) tried: bool,
    /// Why the last round was inconclusive, if it was.
    pub(super) inconclusive: Option<Cause>,
}

/// A round that runs.
pub(super) struct Flight {
    pub(super) key: EndpointKey,
    generation: u64,
    started: Moment,
    /// When it has to have ended, by the clock of its timers.
    pub(super) ends: Instant,
}

/// Whoever is told of what happens.
pub(super) struct Told {
    pub(super) metrics: Metrics,
    pub(super) rounds: Rounds,
    pub(super) keeper: Keeper,
    pub(super) journal: Journal,
    pub(super) timesheet: Timesheet,
    pub(super) facts: SharedFacts,
    pub(super) manager: Manager,
    pub(super) webhooks: Webhooks,
}

/// A loop that has ended, and may still be asked for what it knows.
pub(super) struct Stopped(Pipeline);

impl Stopped {
    /// Has everything written for the last time: nobody is shown anything any more.
    pub(super) fn end(mut self) {
        self.0.told.webhooks.end();
        self.0.save();
        self.0.told.keeper.history.close();
    }
}

impl Pipeline {
    /// A loop around an engine, which may remember another process.
    pub(super) fn new(
        settings: Settings,
        engine: Engine,
        told: Told,
        clock: Clock,
        readiness: watch::Sender<Readiness>,
    ) -> Self {
        let now = clock.now();
        // Those of the start have been told.
        let problems = told.keeper.history.problems();
        let mut pipeline = Self {
            engine,
            timetable: Timetable::new(1, fastrand::u64(..)),
            prober: Prober::new(clock.clone(), settings.roots.clone()),
            canaries: canaries(&settings),
            endpoints: BTreeMap::new(),
            running: JoinSet::new(),
            sweeps: JoinSet::new(),
            sweep_ends: None,
            in_flight: BTreeMap::new(),
            ended: BTreeMap::new(),
            rounds_run: 0,
            clock_steps: clock.stepped(),
            clock,
            told,
            readiness,
            blind: false,
            generations: 0,
            shown: None,
            unkept: Vec::new(),
            unsaved: true,
            last_save: now,
            problems,
            persist_failures: 0,
            descriptors: descriptors::raise_limit(),
            settings,
        };
        pipeline.adopt(now);
        pipeline
    }

    /// Runs until a signal stops it.
    pub(super) async fn run(
        mut self,
        mut signals: Signals,
        mut reload_requests: mpsc::Receiver<ReloadRequest>,
        mut reloader: Reloader,
    ) -> Stopped {
        let mut problems = self.told.keeper.history.watch_problems();
        // The first save may have failed before anybody watched.
        problems.mark_changed();
        loop {
            self.start_due();
            self.start_sweep();
            self.tell_manager(reloader.is_reading());
            let heartbeat = self.clock.now() + HEARTBEAT;
            let wakes = [self.timetable.next_wake(), self.engine.next_deadline()];
            let wake = wakes.into_iter().flatten().fold(heartbeat, Moment::min);
            tokio::select! {
                request = signals.next() => match request {
                    Request::Stop => break,
                    Request::Reload => reloader.request(None),
                },
                Some(answer) = reload_requests.recv() => reloader.request(Some(answer)),
                mut reading = reloader.next() => {
                    self.told.manager.read(reading.complaint());
                    self.reload(reading.settings.take());
                    reading.answer();
                }
                Some(done) = self.running.join_next_with_id() => self.finished(done),
                Some(Ok(swept)) = self.sweeps.join_next() => self.swept(&swept),
                Ok(()) = problems.changed() => self.watch_memory(),
                () = tokio::time::sleep_until(self.clock.instant_of(wake)) => self.tick(),
            }
            self.catch_up();
            self.save_if_due();
        }
        self.told.manager.stopping();
        self.running.shutdown().await;
        Stopped(self)
    }

    /// Everything runs: the service manager may know.
    pub(super) fn ready(&mut self) {
        let readiness = *self.readiness.borrow();
        self.told.manager.ready(readiness);
    }

    fn start_due(&mut self) {
        let now = self.clock.now();
        let due = self.timetable.due(now);
        if !due.is_empty() {
            let (engine, clock) = (&mut self.engine, &self.clock);
            let started = self.told.metrics.publish(|shown_until| {
                engine.show(shown_until);
                let started = clock.now().max(shown_until);
                for start in &due {
                    engine.started(&start.key, started);
                }
                (started, None, engine.holds().collect())
            });
            for start in due {
                self.told.metrics.started(start.lag);
                self.start(start.key, started);
            }
        }
        for (reason, count) in self.timetable.take_skipped() {
            self.told.metrics.skipped(reason, count);
        }
        self.told.metrics.in_flight(self.timetable.running());
    }

    fn start(&mut self, key: EndpointKey, started: Moment) {
        let Some(watch) = self.endpoints.get(&key) else {
            self.timetable.finished(&key, started);
            self.engine.lost(&key);
            return;
        };
        let (prober, target) = (self.prober.clone(), Arc::clone(&watch.target));
        let round = async move { prober.round(&target).await };
        let flight = Flight {
            key,
            generation: watch.generation,
            started,
            ends: Deadline::after(watch.target.limits.round).at,
        };
        self.in_flight
            .insert(self.running.spawn(round).id(), flight);
    }

    /// Asks all canaries, if the engine wants to know whether it is us.
    fn start_sweep(&mut self) {
        if self.engine.wants_sweep() && self.sweeps.is_empty() {
            let (canaries, clock) = (self.canaries.clone(), self.clock.clone());
            self.sweep_ends = Some(Instant::now() + SWEEP);
            self.sweeps
                .spawn(async move { canaries.sweep(&clock).await });
        }
    }

    fn swept(&mut self, swept: &Swept) {
        narrator::swept(&swept.detail);
        self.step(&[Input::Sweep(Sweep {
            started: swept.started,
            answered: swept.answered,
            no_route: swept.no_route,
            gateway: swept.gateway,
        })]);
    }

    /// A round has ended, and perhaps others in the same moment: they are judged as one batch.
    fn finished(&mut self, first: Result<(Id, Round), JoinError>) {
        let now = self.clock.now();
        let mut batch = Vec::new();
        self.collect(first, now, &mut batch);
        while let Some(done) = self.running.try_join_next_with_id() {
            self.collect(done, now, &mut batch);
        }
        if !batch.is_empty() {
            self.step(&batch);
        }
    }

    fn collect(
        &mut self,
        done: Result<(Id, Round), JoinError>,
        now: Moment,
        batch: &mut Vec<Input>,
    ) {
        let id = match &done {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some(flight) = self.in_flight.remove(&id) else {
            return;
        };
        let key = flight.key;
        self.timetable.finished(&key, now);
        let mut watches = self.endpoints.get(&key).into_iter();
        let is_current = watches.any(|watch| watch.generation == flight.generation);
        let round = match done {
            Ok((_, round)) if is_current => round,
            Ok(_) => return,
            Err(error) => {
                self.told.metrics.panicked();
                narrator::round_panicked(&error);
                self.engine.lost(&key);
                return;
            }
        };
        self.rounds_run += 1;
        batch.push(Input::Round(Evidence {
            round: self.rounds_run,
            key,
            verdict: round.verdict.clone(),
            retry_after: round.retry_after,
            started: flight.started,
            standing: round.standing.clone(),
        }));
        self.ended.insert(self.rounds_run, round);
    }

    /// After a suspend the engine sees the gap before anybody is shown that time has passed.
    fn catch_up(&mut self) {
        if self.clock.now().since(self.engine.seen()) > 2 * HEARTBEAT {
            self.tick();
        }
    }

    /// Time has passed.
    fn tick(&mut self) {
        let steps = self.clock.stepped();
        if steps != self.clock_steps {
            // What the configuration says in wall-clock times is due at other moments now.
            self.clock_steps = steps;
            let plan = self.plan();
            self.judge(&[], |engine, now| Step {
                events: engine.reload(plan, now),
                judged: Vec::new(),
            });
        }
        self.step(&[]);
        let failures = self.told.keeper.history.persist_failures();
        for _ in self.persist_failures..failures {
            self.told.metrics.persist_failed();
        }
        self.persist_failures = failures;
    }

    fn reload(&mut self, settings: Option<Settings>) {
        let loaded = settings.is_some();
        self.told.metrics.loaded(loaded, self.clock.wall());
        let Some(settings) = settings else { return };
        narrator::reloaded(&settings);
        self.prober = Prober::new(self.clock.clone(), settings.roots.clone());
        self.canaries = canaries(&settings);
        self.settings = settings;
        let plan = self.plan();
        self.judge(&[], |engine, now| Step {
            events: engine.reload(plan, now),
            judged: Vec::new(),
        });
        self.adopt(self.clock.now());
        self.tell_readiness();
        self.unsaved = true;
    }

    fn plan(&self) -> crate::engine::Plan {
        self.settings.plan_at(|wall| self.clock.moment_of(wall))
    }
}

fn canaries(settings: &Settings) -> Canaries {
    Canaries::new(settings.uplink.canaries.clone(), settings.uplink.gateway)
}
