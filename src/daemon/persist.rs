//! When the loop has what must survive written down.

use std::time::Duration;

use super::narrator;
use super::pipeline::{Pipeline, Told};
use crate::engine::Engine;
use crate::metrics::Saved;
use crate::model::{Event, Moment};

/// The state is written at least so often.
const SAVE_EVERY: Duration = Duration::from_secs(30);
/// And at most so often, however much happens.
const SAVE_BREATH: Duration = Duration::from_secs(1);

impl Pipeline {
    /// What was counted before a restart goes on; then readers are shown the first picture.
    pub(super) fn begin(&mut self, counters: Option<&Saved>) {
        if let Some(counters) = counters {
            self.told.metrics.restore(counters);
        }
        self.unkept = self.told.journal.outbox(0);
        self.step(&[]);
        self.save();
    }

    pub(super) fn save_if_due(&mut self) {
        let since = self.clock.now().since(self.last_save);
        if since >= SAVE_EVERY || (self.unsaved && since >= SAVE_BREATH) {
            self.save();
        }
    }

    /// Has the state written, and what happened kept: in this order, so that an end in between
    /// counts nothing twice.
    pub(super) fn save(&mut self) {
        let now = self.clock.now();
        remember(&self.engine, &mut self.told, now);
        self.told.keeper.save();
        let entries = std::mem::take(&mut self.unkept);
        if !entries.is_empty() {
            self.told.keeper.history.keep(entries);
        }
        self.unsaved = false;
        self.last_save = now;
    }

    /// Says each problem of the memory once, and its end once. A directory that cannot be written
    /// is the same problem of both.
    pub(super) fn watch_memory(&mut self) {
        let now = self.told.keeper.history.problems();
        let before = std::mem::replace(&mut self.problems, now.clone());
        let mut said = vec![before.state.clone(), before.history.clone()];
        let pairs = [
            ("the state", before.state, now.state),
            ("the history", before.history, now.history),
        ];
        for (what, before, now) in pairs {
            if before != now && (now.is_none() || !said.contains(&now)) {
                narrator::memory_problem(what, now.as_deref());
                said.push(now);
            }
        }
    }
}

/// What the loop knows now, for whoever saves it.
pub(super) fn remember(engine: &Engine, told: &mut Told, now: Moment) {
    let outbox = told.journal.outbox(told.keeper.history.stored());
    let next_seq = told.journal.next_seq();
    told.keeper.remember(engine.memory(now), outbox, next_seq);
}

/// What people and scripts wait for: it is written down at once.
pub(super) const fn is_news(event: &Event) -> bool {
    matches!(
        event,
        Event::OutageStarted(_) | Event::OutageEnded(_) | Event::Group { .. }
    )
}
