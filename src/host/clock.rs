//! The only reader of real clocks.
//!
//! Moments go on over a suspend and over a restart: a daemon that remembers begins its clock
//! where the time that has passed since has brought it. The wall clock serves people only, and
//! what it says of a moment stays the same until somebody has set it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::model::Moment;

/// Further from what was expected, the wall clock has been set. Slower corrections are part of
/// measuring, and are followed in steps of this size.
const STEP: Duration = Duration::from_millis(500);
/// Growth below this is the noise of reading two clocks one after the other, not a suspend.
const SUSPEND: Duration = Duration::from_millis(50);
/// Two readings further apart were interrupted and say nothing of each other.
const INTERRUPTED: Duration = Duration::from_millis(50);
/// Stands for times that a timer or a calendar cannot hold.
const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);

/// Tells moments (monotonic, tokio's clock, so that tests can pause it, and the time suspended)
/// and wall-clock times.
#[derive(Clone)]
pub struct Clock {
    shared: Arc<Shared>,
}

struct Shared {
    /// The moment at the origin.
    start: Moment,
    origin: Instant,
    wall: Source<SystemTime>,
    /// How far the clock that counts suspends is ahead of the one that does not.
    lead: Source<Duration>,
    /// That, at the origin.
    first_lead: Duration,
    /// Nanoseconds spent suspended since the origin.
    suspended: AtomicU64,
    /// Settled when the first wall-clock time is asked for.
    anchor: Mutex<Option<Anchor>>,
}

type Source<T> = Box<dyn Fn() -> T + Send + Sync>;

/// One moment whose wall-clock time is settled; all others follow from it.
#[derive(Clone, Copy)]
struct Anchor {
    moment: Moment,
    wall: SystemTime,
    /// How often it had to be settled anew.
    steps: u64,
}

impl Clock {
    /// The real clocks.
    #[must_use]
    pub fn system() -> Self {
        Self::resuming(Moment::ZERO)
    }

