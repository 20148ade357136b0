//! Level 1: the rounds of one endpoint, judged by two counters.
//!
//! `avail` asks whether it answers at all, `quality` whether it answers well. A failure counts
//! against both; a slow answer is good for `avail` and bad for `quality`; a bot wall is good
//! for `avail` and says nothing of `quality`; what is inconclusive says nothing at all. After
//! `fall` bad rounds in a row a counter turns, after `rise` good ones it turns back.
//!
//! A round speaks for the moment it started at. A state therefore begins with the first round of
//! the streak that led to it, which is known only later: until then the time is held.

use std::time::Duration;

use super::Pace;
use super::memory::EndpointMemory;
use super::plan::EndpointPlan;
use crate::model::{Cause, EndpointView, Moment, Reason, State, Verdict};

/// Longest that a rate limit can keep us away.
pub const MAX_BACKOFF: Duration = Duration::from_secs(30 * 60);

/// Good and bad rounds in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Streak {
    good: u32,
    bad: u32,
    /// Start of the first of them.
    since: Moment,
}

impl Streak {
    const fn count(&mut self, good: bool, started: Moment) {
        let goes_on = if good { self.good > 0 } else { self.bad > 0 };
        if !goes_on {
            self.since = started;
        }
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
    /// Start of the first round that speaks for the present state.
    since: Moment,
    /// The state before the present one.
    before: State,
    /// Start of the last good round.
    last_good: Option<Moment>,
    /// When the last conclusive round was counted.
    heard: Option<Moment>,
    /// Start of the round that runs.
    in_flight: Option<Moment>,
    /// Without conclusive evidence until then it becomes unknown. Only a conclusive round moves
    /// it: doubt elsewhere in the network changes the interval, not how old the evidence is.
    stale_at: Option<Moment>,
    /// Without evidence of quality until then (walls give none) its doubts are forgotten.
    quality_stale_at: Option<Moment>,
    backoff: Option<Duration>,
    interval: Duration,
}

impl Endpoint {
    /// An endpoint of which nothing is known.
    pub(super) const fn new(plan: &EndpointPlan, now: Moment) -> Self {
        Self {
            avail: Avail::Unknown,
            avail_streak: Streak {
                good: 0,
                bad: 0,
                since: now,
            },
            poor: false,
            quality_streak: Streak {
                good: 0,
                bad: 0,
                since: now,
            },
            slow_in_streak: None,
            was_down: false,
            restricted: false,
            tried: false,
            trouble: None,
            ours: None,
            since: now,
            before: State::Unknown,
            last_good: None,
            heard: None,
            in_flight: None,
            stale_at: None,
            quality_stale_at: None,
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

    /// Since when its time may turn out to belong to another state.
    pub(super) fn held_since(&self) -> Option<Moment> {
        let avail = self.avail_streak;
        let avail_doubt = match self.avail {
            Avail::Unknown => avail.bad > 0 || avail.good > 0,
            Avail::Good | Avail::Bad => self.in_doubt(),
        };
        let quality_doubt = self.avail == Avail::Good && self.wavering();
        let doubts = [
            avail_doubt.then_some(avail.since),
            quality_doubt.then_some(self.quality_streak.since),
            self.in_flight,
        ];
        doubts.into_iter().flatten().min()
    }

    /// A round has started.
    pub(super) const fn started(&mut self, now: Moment) {
        self.in_flight = Some(now);
    }

    /// The round that ran has ended, or was lost.
    pub(super) const fn ended(&mut self) {
        self.in_flight = None;
    }

    /// One round more.
    pub(super) fn round(
        &mut self,
        plan: &EndpointPlan,
        verdict: &Verdict,
        retry_after: Option<Duration>,
        started: Moment,
        now: Moment,
    ) {
        self.tried = true;
        let (before, avail_before) = (self.state(), self.avail);
        match verdict {
            Verdict::Inconclusive(cause) => {
                self.ours = Some(cause.clone());
                return;
            }
            Verdict::Pass => {
                self.quality_streak.count(true, started);
                self.answered(plan, None, started);
            }
            Verdict::Slow(cause) => {
                self.quality_streak.count(false, started);
                self.answered(plan, Some(cause), started);
                if self.avail == Avail::Good {
                    self.trouble = Some(cause.clone());
                }
            }
            Verdict::Restricted(_) => self.answered(plan, None, started),
            Verdict::Fail(cause) => {
                self.quality_streak.count(false, started);
                self.avail_streak.count(false, started);
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
        self.heard = Some(now);
        self.restricted = matches!(verdict, Verdict::Restricted(_));
        self.backoff = self.next_backoff(plan, verdict, retry_after);
        if !matches!(verdict, Verdict::Fail(_)) {
            self.last_good = Some(started);
        }
        if self.state() != before {
            let turned_by_avail = self.avail != avail_before;
            let streak = if turned_by_avail {
                self.avail_streak
            } else {
                self.quality_streak
            };
            self.turned(before, streak.since);
        }
        self.interval = self.wanted_interval(plan, false);
        let stale_at = Some(now + self.stale_after(plan));
        self.stale_at = stale_at;
        if !self.restricted {
            self.quality_stale_at = stale_at;
        }
    }

    const fn turned(&mut self, before: State, since: Moment) {
        self.before = before;
        self.since = since;
    }

    /// A good round for `avail`.
    fn answered(&mut self, plan: &EndpointPlan, slow: Option<&Cause>, started: Moment) {
        // Only the first conclusive round ever decides alone. What was up when the sight of it was
        // lost is not degraded for one slow round when it comes back: a resolver or a line that
        // has just returned is not yet at its best.
        let was_up = self.avail == Avail::Unknown && self.before == State::Up;
        self.avail_streak.count(true, started);
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
            self.poor = self.trouble.is_some() && !was_up;
        }
    }

    /// Time passes without a round. `seen` is when time was last looked at: if that is longer ago
    /// than evidence lasts, nothing is known from then on, not only from when it grew stale.
    /// Returns whether the state changed.
    pub(super) fn tick(&mut self, plan: &EndpointPlan, seen: Moment, now: Moment) -> bool {
        let before = self.state();
        let jumped = now.since(seen) > self.stale_after(plan);
        let over = |at: Option<Moment>| at.filter(|at| *at <= now);
        if let Some(at) = over(self.stale_at) {
            self.forget_avail();
            self.forget_quality();
            if before != State::Unknown {
                self.turned(before, if jumped { at.min(seen) } else { at });
            }
        } else if let Some(at) = over(self.quality_stale_at) {
            self.forget_quality();
            if self.state() != before {
                self.trouble = None;
                self.turned(before, at);
            }
        }
        self.state() != before
    }

    fn forget_avail(&mut self) {
        self.avail = Avail::Unknown;
        self.avail_streak = Streak::default();
        self.slow_in_streak = None;
        self.restricted = false;
        self.stale_at = None;
    }

    fn forget_quality(&mut self) {
        self.quality_streak = Streak::default();
        self.poor = false;
        self.quality_stale_at = None;
    }

    /// The state it has had since a moment, and the one before.
    pub(super) const fn turn(&self) -> (State, Moment, State) {
        (self.state(), self.since, self.before)
    }

    /// When the last conclusive round was counted.
    pub(super) const fn heard(&self) -> Option<Moment> {
        self.heard
    }

    /// Start of the last good round.
    pub(super) const fn last_good(&self) -> Option<Moment> {
        self.last_good
    }

    /// Why nothing could be learned, if the last rounds were inconclusive.
    pub(super) const fn ours(&self) -> Option<&Cause> {
        self.ours.as_ref()
    }

    /// When some of the evidence is too old.
    pub(super) fn deadline(&self) -> Option<Moment> {
        let stale = [self.stale_at, self.quality_stale_at];
        stale.into_iter().flatten().min()
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

    /// Whether the last rounds speak against the known quality.
    const fn wavering(&self) -> bool {
        if self.poor {
            self.quality_streak.good > 0
        } else {
            self.quality_streak.bad > 0
        }
    }

    fn wanted_interval(&self, plan: &EndpointPlan, network_in_doubt: bool) -> Duration {
        match self.avail {
            Avail::Unknown => plan.recheck_interval,
            _ if self.in_doubt() || network_in_doubt => plan.recheck_interval,
            Avail::Bad => plan.down_interval,
            Avail::Good if self.wavering() => plan.recheck_interval,
            Avail::Good => plan.interval,
        }
    }

    pub(super) fn stale_after(&self, plan: &EndpointPlan) -> Duration {
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

    /// What survives a restart.
    pub(super) fn memory(&self, plan: &EndpointPlan) -> EndpointMemory {
        EndpointMemory {
            endpoint: plan.key.endpoint.clone(),
            fingerprint: plan.fingerprint.clone(),
            state: self.state(),
            was_down: self.was_down,
            trouble: self.trouble.clone(),
            last_good: self.last_good,
            backoff: self.backoff,
        }
    }

    /// An endpoint that is remembered: its state is not known any more, but what it was decides
    /// what it takes to know it again.
    pub(super) fn restore(plan: &EndpointPlan, memory: &EndpointMemory, since: Moment) -> Self {
        Self {
            was_down: memory.was_down,
            trouble: memory.trouble.clone(),
            last_good: memory.last_good,
            backoff: memory.backoff.map(|backoff| backoff.min(MAX_BACKOFF)),
            before: memory.state,
            ..Self::new(plan, since)
        }
    }
}
