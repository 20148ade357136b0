//! `[[maintenance]]`, and all else that has a date: the configuration knows wall-clock times, the
//! engine knows moments.

use std::time::SystemTime;

use super::fault::{At, Fault, Place};
use super::file::{File, Maintenance};
use super::group::Surroundings;
use super::values::Time;
use super::{Period, Settings};
use crate::engine::{Plan, Window};
use crate::model::{Moment, Name};

/// The windows of the file: networks and when.
pub(crate) fn windows(
    file: &File,
    around: &Surroundings<'_>,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Vec<(Vec<Name>, Period)> {
    let written = file.maintenance.iter().flat_map(|list| &list.value);
    let window = |at: &At<Maintenance>| {
        let (table, place) = (&at.value, &at.place);
        let members = table.networks.as_ref().map_or(&[][..], |list| &list.value);
        if members.is_empty() {
            let sentence = "is missing or empty: name the networks that are in maintenance";
            faults.push(place.below("networks").fault(sentence));
        }
        let networks = around.members(members, &[], faults);
        let from = needed(table.from.as_ref(), place, "from", faults);
        let until = needed(table.until.as_ref(), place, "until", faults);
        let (from, until) = (from?, until?);
        let period = Period {
            from: from.value.wall(),
            until: until.value.wall(),
        };
        if period.until <= period.from {
            let sentence = format!("must be later than `from`, which is {}", from.value);
            faults.push(until.fault(sentence));
        } else if period.until <= around.now {
            warnings.push(until.fault(format!("{} is past: the window has no use", until.value)));
        }
        Some((networks, period))
    };
    written.filter_map(window).collect()
}

fn needed<'a>(
    at: Option<&'a At<Time>>,
    place: &Place,
    key: &str,
    faults: &mut Vec<Fault>,
) -> Option<&'a At<Time>> {
    if at.is_none() {
        let sentence = "is missing: write a time such as \"2026-12-01T22:00:00Z\"";
        faults.push(place.below(key).fault(sentence));
    }
    at
}

/// The windows of one network, the earliest first.
pub(crate) fn windows_of(network: &str, windows: &[(Vec<Name>, Period)]) -> Vec<Period> {
    let with = |(names, _): &&(Vec<Name>, Period)| names.iter().any(|name| **name == *network);
    let mut periods: Vec<Period> = windows.iter().filter(with).map(|(_, it)| *it).collect();
    periods.sort_by_key(|period| (period.from, period.until));
    periods
}

impl Period {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: SystemTime) -> bool {
        self.from <= now && now < self.until
    }
}

impl Settings {
    /// The plan with everything in it that has a date; `moment_of` says what a wall-clock time
    /// is to the engine. Where that has no moments for the distant past, times before the first
    /// one may be that one.
    #[must_use]
    pub fn plan_at(&self, moment_of: impl Fn(SystemTime) -> Moment) -> Plan {
        let mut plan = self.plan.clone();
        for (network, settings) in plan.networks.iter_mut().zip(&self.networks) {
            let windows = settings.maintenance.iter().map(|period| Window {
                from: moment_of(period.from),
                until: moment_of(period.until),
            });
            network.maintenance = windows.filter(|it| it.from < it.until).collect();
        }
        for (group, settings) in plan.groups.iter_mut().zip(&self.groups) {
            let pin = settings.pin.as_ref();
            group.pin = pin.map(|pin| (pin.network.clone(), moment_of(pin.until)));
        }
        plan
    }
}
