//! The timetable: pure, with time passed in and chance from a seed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::engine::Pace;
use crate::model::{EndpointKey, Moment, Name};

/// First rounds are spread over this.
const SPREAD: Duration = Duration::from_secs(5);

/// How one endpoint is timed.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// The host that rounds are counted against.
    pub host: Name,
    /// Rounds at a time to that host.
    pub per_host: usize,
    /// Share by which intervals vary, 0 to 0.5.
    pub jitter: f64,
    /// How often.
    pub pace: Pace,
}

/// A round to be started now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Which endpoint.
    pub key: EndpointKey,
    /// How long after its time.
    pub lag: Duration,
}

/// Why a round was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// The one before was still running.
    Overlap,
    /// Its time had passed by more than an interval.
    Late,
    /// The network asked us to stay away.
    Backoff,
}

impl Skip {
    /// Every reason, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Overlap, Self::Late, Self::Backoff];

    /// The word used in labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overlap => "overlap",
            Self::Late => "late",
            Self::Backoff => "backoff",
        }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    timing: Timing,
    phase: Phase,
    /// When the next round is, or was, due.
    due: Moment,
    last_start: Option<Moment>,
    /// The host that the running round was started for; the endpoint may have moved since.
    busy_host: Option<Name>,
    /// The removed endpoint's round still runs; the entry goes when it ends.
    retired: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// In the queue of due times.
    Waiting,
    /// Due, and held up by its host or by the bound on all rounds.
    Blocked,
    /// A round is running; its successor is in the queue of due times.
    Running,
    /// A round is running past the due time of its successor.
    Overrun,
}

/// Says which rounds are to be started.
#[derive(Clone, Debug)]
pub struct Timetable {
    entries: BTreeMap<EndpointKey, Entry>,
    /// Due times of entries that are waiting or running.
    queue: BTreeSet<(Moment, EndpointKey)>,
    /// Entries that are due and held up, in order of their due times.
    blocked: VecDeque<EndpointKey>,
    running_per_host: BTreeMap<Name, usize>,
    running: usize,
    max_in_flight: usize,
    skipped: BTreeMap<Skip, u64>,
    chance: fastrand::Rng,
}

impl Timetable {
    /// An empty timetable.
    #[must_use]
    pub fn new(max_in_flight: usize, seed: u64) -> Self {
        Self {
            entries: BTreeMap::new(),
            queue: BTreeSet::new(),
            blocked: VecDeque::new(),
            running_per_host: BTreeMap::new(),
            running: 0,
            max_in_flight: max_in_flight.max(1),
            skipped: BTreeMap::new(),
            chance: fastrand::Rng::with_seed(seed),
        }
    }

    /// Adopts a set of endpoints: new ones get a first round soon, known ones keep their
    /// schedule, those that are missing are dropped (a round in flight still has to be
    /// reported by [`Timetable::finished`]).
    pub fn adopt(
        &mut self,
        timings: Vec<(EndpointKey, Timing)>,
        max_in_flight: usize,
        now: Moment,
    ) {
        self.max_in_flight = max_in_flight.max(1);
        let keep: BTreeSet<EndpointKey> = timings.iter().map(|(key, _)| key.clone()).collect();
        let gone: Vec<EndpointKey> = self
            .entries
            .keys()
            .filter(|key| !keep.contains(*key))
            .cloned()
            .collect();
        for key in gone {
            self.retire(&key);
        }
        for (key, timing) in timings {
            match self.entries.get_mut(&key) {
                Some(entry) if !entry.retired => {
                    let pace = timing.pace;
                    entry.timing = Timing {
                        pace: entry.timing.pace,
                        ..timing
                    };
                    self.set_pace(&key, pace, now);
                    self.spread(&key, now);
                }
                Some(entry) => {
                    entry.retired = false;
                    entry.phase = Phase::Overrun;
                    entry.due = now;
                    entry.last_start = None;
                    entry.timing = timing;
                }
                None => {
                    let due = now + SPREAD.mul_f64(self.chance.f64());
                    let entry = Entry {
                        timing,
                        phase: Phase::Waiting,
                        due,
                        last_start: None,
                        busy_host: None,
                        retired: false,
                    };
                    self.queue.insert((due, key.clone()));
                    self.entries.insert(key, entry);
                }
            }
        }
    }

