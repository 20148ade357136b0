//! The only reader of real clocks.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::model::Moment;

/// Tells moments (monotonic, tokio's clock, so that tests can pause it) and wall-clock times.
#[derive(Clone)]
pub struct Clock {
    origin: Instant,
    wall: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Clock {
    /// The real clocks.
    #[must_use]
    pub fn system() -> Self {
        Self {
            origin: Instant::now(),
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that reads the wall clock"
            )]
            wall: Arc::new(SystemTime::now),
        }
    }

    /// The real monotonic clock beside a wall clock of the caller's making.
    #[must_use]
    pub fn with_wall(wall: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self {
            origin: Instant::now(),
            wall: Arc::new(wall),
        }
    }

    /// Now, for measuring and deciding.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment::from_origin(self.origin.elapsed())
    }

    /// Now, for people and certificates.
    #[must_use]
    pub fn wall(&self) -> SystemTime {
        (self.wall)()
    }

    /// The moment as tokio's timers want it.
    #[must_use]
    pub fn instant_of(&self, moment: Moment) -> Instant {
        self.origin + moment.since_origin()
    }

    /// The wall-clock time of a moment, as the clocks stand now.
    #[must_use]
    pub fn wall_of(&self, moment: Moment) -> SystemTime {
        let ago = self.now().since(moment);
        let ahead = moment.since(self.now());
        (self.wall() - ago) + ahead
    }

    /// How far the wall clock and the monotonic clock disagree about what passed since a reading.
    #[must_use]
    pub fn drift_since(&self, reading: Reading) -> Duration {
        let passed = self.now().since(reading.moment);
        let expected = reading.wall + passed;
        let wall = self.wall();
        wall.duration_since(expected)
            .or_else(|_| expected.duration_since(wall))
            .unwrap_or(Duration::MAX)
    }

    /// Both clocks at once.
    #[must_use]
    pub fn read(&self) -> Reading {
        Reading {
            moment: self.now(),
            wall: self.wall(),
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
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("now", &self.now()).finish()
    }
}
