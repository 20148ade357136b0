//! Timetable and engine through the hours of a scenario, one moment after the other at which
//! something happens. The same scenario gives the same events and the same books.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::chance::Chance;
use super::expect;
use super::exposition::{LEAST_APART, Recorder};
use super::facts::{Beginning, Facts};
use super::figures::Rounds;
use super::phase::{Ours, Phase, What};
use super::round::{Met, Side, meet};
use super::scenario::Scenario;
use crate::engine::{Engine, Evidence, Input, Step, Sweep};
use crate::metrics::Samples;
use crate::model::{
    Cause, EndpointKey, Event, Moment, Name, Reason, Round, Snapshot, Standing, Verdict,
};
use crate::probe::target::Target;
use crate::schedule::{Timetable, Timing};

/// How long the resolver in our own network remembers names.
const TIME_TO_LIVE: Duration = Duration::from_secs(60);
/// How long it takes canaries to answer, and to be given up.
const CANARIES: [Duration; 2] = [Duration::from_millis(40), Duration::from_secs(3)];
/// Events that are kept; more are counted.
const EVENTS: usize = 100_000;

/// What happened, and when by the wall clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// When.
    pub wall: SystemTime,
    /// What.
    pub event: Event,
}

/// All states and books at a moment.
#[derive(Clone, Debug)]
pub struct Picture {
    /// By the wall clock.
    pub wall: SystemTime,
    /// By the engine's.
    pub now: Moment,
    /// The states.
    pub snapshot: Arc<Snapshot>,
    /// Until when the time of each network can be booked.
    pub holds: Vec<Option<Moment>>,
    /// Rounds by endpoint and verdict, in the order of [`Verdict::WORDS`].
    pub rounds: BTreeMap<EndpointKey, [u64; Verdict::WORDS.len()]>,
}

/// What came of a scenario.
#[derive(Debug)]
pub struct Played {
    /// What happened, in order.
    pub events: Vec<Happening>,
    /// Events beyond the bound.
    pub untold: u64,
    /// Pictures at the moments at which the scenario expects values.
    pub pictures: Vec<Picture>,
    /// The picture at the end.
    pub end: Picture,
    /// What differs from what was expected: one sentence each.
    pub differences: Vec<String>,
    /// What would have been scraped, if that was asked for.
    pub samples: Option<Samples>,
}

/// Plays a scenario through, with samples every so often and at the end.
#[must_use]
pub fn play(scenario: &Scenario, every: Option<Duration>) -> Played {
    let every = every.map(|every| every.max(LEAST_APART));
    let times = every.map(|every| scenario.duration.as_nanos() / every.as_nanos() + 2);
    let times = times.map(|times| usize::try_from(times).unwrap_or_default());
    let mut world = World::new(scenario, times);
    let values: BTreeSet<Duration> = scenario.values.iter().map(|(at, _)| *at).collect();
    let mut values = values.into_iter().peekable();
    let mut next = every.map(|_| Duration::ZERO);
    let mut pictures = Vec::new();
    loop {
        let sample = next.filter(|at| *at < scenario.duration);
        let value = values.peek().copied();
        let Some(stop) = [sample, value].into_iter().flatten().min() else {
            break;
        };
        let moment = Moment::from_origin(stop);
        if sample == Some(stop) {
            next = next.zip(every).map(|(at, every)| at + every);
            // Nobody scrapes a machine that sleeps, and to look at it would wake it up.
            if !world.sleeps(moment) {
                world.run(moment);
                world.take();
            }
        }
        if values.next_if_eq(&stop).is_some() {
            world.run(moment);
            pictures.push(world.picture());
        }
    }
    world.run(Moment::from_origin(scenario.duration));
    let end = world.picture();
    world.take();
    let mut played = Played {
        events: world.events,
        untold: world.untold,
        pictures,
        end,
        differences: Vec::new(),
        samples: world.recorder.map(|recorder| recorder.samples),
    };
    played.differences = expect::differences(scenario, &played);
    played
}

pub(super) struct World<'a> {
    scenario: &'a Scenario,
    engine: Engine,
    timetable: Timetable,
    now: Moment,
    actors: BTreeMap<EndpointKey, Actor<'a>>,
    /// Rounds in flight by the moment they end.
    ending: BTreeSet<(Moment, EndpointKey)>,
    /// The sweep in flight, and when it ends.
    sweep: Option<(Moment, Sweep)>,
    number: u64,
    rounds: Rounds,
    events: Vec<Happening>,
    untold: u64,
    recorder: Option<Recorder>,
}

/// One endpoint.
struct Actor<'a> {
    target: &'a Target,
    phases: &'a [(Duration, Phase)],
    chance: Chance,
    /// Only if samples are taken.
    facts: Option<Facts>,
    flight: Option<Flight>,
}

