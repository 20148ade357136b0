//! The thread that writes: the state file first, as it carries what the database may not have
//! yet, then the database. What fails is told, kept, and tried again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::folder::Folder;
use super::journal::{Journal, Limits};
use super::mailbox::{Cursors, Mailbox, Request, later};
use super::schema::is_damage;
use super::state_file::StateFile;
use super::{Entry, Image};

/// After a failure; sooner if there is something new to write.
const RETRY: Duration = Duration::from_secs(30);
/// Between two looks at what is too old or too much.
const UPKEEP: Duration = Duration::from_secs(3600);

/// What the thread owns.
pub(super) struct Writer {
    pub(super) mailbox: Arc<Mailbox>,
    /// `None` = no memory: nothing survives.
    pub(super) folder: Option<Folder>,
    pub(super) journal: Journal,
    pub(super) limits: Limits,
    pub(super) wall_now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    pub(super) image: Option<Kept>,
    /// The state file is of this process, so whichever of its parts is later is right.
    pub(super) settled: bool,
}

/// The image that was last asked to be written.
pub(super) struct Kept {
    image: Arc<Image>,
    written: bool,
    durable: bool,
}

/// The database that a look at the disk found.
enum Found {
    /// The one in use.
    Same,
    /// One that can be used again.
    Disk,
    /// A new one, in place of one that is kept aside, which is told in a sentence.
    Another(String),
}

impl Writer {
    /// Works until the mailbox is closed.
    pub(super) fn run(mut self) {
        let mut upkeep = Instant::now() + UPKEEP;
        let mut failed = self.folder.is_some() && !self.journal.is_on_disk();
        loop {
            let to_upkeep = upkeep.saturating_duration_since(Instant::now());
            let patience = if failed { RETRY } else { to_upkeep };
            let (work, last) = self.mailbox.take(patience.min(to_upkeep));
            let saved = self.save(work.image, last);
            let stored = self.store(work.entries) & self.store_cursors(work.cursors);
            failed = !saved || !stored;
            if last {
                return;
            }
            if upkeep <= Instant::now() {
                upkeep += UPKEEP;
                self.upkeep();
            }
        }
    }

    /// Writes the newest image, as durably as anybody asked; at the end durably in any case.
    fn save(&mut self, request: Option<Request>, last: bool) -> bool {
        let mut waiting = Vec::new();
        if let Some(request) = request {
            let before = self.image.take();
            let owed = before.as_ref().is_some_and(|k| !k.written && k.durable);
            waiting = request.waiting;
            let image = match before {
                Some(before) => later(before.image, request.image),
                None => request.image,
            };
            self.image = Some(Kept {
                image,
                written: false,
                durable: request.durable || owed,
            });
        }
        let written = self.write_image(last);
        for asked in waiting {
            // Whoever does not wait any more does not want to know.
            let _ = asked.send(written);
        }
        written
    }

    fn write_image(&mut self, last: bool) -> bool {
        let (Some(folder), Some(kept)) = (&mut self.folder, &mut self.image) else {
            return true;
        };
        let durable = kept.durable || last || !self.settled;
        if kept.written && kept.durable == durable {
            return true;
        }
        let result = match folder.take() {
            Ok(()) => StateFile::new(folder.path())
                .write(&kept.image, durable)
                .map_err(|e| {
                    let path = folder.path().display();
                    format!("the state file in {path} cannot be written: {e}")
                }),
            Err(refused) => Err(folder.sentence(&refused)),
        };
        kept.written = result.is_ok();
        kept.durable = durable;
        self.settled |= kept.written;
        self.tell_state(result.err())
    }

    fn store(&mut self, entries: VecDeque<Entry>) -> bool {
        let found = match self.find_disk() {
            Ok(found) => found,
            Err(why) => {
                // Meanwhile they can be read, but they are not stored.
                let _ = self.insert(&entries);
                self.mailbox.put_back(entries);
                return self.tell_history(Some(why));
            }
        };
        if let Err(e) = self.insert(&entries) {
            self.mailbox.put_back(entries);
            return self.trouble(&e);
        }
        let highest = entries.iter().map(|entry| entry.seq).max();
        self.mailbox.stored.send_if_modified(|stored| {
            let before = *stored;
            *stored = before.max(highest.unwrap_or_default());
            *stored > before
        });
        match found {
            Found::Another(told) => {
                self.tell_history(Some(told));
            }
            Found::Same if entries.is_empty() => {}
            Found::Same | Found::Disk => {
                self.tell_history(None);
            }
        }
        true
    }

    /// Behind the events that they are about. Where there is no disk they are kept in memory.
    fn store_cursors(&mut self, cursors: Cursors) -> bool {
        if cursors.is_empty() {
            return true;
        }
        let kept = self.journal.keep_cursors(&cursors);
        let good = match kept {
            // What is kept in memory only has yet to get to the disk, if there is to be one.
            Ok(()) => self.folder.is_none() || self.journal.is_on_disk(),
            Err(e) => self.trouble(&e),
        };
        if !good {
            self.mailbox.put_cursors_back(cursors);
        }
        good
    }

    fn insert(&mut self, entries: &VecDeque<Entry>) -> rusqlite::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.journal.insert(entries.iter())
    }

    fn upkeep(&mut self) {
        if let Err(e) = self.journal.retain(self.limits, (self.wall_now)()) {
            self.trouble(&e);
        }
    }

    /// Goes over to the database on disk, if there is to be one and it is not in use yet.
    fn find_disk(&mut self) -> Result<Found, String> {
        let Some(folder) = &mut self.folder else {
            return Ok(Found::Same);
        };
        if self.journal.is_on_disk() {
            return Ok(Found::Same);
        }
        folder.take().map_err(|refused| folder.sentence(&refused))?;
        let told = self.journal.move_to(folder.path(), (self.wall_now)())?;
        Ok(told.map_or(Found::Disk, Found::Another))
    }

    /// The database failed. A damaged one is left, and replaced with the next attempt.
    fn trouble(&mut self, error: &rusqlite::Error) -> bool {
        if is_damage(error) && self.journal.is_on_disk() {
            self.journal.leave(error.to_string());
        }
        self.tell_history(Some(format!("the history cannot be written: {error}")))
    }

    fn tell_state(&self, problem: Option<String>) -> bool {
        let good = self.count(problem.as_ref());
        self.mailbox.problems.send_if_modified(|problems| {
            let changed = problems.state != problem;
            problems.state = problem;
            changed
        });
        good
    }

    fn tell_history(&self, problem: Option<String>) -> bool {
        let good = self.count(problem.as_ref());
        self.mailbox.problems.send_if_modified(|problems| {
            let changed = problems.history != problem;
            problems.history = problem;
            changed
        });
        good
    }

    fn count(&self, problem: Option<&String>) -> bool {
        if problem.is_some() {
            self.mailbox.count_failure();
        }
        problem.is_none()
    }
}
