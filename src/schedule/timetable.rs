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
                    self.change_host(&key, timing);
                    self.set_pace(&key, pace, now);
                }
                Some(entry) => {
                    entry.retired = false;
                    entry.phase = Phase::Overrun;
                    entry.due = now;
                    self.change_host(&key, timing);
                }
                None => {
                    let due = now + SPREAD.mul_f64(self.chance.f64());
                    let entry = Entry {
                        timing,
                        phase: Phase::Waiting,
                        due,
                        last_start: None,
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
        let due = (last + interval).max(now);
        self.queue.remove(&(entry.due, key.clone()));
        entry.due = due;
        self.queue.insert((due, key.clone()));
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
            if self.host_is_busy(&key) {
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
        let host = entry.timing.host.clone();
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
        self.release(&host);
    }

    /// When [`Timetable::due`] must be called next, if no round ends before.
    #[must_use]
    pub fn next_wake(&self) -> Option<Moment> {
        self.queue.first().map(|(due, _)| *due)
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
        while let Some((due, _)) = self.queue.first()
            && *due <= now
        {
            let Some((due, key)) = self.queue.pop_first() else {
                return;
            };
            let Some(entry) = self.entries.get_mut(&key) else {
                continue;
            };
            if entry.phase == Phase::Running {
                entry.phase = Phase::Overrun;
                *self.skipped.entry(Skip::Overlap).or_default() += 1;
                continue;
            }
            let timing = &entry.timing;
            if let (Some(backoff), Some(last)) = (timing.pace.backoff, entry.last_start)
                && now < last + backoff
            {
                *self.skipped.entry(Skip::Backoff).or_default() += 1;
                let interval = jittered(&mut self.chance, timing);
                entry.due = (due + interval).max(now);
                self.queue.insert((entry.due, key));
                continue;
            }
            let missed = whole_intervals(now.since(due), timing.pace.interval);
            if missed > 0 {
                // The machine slept, or we did. Everything is due at once now: spread it again.
                *self.skipped.entry(Skip::Late).or_default() += missed;
                let spread = SPREAD.min(timing.pace.interval);
                entry.due = now + spread.mul_f64(self.chance.f64());
                self.queue.insert((entry.due, key));
                continue;
            }
            entry.phase = Phase::Blocked;
            self.blocked.push_back(key);
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
        entry.due = now + jittered(&mut self.chance, &entry.timing);
        self.queue.insert((entry.due, key.clone()));
        *self
            .running_per_host
            .entry(entry.timing.host.clone())
            .or_default() += 1;
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

    /// Takes over a timing; a running round keeps counting against the host it was started for.
    fn change_host(&mut self, key: &EndpointKey, timing: Timing) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        let running = matches!(entry.phase, Phase::Running | Phase::Overrun);
        let old_host = entry.timing.host.clone();
        let pace = entry.timing.pace;
        let moved = running && old_host != timing.host;
        entry.timing = Timing { pace, ..timing };
        if moved {
            let host = entry.timing.host.clone();
            self.release(&old_host);
            *self.running_per_host.entry(host).or_default() += 1;
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
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn timing(host: &str, interval: u64) -> Timing {
        Timing {
            host: host.into(),
            per_host: 1,
            jitter: 0.05,
            pace: Pace {
                interval: Duration::from_secs(interval),
                backoff: None,
            },
        }
    }

    fn key(name: &str) -> EndpointKey {
        EndpointKey::new("n", name)
    }

    fn table(entries: &[(&str, Timing)]) -> Timetable {
        let mut table = Timetable::new(256, 7);
        let entries = entries
            .iter()
            .map(|(name, timing)| (key(name), timing.clone()));
        table.adopt(entries.collect(), 256, Moment::ZERO);
        table
    }

    fn names(starts: &[Start]) -> Vec<&str> {
        starts.iter().map(|start| &*start.key.endpoint).collect()
    }

    #[test]
    fn first_rounds_are_spread_over_five_seconds() {
        let entries: Vec<(EndpointKey, Timing)> = (0..1000)
            .map(|i| (key(&format!("e{i}")), timing(&format!("h{i}"), 60)))
            .collect();
        let mut table = Timetable::new(2000, 1);
        table.adopt(entries, 2000, Moment::ZERO);
        let mut per_second = Vec::new();
        for second in 1..=5 {
            per_second.push(table.due(Moment::from_secs(second)).len());
        }
        assert_eq!(per_second.iter().sum::<usize>(), 1000);
        assert!(
            per_second.iter().all(|n| (150..250).contains(n)),
            "{per_second:?}"
        );
    }

    #[test]
    fn intervals_run_from_start_to_start_within_the_jitter() {
        let mut table = table(&[("a", timing("h", 60))]);
        let mut last: Option<Moment> = None;
        for _ in 0..200 {
            let now = table.next_wake().unwrap();
            assert_eq!(names(&table.due(now)), ["a"]);
            if let Some(last) = last {
                let gap = now.since(last).as_secs_f64();
                assert!((57.0..=63.0).contains(&gap), "{gap}");
            }
            table.finished(&key("a"), now + 2 * SECOND);
            last = Some(now);
        }
        assert!(table.take_skipped().is_empty());
    }

    #[test]
    fn an_overlapping_round_starts_when_its_predecessor_ends_and_is_counted_once() {
        let mut table = table(&[("a", timing("h", 5))]);
        let start = table.next_wake().unwrap();
        assert_eq!(names(&table.due(start)), ["a"]);
        for second in 1..12 {
            assert!(table.due(start + second * SECOND).is_empty());
        }
        let end = start + 12 * SECOND;
        table.finished(&key("a"), end);
        assert_eq!(names(&table.due(end)), ["a"]);
        assert_eq!(table.take_skipped(), [(Skip::Overlap, 1)].into());
    }

    #[test]
    fn one_round_at_a_time_to_a_host_in_order_of_due_times() {
        let mut table = table(&[
            ("a", timing("h", 60)),
            ("b", timing("h", 60)),
            ("c", timing("k", 60)),
        ]);
        let now = Moment::from_secs(5);
        let first = table.due(now);
        assert_eq!(first.len(), 2, "one of host h, one of host k");
        assert_eq!(table.running(), 2);
        let of_h = first
            .iter()
            .find(|start| &*start.key.endpoint != "c")
            .unwrap();
        assert!(table.due(now + SECOND).is_empty());
        table.finished(&of_h.key, now + 2 * SECOND);
        let second = table.due(now + 2 * SECOND);
        assert_eq!(second.len(), 1);
        assert_ne!(second[0].key, of_h.key);
        assert!(second[0].lag >= 2 * SECOND);
    }

    #[test]
    fn no_more_rounds_in_flight_than_allowed() {
        let entries = (0..10).map(|i| (key(&format!("e{i}")), timing(&format!("h{i}"), 60)));
        let mut table = Timetable::new(3, 1);
        table.adopt(entries.collect(), 3, Moment::ZERO);
        let starts = table.due(Moment::from_secs(5));
        assert_eq!(starts.len(), 3);
        table.finished(&starts[0].key, Moment::from_secs(6));
        assert_eq!(table.due(Moment::from_secs(6)).len(), 1);
    }

    #[test]
    fn after_a_long_sleep_rounds_are_counted_late_and_spread_again() {
        let entries = (0..100).map(|i| (key(&format!("e{i}")), timing(&format!("h{i}"), 60)));
        let mut table = Timetable::new(256, 1);
        table.adopt(entries.collect(), 256, Moment::ZERO);
        let starts = table.due(Moment::from_secs(5));
        for start in &starts {
            table.finished(&start.key, Moment::from_secs(6));
        }
        let awake = Moment::from_secs(3600);
        assert!(table.due(awake).is_empty(), "no burst");
        let late = table.take_skipped()[&Skip::Late];
        assert!((58 * 100..=60 * 100).contains(&late), "{late}");
        assert_eq!(table.due(awake + 5 * SECOND).len(), 100);
    }

    #[test]
    fn a_shorter_interval_counts_from_the_last_start() {
        let mut table = table(&[("a", timing("h", 60))]);
        let start = table.next_wake().unwrap();
        table.due(start);
        table.finished(&key("a"), start + SECOND);
        let recheck = Pace {
            interval: 5 * SECOND,
            backoff: None,
        };
        table.set_pace(&key("a"), recheck, start + SECOND);
        let gap = table.next_wake().unwrap().since(start).as_secs_f64();
        assert!((4.75..=5.25).contains(&gap), "{gap}");
    }

    #[test]
    fn rounds_within_a_back_off_are_counted_and_not_run() {
        let mut table = table(&[("a", timing("h", 60))]);
        let start = table.next_wake().unwrap();
        table.due(start);
        table.finished(&key("a"), start + SECOND);
        let pace = Pace {
            interval: 60 * SECOND,
            backoff: Some(300 * SECOND),
        };
        table.set_pace(&key("a"), pace, start + SECOND);
        let mut now = start;
        let next = loop {
            now = table.next_wake().unwrap().max(now);
            let starts = table.due(now);
            if !starts.is_empty() {
                break now;
            }
        };
        assert!(next.since(start) >= 300 * SECOND && next.since(start) <= 363 * SECOND);
        let skipped = table.take_skipped();
        assert!((4..=5).contains(&skipped[&Skip::Backoff]), "{skipped:?}");
    }

    #[test]
    fn adopting_the_same_endpoints_changes_nothing() {
        let entries = [("a", timing("h", 60)), ("b", timing("k", 60))];
        let mut table = table(&entries);
        table.due(Moment::from_secs(2));
        let before = table.queue.clone();
        let again = entries
            .iter()
            .map(|(name, timing)| (key(name), timing.clone()));
        table.adopt(again.collect(), 256, Moment::from_secs(3));
        assert_eq!(table.queue, before);
    }

    #[test]
    fn a_removed_endpoint_frees_its_host_when_its_round_ends() {
        let mut table = table(&[("a", timing("h", 60))]);
        let start = table.next_wake().unwrap();
        table.due(start);
        table.adopt(vec![(key("b"), timing("h", 60))], 256, start);
        let later = start + 6 * SECOND;
        assert!(table.due(later).is_empty(), "the host is still busy");
        table.finished(&key("a"), later);
        assert_eq!(names(&table.due(later)), ["b"]);
        assert_eq!(table.running(), 1);
    }
}
