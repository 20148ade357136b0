//! How each network spends each hour of UTC: follows the books, which know moments and no hours.
//!
//! The books are looked at after every step. What was booked since the last look lies between
//! the two moments until which they were booked, and the states in it have an order: first the
//! one that was open, last the one that is open now. So a change that is known late, or a gap,
//! is cut at the hour where it truly lay, however late it is booked.

use std::time::{Duration, SystemTime};

use crate::engine::Memory;
use crate::history::HourRow;
use crate::model::{Moment, Name, NetworkBooks, State};

pub(super) const HOUR: Duration = Duration::from_secs(3600);
/// More than this is never booked at one look, but where a memory is damaged.
const LONGEST: Duration = Duration::from_secs(86_400);

/// All networks, in the order of the engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Timesheet {
    lines: Vec<Line>,
    /// Hours that were over before anybody asked.
    over: Vec<HourRow>,
}

/// One network.
#[derive(Clone, Debug)]
struct Line {
    network: Name,
    seen: Seen,
    /// The hour it is in, or the part of it that began at `at`; `None` before the first look.
    open: Option<HourRow>,
}

/// The books as they were last looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) until: Moment,
    pub(super) state: State,
    pub(super) times: [Duration; 5],
}

/// What a moment is called by people.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) moment: Moment,
    pub(super) wall: SystemTime,
}

impl Now {
    /// The wall-clock time of an earlier moment.
    fn wall_of(self, moment: Moment) -> SystemTime {
        before(self.wall, self.moment.since(moment))
    }
}

impl From<&NetworkBooks> for Seen {
    fn from(books: &NetworkBooks) -> Self {
        Self {
            until: books.booked_until,
            state: books.open_state,
            times: books.state_time,
        }
    }
}

impl Timesheet {
    /// Goes on from what was remembered, by this process or by another.
    pub(super) fn restore(memory: &Memory, mut hours: Vec<HourRow>) -> Self {
        let networks = memory.networks.iter();
        let lines = networks.filter_map(|known| {
            let place = hours.iter().position(|hour| *hour.network == *known.name)?;
            Some(Line {
                network: known.name.clone(),
                seen: (&known.books).into(),
                open: Some(hours.swap_remove(place)),
            })
        });
        Self {
            lines: lines.collect(),
            over: hours,
        }
    }

    /// Looks at the books of all networks, in the order of the engine, and gives the hours that
    /// are over, or will not go on.
    pub(super) fn look<'a>(
        &mut self,
        books: impl Iterator<Item = (&'a Name, Seen)>,
        now: Now,
    ) -> Vec<HourRow> {
        let mut over = std::mem::take(&mut self.over);
        let mut place = 0;
        for (network, seen) in books {
            self.bring(network, place, seen);
            self.lines[place].look(seen, now, &mut over);
            place += 1;
        }
        // Nobody watches these any more.
        let gone = self.lines.drain(place..);
        over.extend(gone.filter_map(|line| line.open));
        over.retain(is_worth_keeping);
        over
    }

    /// The hours that the networks are in, as far as they are spent.
    pub(super) fn hours(&self) -> Vec<HourRow> {
        let hours = self.lines.iter().filter_map(|line| line.open.clone());
        hours.collect()
    }

    /// Until when each network's time is known, in the order of the engine.
    pub(super) fn known(&self, now: Now) -> impl Iterator<Item = (&Name, SystemTime)> {
        let lines = self.lines.iter();
        lines.map(move |line| (&line.network, now.wall_of(line.seen.until)))
    }

    /// Puts the line of a network at a place; a new one begins if there is none.
    fn bring(&mut self, network: &Name, place: usize, seen: Seen) {
        if self
            .lines
            .get(place)
            .is_some_and(|line| line.network == *network)
        {
            return;
        }
        let mut rest = self.lines.iter().skip(place);
        match rest.position(|line| line.network == *network) {
            Some(behind) => self.lines[place..=place + behind].rotate_right(1),
            None => self.lines.insert(place, Line::new(network.clone(), seen)),
        }
    }
}

