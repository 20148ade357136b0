//! Keeps what must survive: the state file at each change and every half minute, and before
//! anything is shown that the file does not have yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::Memory;
use crate::history::{Entry, History, HourRow, Image, Saved};
use crate::host::clock::Clock;
use crate::metrics::Metrics;

/// Shared by the loop, which says what there is to keep, and the listener, which may not show
/// what would be lost. Cheap to clone.
#[derive(Clone)]
pub(super) struct Keeper {
    pub(super) history: History,
    metrics: Metrics,
    clock: Clock,
    latest: Arc<Mutex<Option<Latest>>>,
}

/// The loop's part of the image: all of it is of the same moment.
#[derive(Clone)]
pub(super) struct Latest {
    pub(super) memory: Arc<Memory>,
    /// The hours that the networks were in.
    pub(super) hours: Arc<[HourRow]>,
    /// The number of the last hours that were over; 0 if none were.
    pub(super) last_hours: u64,
    pub(super) outbox: Arc<[Entry]>,
    pub(super) next_seq: u64,
}

impl Keeper {
    pub(super) fn new(history: History, metrics: Metrics, clock: Clock) -> Self {
        Self {
            history,
            metrics,
            clock,
            latest: Arc::default(),
        }
    }

    /// What the loop knows now.
    pub(super) fn remember(&self, latest: Latest) {
        *self.lock() = Some(latest);
    }

    /// What the loop knew when it last said so.
    pub(super) fn latest(&self) -> Option<Latest> {
        self.lock().clone()
    }

    /// Has all of it written for good. Waits for nothing.
    pub(super) fn save(&self) {
        if let Some(image) = self.image() {
            self.history.save(Arc::new(image));
        }
    }

    /// Has all of it written before it is shown, so that no counter that anybody has seen can go
    /// back, whenever this process ends. A slow disk is waited for, two seconds at most.
    pub(super) async fn save_before_showing(&self) {
        if let Some(image) = self.image() {
            self.history.save_before_showing(image).await;
        }
    }

    /// Rows of the history that the database may not have yet.
    pub(super) fn outbox(&self) -> Arc<[Entry]> {
        let latest = self.lock();
        latest
            .as_ref()
            .map_or_else(Arc::default, |it| Arc::clone(&it.outbox))
    }

    fn image(&self) -> Option<Image> {
        // In this order: what the image holds is never older than it says, so of two images the
        // later one has all that was shown; what the loop remembers is never older than that.
        let saved = Saved::now(&self.clock);
        let shown = self.metrics.view();
        let latest = self.lock().clone()?;
        let counters = self.metrics.save();
        let names = shown.snapshot.networks.iter().map(|n| n.name.clone());
        Some(Image {
            memory: Arc::unwrap_or_clone(latest.memory),
            shown_until: shown.now,
            holds: names.zip(shown.holds.iter().copied()).collect(),
            counters,
            outbox: latest.outbox.to_vec(),
            hours: latest.hours.to_vec(),
            next_seq: latest.next_seq,
            saved,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Latest>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was remembered, as the engine wants it: everything that was shown is booked.
pub(super) fn memory_of(image: &Image) -> Memory {
    let mut memory = image.memory.clone();
    memory.at = memory.at.max(image.shown_until);
    for network in &mut memory.networks {
        let hold = image.holds.iter().find(|(name, _)| *name == network.name);
        if let Some((_, held)) = hold {
            network.held = *held;
        }
    }
    memory
}