/// A round under way.
struct Flight {
    started: Moment,
    met: Met,
    round: Option<Round>,
}

impl<'a> World<'a> {
    /// With samples of so many times, or without.
    pub(super) fn new(scenario: &'a Scenario, samples: Option<usize>) -> Self {
        let settings = &scenario.settings;
        let plan = settings.plan_at(|wall| {
            let offset = wall.duration_since(scenario.start);
            Moment::from_origin(offset.unwrap_or_default())
        });
        let engine = Engine::new(plan, Moment::ZERO);
        let mut timetable = Timetable::new(settings.max_in_flight, scenario.seed);
        let paces: BTreeMap<&EndpointKey, _> = engine.paces().collect();
        let mut timings = Vec::new();
        let mut actors = BTreeMap::new();
        for endpoint in &settings.endpoints {
            let key = &endpoint.key;
            let Some(pace) = paces.get(key).copied() else {
                continue;
            };
            let timing = Timing {
                host: endpoint.host.clone(),
                per_host: endpoint.per_host,
                jitter: endpoint.jitter,
                pace,
            };
            timings.push((key.clone(), timing));
            // Of several lines that name an endpoint the last one counts.
            let mut lines = scenario.lines.iter().rev();
            let line = lines.find(|line| line.endpoints.contains(key));
            let actor = Actor {
                target: &endpoint.target,
                phases: line.map_or(&[], |line| &line.phases),
                chance: Chance::new(scenario.seed, &key.to_string()),
                facts: samples.map(|_| Facts::new(scenario.seed, &key.to_string())),
                flight: None,
            };
            actors.insert(key.clone(), actor);
        }
        timetable.adopt(timings, settings.max_in_flight, Moment::ZERO);
        let rounds = actors.keys().map(|key| (key.clone(), [0; 5])).collect();
        Self {
            scenario,
            engine,
            timetable,
            now: Moment::ZERO,
            actors,
            ending: BTreeSet::new(),
            sweep: None,
            number: 0,
            rounds,
            events: Vec::new(),
            untold: 0,
            recorder: samples.map(|expected| Recorder::new(settings, expected)),
        }
    }

    /// Takes a sample.
    fn take(&mut self) {
        if self.recorder.is_none() {
            return;
        }
        let picture = self.picture();
        if let Some(recorder) = &mut self.recorder {
            recorder.take(&picture);
        }
    }

    /// How many series a sample has.
    pub(super) fn sampled(&mut self) -> usize {
        self.take();
        let recorder = self.recorder.as_ref();
        recorder.map_or(0, |recorder| recorder.samples.series())
    }

    fn run(&mut self, end: Moment) {
        while let Some(next) = self.next_moment().filter(|next| *next <= end) {
            self.now = self.awake(next.max(self.now));
            if self.now > end {
                return;
            }
            self.step();
        }
        self.now = self.now.max(end);
        // Until now nothing happened, and that is news to the books.
        let step = self.engine.step(&[], self.now);
        self.tell(step);
    }

    /// The next moment at which something happens. A deadline that is over was seen by the step
    /// before, so it cannot hold up time.
    fn next_moment(&self) -> Option<Moment> {
        let deadline = self.engine.next_deadline().filter(|at| *at > self.now);
        let ending = self.ending.first().map(|(at, _)| *at);
        let sweep = self.sweep.map(|(at, _)| at);
        [ending, sweep, self.timetable.next_wake(), deadline]
            .into_iter()
            .flatten()
            .min()
    }

    fn step(&mut self) {
        let now = self.now;
        let mut inputs = Vec::new();
        while let Some((_, key)) = self.ending.first().cloned().filter(|(at, _)| *at <= now) {
            self.ending.pop_first();
            self.timetable.finished(&key, now);
            inputs.extend(self.ended(key));
        }
        if let Some((_, sweep)) = self.sweep.take_if(|(at, _)| *at <= now) {
            inputs.push(Input::Sweep(sweep));
        }
        let swept = inputs.iter().any(|input| matches!(input, Input::Sweep(_)));
        let touched: BTreeSet<Name> = inputs
            .iter()
            .filter_map(|input| match input {
                Input::Round(evidence) => Some(evidence.key.network.clone()),
                Input::Sweep(_) => None,
            })
            .collect();
        let step = self.engine.step(&inputs, now);
        if swept || !step.events.is_empty() {
            for (key, pace) in self.engine.paces() {
                self.timetable.set_pace(key, pace, now);
            }
        } else {
            for network in touched {
                for (key, pace) in self.engine.paces_of(&network) {
                    self.timetable.set_pace(key, pace, now);
                }
            }
        }
        self.tell(step);
        for start in self.timetable.due(now) {
            self.begin(&start.key);
        }
        if self.sweep.is_none() && self.engine.wants_sweep() {
            self.sweep = Some(self.ask_canaries());
        }
    }

