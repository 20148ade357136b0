//! The database: how it is opened, how it comes to the present version, and what is let go.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use super::record::micros;

/// Each step brings the database one version further. A step that was in a release is never
/// changed: add one.
const MIGRATIONS: [&str; 4] = [
    "CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        network TEXT,
        endpoint TEXT,
        group_name TEXT,
        from_state TEXT,
        to_state TEXT,
        layer TEXT,
        reason TEXT,
        text TEXT NOT NULL,
        since INTEGER,
        outage INTEGER
    );
    CREATE TABLE outages (
        id INTEGER PRIMARY KEY,
        seq INTEGER NOT NULL,
        network TEXT NOT NULL,
        started INTEGER NOT NULL,
        confirmed INTEGER NOT NULL,
        ended INTEGER,
        duration INTEGER NOT NULL,
        layer TEXT,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        evidence TEXT
    );",
    "CREATE INDEX outages_by_network ON outages (network, id);
     CREATE INDEX outages_by_end ON outages (ended);
     CREATE INDEX events_by_time ON events (at);",
    "CREATE TABLE hours (
        at INTEGER NOT NULL,
        network TEXT NOT NULL,
        unknown INTEGER NOT NULL,
        up INTEGER NOT NULL,
        degraded INTEGER NOT NULL,
        down INTEGER NOT NULL,
        maintenance INTEGER NOT NULL,
        PRIMARY KEY (at, network)
    ) WITHOUT ROWID;",
    "CREATE TABLE cursors (
        webhook TEXT PRIMARY KEY,
        seq INTEGER NOT NULL
    ) WITHOUT ROWID;",
];

/// How long a statement waits for another process that uses the database, a shell for example.
/// The state file waits with it, so not long.
const PATIENCE: Duration = Duration::from_millis(500);
/// The write-ahead log is cut to this when it has been worked in.
const LOG_BYTES: u32 = 1 << 20;
/// Rows deleted at a time to make room, in shares of the table.
const SHARE: i64 = 20;
/// Hours that the pages show go last when room is needed.
const SHOWN_HOURS: Duration = Duration::from_secs(91 * 86_400);

/// Why a database cannot be used.
#[derive(Debug)]
pub(super) enum Unusable {
    /// A later version of bascule made it.
    Newer(i64),
    /// It is none, or damaged.
    Damaged(rusqlite::Error),
    /// It cannot be used here and now.
    Unavailable(rusqlite::Error),
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) {
            Self::Damaged(error)
        } else {
            Self::Unavailable(error)
        }
    }
}

/// Whether the file is at fault, not the disk or its rights.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// Opens the database for writing, makes it if there is none, and brings it up to date.
pub(super) fn open(path: &Path) -> Result<Connection, Unusable> {
    create_private(path).map_err(|e| {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
        Unusable::Unavailable(rusqlite::Error::SqliteFailure(code, Some(e.to_string())))
    })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(PATIENCE)?;
    db.execute_batch(&format!(
        "PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA journal_size_limit = {LOG_BYTES};"
    ))?;
    migrate(&mut db)?;
    Ok(db)
}

/// A database that is gone with the process.
pub(super) fn in_memory() -> Result<Connection, Unusable> {
    let mut db = Connection::open_in_memory()?;
    db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
    migrate(&mut db)?;
    Ok(db)
}

/// Opens an existing database for reading.
pub(super) fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(PATIENCE)?;
    Ok(db)
}

/// Evidence quotes strangers, and is for the owner only. The files that SQLite makes beside it
/// get the same rights.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map(drop)
}

fn migrate(db: &mut Connection) -> Result<(), Unusable> {
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let present = MIGRATIONS.len() as i64;
    if !(0..=present).contains(&version) {
        return Err(Unusable::Newer(version));
    }
    for (step, number) in MIGRATIONS.iter().zip(1..).skip(version as usize) {
        let transaction = db.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Lets go what is older than `retention`, and then the oldest until no more than `max_size`
/// bytes are used: hours that no page shows, then events, then outages that are over, then the rest
/// of the hours.
pub(super) fn retain(
    db: &Connection,
    now: SystemTime,
    retention: Duration,
    max_size: u64,
) -> rusqlite::Result<()> {
    let oldest = now.checked_sub(retention).map_or(i64::MIN, micros::of);
    db.execute("DELETE FROM events WHERE at < ?1", params![oldest])?;
    db.execute("DELETE FROM outages WHERE ended < ?1", params![oldest])?;
    db.execute("DELETE FROM hours WHERE at < ?1", params![oldest])?;
    let unshown = now.checked_sub(SHOWN_HOURS).map_or(i64::MIN, micros::of);
    while used_bytes(db)? > max_size {
        if delete_oldest_hours(db, unshown)? == 0
            && delete_oldest_events(db)? == 0
            && delete_oldest_outages(db)? == 0
            && delete_oldest_hours(db, i64::MAX)? == 0
        {
            break;
        }
    }
    give_back(db)
}

/// Closes the outages that nobody will close any more, because the daemon that saw them begin
/// was interrupted and its memory is gone. They end where their known duration ends.
pub(super) fn close_interrupted(db: &Connection, running: &[u64]) -> rusqlite::Result<()> {
    let mut unfinished = db.prepare("SELECT id FROM outages WHERE ended IS NULL")?;
    let ids: Vec<i64> = unfinished
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let lost = |id: &&i64| !running.contains(&id.unsigned_abs());
    for id in ids.iter().filter(lost) {
        db.execute(
            "UPDATE outages SET ended = max(confirmed, started + duration / 1000) WHERE id = ?1",
            params![id],
        )?;
    }
    Ok(())
}

fn delete_oldest_events(db: &Connection) -> rusqlite::Result<usize> {
    db.execute(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events ORDER BY seq
         LIMIT (SELECT count(*) / ?1 + 1 FROM events))",
        params![SHARE],
    )
}

fn delete_oldest_outages(db: &Connection) -> rusqlite::Result<usize> {
    db.execute(
        "DELETE FROM outages WHERE id IN
         (SELECT id FROM outages WHERE ended IS NOT NULL ORDER BY id
          LIMIT (SELECT count(*) / ?1 + 1 FROM outages WHERE ended IS NOT NULL))",
        params![SHARE],
    )
}

/// Some of the hours that began before a time.
fn delete_oldest_hours(db: &Connection, before: i64) -> rusqlite::Result<usize> {
    db.execute(
        "DELETE FROM hours WHERE (at, network) IN
         (SELECT at, network FROM hours WHERE at < ?2 ORDER BY at, network
          LIMIT (SELECT count(*) / ?1 + 1 FROM hours))",
        params![SHARE, before],
    )
}

fn used_bytes(db: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name: &str| -> rusqlite::Result<i64> {
        db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
    };
    let pages = pragma("page_count")? - pragma("freelist_count")?;
    Ok(u64::try_from(pages * pragma("page_size")?).unwrap_or_default())
}

/// Makes the file as small as what is in it.
fn give_back(db: &Connection) -> rusqlite::Result<()> {
    let mut vacuum = db.prepare("PRAGMA incremental_vacuum")?;
    let mut steps = vacuum.query([])?;
    while steps.next()?.is_some() {}
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
