//! Level 1: the rounds of one endpoint, judged by two counters.
//!
//! `avail` asks whether it answers at all, `quality` whether it answers well. A failure counts
//! against both; a slow answer is good for `avail` and bad for `quality`; a bot wall is good
//! for `avail` and says nothing of `quality`; what is inconclusive says nothing at all. After
//! `fall` bad rounds in a row a counter turns, after `rise` good ones it turns back.

use std::time::Duration;

use super::Pace;
use super::plan::EndpointPlan;
use crate::model::{Cause, EndpointView, Moment, Reason, State, Verdict};

/// Longest that a rate limit can keep us away.
pub const MAX_BACKOFF: Duration = Duration::from_secs(30 * 60);

/// Good and bad rounds in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Streak {
    good: u32,
    bad: u32,
}

impl Streak {
    const fn count(&mut self, good: bool) {
        if good {
            self.good = self.good.saturating_add(1);
            self.bad = 0;
        } else {
            self.bad = self.bad.saturating_add(1);
            self.good = 0;
        }
    }
}

/// Whether the endpoint answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Avail {
    #[default]
    Unknown,
    Good,
    Bad,
}

/// The memory of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    avail: Avail,
    avail_streak: Streak,
    poor: bool,
    quality_streak: Streak,
    /// Why the last slow one among the good rounds in the present streak was slow.
    slow_in_streak: Option<Cause>,
    /// It was down and has not been up since: leaving `unknown` takes `rise` rounds.
    was_down: bool,
    restricted: bool,
    tried: bool,
    /// Why it is in trouble, or may be.
    trouble: Option<Cause>,
    /// Why nothing could be learned since the last conclusive round.
    ours: Option<Cause>,
    since: Moment,
    /// Without conclusive evidence until then it becomes unknown. Only a conclusive round moves
    /// it: doubt elsewhere in the network changes the interval, not how old the evidence is.
    stale_at: Option<Moment>,
    backoff: Option<Duration>,
    interval: Duration,
}

impl Endpoint {
    /// An endpoint of which nothing is known.
    pub(super) const fn new(plan: &EndpointPlan, now: Moment) -> Self {
        Self {
            avail: Avail::Unknown,
            avail_streak: Streak { good: 0, bad: 0 },
            poor: false,
            quality_streak: Streak { good: 0, bad: 0 },
            slow_in_streak: None,
            was_down: false,
            restricted: false,
            tried: false,
            trouble: None,
            ours: None,
            since: now,
            stale_at: None,
            backoff: None,
            interval: plan.recheck_interval,
        }
    }

    /// The confirmed state.
    pub(super) const fn state(&self) -> State {
        match self.avail {
            Avail::Unknown => State::Unknown,
            Avail::Bad => State::Down,
            Avail::Good if self.poor => State::Degraded,
            Avail::Good => State::Up,
        }
    }

    /// Why it is down or degraded.
    pub(super) fn trouble(&self) -> Option<&Cause> {
        match self.state() {
            State::Down | State::Degraded => self.trouble.as_ref(),
            _ => None,
        }
    }

    /// Whether the last rounds speak against a known state: is it still there, is it back?
    pub(super) const fn in_doubt(&self) -> bool {
        match self.avail {
            Avail::Unknown => false,
            Avail::Good => self.avail_streak.bad > 0,
            Avail::Bad => self.avail_streak.good > 0,
        }
    }

    /// One round more.
    pub(super) fn round(
        &mut self,
        plan: &EndpointPlan,
        verdict: &Verdict,
        retry_after: Option<Duration>,
        now: Moment,
    ) {
        self.tried = true;
        let before = self.state();
        match verdict {
            Verdict::Inconclusive(cause) => {
                self.ours = Some(cause.clone());
                return;
            }
            Verdict::Pass => {
                self.quality_streak.count(true);
                self.answered(plan, None);
            }
            Verdict::Slow(cause) => {
                self.quality_streak.count(false);
                self.answered(plan, Some(cause));
                if self.avail == Avail::Good {
                    self.trouble = Some(cause.clone());
                }
            }
            Verdict::Restricted(_) => self.answered(plan, None),
            Verdict::Fail(cause) => {
                self.quality_streak.count(false);
                self.avail_streak.count(false);
                self.slow_in_streak = None;
                self.trouble = Some(cause.clone());
                if self.avail_streak.bad >= plan.fall {
                    self.avail = Avail::Bad;
                    self.was_down = true;
                }
            }
        }
        if self.avail == Avail::Good {
            if self.poor {
                self.poor = self.quality_streak.good < plan.rise;
            } else {
                self.poor = self.quality_streak.bad >= plan.fall;
            }
        }
        if self.state() == State::Up && self.avail_streak.bad == 0 && self.quality_streak.bad == 0 {
            self.trouble = None;
        }
        self.ours = None;
        self.restricted = matches!(verdict, Verdict::Restricted(_));
        self.backoff = self.next_backoff(plan, verdict, retry_after);
        if self.state() != before {
            self.since = now;
        }
        self.interval = self.wanted_interval(plan, false);
        self.stale_at = Some(now + self.stale_after(plan));
    }

