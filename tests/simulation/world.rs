//! The world of a history: a plan, what is outside, and a daemon that lives in it.
//!
//! It drives timetable and engine as the daemon does: rounds and sweeps end, the engine judges
//! them, what is due starts. Between that it is scraped, sleeps, is killed and started again
//! from what it saved, and gets other configurations, all at moments that the seed decides.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bascule::engine::{EndpointPlan, Engine, Evidence, Input, Judged, Memory, Plan, Sweep};
use bascule::model::{Cause, EndpointKey, Event, Families, Family, Moment, Name, Reason, Snapshot};
use bascule::model::{Standing, Verdict};
use bascule::schedule::{Timetable, Timing};
use fastrand::Rng;

use crate::nature::{Behaviour, Canaries, Nature, Outcome};
use crate::plans::{edit, random_plan, wild_plan};
use crate::shown::Shown;

/// States, active networks and timers of a memory older than this mean nothing any more.
pub(crate) const MAX_STATE_AGE: Duration = Duration::from_secs(15 * 60);

/// How often things happen to this daemon, as mean time between them; `None`: never.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Habits {
    pub(crate) scrape: Option<u64>,
    pub(crate) cut: Option<u64>,
    /// Cables are cut one family at a time, too.
    pub(crate) cut_single: bool,
    pub(crate) deaf: Option<u64>,
    pub(crate) storm: Option<u64>,
    pub(crate) suspend: Option<u64>,
    pub(crate) kill: Option<u64>,
    pub(crate) reload: Option<u64>,
    /// What was saved since the last scrape may not have reached the disk.
    pub(crate) loses_saves: bool,
    /// No gap between a kill and the start is longer than this.
    pub(crate) longest_gap: u64,
    /// Endpoints share hosts, so their rounds wait for each other.
    pub(crate) shares_hosts: bool,
}

impl Habits {
    /// Any of it.
    fn wild(seed: u64) -> Self {
        let mut chance = Rng::with_seed(seed ^ 0xab17);
        let mut mean = |often: std::ops::Range<u64>| {
            let mean = chance.u64(often);
            chance.bool().then_some(mean)
        };
        Self {
            scrape: mean(10..90).or(Some(30)),
            cut: mean(120..1500),
            cut_single: mean(0..1).is_some(),
            deaf: mean(300..1500),
            storm: mean(120..1200),
            suspend: mean(300..1800),
            kill: mean(100..1500),
            reload: mean(100..1500),
            loses_saves: mean(0..1).is_some() && mean(0..1).is_some(),
            longest_gap: 7200,
            shares_hosts: mean(0..1).is_some(),
        }
    }
}

/// What happens beside rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Op {
    Scrape,
    Save,
    Cut,
    Deafen,
    Storm,
    Suspend,
    Kill,
    Reload,
}

/// What the world did to the daemon, or saw of it.
pub(crate) enum Deed<'a> {
    /// It made a step.
    Stepped,
    /// It was asked for its metrics.
    Scraped(&'a Shown),
    /// It was suspended and woke up again.
    Slept,
    /// It got another configuration, or the same.
    Reloaded { before: &'a Plan },
    /// It was killed, and another one went on with this memory.
    Restored {
        memory: &'a Memory,
        fresh: bool,
        /// This memory is not the last one.
        older: bool,
    },
}

/// What happened at one moment.
pub(crate) struct Step<'a> {
    pub(crate) now: Moment,
    pub(crate) deed: Deed<'a>,
    pub(crate) batch: &'a [Input],
    pub(crate) events: &'a [Event],
    pub(crate) judged: &'a [Judged],
    pub(crate) started: &'a [EndpointKey],
    /// Rounds in flight; counted where endpoints share hosts.
    pub(crate) running_per_host: &'a BTreeMap<Name, usize>,
    pub(crate) engine: &'a Engine,
    pub(crate) plan: &'a Plan,
    picture: &'a RefCell<Option<Picture>>,
}

/// A snapshot, and the revision it was made at.
type Picture = (u64, Arc<Snapshot>);

impl Step<'_> {
    /// What readers see; made anew only when the engine says that it has changed, as the daemon
    /// does. The open interval of its books is not that of now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        let revision = self.engine.revision();
        let mut picture = self.picture.borrow_mut();
        match &*picture {
            Some((of, snapshot)) if *of == revision => Arc::clone(snapshot),
            _ => {
                let snapshot = Arc::new(self.engine.snapshot());
                *picture = Some((revision, Arc::clone(&snapshot)));
                snapshot
            }
        }
    }
}

