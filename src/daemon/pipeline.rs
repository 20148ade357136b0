//! The loop: what is due is probed, what was probed is judged, what was judged is told.
//!
//! It owns the timetable and the engine, and is the only one that changes them. Rounds run as
//! tasks of their own; the loop waits for nothing else than the next thing to happen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};

use super::reload::Reloader;
use super::{narrator, watched};
use crate::config::Settings;
use crate::engine::{Engine, Evidence, Input};
use crate::host::clock::Clock;
use crate::host::descriptors;
use crate::host::signals::{Request, Signals};
use crate::metrics::Metrics;
use crate::model::{Cause, EndpointKey, Event, Moment, Name, Round, Verdict};
use crate::probe::Prober;
use crate::probe::target::Target;
use crate::schedule::{Timetable, Timing};
use crate::web::{Readiness, ReloadRequest};

pub(super) struct Pipeline {
    engine: Engine,
    timetable: Timetable,
    prober: Prober,
    endpoints: BTreeMap<EndpointKey, Watch>,
    rounds: JoinSet<Round>,
    in_flight: BTreeMap<Id, (EndpointKey, u64)>,
    metrics: Metrics,
    clock: Clock,
    readiness: watch::Sender<Readiness>,
    blind: bool,
    generations: u64,
    /// The revision of the engine that readers see.
    shown: Option<u64>,
    /// Files that this process may have open.
    descriptors: Option<u64>,
}

/// What the loop knows of an endpoint.
struct Watch {
    target: Arc<Target>,
    fingerprint: String,
    /// Rounds of an older generation are not counted: they probed something else.
    generation: u64,
    tried: bool,
    /// Why the last round was inconclusive, if it was.
    inconclusive: Option<Cause>,
}

impl Pipeline {
    pub(super) fn new(
        settings: Settings,
        metrics: Metrics,
        clock: Clock,
        readiness: watch::Sender<Readiness>,
    ) -> Self {
        let now = clock.now();
        let mut pipeline = Self {
            engine: Engine::new(settings.plan.clone(), now),
            timetable: Timetable::new(1, fastrand::u64(..)),
            prober: Prober::new(clock.clone(), settings.roots.clone()),
            endpoints: BTreeMap::new(),
            rounds: JoinSet::new(),
            in_flight: BTreeMap::new(),
            metrics,
            clock,
            readiness,
            blind: false,
            generations: 0,
            shown: None,
            descriptors: descriptors::raise_limit(),
        };
        pipeline.adopt(settings, now);
        pipeline.tell(&[]);
        pipeline
    }

    /// Runs until a signal stops it.
    pub(super) async fn run(
        mut self,
        mut signals: Signals,
        mut reload_requests: mpsc::Receiver<ReloadRequest>,
        mut reloader: Reloader,
    ) {
        loop {
            self.start_due();
            let wake = [self.timetable.next_wake(), self.engine.next_deadline()];
            let wake = wake.into_iter().flatten().min();
            let wake =
                wake.unwrap_or_else(|| self.clock.now() + std::time::Duration::from_secs(60));
            tokio::select! {
                request = signals.next() => match request {
                    Request::Stop => break,
                    Request::Reload => reloader.request(None),
                },
                Some(answer) = reload_requests.recv() => reloader.request(Some(answer)),
                mut reading = reloader.next() => {
                    self.reload(reading.settings.take());
                    reading.answer();
                }
                Some(done) = self.rounds.join_next_with_id() => self.finished(done),
                () = tokio::time::sleep_until(self.clock.instant_of(wake)) => self.tick(),
            }
        }
    }

    fn start_due(&mut self) {
        let now = self.clock.now();
        for start in self.timetable.due(now) {
            self.metrics.started(start.lag);
            let Some(watch) = self.endpoints.get(&start.key) else {
                self.timetable.finished(&start.key, now);
                continue;
            };
            let (prober, target) = (self.prober.clone(), Arc::clone(&watch.target));
            let task = self
                .rounds
                .spawn(async move { prober.round(&target).await });
            self.in_flight
                .insert(task.id(), (start.key, watch.generation));
        }
        for (reason, count) in self.timetable.take_skipped() {
            self.metrics.skipped(reason, count);
        }
        self.metrics.in_flight(self.timetable.running());
    }

    /// A round has ended, and perhaps others in the same moment: they are judged as one batch.
    fn finished(&mut self, first: Result<(Id, Round), JoinError>) {
        let now = self.clock.now();
        let mut batch = Vec::new();
        self.collect(first, now, &mut batch);
        while let Some(done) = self.rounds.try_join_next_with_id() {
            self.collect(done, now, &mut batch);
        }
        if batch.is_empty() {
            return;
        }
        let judged: Vec<Name> = batch.iter().map(|e| e.key.network.clone()).collect();
        let batch: Vec<Input> = batch.into_iter().map(Input::Round).collect();
        let events = self.engine.step(&batch, now).events;
        // Evidence of other networks may have grown stale in the same step.
        let stale = events.iter().filter_map(|event| match event {
            Event::Endpoint { key, .. } => Some(&key.network),
            _ => None,
        });
        let touched: BTreeSet<&Name> = judged.iter().chain(stale).collect();
        for network in touched {
            for (key, pace) in self.engine.paces_of(network) {
                self.timetable.set_pace(key, pace, now);
            }
        }
        self.tell(&events);
    }