    /// A good round for `avail`.
    fn answered(&mut self, plan: &EndpointPlan, slow: Option<&Cause>) {
        self.avail_streak.count(true);
        let needed = match self.avail {
            Avail::Good => return,
            Avail::Unknown if !self.was_down => 1,
            Avail::Unknown | Avail::Bad => plan.rise,
        };
        if let Some(cause) = slow {
            self.slow_in_streak = Some(cause.clone());
        }
        if self.avail_streak.good >= needed {
            self.avail = Avail::Good;
            self.was_down = false;
            // The failures that came before are told by `down`; only slow answers make the
            // recovery a degraded one. A wall alone never does.
            self.quality_streak.bad = u32::from(slow.is_some());
            self.trouble = self.slow_in_streak.take();
            self.poor = self.trouble.is_some();
        }
    }

    /// Time passes without a round. Returns whether the state changed.
    pub(super) fn tick(&mut self, now: Moment) -> bool {
        if self.stale_at.is_none_or(|at| now < at) {
            return false;
        }
        let known = self.avail != Avail::Unknown;
        self.avail = Avail::Unknown;
        self.avail_streak = Streak::default();
        self.quality_streak = Streak::default();
        self.poor = false;
        self.slow_in_streak = None;
        self.restricted = false;
        self.stale_at = None;
        if known {
            self.since = now;
        }
        known
    }

    /// Why nothing could be learned, if the last rounds were inconclusive.
    pub(super) const fn ours(&self) -> Option<&Cause> {
        self.ours.as_ref()
    }

    /// When the evidence is too old.
    pub(super) const fn deadline(&self) -> Option<Moment> {
        self.stale_at
    }

    /// The interval now in force, after the network's other endpoints have been judged.
    pub(super) fn set_pace(&mut self, plan: &EndpointPlan, network_in_doubt: bool) {
        self.interval = self.wanted_interval(plan, network_in_doubt && plan.weight > 0);
    }

    /// What a snapshot shows of it, its trouble aside.
    pub(super) fn shown(&self) -> (State, bool, bool) {
        (self.state(), self.restricted, self.tried)
    }

    /// How often it is to be probed now.
    pub(super) const fn pace(&self) -> Pace {
        Pace {
            interval: self.interval,
            backoff: self.backoff,
        }
    }

    pub(super) fn view(&self, plan: &EndpointPlan) -> EndpointView {
        EndpointView {
            key: plan.key.clone(),
            state: self.state(),
            since: self.since,
            restricted: self.restricted,
            tried: self.tried,
            cause: self.trouble().cloned(),
        }
    }

    fn wanted_interval(&self, plan: &EndpointPlan, network_in_doubt: bool) -> Duration {
        let wavering = if self.poor {
            self.quality_streak.good > 0
        } else {
            self.quality_streak.bad > 0
        };
        match self.avail {
            Avail::Unknown => plan.recheck_interval,
            _ if self.in_doubt() || network_in_doubt => plan.recheck_interval,
            Avail::Bad => plan.down_interval,
            Avail::Good if wavering => plan.recheck_interval,
            Avail::Good => plan.interval,
        }
    }

    fn stale_after(&self, plan: &EndpointPlan) -> Duration {
        let interval = self.interval.max(self.backoff.unwrap_or_default());
        interval.saturating_mul(3).saturating_add(plan.timeout)
    }

    /// After a 429: what it asked for, else twice the last pause, at most half an hour.
    fn next_backoff(
        &self,
        plan: &EndpointPlan,
        verdict: &Verdict,
        retry_after: Option<Duration>,
    ) -> Option<Duration> {
        let Verdict::Restricted(cause) = verdict else {
            return None;
        };
        if cause.reason != Reason::WallRateLimit {
            return None;
        }
        let doubled = self.backoff.unwrap_or(plan.interval).saturating_mul(2);
        Some(
            retry_after
                .unwrap_or(doubled)
                .max(plan.interval)
                .min(MAX_BACKOFF),
        )
    }
}
