//! When the loop has what must survive written down.

use std::sync::Arc;
use std::time::Duration;

use super::keeper::Latest;
use super::narrator;
use super::pipeline::{Pipeline, Told};
use super::timesheet::Now;
use crate::engine::Engine;
use crate::history::Entry;
use crate::host::clock::Clock;
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
        let hours = look_at_hours(&self.engine, &mut self.told, &self.clock);
        self.unkept.extend(hours);
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

/// What the loop knows now, for whoever saves it. The hours have to be those of the books, so they
/// have been looked at before.
pub(super) fn remember(engine: &Engine, told: &mut Told, now: Moment) {
    let outbox = told.journal.outbox(told.keeper.history.stored());
    told.keeper.remember(Latest {
        memory: Arc::new(engine.memory(now)),
        hours: told.timesheet.hours().into(),
        last_hours: told.journal.last_hours(),
        outbox: outbox.into(),
        next_seq: told.journal.next_seq(),
    });
}

/// The hours that are over since anybody looked, written down.
pub(super) fn look_at_hours(engine: &Engine, told: &mut Told, clock: &Clock) -> Vec<Entry> {
    let moment = clock.now();
    let now = Now {
        moment,
        wall: clock.wall_of(moment),
    };
    let books = engine.books().map(|(name, books)| (name, books.into()));
    let over = told.timesheet.look(books, now);
    told.journal.write_hours(over)
}

/// What people and scripts wait for: it is written down at once.
pub(super) const fn is_news(event: &Event) -> bool {
    matches!(
        event,
        Event::OutageStarted(_) | Event::OutageEnded(_) | Event::Group { .. }
    )
}