    fn collect(
        &mut self,
        done: Result<(Id, Round), JoinError>,
        now: Moment,
        batch: &mut Vec<Evidence>,
    ) {
        let id = match &done {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some((key, generation)) = self.in_flight.remove(&id) else {
            return;
        };
        self.timetable.finished(&key, now);
        let round = match done {
            Ok((_, round)) => round,
            Err(error) => {
                self.metrics.panicked();
                narrator::round_panicked(&error);
                return;
            }
        };
        let Some(watch) = self
            .endpoints
            .get_mut(&key)
            .filter(|w| w.generation == generation)
        else {
            return;
        };
        watch.tried = true;
        watch.inconclusive = match &round.verdict {
            Verdict::Inconclusive(cause) => Some(cause.clone()),
            _ => None,
        };
        self.metrics.round(&key, &round, self.clock.wall());
        if let Some(cause) = round.verdict.cause() {
            narrator::round(&key, &round.verdict, cause);
        }
        batch.push(Evidence {
            retry_after: round.retry_after,
            standing: round.standing,
            ..Evidence::certain(key, round.verdict, now)
        });
    }

    /// Time has passed: evidence may have grown stale.
    fn tick(&mut self) {
        let now = self.clock.now();
        let events = self.engine.step(&[], now).events;
        if events.is_empty() {
            return;
        }
        self.repace(now);
        self.tell(&events);
    }

    fn reload(&mut self, settings: Option<Settings>) {
        self.metrics.loaded(settings.is_some(), self.clock.wall());
        let Some(settings) = settings else { return };
        let now = self.clock.now();
        narrator::reloaded(&settings);
        self.prober = Prober::new(self.clock.clone(), settings.roots.clone());
        let events = self.engine.reload(settings.plan.clone(), now);
        self.adopt(settings, now);
        self.tell(&events);
    }

    /// Takes over what is to be probed, after the engine has taken over how it is judged.
    fn adopt(&mut self, settings: Settings, now: Moment) {
        self.metrics.adopt(watched(&settings));
        let fingerprints: BTreeMap<&EndpointKey, &str> = settings
            .plan
            .networks
            .iter()
            .flat_map(|network| &network.endpoints)
            .map(|plan| (&plan.key, plan.fingerprint.as_str()))
            .collect();
        let paces: BTreeMap<EndpointKey, _> = self
            .engine
            .paces()
            .map(|(key, pace)| (key.clone(), pace))
            .collect();
        let per_round = settings.endpoints.iter().map(|e| e.target.sockets()).max();
        let bound = descriptors::rounds_within(self.descriptors, per_round.unwrap_or(1));
        let max_in_flight = settings.max_in_flight.min(bound);
        if max_in_flight < settings.max_in_flight.min(settings.endpoints.len()) {
            narrator::few_descriptors(self.descriptors, max_in_flight);
        }
        let mut timings = Vec::with_capacity(settings.endpoints.len());
        let mut endpoints = BTreeMap::new();
        for endpoint in settings.endpoints {
            let Some(&pace) = paces.get(&endpoint.key) else {
                continue;
            };
            let fingerprint = fingerprints.get(&endpoint.key).copied().unwrap_or_default();
            let known = self.endpoints.remove(&endpoint.key);
            let mut watch = known
                .filter(|watch| watch.fingerprint == fingerprint)
                .unwrap_or_else(|| {
                    self.generations += 1;
                    Watch {
                        target: Arc::clone(&endpoint.target),
                        fingerprint: fingerprint.to_owned(),
                        generation: self.generations,
                        tried: false,
                        inconclusive: None,
                    }
                });
            // Secrets are read again at each load, also where nothing else has changed.
            watch.target = endpoint.target;
            timings.push((
                endpoint.key.clone(),
                Timing {
                    host: endpoint.host,
                    per_host: endpoint.per_host,
                    jitter: endpoint.jitter,
                    pace,
                },
            ));
            endpoints.insert(endpoint.key, watch);
        }
        self.endpoints = endpoints;
        self.timetable.adopt(timings, max_in_flight, now);
    }

    fn repace(&mut self, now: Moment) {
        for (key, pace) in self.engine.paces() {
            self.timetable.set_pace(key, pace, now);
        }
    }

    fn tell(&mut self, events: &[Event]) {
        for event in events {
            narrator::event(event);
        }
        if self.shown != Some(self.engine.revision()) {
            self.shown = Some(self.engine.revision());
            let snapshot = Arc::new(self.engine.snapshot());
            let holds = self.engine.holds().collect();
            self.metrics.publish(|_| ((), Some(snapshot), holds));
        }
        let tried = self.endpoints.values().filter(|watch| watch.tried).count();
        let readiness = Readiness {
            tried,
            endpoints: self.endpoints.len(),
        };
        self.readiness
            .send_if_modified(|shown| std::mem::replace(shown, readiness) != readiness);
        self.look();
    }

    /// Says once when nothing at all can be judged, and once when it can be again.
    fn look(&mut self) {
        let mut causes = self
            .endpoints
            .values()
            .map(|watch| watch.inconclusive.as_ref());
        let first = causes.next().flatten();
        let blind = first.is_some() && causes.all(|cause| cause.is_some());
        if blind == self.blind {
            return;
        }
        if let (true, Some(cause)) = (blind, first) {
            narrator::blind(cause.reason, &cause.detail);
        } else {
            narrator::sighted();
        }
        self.blind = blind;
    }
}
