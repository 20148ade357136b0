//! Whether the loop gets anywhere: what the watchdog of systemd is told, and when it is not.
//!
//! That the loop turns is not enough. It is alive when every round that was due has been started
//! and every round or sweep in flight has ended within its bound, a grace included. What another
//! process could not do better is left out: a disk that hangs, a configuration that cannot be
//! read, a network that is down.
//!
//! Bounds of rounds run on the clock that stands still while the machine is suspended, as their
//! timers do and as systemd's watchdog does; what is due is looked at right after the timetable
//! has seen the present moment. So neither a suspend nor a step of the wall clock delays a
//! keep-alive.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::EndpointKey;

/// What may end or start later than it should, on a machine that has too much to do.
const GRACE: Duration = Duration::from_secs(10);
/// How often to look where no watchdog asks.
const LOOK: Duration = Duration::from_secs(15);
/// Keep-alives in the time that systemd waits for one: three may come late or get lost.
const PER_LIMIT: u32 = 4;

/// What the loop has before it when it has done all that there was to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sight {
    /// What should be the first to end of all that is in flight, and when.
    pub(super) in_flight: Option<(Flying, Instant)>,
    /// For how long some round has been due that nothing keeps from being started.
    pub(super) neglected: Duration,
}

/// Something that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flying {
    /// A round of an endpoint.
    Round(EndpointKey),
    /// The canaries are being asked.
    Sweep,
}

/// Says when the service manager is to be told that the loop is alive.
#[derive(Clone, Debug)]
pub(super) struct Watchdog {
    every: Duration,
    last: Option<Instant>,
    stuck: bool,
}

/// What has come of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Tell it.
    Alive,
    /// Nothing to tell, and this to say in the log: only the first look that finds it says so.
    Stuck(String),
    /// Nothing to tell, again.
    StillStuck,
}

impl Watchdog {
    /// For a service manager that waits so long for a keep-alive; `None`: it does not wait.
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self {
            every: limit.map_or(LOOK, |limit| limit / PER_LIMIT),
            last: None,
            stuck: false,
        }
    }

    /// Whether it is time to look.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.last
            .is_none_or(|last| now.saturating_duration_since(last) >= self.every)
    }

    /// Looks. A loop that was found stuck is looked at again each time that it turns.
    pub(super) fn look(&mut self, sight: &Sight, now: Instant) -> Finding {
        match what_is_stuck(sight, now) {
            None => {
                self.last = Some(now);
                self.stuck = false;
                Finding::Alive
            }
            Some(_) if self.stuck => Finding::StillStuck,
            Some(what) => {
                self.stuck = true;
                Finding::Stuck(what)
            }
        }
    }
}

/// What should have happened long ago, if anything, in words.
fn what_is_stuck(sight: &Sight, now: Instant) -> Option<String> {
    if sight.neglected > GRACE {
        let late = sight.neglected.as_secs();
        return Some(format!("a round is {late}s late and was not started"));
    }
    let (what, end) = sight.in_flight.as_ref()?;
    let late = now.saturating_duration_since(*end);
    let what = match what {
        Flying::Round(key) => format!("a round of {key}"),
        Flying::Sweep => "asking the canaries".to_owned(),
    };
    (late > GRACE).then(|| format!("{what} should have ended {}s ago", late.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn round(end: Instant) -> Sight {
        let key = EndpointKey::new("x", "web");
        Sight {
            in_flight: Some((Flying::Round(key), end)),
            neglected: Duration::ZERO,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn four_keep_alives_go_out_in_the_time_that_systemd_waits_for_one() {
        let start = Instant::now();
        let mut watchdog = Watchdog::new(Some(60 * SECOND));
        let mut told = Vec::new();
        for second in 0..=60 {
            let now = start + second * SECOND;
            if watchdog.is_due(now) {
                assert_eq!(watchdog.look(&Sight::default(), now), Finding::Alive);
                told.push(second);
            }
        }
        assert_eq!(told, [0, 15, 30, 45, 60]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_turns_beside_a_round_that_never_ends_is_not_alive() {
        let end = Instant::now() + 20 * SECOND;
        let mut watchdog = Watchdog::new(Some(60 * SECOND));
        assert_eq!(watchdog.look(&round(end), end + GRACE), Finding::Alive);
        let now = end + GRACE + SECOND;
        let said = "a round of x/web should have ended 11s ago".to_owned();
        assert_eq!(watchdog.look(&round(end), now), Finding::Stuck(said));
        let now = now + 60 * SECOND;
        assert!(watchdog.is_due(now));
        assert_eq!(watchdog.look(&round(end), now), Finding::StillStuck);
        assert_eq!(watchdog.look(&Sight::default(), now), Finding::Alive);
        let sweep = Sight {
            in_flight: Some((Flying::Sweep, end)),
            neglected: Duration::ZERO,
        };
        let said = "asking the canaries should have ended 71s ago".to_owned();
        assert_eq!(watchdog.look(&sweep, now), Finding::Stuck(said));
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_leaves_what_is_due_is_not_alive() {
        let mut watchdog = Watchdog::new(None);
        let neglected = |neglected| Sight {
            in_flight: None,
            neglected,
        };
        let now = Instant::now();
        assert_eq!(watchdog.look(&neglected(GRACE), now), Finding::Alive);
        let said = "a round is 11s late and was not started".to_owned();
        let found = watchdog.look(&neglected(GRACE + SECOND), now);
        assert_eq!(found, Finding::Stuck(said));
    }
}
