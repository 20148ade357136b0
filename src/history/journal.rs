//! The database in use: the one on disk, or one in memory as long as there is none.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use super::mailbox::Cursors;
use super::schema::{self, Unusable};
use super::{Entry, aside, rows};

const NAME: &str = "history.db";
/// What SQLite keeps beside a database.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Where the rows are, for those who read them.
#[derive(Clone)]
pub(super) enum Place {
    /// In a file; the number is another one when it is another file.
    Disk(PathBuf, u64),
    /// In this process.
    Memory(Arc<Mutex<Connection>>),
    /// Nowhere.
    Nowhere,
}

/// The writing side.
pub(super) struct Journal {
    db: Db,
    /// The file on disk turned out to be damaged; in what way.
    damage: Option<String>,
    /// Files opened so far.
    opened: u64,
    /// Whoever reads looks here first.
    place: Arc<Mutex<Place>>,
}

enum Db {
    Disk(Connection),
    Memory(Arc<Mutex<Connection>>),
    None,
}

/// How long, and how much, is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) retention: Duration,
    pub(super) max_size: u64,
}

impl Journal {
    /// A journal in memory.
    pub(super) fn in_memory() -> Self {
        let db = match schema::in_memory() {
            Ok(db) => Db::Memory(Arc::new(Mutex::new(db))),
            // Nothing was asked of the system but memory; without it nobody can be told either.
            Err(_) => Db::None,
        };
        let place = match &db {
            Db::Memory(db) => Place::Memory(db.clone()),
            Db::Disk(_) | Db::None => Place::Nowhere,
        };
        Self {
            db,
            damage: None,
            opened: 0,
            place: Arc::new(Mutex::new(place)),
        }
    }

    pub(super) fn place(&self) -> Arc<Mutex<Place>> {
        self.place.clone()
    }

    pub(super) fn is_on_disk(&self) -> bool {
        matches!(self.db, Db::Disk(_))
    }

    /// Goes over to the database in `folder`. One that cannot be used is kept aside, which is
    /// told in a sentence; so is why there is none.
    pub(super) fn move_to(
        &mut self,
        folder: &Path,
        now: SystemTime,
    ) -> Result<Option<String>, String> {
        let path = folder.join(NAME);
        let opened = match self.damage.take() {
            Some(damage) => Err(format!("cannot be used: {damage}")),
            None => match schema::open(&path) {
                Ok(db) => Ok(db),
                Err(Unusable::Unavailable(e)) => return Err(cannot_be_opened(&path, &e)),
                Err(Unusable::Newer(v)) => {
                    Err(format!("is of a later version of bascule (version {v})"))
                }
                Err(Unusable::Damaged(e)) => Err(format!("cannot be used: {e}")),
            },
        };
        let (db, told) = match opened {
            Ok(db) => (db, None),
            Err(why) => replace(folder, &why, now).map(|(db, told)| (db, Some(told)))?,
        };
        self.db = Db::Disk(db);
        self.opened += 1;
        *lock(&self.place) = Place::Disk(path, self.opened);
        Ok(told)
    }

    /// Leaves a database on disk that turned out to be damaged, for one in memory.
    pub(super) fn leave(&mut self, damage: String) {
        let Self { db, place, .. } = Self::in_memory();
        self.db = db;
        self.damage = Some(damage);
        *lock(&self.place) = lock(&place).clone();
    }

    /// Writes all entries or none.
    pub(super) fn insert<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> rusqlite::Result<()> {
        self.with(|db| rows::insert(db, entries))
    }

    /// Keeps how far webhooks are.
    pub(super) fn keep_cursors(&mut self, cursors: &Cursors) -> rusqlite::Result<()> {
        self.with(|db| rows::keep_cursors(db, cursors))
    }

    /// Lets go what is too old or too much.
    pub(super) fn retain(&mut self, limits: Limits, now: SystemTime) -> rusqlite::Result<()> {
        self.with(|db| schema::retain(db, now, limits.retention, limits.max_size))
    }

    /// Closes all outages but those that run.
    pub(super) fn close_interrupted(&mut self, running: &[u64]) -> rusqlite::Result<()> {
        self.with(|db| schema::close_interrupted(db, running))
    }

    /// The highest number of an entry, and of an outage.
    pub(super) fn highest(&mut self) -> rusqlite::Result<(u64, u64)> {
        self.with(|db| rows::highest(db))
    }

    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        match &mut self.db {
            Db::Disk(db) => act(db),
            Db::Memory(db) => act(&mut lock(db)),
            Db::None => Err(rusqlite::Error::InvalidQuery),
        }
    }
}

/// A new database in place of one that cannot be used.
fn replace(folder: &Path, why: &str, now: SystemTime) -> Result<(Connection, String), String> {
    let path = folder.join(NAME);
    let shown = path.display();
    let kept = aside::keep(folder, NAME, &COMPANIONS, now)
        .map_err(|e| format!("the history {shown} {why}, and cannot be renamed: {e}"))?;
    let kept = kept.display();
    let told = format!("the history {shown} {why}; it is kept as {kept}, and a new one begins");
    match schema::open(&path) {
        Ok(db) => Ok((db, told)),
        Err(Unusable::Newer(_)) => Err(told),
        Err(Unusable::Damaged(e) | Unusable::Unavailable(e)) => {
            Err(format!("{told}; {}", cannot_be_opened(&path, &e)))
        }
    }
}

fn cannot_be_opened(path: &Path, error: &rusqlite::Error) -> String {
    format!("the history {} cannot be opened: {error}", path.display())
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
