//! The table `outbox`: alerts on their way to receivers.
//!
//! A newer alert replaces an unsent one of the same receiver, incident, reason and labels,
//! and goes to the end; so a receiver that is down gathers one alert of a kind, not
//! thousands, and hears them in the order in which they last became true. Of one incident
//! only the oldest alert is due: nobody is told of an end before the beginning.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;
use std::collections::HashSet;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::changes::Outgoing;
use crate::store::OutboxRow;
use crate::store::error::StoreError;
use crate::store::sqlite::rows;

const READ: &str =
    "SELECT id, receiver, attempts, queued_at, next_at, last_error, alert FROM outbox";

const PUT: &str = "INSERT OR REPLACE INTO outbox
    (receiver, incident, reason, labels, alert, queued_at, next_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";

const DUE: &str = "WHERE receiver = ?1 AND next_at <= ?2 AND NOT EXISTS
    (SELECT 1 FROM outbox AS older WHERE older.receiver = outbox.receiver
     AND older.incident = outbox.incident AND older.id < outbox.id) ORDER BY id";

/// Puts alerts at the end, each in the place of its elder.
pub(super) fn put(
    write: &Connection,
    outgoing: &[Outgoing],
    now: Timestamp,
) -> Result<(), StoreError> {
    if outgoing.is_empty() {
        return Ok(());
    }
    let mut put = write.prepare(PUT)?;
    for Outgoing { receiver, alert } in outgoing {
        put.execute(params![
            receiver,
            alert.incident,
            alert.reason.as_str(),
            rows::bits(xxh3_64(serde_json::to_string(&alert.labels)?.as_bytes())),
            serde_json::to_string(alert)?,
            rows::nanos(now),
        ])?;
    }
    Ok(())
}

/// Up to `limit` alerts that `receiver` may be told now and that are not in `busy`. Those
/// that cannot be read come as their ids.
pub(super) fn due(
    read: &Connection,
    now: Timestamp,
    receiver: &str,
    limit: usize,
    busy: &HashSet<i64>,
) -> rusqlite::Result<(Vec<OutboxRow>, Vec<i64>)> {
    let mut select = read.prepare_cached(&format!("{READ} {DUE}"))?;
    let mut found = select.query(params![receiver, rows::nanos(now)])?;
    let (mut due, mut unreadable) = (Vec::new(), Vec::new());
    while due.len() < limit {
        let Some(row) = found.next()? else { break };
        let id: i64 = row.get(0)?;
        match outbox_row(row) {
            _ if busy.contains(&id) => {}
            Ok(it) => due.push(it),
            Err(_) => unreadable.push(id),
        }
    }
    Ok((due, unreadable))
}

/// All alerts that wait, oldest first.
pub(super) fn all(read: &Connection) -> rusqlite::Result<Vec<OutboxRow>> {
    let mut select = read.prepare(&format!("{READ} ORDER BY id"))?;
    let found = select.query_map([], outbox_row)?;
    rows::readable("outbox", found)
}

fn outbox_row(row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    Ok(OutboxRow {
        id: row.get(0)?,
        receiver: row.get(1)?,
        attempts: row.get(2)?,
        queued_at: rows::time(row, 3)?,
        next_at: rows::time(row, 4)?,
        last_error: row.get(5)?,
        alert: rows::json(row, 6)?,
    })
}

/// Takes an alert out.
pub(super) fn remove(write: &Connection, id: i64) -> rusqlite::Result<()> {
    write.execute("DELETE FROM outbox WHERE id = ?1", [id]).map(drop)
}

/// Puts an alert off until `next_at`.
pub(super) fn retry(
    write: &Connection,
    id: i64,
    next_at: Timestamp,
    error: &str,
) -> rusqlite::Result<()> {
    write
        .execute(
            "UPDATE outbox SET attempts = attempts + 1, next_at = ?2, last_error = ?3
             WHERE id = ?1",
            params![id, rows::nanos(next_at), error],
        )
        .map(drop)
}

/// How many alerts wait for each receiver; receivers for which none waits are missing.
pub(super) fn lengths(read: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut select =
        read.prepare_cached("SELECT receiver, count(*) FROM outbox GROUP BY receiver")?;
    select.query_map([], |row| Ok((row.get(0)?, rows::count(row, 1)?)))?.collect()
}
