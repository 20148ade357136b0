//! The counters as plain numbers, for the memory that survives a restart.
//!
//! Saving and restoring walk the same slots, so that no counter can be saved and not restored.
//! What is restored is added to what is there, so nothing that was counted before is lost.

use std::collections::BTreeMap;
use std::fmt::Arguments;

use super::cell::{Count, Durations, Value};
use super::endpoint::Series;

/// Numbers by endpoint (`network/endpoint`; the daemon itself is the empty name) and counter.
pub type Saved = BTreeMap<String, BTreeMap<String, Vec<f64>>>;

/// The largest number up to which every whole number is exact.
const MOST: f64 = 9_007_199_254_740_992.0;

/// Is shown each slot with its name.
pub(super) type Visit<'v> = dyn FnMut(Arguments<'_>, Slot<'_>) + 'v;

/// Where some numbers are.
pub(super) enum Slot<'a> {
    Counts(&'a [Count]),
    /// A time that is not known yet is 0 or not a number.
    Time(&'a Value),
    Durations(&'a Durations),
}

impl<'a> From<&'a Count> for Slot<'a> {
    fn from(count: &'a Count) -> Self {
        Self::Counts(std::slice::from_ref(count))
    }
}

impl Slot<'_> {
    /// What is to be remembered; `None` where nothing has happened.
    fn numbers(&self) -> Option<Vec<f64>> {
        let counted = |counts: &[Count]| -> Vec<f64> {
            let counts = counts.iter().map(Count::get);
            counts.map(|count| count as f64).collect()
        };
        let numbers = match self {
            Self::Counts(counts) => counted(counts),
            Self::Time(time) => vec![time.get()],
            Self::Durations(durations) => {
                let mut numbers = counted(durations.counts());
                numbers.push(durations.sum());
                numbers
            }
        };
        let happened = numbers.iter().any(|n| *n != 0.0 && n.is_finite());
        happened.then_some(numbers)
    }

    /// Takes numbers over, unless they cannot be what was saved here.
    fn restore(&self, numbers: &[f64]) {
        match (self, numbers) {
            (Self::Counts(counts), numbers) => {
                if let Some(numbers) = whole(numbers, counts.len()) {
                    add(counts, &numbers);
                }
            }
            (Self::Time(time), [number]) => {
                let unknown = time.get() == 0.0 || time.get().is_nan();
                if unknown && number.is_finite() {
                    time.set(*number);
                }
            }
            (Self::Durations(durations), [numbers @ .., sum]) => {
                let counts = durations.counts();
                let sum = Some(*sum).filter(|sum| (0.0..=MOST).contains(sum));
                if let (Some(numbers), Some(sum)) = (whole(numbers, counts.len()), sum) {
                    add(counts, &numbers);
                    durations.add_time(sum);
                }
            }
            _ => {}
        }
    }
}

/// Everything that happened, of whoever has these slots.
pub(super) fn save(walk: impl FnOnce(&mut Visit<'_>)) -> BTreeMap<String, Vec<f64>> {
    let mut saved = BTreeMap::new();
    walk(&mut |name, slot| {
        if let Some(numbers) = slot.numbers() {
            saved.insert(name.to_string(), numbers);
        }
    });
    saved
}

/// Takes over what was saved, as far as there still is a slot for it.
pub(super) fn restore(saved: &BTreeMap<String, Vec<f64>>, walk: impl FnOnce(&mut Visit<'_>)) {
    walk(&mut |name, slot| {
        if let Some(numbers) = saved.get(&name.to_string()) {
            slot.restore(numbers);
        }
    });
}

impl Series {
    pub(super) fn slots(&self, visit: &mut Visit<'_>) {
        visit(format_args!("rounds"), Slot::Counts(&self.rounds));
        visit(format_args!("last_success"), Slot::Time(&self.last_success));
        if let Some(not_after) = &self.not_after {
            visit(format_args!("not_after"), Slot::Time(not_after));
        }
        let Some(detail) = &self.detail else { return };
        for ((layer, family), counts) in &detail.probes {
            visit(
                format_args!("probes {layer} {family}"),
                Slot::Counts(counts),
            );
        }
        for ((layer, reason), count) in &detail.failures {
            visit(format_args!("failures {layer} {reason}"), Slot::from(count));
        }
        for (layer, durations) in &detail.durations {
            let durations = Slot::Durations(durations);
            visit(format_args!("durations {layer}"), durations);
        }
        for (resolver, counts) in &detail.dns_queries {
            let counts = Slot::Counts(counts);
            visit(format_args!("dns_queries {resolver}"), counts);
        }
        if let Some(responses) = &detail.http_responses {
            visit(format_args!("responses"), Slot::Counts(responses));
        }
    }
}

/// Counts, if these are as many of them.
fn whole(numbers: &[f64], expected: usize) -> Option<Vec<u64>> {
    let counts = numbers.iter().map(|&number| {
        let count = (0.0..=MOST).contains(&number) && number.fract() == 0.0;
        count.then_some(number as u64)
    });
    let counts: Option<Vec<u64>> = counts.collect();
    counts.filter(|counts| counts.len() == expected)
}

fn add(counts: &[Count], numbers: &[u64]) {
    for (count, &number) in counts.iter().zip(numbers) {
        count.add(number);
    }
}

#[cfg(test)]
mod tests;