/// Time that was not observed needs no row to say so.
fn is_worth_keeping(hour: &HourRow) -> bool {
    let mut states = State::ALL.into_iter().zip(hour.state_time);
    states.any(|(state, time)| state != State::Unknown && time > Duration::ZERO)
}

impl Line {
    const fn new(network: Name, seen: Seen) -> Self {
        Self {
            network,
            seen,
            open: None,
        }
    }

    fn look(&mut self, seen: Seen, now: Now, over: &mut Vec<HourRow>) {
        if seen.until == self.seen.until && self.open.is_some() {
            self.seen.state = seen.state;
            return;
        }
        let before_it = std::mem::replace(&mut self.seen, seen);
        let spent = spent(before_it, seen);
        let sum = spent
            .iter()
            .fold(Duration::ZERO, |sum, (_, time)| sum.saturating_add(*time));
        let mut at = before(now.wall_of(seen.until), sum);
        if self.open.is_none() {
            self.begin(at);
        }
        for (state, time) in spent {
            at = self.spend(state, time, at, over);
        }
    }

    /// Books time from a moment on, and gives the one after it.
    fn spend(
        &mut self,
        state: State,
        time: Duration,
        from: SystemTime,
        over: &mut Vec<HourRow>,
    ) -> SystemTime {
        let end = from.checked_add(time).unwrap_or(from);
        let mut at = from;
        while let Ok(rest) = end.duration_since(at)
            && !rest.is_zero()
        {
            let hour = hour_of(at);
            let begun = self.open.as_ref().map(|open| hour_of(open.at));
            if begun != Some(hour) {
                over.extend(self.open.take());
                self.begin(at);
            }
            // Of a long time what is not observed needs no rows.
            let skipped = if state == State::Unknown {
                HOUR
            } else {
                LONGEST
            };
            let next = hour.checked_add(HOUR).unwrap_or(end).min(end);
            let part = next.duration_since(at).unwrap_or_default();
            if let Some(open) = &mut self.open {
                let spent = &mut open.state_time[state as usize];
                *spent = spent.saturating_add(part);
            }
            at = if rest - part > skipped {
                next.max(hour_of(before(end, skipped)))
            } else {
                next
            };
        }
        end
    }

    fn begin(&mut self, at: SystemTime) {
        let since_epoch = at.duration_since(SystemTime::UNIX_EPOCH);
        let whole = since_epoch.unwrap_or_default().as_micros();
        let whole = Duration::from_micros(u64::try_from(whole).unwrap_or_default());
        self.open = Some(HourRow {
            network: self.network.to_string(),
            at: SystemTime::UNIX_EPOCH + whole,
            state_time: [Duration::ZERO; 5],
        });
    }
}

/// What was booked between two looks, in the order in which it was spent.
fn spent(from: Seen, to: Seen) -> [(State, Duration); 5] {
    let mut states = State::ALL;
    states.sort_by_key(|state| match *state {
        state if state == from.state => 0,
        state if state == to.state => 2,
        _ => 1,
    });
    states.map(|state| {
        let (before, after) = (from.times[state as usize], to.times[state as usize]);
        (state, after.saturating_sub(before))
    })
}

/// The beginning of the hour of UTC.
pub(super) fn hour_of(at: SystemTime) -> SystemTime {
    floor(at, HOUR)
}

/// The last multiple of a step, counted from the epoch.
pub(super) fn floor(at: SystemTime, step: Duration) -> SystemTime {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = seconds.unwrap_or_default().as_secs();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds - seconds % step.as_secs())
}

pub(super) fn before(at: SystemTime, time: Duration) -> SystemTime {
    let then = at.checked_sub(time);
    then.map_or(SystemTime::UNIX_EPOCH, |then| {
        then.max(SystemTime::UNIX_EPOCH)
    })
}

#[cfg(test)]
mod tests;