    fn tell(&mut self, step: Step) {
        let wall = self.wall();
        for judged in step.judged {
            if let Some(recorder) = &mut self.recorder {
                recorder.judged(&judged, wall);
            }
            if let Some(counts) = self.rounds.get_mut(&judged.key) {
                counts[judged.verdict.index()] += 1;
            }
        }
        for event in step.events {
            if self.events.len() < EVENTS {
                self.events.push(Happening { wall, event });
            } else {
                self.untold += 1;
            }
        }
    }

    fn begin(&mut self, key: &EndpointKey) {
        let (now, wall) = (self.now, self.wall());
        let side = self.side();
        let Some(actor) = self.actors.get_mut(key) else {
            return;
        };
        let since = now.since_origin();
        let phase = actor.phases.iter().rev().find(|(from, _)| *from <= since);
        let into = phase.map_or(Duration::ZERO, |(from, _)| since.saturating_sub(*from));
        let what = match phase {
            Some((_, phase)) if actor.chance.share() < phase.share => phase.what.at(into),
            _ => &What::Ok,
        };
        let target = actor.target;
        let met = meet(target, what, side, &mut actor.chance, wall);
        let begun = Beginning {
            target,
            what,
            side,
            into,
            now: wall,
        };
        let facts = actor.facts.as_mut();
        self.ending.insert((now + met.took, key.clone()));
        actor.flight = Some(Flight {
            started: now,
            round: facts.map(|facts| facts.of(&begun, &met)),
            met,
        });
        self.engine.started(key, now);
    }

    fn ended(&mut self, key: EndpointKey) -> Option<Input> {
        let actor = self.actors.get_mut(&key)?;
        let Flight {
            started,
            met,
            round,
        } = actor.flight.take()?;
        self.number += 1;
        if let (Some(recorder), Some(round)) = (&mut self.recorder, round) {
            recorder.ended(self.number, round);
        }
        Some(Input::Round(Evidence {
            round: self.number,
            key,
            verdict: met.verdict,
            retry_after: None,
            started,
            standing: met.standing,
        }))
    }

    fn sleeps(&self, at: Moment) -> bool {
        self.ours(at).1 == Ours::Suspend
    }

    /// The prober's own phase at a moment, and when it began.
    fn ours(&self, at: Moment) -> (Duration, Ours) {
        let since = at.since_origin();
        let mut phases = self.scenario.ours.iter().rev();
        let found = phases.find(|(from, _)| *from <= since).copied();
        found.unwrap_or((Duration::ZERO, Ours::Ok))
    }

    fn side(&self) -> Side {
        let (from, ours) = self.ours(self.now);
        let lasts = self.now.since_origin().saturating_sub(from);
        match ours {
            Ours::UplinkDown => Side::NoUplink {
                cached: lasts < TIME_TO_LIVE,
            },
            Ours::ResolverDown => Side::NoResolver,
            Ours::Ok | Ours::Suspend => Side::Fine,
        }
    }

    /// The moment itself, or the end of the sleep that it falls into. Whatever was under way when
    /// the machine fell asleep is ours when it wakes up.
    fn awake(&mut self, moment: Moment) -> Moment {
        let (from, ours) = self.ours(moment);
        if ours != Ours::Suspend {
            return moment;
        }
        let mut later = self.scenario.ours.iter().map(|(at, _)| *at);
        let wakes = later.find(|at| *at > from);
        let wakes = Moment::from_origin(wakes.unwrap_or(self.scenario.duration));
        for actor in self.actors.values_mut() {
            if let Some(flight) = &mut actor.flight {
                let cause = Cause::new(Reason::LocalClock, Reason::LocalClock.sentence());
                flight.met.verdict = Verdict::Inconclusive(cause);
                flight.met.standing = Standing::default();
                if let Some(round) = &mut flight.round {
                    round.addresses.clear();
                    round.dns.clear();
                }
            }
        }
        if let Some((_, sweep)) = &mut self.sweep {
            sweep.answered = [None, None];
        }
        wakes
    }

    fn ask_canaries(&self) -> (Moment, Sweep) {
        let (_, ours) = self.ours(self.now);
        let up = ours != Ours::UplinkDown;
        let [fine, given_up] = CANARIES;
        let ends = self.now + if up { fine } else { given_up };
        let sweep = Sweep {
            started: self.now,
            answered: [Some(up), None],
            no_route: [Some(up), None].map(|answered| answered.is_none()),
            gateway: Some(true),
        };
        (ends, sweep)
    }

    fn wall(&self) -> SystemTime {
        self.scenario.wall(self.now.since_origin())
    }

    fn picture(&self) -> Picture {
        Picture {
            wall: self.wall(),
            now: self.now,
            snapshot: Arc::new(self.engine.snapshot()),
            holds: self.engine.holds().collect(),
            rounds: self.rounds.clone(),
        }
    }
}
