//! Availability: the share of the judged time in which a network could be used. The definition of
//! the cookbook, over hours and days of UTC.

use std::time::Duration;

use super::source::{Past, Share};
use crate::model::State;

/// The windows, with the number of days in each; the first is made of hours.
const WINDOWS: [(&str, usize); 4] = [("24h", 1), ("7d", 7), ("30d", 30), ("90d", 90)];

/// A millionth of a whole is told.
const PARTS: u128 = 1_000_000;

/// Time in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Availability {
    /// In `up` or `degraded`.
    pub(super) usable: Duration,
    /// In `up`, `degraded` or `down`.
    pub(super) judged: Duration,
    /// All of it, but `maintenance`.
    pub(super) length: Duration,
}

impl Availability {
    /// The time of some hours or days.
    pub(super) fn of(shares: &[Share]) -> Self {
        let mut all = Self::default();
        for share in shares {
            let time = |state: State| share.state_time[state as usize];
            let usable = time(State::Up) + time(State::Degraded);
            all.usable += usable;
            all.judged += usable + time(State::Down);
            all.length += share.length.saturating_sub(time(State::Maintenance));
        }
        all
    }

    /// The windows of a network, by their names: the last 24 hours, or so many days, of UTC; the
    /// present one is the last of them.
    pub(super) fn windows(past: &Past) -> [(&'static str, Self); 4] {
        WINDOWS.map(|(name, days)| {
            let shares = match days {
                1 => &past.hours[..],
                _ => &past.days[past.days.len().saturating_sub(days)..],
            };
            (name, Self::of(shares))
        })
    }

    /// Usable by judged time; `None` if nothing was judged.
    pub(super) fn share(&self) -> Option<f64> {
        share(self.usable, self.judged)
    }

    /// Judged by all time that was no maintenance; `None` if there was none.
    pub(super) fn observed(&self) -> Option<f64> {
        share(self.judged, self.length)
    }
}

/// Rounded down: what is not whole is never shown as whole.
fn share(part: Duration, whole: Duration) -> Option<f64> {
    let parts = part.as_nanos().saturating_mul(PARTS);
    let parts = parts.checked_div(whole.as_nanos())?;
    Some(parts.min(PARTS) as f64 / PARTS as f64)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    /// A day of so many hours with: unknown, up, degraded, down, maintenance.
    fn day(length: u64, hours: [u64; 5]) -> Share {
        let time = |hours| Duration::from_secs(hours * 3600);
        Share {
            from: SystemTime::UNIX_EPOCH,
            length: time(length),
            state_time: hours.map(time),
        }
    }

    fn told(shares: &[Share]) -> (Option<f64>, Option<f64>) {
        let all = Availability::of(shares);
        (all.share(), all.observed())
    }

    #[test]
    fn maintenance_is_outside_of_both_shares_and_what_is_missing_was_not_observed() {
        assert_eq!(told(&[]), (None, None));
        assert_eq!(told(&[day(24, [0; 5])]), (None, Some(0.0)));
        assert_eq!(told(&[day(24, [24, 0, 0, 0, 0])]), (None, Some(0.0)));
        assert_eq!(told(&[day(24, [0, 0, 0, 0, 24])]), (None, None));
        let mixed = day(24, [2, 9, 3, 4, 4]);
        assert_eq!(told(std::slice::from_ref(&mixed)), (Some(0.75), Some(0.8)));
        let shares = [mixed, day(24, [0, 24, 0, 0, 0]), day(20, [0; 5])];
        assert_eq!(told(&shares), (Some(0.9), Some(0.625)));
        let mut nearly = day(24, [0, 24, 0, 0, 0]);
        nearly.state_time[1] -= Duration::from_nanos(1);
        nearly.state_time[3] += Duration::from_nanos(1);
        assert_eq!(told(&[nearly]), (Some(0.999_999), Some(1.0)));
    }

    #[test]
    fn each_window_ends_with_the_present_hour_or_day() {
        let days = (0..90).map(|n| day(24, [0, 24 - n / 10, 0, n / 10, 0]));
        let past = Past {
            network: "x".into(),
            hours: vec![day(1, [0, 0, 0, 1, 0])],
            days: days.collect(),
        };
        let windows = Availability::windows(&past).map(|(name, all)| {
            (
                name,
                all.judged.as_secs() / 3600,
                (all.judged - all.usable).as_secs() / 3600,
            )
        });
        let expected = [
            ("24h", 1, 1),
            ("7d", 7 * 24, 7 * 8),
            ("30d", 30 * 24, 10 * (6 + 7 + 8)),
            ("90d", 90 * 24, 10 * 36),
        ];
        assert_eq!(windows, expected);
        let none = Past {
            days: Vec::new(),
            hours: Vec::new(),
            ..past
        };
        assert!(
            Availability::windows(&none)
                .iter()
                .all(|(_, all)| all.share().is_none())
        );
    }
}
