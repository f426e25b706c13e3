//! The table `outbox`: alerts on their way to receivers, each sent by one member.
//!
//! As in a file of its own, a newer alert replaces an unsent one of the same receiver, incident,
//! reason and labels, and of one incident only the oldest is due. A member takes a row for as
//! long as its process lives: when it has said nothing for fifteen seconds, another takes the row.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use tokio_postgres::Row;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::changes::Changes;
use crate::model::changes::Outgoing;
use crate::model::merge::Untold;
use crate::model::merge::untold;
use crate::store::OutboxRow;
use crate::store::error::StoreError;
use crate::store::postgres::incidents::Before;
use crate::store::postgres::rows;
use crate::store::postgres::rows::Unread;
use crate::store::postgres::session::Session;

const PUT: &str = "INSERT INTO outbox
    (receiver, incident, reason, labels, alert, queued_at, next_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)
    ON CONFLICT (receiver, incident, reason, labels) DO UPDATE SET
        id = nextval('alerts'), alert = excluded.alert, queued_at = excluded.queued_at,
        next_at = excluded.next_at, attempts = 0, last_error = NULL, leased_by = NULL";

const TAKE: &str = "WITH ready AS (
        SELECT id FROM outbox WHERE receiver = $1 AND next_at <= $2
            AND (leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM members
                WHERE session = leased_by AND alive_at > clock_timestamp() - interval '15 s'))
            AND NOT EXISTS (SELECT 1 FROM outbox AS older WHERE older.receiver = outbox.receiver
                AND older.incident = outbox.incident AND older.id < outbox.id)
        ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)
    UPDATE outbox SET leased_by = $4 FROM ready WHERE outbox.id = ready.id
    RETURNING outbox.id, receiver, attempts, queued_at, next_at, last_error, alert";

/// What is still to be said of each incident, by its key.
pub(super) type Said = HashMap<String, Untold>;

/// The alerts of `changes` that no other member has told already, and what receivers know then.
/// Those of incidents that `changes` do not touch are all taken.
pub(super) fn wanted<'a>(changes: &'a Changes, before: &Before) -> (Vec<&'a Outgoing>, Said) {
    let mut keep = vec![true; changes.outbox.len()];
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, it) in changes.outbox.iter().enumerate() {
        places.entry(&it.alert.incident).or_default().push(place);
    }
    let mut said = Said::new();
    for change in &changes.incidents {
        let key = &change.incident.key;
        let Some(places) = places.get(key.as_str()) else { continue };
        let alerts: Vec<_> = places.iter().map(|it| &changes.outbox[*it].alert).collect();
        let untold = untold(change.base.as_deref(), &change.incident, before.get(key), &alerts);
        for (place, wanted) in places.iter().zip(&untold.wanted) {
            keep[*place] = *wanted;
        }
        said.insert(key.clone(), untold);
    }
    let kept = changes.outbox.iter().zip(keep).filter(|(_, keep)| *keep);
    (kept.map(|(it, _)| it).collect(), said)
}

/// Puts alerts at the end, each in the place of its elder.
pub(super) fn put(
    write: &mut Session,
    outgoing: &[&Outgoing],
    now: Timestamp,
) -> Result<(), StoreError> {
    for Outgoing { receiver, alert } in outgoing {
        let labels = xxh3_64(serde_json::to_string(&alert.labels)?.as_bytes());
        let text = serde_json::to_string(alert)?;
        write.execute(
            PUT,
            &[
                &rows::text(receiver),
                &alert.incident,
                &alert.reason.as_str(),
                &rows::bits(labels),
                &text,
                &rows::nanos(now),
            ],
        )?;
    }
    Ok(())
}

/// Takes up to `limit` alerts that `receiver` may be told now. Those that cannot be read come
/// as their ids.
pub(super) fn take(
    write: &mut Session,
    now: Timestamp,
    receiver: &str,
    limit: usize,
    session: i64,
) -> Result<(Vec<OutboxRow>, Vec<i64>), StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&rows::text(receiver), &rows::nanos(now), &limit, &session];
    let (mut due, mut unreadable) = (Vec::new(), Vec::new());
    for row in write.query(TAKE, &values)? {
        match outbox_row(&row) {
            Ok(it) => due.push(it),
            Err(_) => unreadable.push(row.get(0)),
        }
    }
    due.sort_by_key(|it| it.id);
    Ok((due, unreadable))
}

/// All alerts that wait, oldest first.
pub(super) fn all(read: &mut Session) -> Result<Vec<OutboxRow>, StoreError> {
    let found = read.query(
        "SELECT id, receiver, attempts, queued_at, next_at, last_error, alert FROM outbox
         ORDER BY id",
        &[],
    )?;
    Ok(rows::readable("outbox", &found, outbox_row))
}

fn outbox_row(row: &Row) -> Result<OutboxRow, Unread> {
    Ok(OutboxRow {
        id: row.try_get(0)?,
        receiver: row.try_get(1)?,
        attempts: u32::try_from(row.try_get::<_, i32>(2)?).unwrap_or(0),
        queued_at: rows::time(row, 3)?,
        next_at: rows::time(row, 4)?,
        last_error: row.try_get(5)?,
        alert: rows::json(row, 6)?,
    })
}

/// Takes an alert out.
pub(super) fn remove(write: &mut Session, id: i64) -> Result<(), StoreError> {
    write.execute("DELETE FROM outbox WHERE id = $1", &[&id]).map(drop)
}

/// Puts an alert off until `next_at`; any member may take it then.
pub(super) fn retry(
    write: &mut Session,
    id: i64,
    next_at: Timestamp,
    error: &str,
) -> Result<(), StoreError> {
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&id, &rows::nanos(next_at), &rows::text(error)];
    write
        .execute(
            "UPDATE outbox SET attempts = attempts + 1, next_at = $2, last_error = $3,
                leased_by = NULL WHERE id = $1",
            &values,
        )
        .map(drop)
}

/// How many alerts wait for each receiver; receivers for which none waits are missing.
pub(super) fn lengths(read: &mut Session) -> Result<BTreeMap<String, u64>, StoreError> {
    let found = read.query("SELECT receiver, count(*) FROM outbox GROUP BY receiver", &[])?;
    let lengths =
        rows::readable("outbox", &found, |row| Ok((row.try_get(0)?, rows::count(row, 1)?)));
    Ok(lengths.into_iter().collect())
}