/// A round on its way.
#[derive(Clone, Debug)]
struct Flight {
    key: EndpointKey,
    fingerprint: String,
    started: Moment,
    outcome: Outcome,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) nature: Nature,
    pub(crate) habits: Habits,
    engine: Engine,
    timetable: Timetable,
    now: Moment,
    /// Decides what happens to the daemon, never what is outside.
    fate: Rng,
    rounds: u64,
    /// Rounds in flight by the moment they end.
    flights: BTreeMap<(Moment, u64), Flight>,
    sweep: Option<(Moment, Sweep)>,
    agenda: BTreeSet<(Moment, Op)>,
    /// Memories that may be found after a kill, the newest last.
    saved: Vec<Memory>,
    picture: RefCell<Option<Picture>>,
}

const JITTER: f64 = 0.05;

impl World {
    /// A world in which nothing but rounds happens, without an uplink to prove.
    pub(crate) fn new(seed: u64) -> Self {
        Self::with(seed, random_plan(seed), Habits::default())
    }

    /// A world in which anything happens.
    pub(crate) fn wild(seed: u64) -> Self {
        let mut chance = Rng::with_seed(seed ^ 0xca11);
        let canaries = [(); 2].map(|()| match chance.u32(0..6) {
            0 => Canaries::Mute,
            1 => Canaries::Absent,
            _ => Canaries::Answer,
        });
        let plan = wild_plan(seed, asked(canaries));
        let mut world = Self::with(seed, plan, Habits::wild(seed));
        world.nature.canaries = canaries;
        world
    }

    /// A world with canaries that answer.
    pub(crate) fn with(seed: u64, plan: Plan, habits: Habits) -> Self {
        let mut world = Self {
            engine: Engine::new(plan.clone(), Moment::ZERO),
            plan,
            nature: Nature::new(seed),
            habits,
            timetable: Timetable::new(256, seed),
            now: Moment::ZERO,
            fate: Rng::with_seed(seed ^ 0xfa7e),
            rounds: 0,
            flights: BTreeMap::new(),
            sweep: None,
            agenda: BTreeSet::new(),
            saved: Vec::new(),
            picture: RefCell::default(),
        };
        world.adopt();
        world.take_up(habits);
        world
    }

    /// From now on these things happen, and no others.
    pub(crate) fn take_up(&mut self, habits: Habits) {
        self.habits = habits;
        self.agenda.clear();
        for op in [
            Op::Scrape,
            Op::Save,
            Op::Cut,
            Op::Deafen,
            Op::Storm,
            Op::Suspend,
            Op::Kill,
            Op::Reload,
        ] {
            self.plan_next(op);
        }
        self.saved = vec![self.engine.memory(self.now)];
    }

    pub(crate) fn now(&self) -> Moment {
        self.now
    }

    pub(crate) fn jitter(&self) -> f64 {
        JITTER
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.flights.len()
    }

    pub(crate) fn revision(&self) -> u64 {
        self.engine.revision()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.engine.snapshot()
    }

    pub(crate) fn set_all(&mut self, behaviour: Behaviour) {
        self.nature.behaviour = behaviour;
    }

    pub(crate) fn endpoints(&self) -> impl Iterator<Item = &EndpointPlan> {
        self.plan.networks.iter().flat_map(|n| &n.endpoints)
    }

    /// The machine sleeps: time passes, and the rounds in flight find that the clock jumped.
    pub(crate) fn sleep(&mut self, time: Duration) {
        self.now = self.now + time;
        for flight in self.flights.values_mut() {
            flight.outcome.verdict = Verdict::Inconclusive(Cause::new(Reason::LocalClock, ""));
            flight.outcome.standing = Standing::default();
        }
    }

    /// Shows the metrics.
    pub(crate) fn scrape(&mut self) -> Shown {
        self.engine.show(self.now);
        Shown::at(&self.engine, self.now)
    }

    /// Lets time pass, one moment after the other at which something happens.
    pub(crate) fn run(&mut self, time: Duration, mut see: impl FnMut(&Step<'_>)) {
        let end = self.now + time;
        while let Some(next) = self.next_moment().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            crate::note(self.now);
            match self.agenda.first().copied() {
                Some((at, op)) if at <= self.now => {
                    self.agenda.pop_first();
                    self.happen(op, &mut see);
                    self.plan_next(op);
                }
                _ => self.step(&mut see),
            }
        }
        self.now = end.max(self.now);
    }

