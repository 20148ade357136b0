//! Rows of the database: how they are written and how they are found.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::mailbox::Cursors;
use super::record::{micros, nanos};
use super::{Entry, EventRow, HourRow, OutageRow, Record};

/// Longer evidence is not kept: it is bounded where it is made, so it is none.
pub(super) const LONGEST_EVIDENCE: usize = 64 << 10;
/// More rows than this are not given at a time.
const MOST_ROWS: usize = 1000;
/// Of the newest events, so many are looked through for those that are not of endpoints.
const LOOKED_AT: usize = 5000;

/// Where a few events of one kind are looked for among all.
const LOOKED_THROUGH: i64 = 20_000;

const EVENT: &str = "seq, at, kind, network, endpoint, group_name, from_state, to_state, layer, \
    reason, text, since, outage";
const OUTAGE: &str = "id, network, started, confirmed, ended, duration, layer, reason, detail, \
    endpoint, evidence";
const HOUR: &str = "at, network, unknown, up, degraded, down, maintenance";

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
            Record::Hour(hour) => replace_hour(&transaction, hour)?,
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
    db.prepare_cached(&sql)?.execute(params![
        signed(outage.id),
        outage.network,
        micros::of(outage.started),
        micros::of(outage.confirmed),
        outage.ended.map(micros::of),
        nanos::of(outage.duration),
        outage.layer,
        outage.reason,
        outage.detail,
        outage.endpoint,
        evidence.filter(|text| text.len() <= LONGEST_EVIDENCE),
        signed(seq),
    ])?;
    Ok(())
}

/// What the state file says of an hour counts: a daemon that was killed goes on from there.
fn replace_hour(db: &Transaction<'_>, hour: &HourRow) -> rusqlite::Result<()> {
    let sql = format!("INSERT OR REPLACE INTO hours ({HOUR}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    let [unknown, up, degraded, down, maintenance] = hour.state_time.map(nanos::of);
    let at = micros::of(hour.at);
    let mut statement = db.prepare_cached(&sql)?;
    statement.execute(params![
        at,
        hour.network,
        unknown,
        up,
        degraded,
        down,
        maintenance
    ])?;
    Ok(())
}

/// Keeps how far webhooks are, after forgetting those that are not wanted any more.
pub(super) fn keep_cursors(db: &mut Connection, cursors: &Cursors) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    if let Some(only) = &cursors.only {
        let mut known = transaction.prepare("SELECT webhook FROM cursors")?;
        let known = known.query_map([], |row| row.get(0))?;
        for webhook in known.collect::<Result<Vec<String>, _>>()? {
            if !only.contains(&webhook) {
                let sql = "DELETE FROM cursors WHERE webhook = ?1";
                transaction.execute(sql, params![webhook])?;
            }
        }
    }
    for (webhook, seq) in &cursors.places {
        let sql = "INSERT OR REPLACE INTO cursors (webhook, seq) VALUES (?1, ?2)";
        transaction.execute(sql, params![webhook, signed(*seq)])?;
    }
    transaction.commit()
}

/// How far a webhook is.
pub(super) fn cursor(db: &Connection, webhook: &str) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT seq FROM cursors WHERE webhook = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_row(params![webhook], |row| number(row, 0));
    found.optional()
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

/// The last events but those of endpoints, oldest first. Looks at a bounded number of rows.
pub(super) fn latest_events(db: &Connection, limit: usize) -> rusqlite::Result<Vec<EventRow>> {
    let sql = format!(
        "SELECT {EVENT} FROM (SELECT * FROM events ORDER BY seq DESC LIMIT {LOOKED_AT})
         WHERE kind <> 'endpoint' ORDER BY seq DESC LIMIT ?1"
    );
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

/// Shows the rows of hours that begin in a span, in the order of their beginnings.
pub(super) fn hours(
    db: &Connection,
    span: Range<SystemTime>,
    mut show: impl FnMut(HourRow),
) -> rusqlite::Result<()> {
    let sql = format!("SELECT {HOUR} FROM hours WHERE at >= ?1 AND at < ?2 ORDER BY at, network");
    let mut statement = db.prepare_cached(&sql)?;
    let mut found = statement.query(params![micros::of(span.start), micros::of(span.end)])?;
    while let Some(row) = found.next()? {
        show(hour(row)?);
    }
    Ok(())
}

fn hour(row: &Row<'_>) -> rusqlite::Result<HourRow> {
    let time = |column| number(row, column).map(Duration::from_nanos);
    Ok(HourRow {
        at: micros::time(row.get(0)?),
        network: row.get(1)?,
        state_time: [time(2)?, time(3)?, time(4)?, time(5)?, time(6)?],
    })
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
