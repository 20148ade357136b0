//! Rows of the database: how they are written and how they are found.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::record::micros;
use super::{Entry, EventRow, OutageRow, Record};

/// Longer evidence is not kept: it is bounded where it is made, so it is none.
pub(super) const LONGEST_EVIDENCE: usize = 64 << 10;
/// More rows than this are not given at a time.
const MOST_ROWS: usize = 1000;

/// Where a few events of one kind are looked for among all.
const LOOKED_THROUGH: i64 = 20_000;

const EVENT: &str = "seq, at, kind, network, endpoint, group_name, from_state, to_state, layer, \
    reason, text, since, outage";
const OUTAGE: &str = "id, network, started, confirmed, ended, duration, layer, reason, detail, \
    endpoint, evidence";

/// Writes all of them or none. What is there already is not written twice, and an outage is
/// never replaced by what was known of it earlier.
pub(super) fn insert<'a>(
    db: &mut Connection,
    entries: impl Iterator<Item = &'a Entry>,
) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    for entry in entries {
        match &entry.record {
            Record::Event(event) => insert_event(&transaction, entry.seq, event)?,
            Record::Outage(outage) => upsert_outage(&transaction, entry.seq, outage)?,
        }
    }
    transaction.commit()
}

fn insert_event(db: &Transaction<'_>, seq: u64, event: &EventRow) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT OR IGNORE INTO events ({EVENT})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
    );
    db.prepare_cached(&sql)?.execute(params![
        signed(seq),
        micros::of(event.at),
        event.kind,
        event.network,
        event.endpoint,
        event.group,
        event.from,
        event.to,
        event.layer,
        event.reason,
        event.text,
        event.since.map(micros::of),
        event.outage.map(signed),
    ])?;
    Ok(())
}

fn upsert_outage(db: &Transaction<'_>, seq: u64, outage: &OutageRow) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO outages ({OUTAGE}, seq)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (id) DO UPDATE SET network = ?2, started = ?3, confirmed = ?4, ended = ?5,
         duration = ?6, layer = ?7, reason = ?8, detail = ?9, endpoint = ?10,
         evidence = coalesce(?11, evidence), seq = ?12
         WHERE seq <= ?12"
    );
    let evidence = outage.evidence.as_deref();
    let duration = i64::try_from(outage.duration.as_nanos()).unwrap_or(i64::MAX);
    db.prepare_cached(&sql)?.execute(params![
        signed(outage.id),
        outage.network,
        micros::of(outage.started),
        micros::of(outage.confirmed),
        outage.ended.map(micros::of),
        duration,
        outage.layer,
        outage.reason,
        outage.detail,
        outage.endpoint,
        evidence.filter(|text| text.len() <= LONGEST_EVIDENCE),
        signed(seq),
    ])?;
    Ok(())
}

/// The highest number of an entry, and of an outage; 0 where there is none.
pub(super) fn highest(db: &Connection) -> rusqlite::Result<(u64, u64)> {
    let sql = "SELECT max(coalesce((SELECT max(seq) FROM events), 0),
                          coalesce((SELECT max(seq) FROM outages), 0)),
                      coalesce((SELECT max(id) FROM outages), 0)";
    db.query_row(sql, [], |row| Ok((number(row, 0)?, number(row, 1)?)))
}

/// Events behind the one with number `after`, oldest first.
pub(super) fn events(db: &Connection, after: u64, limit: usize) -> rusqlite::Result<Vec<EventRow>> {
    let sql = format!("SELECT {EVENT} FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params![signed(after), rows(limit)], event)?;
    rows.collect()
}

/// The last events, oldest first.
pub(super) fn latest_events(db: &Connection, limit: usize) -> rusqlite::Result<Vec<EventRow>> {
    let sql = format!("SELECT {EVENT} FROM events ORDER BY seq DESC LIMIT ?1");
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_map(params![rows(limit)], event)?;
    let mut latest: Vec<EventRow> = found.collect::<Result<_, _>>()?;
    latest.reverse();
    Ok(latest)
}

/// The last events of groups, newest first. Beyond [`LOOKED_THROUGH`] events nobody looks.
pub(super) fn switches(db: &Connection, limit: usize) -> rusqlite::Result<Vec<EventRow>> {
    let sql = format!(
        "SELECT {EVENT} FROM events WHERE kind = 'group'
         AND seq > (SELECT max(seq) FROM events) - ?2 ORDER BY seq DESC LIMIT ?1"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_map(params![rows(limit), LOOKED_THROUGH], event)?;
    found.collect()
}

/// Outages that run or ended after `since`, newest first; of one network, and older than number
/// `before`, if that is asked.
pub(super) fn outages(
    db: &Connection,
    since: SystemTime,
    network: Option<&str>,
    before: Option<u64>,
    limit: usize,
) -> rusqlite::Result<Vec<OutageRow>> {
    let sql = format!(
        "SELECT {OUTAGE} FROM outages WHERE (ended IS NULL OR ended > ?1)
         AND (?2 IS NULL OR network = ?2) AND id < ?3 ORDER BY id DESC LIMIT ?4"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let before = before.map_or(i64::MAX, signed);
    let found = statement.query_map(
        params![micros::of(since), network, before, rows(limit)],
        outage,
    )?;
    found.collect()
}

/// One outage.
pub(super) fn outage_by_id(db: &Connection, id: u64) -> rusqlite::Result<Option<OutageRow>> {
    let sql = format!("SELECT {OUTAGE} FROM outages WHERE id = ?1");
    let mut statement = db.prepare_cached(&sql)?;
    statement.query_row(params![signed(id)], outage).optional()
}

fn event(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        seq: number(row, 0)?,
        at: micros::time(row.get(1)?),
        kind: row.get(2)?,
        network: row.get(3)?,
        endpoint: row.get(4)?,
        group: row.get(5)?,
        from: row.get(6)?,
        to: row.get(7)?,
        layer: row.get(8)?,
        reason: row.get(9)?,
        text: row.get(10)?,
        since: row.get::<_, Option<i64>>(11)?.map(micros::time),
        outage: row.get::<_, Option<i64>>(12)?.map(i64::unsigned_abs),
    })
}

fn outage(row: &Row<'_>) -> rusqlite::Result<OutageRow> {
    Ok(OutageRow {
        id: number(row, 0)?,
        network: row.get(1)?,
        started: micros::time(row.get(2)?),
        confirmed: micros::time(row.get(3)?),
        ended: row.get::<_, Option<i64>>(4)?.map(micros::time),
        duration: Duration::from_nanos(number(row, 5)?),
        layer: row.get(6)?,
        reason: row.get(7)?,
        detail: row.get(8)?,
        endpoint: row.get(9)?,
        evidence: row.get(10)?,
    })
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}

/// SQLite's integers have a sign; no number gets as far as that.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit.min(MOST_ROWS)).unwrap_or_default()
}