    fn next_moment(&self) -> Option<Moment> {
        let ending = self.flights.keys().next().map(|(at, _)| *at);
        let swept = self.sweep.map(|(at, _)| at);
        let agenda = self.agenda.first().map(|(at, _)| *at);
        [
            ending,
            swept,
            agenda,
            self.timetable.next_wake(),
            self.engine.next_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn plan_next(&mut self, op: Op) {
        let mean = match op {
            Op::Scrape => self.habits.scrape,
            Op::Save => self.habits.kill.and(Some(30)),
            Op::Cut => self.habits.cut,
            Op::Deafen => self.habits.deaf,
            Op::Storm => self.habits.storm,
            Op::Suspend => self.habits.suspend,
            Op::Kill => self.habits.kill,
            Op::Reload => self.habits.reload,
        };
        let Some(mean) = mean else { return };
        let wait = match op {
            Op::Save => Duration::from_secs(mean),
            _ => Duration::from_secs(mean).mul_f64(self.fate.f64().mul_add(1.8, 0.1)),
        };
        self.agenda.insert((self.now + wait, op));
    }

    fn happen(&mut self, op: Op, see: &mut impl FnMut(&Step<'_>)) {
        match op {
            Op::Scrape => {
                let shown = self.scrape();
                if self.habits.kill.is_some() {
                    self.saved = vec![self.engine.memory(self.now)];
                }
                self.tell(Deed::Scraped(&shown), &[], see);
            }
            Op::Save => self.save(),
            Op::Cut => {
                // A round that starts before a cable is mended fails after that, and may be
                // believed: where all is good, a good one comes between two of those.
                let last = self.nature.cut_until[0].max(self.nature.cut_until[1]);
                let calm = self.nature.behaviour == Behaviour::Good;
                if calm && self.now < last + Duration::from_secs(180) {
                    return;
                }
                let long = [5, 60, 300, 1200][self.fate.usize(0..4)];
                let until = self.now + Duration::from_secs(self.fate.u64(1..=long));
                let which = self.fate.u32(0..4);
                for family in Family::ALL {
                    if which > 1 || !self.habits.cut_single || which == family as u32 {
                        self.nature.cut_until[family as usize] = until;
                    }
                }
            }
            Op::Deafen => {
                let until = self.now + Duration::from_secs(self.fate.u64(1..300));
                self.nature.deaf_until = until;
            }
            Op::Storm => {
                let which = self.fate.usize(0..self.plan.networks.len());
                let name = self.plan.networks[which].name.clone();
                let until = self.now + Duration::from_secs(self.fate.u64(10..900));
                self.nature.storms.insert(name, until);
            }
            Op::Suspend => {
                let long = [2, 60, 600, 20_000][self.fate.usize(0..4)];
                let time = Duration::from_millis(self.fate.u64(1..long * 1000));
                self.sleep(time);
                self.tell(Deed::Slept, &[], see);
                self.step(see);
            }
            Op::Kill => {
                self.kill(see);
                self.step(see);
            }
            Op::Reload => {
                // What goes with a removed network was shown to the last.
                let shown = self.scrape();
                self.tell(Deed::Scraped(&shown), &[], see);
                let before = self.plan.clone();
                edit(&mut self.plan, self.now, &mut self.fate);
                let events = self.engine.reload(self.plan.clone(), self.now);
                self.adopt();
                self.saved = vec![self.engine.memory(self.now)];
                self.tell(Deed::Reloaded { before: &before }, &events, see);
            }
        }
    }

    fn save(&mut self) {
        if self.habits.kill.is_some() {
            if !self.habits.loses_saves {
                self.saved.clear();
            }
            self.saved.push(self.engine.memory(self.now));
        }
    }

    /// The daemon ends, and another one starts after a while.
    pub(crate) fn restart_after(&mut self, absence: Duration) {
        let memory = self.engine.memory(self.now);
        self.now = self.now + absence;
        self.restore(&memory);
    }

    fn restore(&mut self, memory: &Memory) -> bool {
        let fresh = self.now.since(memory.at) <= MAX_STATE_AGE;
        self.flights.clear();
        self.sweep = None;
        self.timetable = Timetable::new(256, self.fate.u64(..));
        self.engine = Engine::restore(self.plan.clone(), memory, fresh, self.now);
        self.picture.take();
        self.adopt();
        self.saved = vec![self.engine.memory(self.now)];
        fresh
    }

    fn kill(&mut self, see: &mut impl FnMut(&Step<'_>)) {
        let which = self.fate.usize(0..self.saved.len());
        let memory = self.saved[which].clone();
        let older = which + 1 < self.saved.len();
        let long = [1, 10, 120, self.habits.longest_gap][self.fate.usize(0..4)];
        let long = long.min(self.habits.longest_gap);
        self.now = self.now + Duration::from_millis(self.fate.u64(1..=long * 1000));
        let fresh = self.restore(&memory);
        let deed = Deed::Restored {
            memory: &memory,
            fresh,
            older,
        };
        self.tell(deed, &[], see);
    }

    fn step(&mut self, see: &mut impl FnMut(&Step<'_>)) {
        let now = self.now;
        let batch = self.arrivals();
        let step = self.engine.step(&batch, now);
        self.repace(&step);
        let due = self.timetable.due(now).into_iter();
        let started: Vec<EndpointKey> = due.map(|start| start.key).collect();
        for key in &started {
            self.start(key);
        }
        if self.sweep.is_none() && self.engine.wants_sweep() {
            let (took, sweep) = self.nature.sweep(now);
            self.sweep = Some((now + took, sweep));
        }
        if !step.events.is_empty() {
            self.save();
        }
        let mut running_per_host = BTreeMap::new();
        let sharing = self.flights.values().filter(|_| self.habits.shares_hosts);
        for flight in sharing {
            *running_per_host.entry(self.host(&flight.key)).or_default() += 1;
        }
        see(&Step {
            now,
            deed: Deed::Stepped,
            batch: &batch,
            events: &step.events,
            judged: &step.judged,
            started: &started,
            running_per_host: &running_per_host,
            engine: &self.engine,
            plan: &self.plan,
            picture: &self.picture,
        });
    }

    /// Rounds change how often endpoints of their network are probed.
    fn repace(&mut self, step: &bascule::engine::Step) {
        let stale = step.events.iter().filter_map(|event| match event {
            Event::Endpoint { key, .. } => Some(&key.network),
            _ => None,
        });
        let judged = step.judged.iter().map(|judged| &judged.key.network);
        let touched: BTreeSet<&Name> = judged.chain(stale).collect();
        for network in touched {
            for (key, pace) in self.engine.paces_of(network) {
                self.timetable.set_pace(key, pace, self.now);
            }
        }
    }

    fn arrivals(&mut self) -> Vec<Input> {
        let mut batch = Vec::new();
        while let Some(entry) = self.flights.first_entry()
            && entry.key().0 <= self.now
        {
            let ((_, round), flight) = entry.remove_entry();
            self.timetable.finished(&flight.key, self.now);
            let plan = self.endpoints().find(|plan| plan.key == flight.key);
            if plan.is_none_or(|plan| plan.fingerprint != flight.fingerprint) {
                continue;
            }
            batch.push(Input::Round(Evidence {
                round,
                retry_after: flight.outcome.retry_after,
                standing: flight.outcome.standing,
                ..Evidence::certain(flight.key, flight.outcome.verdict, flight.started)
            }));
        }
        if let Some((_, sweep)) = self.sweep.take_if(|(at, _)| *at <= self.now) {
            batch.push(Input::Sweep(sweep));
        }
        batch
    }

    fn start(&mut self, key: &EndpointKey) {
        let plan = self.endpoints().find(|plan| plan.key == *key);
        let plan = plan.expect("a known endpoint").clone();
        let outcome = self.nature.round(&plan, self.now);
        self.engine.started(key, self.now);
        self.rounds += 1;
        let flight = Flight {
            key: key.clone(),
            fingerprint: plan.fingerprint,
            started: self.now,
            outcome,
        };
        let ends = self.now + flight.outcome.took;
        self.flights.insert((ends, self.rounds), flight);
    }

    fn tell(&self, deed: Deed<'_>, events: &[Event], see: &mut impl FnMut(&Step<'_>)) {
        see(&Step {
            now: self.now,
            deed,
            batch: &[],
            events,
            judged: &[],
            started: &[],
            running_per_host: &BTreeMap::new(),
            engine: &self.engine,
            plan: &self.plan,
            picture: &self.picture,
        });
    }

    fn adopt(&mut self) {
        let paces: Vec<_> = self.engine.paces().map(|(k, p)| (k.clone(), p)).collect();
        let timings = paces.into_iter().map(|(key, pace)| {
            let timing = Timing {
                host: self.host(&key),
                per_host: 1,
                jitter: JITTER,
                pace,
            };
            (key, timing)
        });
        let timings = timings.collect();
        self.timetable.adopt(timings, 256, self.now);
    }

    fn host(&self, key: &EndpointKey) -> Name {
        if self.habits.shares_hosts && matches!(&*key.endpoint, "e0" | "e1") {
            key.network.clone()
        } else {
            key.to_string().into()
        }
    }
}

/// Families that have canaries.
pub(crate) fn asked(canaries: [Canaries; 2]) -> Families {
    Family::ALL
        .into_iter()
        .filter(|family| canaries[*family as usize] != Canaries::Absent)
        .fold(Families::NONE, Families::with)
}
