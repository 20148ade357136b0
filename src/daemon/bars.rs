//! The hours of the history and of the present, put together into hours and days of UTC.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::timesheet::{HOUR, before, floor};
use crate::history::HourRow;
use crate::model::Name;
use crate::web::{PAST_DAYS, PAST_HOURS, Past, Share};

const DAY: Duration = Duration::from_secs(86_400);

/// The last hours and days of all networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bars {
    hours: Axis,
    days: Axis,
    networks: BTreeMap<Name, Bar>,
}

/// Spans of one length, the last of which is the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Axis {
    first: SystemTime,
    step: Duration,
    count: usize,
}

type Times = [Duration; 5];

#[derive(Clone, Debug, PartialEq, Eq)]
struct Bar {
    hours: Vec<Times>,
    days: Vec<Times>,
}

impl Axis {
    fn ending(now: SystemTime, step: Duration, count: usize) -> Self {
        let past = u32::try_from(count.saturating_sub(1)).unwrap_or_default();
        Self {
            first: before(floor(now, step), step.saturating_mul(past)),
            step,
            count,
        }
    }

    fn place(&self, at: SystemTime) -> Option<usize> {
        let since = at.duration_since(self.first).ok()?;
        let place = usize::try_from(since.as_nanos() / self.step.as_nanos()).ok()?;
        (place < self.count).then_some(place)
    }

    fn end(&self) -> SystemTime {
        self.first
            + self
                .step
                .saturating_mul(u32::try_from(self.count).unwrap_or_default())
    }

    fn shares(&self, times: &[Times], until: SystemTime) -> Vec<Share> {
        let mut from = self.first;
        let shares = times.iter().map(|times| {
            let passed = until.duration_since(from).unwrap_or_default();
            let length = passed.min(self.step);
            let share = Share {
                from,
                length,
                state_time: within(*times, length),
            };
            from += self.step;
            share
        });
        shares.collect()
    }
}

impl Bars {
    /// Those that end now, without any time in them.
    pub(super) fn ending<'a>(now: SystemTime, networks: impl Iterator<Item = &'a Name>) -> Self {
        let bar = Bar {
            hours: vec![Times::default(); PAST_HOURS],
            days: vec![Times::default(); PAST_DAYS],
        };
        Self {
            hours: Axis::ending(now, HOUR, PAST_HOURS),
            days: Axis::ending(now, DAY, PAST_DAYS),
            networks: networks.map(|name| (name.clone(), bar.clone())).collect(),
        }
    }

    /// What they span.
    pub(super) fn span(&self) -> std::ops::Range<SystemTime> {
        self.days.first.min(self.hours.first)..self.hours.end()
    }

    /// Whether they are of the same time and the same networks.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.hours == other.hours && self.networks.keys().eq(other.networks.keys())
    }

    /// Adds an hour, or a part of one.
    pub(super) fn add(&mut self, row: &HourRow) {
        let Some(bar) = self.networks.get_mut(&*row.network) else {
            return;
        };
        // Later hours are those of a wall clock that was wrong.
        if row.at >= self.hours.end() {
            return;
        }
        let hour = self
            .hours
            .place(row.at)
            .and_then(|at| bar.hours.get_mut(at));
        let day = self.days.place(row.at).and_then(|at| bar.days.get_mut(at));
        for times in [hour, day].into_iter().flatten() {
            for (sum, time) in times.iter_mut().zip(row.state_time) {
                *sum = sum.saturating_add(time);
            }
        }
    }

    /// The past of a network whose time is known until a moment.
    pub(super) fn past(&self, network: &Name, until: SystemTime) -> Past {
        let bar = self.networks.get(network);
        Past {
            network: network.clone(),
            hours: bar.map_or_else(Vec::new, |bar| self.hours.shares(&bar.hours, until)),
            days: bar.map_or_else(Vec::new, |bar| self.days.shares(&bar.days, until)),
        }
    }
}

/// Never more than there is: a wall clock that was set back has shown some times twice.
fn within(times: Times, length: Duration) -> Times {
    let sum: u128 = times.iter().map(Duration::as_nanos).sum();
    if sum <= length.as_nanos() {
        return times;
    }
    times.map(|time| {
        // At most `length` each, and a length is an hour or a day.
        let share = time.as_nanos().saturating_mul(length.as_nanos()) / sum;
        Duration::from_nanos(u64::try_from(share).unwrap_or_default())
    })
}
