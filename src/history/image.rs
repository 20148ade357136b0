//! What the state file holds: all that a daemon needs to go on where it was.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::{Entry, HourRow};
use crate::engine::Memory;
use crate::host::clock::{Boot, Clock};
use crate::model::{Moment, Name};

/// The daemon at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// What the engine knows.
    pub memory: Memory,
    /// Until when the counters have been shown to others: they may not go back behind it.
    pub shown_until: Moment,
    /// Until when the time of each network may be shown; `None` = until now.
    pub holds: Vec<(Name, Option<Moment>)>,
    /// The counters of the metrics, by metric and labels. Values that are no finite numbers come
    /// back as NaN.
    pub counters: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
    /// What the history does not hold for certain yet.
    pub outbox: Vec<Entry>,
    /// The hour that each network is in, as far as it was spent when [`Image::memory`] was taken.
    pub hours: Vec<HourRow>,
    /// The number of the next entry of the journal.
    pub next_seq: u64,
    /// When this was.
    pub saved: Saved,
}

/// A moment, by every clock there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// By the daemon's clock.
    pub moment: Moment,
    /// By the wall clock, as told by [`Clock::wall_of`].
    pub wall: SystemTime,
    /// By the machine's.
    pub boot: Boot,
}

impl Saved {
    /// This moment.
    #[must_use]
    pub fn now(clock: &Clock) -> Self {
        let moment = clock.now();
        Self {
            moment,
            wall: clock.wall_of(moment),
            boot: Boot::now(),
        }
    }

    /// How long ago it was: exactly if the machine has been on since, else by the wall clock,
    /// and nothing if that was set back.
    #[must_use]
    pub fn age(&self, wall: SystemTime, boot: &Boot) -> Duration {
        let same_boot = self.boot.id.is_some() && self.boot.id == boot.id;
        let on_since = boot.time.checked_sub(self.boot.time);
        on_since.filter(|_| same_boot).unwrap_or_else(|| {
            let passed = wall.duration_since(self.wall);
            passed.unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_that_of_the_machine_or_else_of_the_wall_clock_and_never_negative() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let boot = |id: Option<&str>, seconds| Boot {
            id: id.map(str::to_owned),
            time: Duration::from_secs(seconds),
        };
        let saved = |boot| Saved {
            moment: Moment::from_secs(10),
            wall: at(1000),
            boot,
        };
        let known = saved(boot(Some("a"), 50));
        let age = |saved: &Saved, wall, now: Boot| saved.age(at(wall), &now).as_secs();
        assert_eq!(age(&known, 9000, boot(Some("a"), 80)), 30, "the same boot");
        assert_eq!(age(&known, 1070, boot(Some("b"), 80)), 70, "another boot");
        assert_eq!(age(&known, 900, boot(Some("b"), 80)), 0, "a clock set back");
        assert_eq!(age(&known, 1070, boot(Some("a"), 20)), 70, "a copied file");
        let nameless = saved(boot(None, 50));
        assert_eq!(age(&nameless, 1070, boot(None, 80)), 70, "no boot known");
    }
}