    /// The real clocks, with `at` for the present moment.
    #[must_use]
    pub fn resuming(at: Moment) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the wall clock"
        )]
        let wall = SystemTime::now;
        Self::new(at, Box::new(wall), Box::new(lead))
    }

    /// The real monotonic clock beside a wall clock of the caller's making.
    #[must_use]
    pub fn with_wall(wall: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self::new(Moment::ZERO, Box::new(wall), Box::new(lead))
    }

    fn new(start: Moment, wall: Source<SystemTime>, lead: Source<Duration>) -> Self {
        let shared = Shared {
            start,
            origin: Instant::now(),
            first_lead: lead(),
            wall,
            lead,
            suspended: AtomicU64::new(0),
            anchor: Mutex::new(None),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// This clock, which holds on to the wall-clock time that `moment` was told to have had
    /// before a restart, unless the wall clock has been set since.
    #[must_use]
    pub fn anchored(self, moment: Moment, wall: SystemTime) -> Self {
        let kept = Anchor {
            moment,
            wall,
            steps: 0,
        };
        if distance(kept.wall_of(self.now()), self.wall()) <= STEP {
            *self.lock_anchor() = Some(kept);
        }
        self
    }

    /// Now, for measuring and deciding.
    #[must_use]
    pub fn now(&self) -> Moment {
        let shared = &*self.shared;
        let elapsed = shared.origin.elapsed();
        let grown = (shared.lead)().saturating_sub(shared.first_lead);
        let known = Duration::from_nanos(shared.suspended.load(Ordering::Relaxed));
        let suspended = if grown > known + SUSPEND {
            let nanos = u64::try_from(grown.as_nanos()).unwrap_or(u64::MAX);
            // The greatest of all threads, as a moment never goes back.
            Duration::from_nanos(shared.suspended.fetch_max(nanos, Ordering::Relaxed)).max(grown)
        } else {
            known
        };
        shared.start + elapsed + suspended
    }

    /// Now, for people and certificates.
    #[must_use]
    pub fn wall(&self) -> SystemTime {
        (self.shared.wall)()
    }

    /// The moment as tokio's timers want it. They do not count a suspend that is yet to come.
    #[must_use]
    pub fn instant_of(&self, moment: Moment) -> Instant {
        let (now, instant) = (self.now(), Instant::now());
        if moment < now {
            return instant.checked_sub(now.since(moment)).unwrap_or(instant);
        }
        instant + moment.since(now).min(FAR)
    }

    /// The wall-clock time of a moment: the same each time it is asked, until the wall clock
    /// is set.
    #[must_use]
    pub fn wall_of(&self, moment: Moment) -> SystemTime {
        self.anchor().wall_of(moment)
    }

    /// The moment at which the wall clock shows a time; the origin for what was before it.
    #[must_use]
    pub fn moment_of(&self, wall: SystemTime) -> Moment {
        let anchor = self.anchor();
        match wall.duration_since(anchor.wall) {
            Ok(ahead) => anchor.moment + ahead,
            Err(behind) => anchor.moment - behind.duration(),
        }
    }

    /// How often the wall clock has been set: what was made of wall-clock times before another
    /// number was told has to be made again.
    #[must_use]
    pub fn stepped(&self) -> u64 {
        self.anchor().steps
    }

    /// How far the wall clock and the running time of this machine disagree about what passed
    /// since a reading: by a step, or by a suspend.
    #[must_use]
    pub fn drift_since(&self, reading: Reading) -> Duration {
        distance(self.wall(), reading.wall + reading.running.elapsed())
    }

    /// Both clocks at once.
    #[must_use]
    pub fn read(&self) -> Reading {
        Reading {
            moment: self.now(),
            wall: self.wall(),
            running: Instant::now(),
        }
    }

    /// The anchor, settled anew if the wall clock was set.
    fn anchor(&self) -> Anchor {
        let (now, wall) = (self.now(), self.wall());
        let interrupted = self.now().since(now) > INTERRUPTED;
        let mut settled = self.lock_anchor();
        let anchor = settled.get_or_insert(Anchor {
            moment: now,
            wall,
            steps: 0,
        });
        if !interrupted && distance(wall, anchor.wall_of(now)) > STEP {
            *anchor = Anchor {
                moment: now,
                wall,
                steps: anchor.steps + 1,
            };
        }
        *anchor
    }

    fn lock_anchor(&self) -> MutexGuard<'_, Option<Anchor>> {
        let anchor = self.shared.anchor.lock();
        anchor.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Anchor {
    fn wall_of(self, moment: Moment) -> SystemTime {
        let ahead = moment.since(self.moment).min(FAR);
        let behind = self.moment.since(moment);
        let past = self.wall.checked_sub(behind);
        past.unwrap_or(SystemTime::UNIX_EPOCH) + ahead
    }
}

fn distance(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other)
        .unwrap_or_else(|behind| behind.duration())
}

/// Read in this order, an interruption makes it smaller, and no suspend is seen where none was.
fn lead() -> Duration {
    let counting = since_boot();
    counting.saturating_sub(read(ClockId::Monotonic))
}

fn since_boot() -> Duration {
    read(ClockId::Boottime)
}

fn read(clock: ClockId) -> Duration {
    // Both begin at zero with the machine, so there is nothing negative.
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// Where the machine is in its life: what tells how long a daemon was away, whatever the wall
/// clock says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// The name that the system gave to this start of the machine; `None` if it gives none.
    pub id: Option<String>,
    /// How long the machine has been on, suspended or not.
    pub time: Duration,
}

impl Boot {
    /// As it is now.
    #[must_use]
    pub fn now() -> Self {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        Self {
            id: id.ok().map(|id| id.trim().to_owned()),
            time: since_boot(),
        }
    }
}

/// Both clocks, read together.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The monotonic clock.
    pub moment: Moment,
    /// The wall clock.
    pub wall: SystemTime,
    /// The monotonic clock that stands still while the machine is suspended.
    running: Instant,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("now", &self.now()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const ORIGIN: SystemTime = SystemTime::UNIX_EPOCH;

    /// A wall clock or a lead that the test sets.
    fn hand(nanos: u64) -> (Arc<AtomicU64>, impl Fn() -> Duration + Send + Sync) {
        let hand = Arc::new(AtomicU64::new(nanos));
        let read = hand.clone();
        let get = move || Duration::from_nanos(read.load(Ordering::Relaxed));
        (hand, get)
    }

    fn set(hand: &AtomicU64, value: Duration) {
        hand.store(value.as_nanos() as u64, Ordering::Relaxed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_resumed_clock_goes_on_from_the_given_moment() {
        let clock = Clock::resuming(Moment::from_secs(1000));
        assert_eq!(clock.now(), Moment::from_secs(1000));
        tokio::time::advance(5 * SECOND).await;
        assert_eq!(clock.now(), Moment::from_secs(1005));
        let (earlier, later) = (Moment::from_secs(1002), Moment::from_secs(1009));
        assert_eq!(clock.instant_of(earlier), Instant::now() - 3 * SECOND);
        assert_eq!(clock.instant_of(later), Instant::now() + 4 * SECOND);
        let never = Moment::from_origin(Duration::MAX);
        assert_eq!(clock.instant_of(never), Instant::now() + FAR);
    }

    #[tokio::test(start_paused = true)]
    async fn a_suspend_counts_for_moments_and_as_drift() {
        let (lead, leading) = hand(7_000_000_000);
        let (wall, shown) = hand(0);
        let wall_clock = Box::new(move || ORIGIN + shown());
        let clock = Clock::new(Moment::ZERO, wall_clock, Box::new(leading));
        let before = clock.read();
        tokio::time::advance(SECOND).await;
        set(&lead, 7 * SECOND + SUSPEND);
        set(&wall, SECOND);
        assert_eq!(clock.now(), Moment::from_secs(1), "noise is no suspend");
        assert_eq!(clock.drift_since(before), Duration::ZERO);
        set(&lead, 607 * SECOND);
        set(&wall, 601 * SECOND);
        assert_eq!(clock.now(), Moment::from_secs(601));
        assert_eq!(clock.drift_since(before), 600 * SECOND);
        assert_eq!(clock.wall_of(clock.now()), ORIGIN + 601 * SECOND);
        assert_eq!(clock.stepped(), 0, "a suspend is no step of the wall clock");
        set(&lead, 606 * SECOND);
        assert_eq!(clock.now(), Moment::from_secs(601), "it never goes back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_moment_keeps_its_wall_time_until_the_wall_clock_is_set() {
        let (wall, shown) = hand(1_000_000_000_000);
        let clock = Clock::with_wall(move || ORIGIN + shown());
        let moment = Moment::from_secs(30);
        let told = ORIGIN + 1030 * SECOND;
        for drift in [0, 100, 400, 250, 499] {
            set(&wall, 1000 * SECOND + Duration::from_millis(drift));
            assert_eq!(clock.wall_of(moment), told);
            assert_eq!(clock.moment_of(told), moment);
        }
        assert_eq!(clock.stepped(), 0);
        set(&wall, 400 * SECOND);
        assert_eq!(clock.wall_of(moment), ORIGIN + 430 * SECOND);
        assert_eq!(clock.moment_of(ORIGIN + 430 * SECOND), moment);
        assert_eq!(clock.moment_of(ORIGIN), Moment::ZERO, "before the origin");
        assert_eq!(clock.stepped(), 1);
        assert_eq!(clock.clone().stepped(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn wall_times_told_before_a_restart_hold_after_it() {
        let (at, wall) = (Moment::from_secs(500), ORIGIN + 1000 * SECOND);
        let later = || ORIGIN + 1060 * SECOND + Duration::from_millis(40);
        let resumed = || {
            let start = Moment::from_secs(560);
            Clock::new(start, Box::new(later), Box::new(|| Duration::ZERO))
        };
        let clock = resumed().anchored(at, wall);
        assert_eq!(clock.wall_of(at - 10 * SECOND), wall - 10 * SECOND);
        let set_back = resumed().anchored(at, wall + 3600 * SECOND);
        assert_eq!(set_back.wall_of(Moment::from_secs(560)), later());
        assert_eq!(set_back.stepped(), 0);
    }

    #[test]
    fn the_machine_tells_its_boot() {
        let (one, other) = (Boot::now(), Boot::now());
        assert_eq!(one.id, other.id);
        assert_eq!(one.id.as_deref().map(str::len), Some(36));
        assert!(one.time > Duration::ZERO && one.time <= other.time);
    }
}