    /// The interval that an endpoint's state asks for. Plans the next round anew if it changed.
    pub fn set_pace(&mut self, key: &EndpointKey, pace: Pace, now: Moment) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        let before = std::mem::replace(&mut entry.timing.pace, pace);
        if before.interval == pace.interval {
            return;
        }
        let (Some(last), Phase::Waiting | Phase::Running) = (entry.last_start, entry.phase) else {
            return;
        };
        let interval = jittered(&mut self.chance, &entry.timing);
        let waiting = entry.phase == Phase::Waiting;
        // Long overdue by the pace that it had: another pace does not make it punctual.
        if !(waiting && self.postpone_if_late(key, before.interval, now)) {
            self.plan(key, (last + interval).max(now));
        }
    }

    /// The rounds to start now. Call it again when [`Timetable::next_wake`] has come, or when a
    /// round has ended.
    pub fn due(&mut self, now: Moment) -> Vec<Start> {
        self.collect_due(now);
        let mut starts = Vec::new();
        let mut still_blocked = VecDeque::new();
        while let Some(key) = self.blocked.pop_front() {
            if self.running >= self.max_in_flight {
                still_blocked.push_back(key);
                break;
            }
            if self.backs_off(&key, now) {
                self.skip_for_backoff(&key, now);
            } else if self.host_is_busy(&key) {
                still_blocked.push_back(key);
            } else if let Some(start) = self.start(&key, now) {
                starts.push(start);
            }
        }
        still_blocked.append(&mut self.blocked);
        self.blocked = still_blocked;
        starts
    }

    /// A round has ended.
    pub fn finished(&mut self, key: &EndpointKey, now: Moment) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        if !matches!(entry.phase, Phase::Running | Phase::Overrun) {
            return;
        }
        self.running -= 1;
        let host = entry.busy_host.take();
        if entry.retired {
            self.entries.remove(key);
        } else if entry.phase == Phase::Overrun {
            // Its successor starts when it ends; the time it waited is not held against us.
            entry.phase = Phase::Blocked;
            entry.due = now;
            self.blocked.push_back(key.clone());
        } else {
            entry.phase = Phase::Waiting;
        }
        if let Some(host) = host {
            self.release(&host);
        }
    }

    /// When [`Timetable::due`] must be called next, if no round ends before.
    #[must_use]
    pub fn next_wake(&self) -> Option<Moment> {
        self.queue.first().map(|(due, _)| *due)
    }

    /// For how long the round that is due longest has been so, of those that nothing keeps from
    /// being started. Right after [`Timetable::due`] there are none.
    #[must_use]
    pub fn neglected(&self, now: Moment) -> Duration {
        let due = self.next_wake();
        let held = self.blocked.front().filter(|_| self.running == 0);
        let held = held.and_then(|key| Some(self.entries.get(key)?.due));
        let due = due.into_iter().chain(held).min();
        due.map_or(Duration::ZERO, |due| now.since(due))
    }

    /// Rounds that were not run since the last call, by reason.
    pub fn take_skipped(&mut self) -> BTreeMap<Skip, u64> {
        std::mem::take(&mut self.skipped)
    }

    /// Rounds running now.
    #[must_use]
    pub const fn running(&self) -> usize {
        self.running
    }

    /// Moves everything whose time has come out of the queue.
    fn collect_due(&mut self, now: Moment) {
        while let Some((due, key)) = self.queue.first().cloned()
            && due <= now
        {
            let Some(entry) = self.entries.get_mut(&key) else {
                self.queue.pop_first();
                continue;
            };
            let interval = entry.timing.pace.interval;
            if entry.phase == Phase::Running {
                self.queue.pop_first();
                entry.phase = Phase::Overrun;
                *self.skipped.entry(Skip::Overlap).or_default() += 1;
            } else if self.backs_off(&key, now) {
                self.skip_for_backoff(&key, now);
            } else if !self.postpone_if_late(&key, interval, now) {
                self.queue.pop_first();
                if let Some(entry) = self.entries.get_mut(&key) {
                    entry.phase = Phase::Blocked;
                }
                self.blocked.push_back(key);
            }
        }
    }

    /// Whether the network has asked to be left alone for longer.
    fn backs_off(&self, key: &EndpointKey, now: Moment) -> bool {
        self.entries.get(key).is_some_and(|entry| {
            let until = entry.timing.pace.backoff.zip(entry.last_start);
            until.is_some_and(|(backoff, last)| now < last + backoff)
        })
    }

    fn skip_for_backoff(&mut self, key: &EndpointKey, now: Moment) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        *self.skipped.entry(Skip::Backoff).or_default() += 1;
        let due = entry.due + jittered(&mut self.chance, &entry.timing);
        entry.phase = Phase::Waiting;
        self.plan(key, due.max(now));
    }

    /// A round that is late by whole intervals is counted and planned anew. The machine slept, or
    /// we did, so everything is due at once now: spread it again. Returns whether it was so late.
    fn postpone_if_late(&mut self, key: &EndpointKey, interval: Duration, now: Moment) -> bool {
        let Some(entry) = self.entries.get(key) else {
            return false;
        };
        let missed = whole_intervals(now.since(entry.due), interval);
        if missed > 0 {
            *self.skipped.entry(Skip::Late).or_default() += missed;
            self.plan(key, now);
            self.spread(key, now);
        }
        missed > 0
    }

    /// Moves a round that waits and is due at once to some moment of the next seconds.
    fn spread(&mut self, key: &EndpointKey, now: Moment) {
        let Some(entry) = self.entries.get(key) else {
            return;
        };
        if entry.phase == Phase::Waiting && entry.due == now {
            let spread = SPREAD.min(entry.timing.pace.interval);
            let due = now + spread.mul_f64(self.chance.f64());
            self.plan(key, due);
        }
    }

    /// Sets when a round that waits, or the successor of one that runs, is due.
    fn plan(&mut self, key: &EndpointKey, due: Moment) {
        if let Some(entry) = self.entries.get_mut(key) {
            self.queue.remove(&(entry.due, key.clone()));
            entry.due = due;
            self.queue.insert((due, key.clone()));
        }
    }

    fn start(&mut self, key: &EndpointKey, now: Moment) -> Option<Start> {
        let entry = self.entries.get_mut(key)?;
        let lag = now.since(entry.due);
        let missed = whole_intervals(lag, entry.timing.pace.interval);
        if missed > 0 {
            *self.skipped.entry(Skip::Late).or_default() += missed;
        }
        entry.phase = Phase::Running;
        entry.last_start = Some(now);
        let host = entry.timing.host.clone();
        entry.busy_host = Some(host.clone());
        let due = now + jittered(&mut self.chance, &entry.timing);
        self.plan(key, due);
        *self.running_per_host.entry(host).or_default() += 1;
        self.running += 1;
        Some(Start {
            key: key.clone(),
            lag,
        })
    }

    fn host_is_busy(&self, key: &EndpointKey) -> bool {
        self.entries.get(key).is_some_and(|entry| {
            let running = self.running_per_host.get(&entry.timing.host).copied();
            running.unwrap_or(0) >= entry.timing.per_host.max(1)
        })
    }

    fn release(&mut self, host: &Name) {
        if let Some(running) = self.running_per_host.get_mut(host) {
            *running -= 1;
            if *running == 0 {
                self.running_per_host.remove(host);
            }
        }
    }

    fn retire(&mut self, key: &EndpointKey) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        self.queue.remove(&(entry.due, key.clone()));
        self.blocked.retain(|blocked| blocked != key);
        if matches!(entry.phase, Phase::Running | Phase::Overrun) {
            entry.retired = true;
        } else {
            self.entries.remove(key);
        }
    }
}

/// An interval within its jitter.
fn jittered(chance: &mut fastrand::Rng, timing: &Timing) -> Duration {
    let jitter = timing.jitter.clamp(0.0, 0.5);
    let factor = jitter.mul_add(chance.f64().mul_add(2.0, -1.0), 1.0);
    timing.pace.interval.mul_f64(factor)
}

/// How many whole intervals fit into a lag.
fn whole_intervals(lag: Duration, interval: Duration) -> u64 {
    let interval = interval.as_nanos().max(1);
    u64::try_from(lag.as_nanos() / interval).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
