//! What is done next about the events of a webhook. It is told what waits, how attempts end and
//! what time it is, and does nothing itself.
//!
//! An attempt that fails is made again after 1 s, then 2 s, 4 s and so on up to 5 min, each a
//! fifth more or less. One that is refused (the receiver says that the request is wrong) is made
//! again every 5 min: the receiver may be mended, but not by our hurry. What is refused for an
//! hour, or is older than `max_age`, is given up if newer events wait. The newest never is: it
//! tells all of the present, so whoever comes back is right again.

use std::time::{Duration, SystemTime};

use super::Kind;
use crate::history::EventRow;
use crate::model::Moment;

/// After the first failure.
const FIRST_REST: Duration = Duration::from_secs(1);
/// After many, and after each refusal.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// However long a receiver asks us to wait.
const LONGEST_WISH: Duration = Duration::from_secs(3600);
/// What is refused for so long holds up nothing newer.
const REFUSED_FOR: Duration = Duration::from_secs(3600);
/// Events that were passed over since the cursor was last worth keeping.
const WORTH_KEEPING: u64 = 100;

/// What is known of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Courier {
    /// The last event that needs nothing more.
    cursor: u64,
    /// The cursor as it was last kept.
    kept: u64,
    /// Attempts that failed since the last that did not.
    failures: u32,
    /// Nothing is sent before.
    rest_until: Option<Moment>,
    /// The first event that waits was refused for the first time.
    refused_since: Option<Moment>,
    /// The receiver wants nothing any more.
    gone: bool,
}

/// An event that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) seq: u64,
    pub(super) at: SystemTime,
}

/// The time by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) moment: Moment,
    pub(super) wall: SystemTime,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing waits.
    Idle,
    /// Nothing before this moment.
    Rest(Moment),
    /// Nothing before a reload.
    Pause,
    /// Send the first event that waits.
    Send,
    /// Give up the first event that waits.
    GiveUp,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The event was taken.
    Taken,
    /// The receiver says that the request is wrong.
    Refused,
    /// The receiver wants nothing any more.
    Gone,
    /// Anything else, and how long the receiver asks us to wait.
    Failed(Option<Duration>),
}

impl Courier {
    pub(super) const fn new(cursor: u64) -> Self {
        Self {
            cursor,
            kept: cursor,
            failures: 0,
            rest_until: None,
            refused_since: None,
            gone: false,
        }
    }

    /// The last event that needs nothing more.
    pub(super) const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Attempts that failed since the last that did not.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// It became known where the cursor is that is kept. What was sent meanwhile is sent again,
    /// behind what came before it.
    pub(super) fn go_back_to(&mut self, kept: u64) {
        self.cursor = self.cursor.min(kept);
        self.kept = self.cursor;
        self.refused_since = None;
    }

    /// The events that wait, of those behind the cursor. What nobody wants to hear is passed over.
    pub(super) fn waiting(&mut self, rows: &[EventRow], events: &[Kind]) -> Vec<Waiting> {
        let wanted = |row: &&EventRow| Kind::of(row).is_some_and(|kind| events.contains(&kind));
        let waiting: Vec<Waiting> = rows
            .iter()
            .filter(|row| row.seq > self.cursor)
            .filter(wanted)
            .map(|row| Waiting {
                seq: row.seq,
                at: row.at,
            })
            .collect();
        let passed = match waiting.first() {
            Some(first) => first.seq.saturating_sub(1),
            None => rows.last().map_or(0, |row| row.seq),
        };
        self.cursor = self.cursor.max(passed);
        waiting
    }

    /// What is to be done now.
    pub(super) fn next(&self, waiting: &[Waiting], max_age: Duration, now: Now) -> Step {
        let Some(first) = waiting.first() else {
            return Step::Idle;
        };
        if self.gone {
            return Step::Pause;
        }
        let age = now.wall.duration_since(first.at).unwrap_or_default();
        let refused = self.refused_since.map(|since| now.moment.since(since));
        let enough = age > max_age || refused.is_some_and(|it| it >= REFUSED_FOR);
        if enough && waiting.len() > 1 {
            return Step::GiveUp;
        }
        match self.rest_until {
            Some(until) if until > now.moment => Step::Rest(until),
            _ => Step::Send,
        }
    }

    /// The attempt to send the event with this number has ended; `chance` is from 0 to 1.
    pub(super) fn answered(&mut self, seq: u64, answer: Answer, now: Moment, chance: f64) {
        let vary = |rest: Duration| rest.mul_f64(0.8 + 0.4 * chance.clamp(0.0, 1.0));
        let rest = match answer {
            Answer::Taken => {
                *self = Self {
                    kept: self.kept,
                    ..Self::new(seq)
                };
                return;
            }
            Answer::Gone => {
                self.gone = true;
                Duration::ZERO
            }
            Answer::Refused => {
                self.refused_since.get_or_insert(now);
                vary(LONGEST_REST)
            }
            Answer::Failed(wish) => {
                let doubled = 1_u32 << self.failures.min(16);
                let rest = FIRST_REST.saturating_mul(doubled).min(LONGEST_REST);
                vary(rest).max(wish.unwrap_or_default().min(LONGEST_WISH))
            }
        };
        self.failures = self.failures.saturating_add(1);
        self.rest_until = Some(now + rest);
    }

    /// The event with this number is given up. The receiver is no better for that.
    pub(super) fn given_up(&mut self, seq: u64) {
        self.cursor = seq;
        self.refused_since = None;
    }

    /// The configuration was read again: whoever did that wants to see it work.
    pub(super) fn reloaded(&mut self) {
        *self = Self {
            kept: self.kept,
            ..Self::new(self.cursor)
        };
    }

    /// The cursor, if it is worth keeping: something was sent, or much was passed over.
    pub(super) fn worth_keeping(&mut self, delivered: bool) -> Option<u64> {
        let passed = self.cursor.saturating_sub(self.kept);
        let worth = passed >= WORTH_KEEPING || (delivered && passed > 0);
        worth.then(|| {
            self.kept = self.cursor;
            self.cursor
        })
    }
}

#[cfg(test)]
mod tests;
