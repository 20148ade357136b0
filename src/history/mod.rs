//! What is kept on disk: the state file, and the history of outages and events.
//!
//! One thread owns both. It is told what to keep through a bounded queue and is never waited
//! for: probing goes on when the disk is full, slow, read-only or gone. Another thread answers
//! questions from a connection of its own.
//!
//! In the state directory:
//!
//! | file | what |
//! |---|---|
//! | `state.json` | the daemon as it was last seen: states, timers, counters, and what the database may not have yet |
//! | `state-recent.json` | the same, written later and in a hurry; the later one counts |
//! | `history.db` | events, outages, and how each network spent each hour, in SQLite; `-wal` and `-shm` belong to it |
//! | `*.corrupt-SECONDS` | files that could not be used, the last three of each |
//! | `lock` | held by the daemon that uses the directory |
//!
//! An outage that was running when the daemon was interrupted, and is not in the state file, is
//! closed at the next start where its known duration ends.

mod aside;
mod folder;
mod form;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod handle;
mod image;
mod journal;
mod mailbox;
mod reader;
mod record;
mod rows;
mod schema;
mod state_file;
#[cfg(test)]
mod tests;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, SystemTime};

use self::folder::{Folder, Refused};
use self::journal::{Journal, Limits};
use self::mailbox::Mailbox;
use self::reader::Reader;
use self::schema::is_damage;
use self::state_file::StateFile;
use self::writer::Writer;
use crate::host::clock::Boot;

pub use handle::{History, Problems};
pub use image::{Image, Saved};
pub use reader::Unavailable;
pub use record::{Entry, EventRow, HourRow, OutageRow, Record};

/// Where, how long and how much.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The state directory; `None` = nothing survives.
    pub dir: Option<PathBuf>,
    /// How long events, outages that are over, and hours are kept.
    pub retention: Duration,
    /// How many bytes the database may have.
    pub max_size: u64,
}

/// The memory, and what was in it.
pub struct Opened {
    /// The memory from now on.
    pub history: History,
    /// The daemon as it was last seen, and how long ago that was. Of its outbox only what could
    /// not be brought into the database.
    pub image: Option<(Image, Duration)>,
    /// The number of the next entry of the journal.
    pub next_seq: u64,
    /// The number of the next outage.
    pub next_outage: u64,
    /// What went wrong, in sentences for the log.
    pub problems: Vec<String>,
}

/// Opens the memory. Never fails: what cannot be used is told, and gone without.
pub fn open(
    settings: Settings,
    wall_now: impl Fn() -> SystemTime + Send + Sync + 'static,
) -> Opened {
    let now = wall_now();
    let limits = Limits {
        retention: settings.retention,
        max_size: settings.max_size,
    };
    let mut told = Problems::default();
    let mut problems = Vec::new();
    let folder = settings
        .dir
        .and_then(|dir| take(dir, &mut told, &mut problems));
    let image = folder.as_ref().and_then(|folder| {
        let found = StateFile::new(folder.path()).read(now);
        problems.extend(found.told);
        found.image
    });
    let mut image = image.map(|image| {
        let age = image.saved.age(now, &Boot::now());
        (*image, age)
    });

    let mut journal = Journal::in_memory();
    let usable = folder.as_ref().filter(|_| told.state.is_none());
    let image_mut = image.as_mut().map(|(image, _)| image);
    let caught = catch_up(&mut journal, usable, image_mut, limits, now, &mut problems);
    let (seq, outage) = caught.unwrap_or_else(|why| {
        problems.push(why.clone());
        told.history = Some(why);
        journal.highest().unwrap_or_default()
    });
    let (next_seq, next_outage) = image.as_ref().map_or((1, 1), |(image, _)| next_of(image));

    let stored = if journal.is_on_disk() { seq } else { 0 };
    let writer = Writer {
        mailbox: Arc::new(Mailbox::new(stored, told)),
        folder,
        journal,
        limits,
        wall_now: Arc::new(wall_now),
        image: None,
        settled: false,
    };
    Opened {
        history: start(writer, &mut problems),
        image,
        next_seq: next_seq.max(seq.saturating_add(1)),
        next_outage: next_outage.max(outage.saturating_add(1)),
        problems,
    }
}

