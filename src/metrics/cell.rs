//! Numbers that one thread counts up and another reads.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of durations, in seconds.
pub(super) const SECONDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Only goes up.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn inc(&self) {
        self.add(1);
    }

    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Clone for Count {
    fn clone(&self) -> Self {
        Self(self.get().into())
    }
}

/// A number that is set.
#[derive(Debug, Default)]
pub(super) struct Value(AtomicU64);

impl Value {
    pub(super) fn new(value: f64) -> Self {
        Self(value.to_bits().into())
    }

    pub(super) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        Self::new(self.get())
    }
}

/// Durations by size.
#[derive(Clone, Debug, Default)]
pub(super) struct Durations {
    /// Up to each of [`SECONDS`] and above the one before; the last item is all above.
    counts: [Count; SECONDS.len() + 1],
    sum: Value,
}

impl Durations {
    /// Called by one thread only, or a part of the sum would be lost.
    pub(super) fn observe(&self, seconds: f64) {
        self.counts[SECONDS.partition_point(|bound| *bound < seconds)].inc();
        self.add_time(seconds);
    }

    /// Time without observations, which are added to the counts.
    pub(super) fn add_time(&self, seconds: f64) {
        self.sum.set(self.sum.get() + seconds);
    }

    pub(super) const fn counts(&self) -> &[Count] {
        &self.counts
    }

    pub(super) fn sum(&self) -> f64 {
        self.sum.get()
    }
}