/// The directory, if it is not another daemon's. One that cannot be written can perhaps be read,
/// and perhaps be written later.
fn take(dir: PathBuf, told: &mut Problems, problems: &mut Vec<String>) -> Option<Folder> {
    let mut folder = Folder::new(dir);
    let Err(refused) = folder.take() else {
        return Some(folder);
    };
    let sentence = folder.sentence(&refused);
    match refused {
        Refused::Taken => {
            let sentence = format!("{sentence}; this one runs without memory");
            problems.push(sentence.clone());
            told.state = Some(sentence);
            None
        }
        Refused::Unwritable(_) => {
            problems.push(format!("{sentence}; until it can, nothing is remembered"));
            told.state = Some(sentence);
            Some(folder)
        }
    }
}

/// Opens the database and brings it up to date; a damaged one makes way for a new one. Gives the
/// highest numbers of entries and outages.
fn catch_up(
    journal: &mut Journal,
    folder: Option<&Folder>,
    image: Option<&mut Image>,
    limits: Limits,
    now: SystemTime,
    problems: &mut Vec<String>,
) -> Result<(u64, u64), String> {
    let mut move_to_disk = |journal: &mut Journal| match folder {
        Some(folder) => journal
            .move_to(folder.path(), now)
            .map(|replaced| problems.extend(replaced)),
        None => Ok(()),
    };
    move_to_disk(journal)?;
    let mut outbox = image.map(|image| (open_outages(image), &mut image.outbox));
    let fill = |journal: &mut Journal| {
        let mut running = &Vec::new();
        if let Some((open, outbox)) = &outbox {
            journal.insert(outbox.iter())?;
            running = open;
        }
        journal.close_interrupted(running)?;
        journal.retain(limits, now)?;
        journal.highest()
    };
    let filled = fill(journal).or_else(|e| {
        if !is_damage(&e) || !journal.is_on_disk() {
            return Err(cannot_be_written(&e));
        }
        journal.leave(e.to_string());
        move_to_disk(journal)?;
        fill(journal).map_err(|e| cannot_be_written(&e))
    })?;
    if let (Some((_, outbox)), true) = (&mut outbox, journal.is_on_disk()) {
        outbox.clear();
    }
    Ok(filled)
}

fn open_outages(image: &Image) -> Vec<u64> {
    let networks = image.memory.networks.iter();
    let outages = networks.filter_map(|network| network.outage.as_ref());
    outages.map(|outage| outage.id).collect()
}

fn cannot_be_written(error: &rusqlite::Error) -> String {
    format!("the history cannot be written: {error}")
}

/// The next numbers, as far as the image knows.
fn next_of(image: &Image) -> (u64, u64) {
    let waiting = image
        .outbox
        .iter()
        .map(|entry| entry.seq.saturating_add(1))
        .max();
    let seq = image.next_seq.max(waiting.unwrap_or(1));
    (seq, image.memory.next_outage)
}

/// Starts both threads. A system that cannot even start a thread has no memory.
fn start(writer: Writer, problems: &mut Vec<String>) -> History {
    let mailbox = writer.mailbox.clone();
    let reader = Reader::start(writer.journal.place()).unwrap_or_else(|e| {
        problems.push(format!("the history cannot be read: no thread: {e}"));
        Reader::mute()
    });
    let mut remembers = writer.folder.is_some();
    let (alive, end) = channel();
    let named = thread::Builder::new().name("history".to_owned());
    let spawned = named.spawn(move || {
        let _alive: std::sync::mpsc::Sender<()> = alive;
        writer.run();
    });
    if let Err(e) = spawned {
        problems.push(format!("nothing is remembered: no thread: {e}"));
        remembers = false;
    }
    History::new(mailbox, reader, remembers, end)
}
