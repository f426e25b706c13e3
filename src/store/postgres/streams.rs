//! The tables `streams`, `checkpoints` and `held`: who reads what, and where reading goes on.
//!
//! ```text
//! files of this machine       rows of the member
//! streams that any may read   rows of the fleet (member ''), and an owner in `streams`
//! ```

use std::collections::BTreeSet;

use crate::model::changes::Changes;
use crate::model::changes::Held;
use crate::model::checkpoint::Checkpoint;
use crate::model::metrics;
use crate::model::totals;
use crate::store::error::StoreError;
use crate::store::postgres::counters;
use crate::store::postgres::rows;
use crate::store::postgres::session::Session;

/// The member of rows that are the fleet's.
const FLEET: &str = "";

/// Streams that this process owns: source and stream; all of a source under an empty name.
pub(super) type Owned = BTreeSet<(String, String)>;

/// Whether a stream is one that any member may read.
fn is_owned(owned: &Owned, source: &str, stream: &str) -> bool {
    let has = |stream: &str| owned.contains(&(source.to_owned(), stream.to_owned()));
    !owned.is_empty() && (has("") || has(stream))
}

const WRITE: &str = "INSERT INTO checkpoints (member, source, stream, position, framing, identity)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (member, source, stream) DO UPDATE SET
        position = excluded.position, framing = excluded.framing, identity = excluded.identity";

const TAKE: &str = "INSERT INTO streams (source, stream, owner) VALUES ($1, '', $2)
    ON CONFLICT (source, stream) DO UPDATE SET owner = excluded.owner
    WHERE streams.owner = $2 OR NOT EXISTS (SELECT 1 FROM members
        WHERE session = streams.owner AND alive_at > clock_timestamp() - interval '15 s')";

const ASSIGN: &str = "INSERT INTO streams (source, stream, owner) VALUES ($1, $2, $3)
    ON CONFLICT (source, stream) DO UPDATE SET owner = excluded.owner";

/// Makes this session the owner of all streams of a source, unless their owner is alive.
pub(super) fn take(write: &mut Session, source: &str, session: i64) -> Result<bool, StoreError> {
    Ok(write.execute(TAKE, &[&rows::text(source), &session])? > 0)
}

/// Makes this session the owner of one stream, whoever had it; gives where it goes on.
pub(super) fn assign(
    write: &mut Session,
    source: &str,
    stream: &str,
    session: i64,
) -> Result<Option<Checkpoint>, StoreError> {
    write.execute(ASSIGN, &[&rows::text(source), &rows::text(stream), &session])?;
    let found = checkpoints(write, FLEET, Some(source))?;
    Ok(found.into_iter().find(|it| it.stream == stream))
}

/// That this session still owns what it took; nobody takes it before the transaction is over.
pub(super) fn fence(write: &mut Session, owned: &Owned, session: i64) -> Result<(), StoreError> {
    if owned.is_empty() {
        return Ok(());
    }
    let mine = write
        .query("SELECT source, stream FROM streams WHERE owner = $1 FOR SHARE", &[&session])?;
    let mine: BTreeSet<(&str, &str)> =
        mine.iter().filter_map(|it| Some((it.try_get(0).ok()?, it.try_get(1).ok()?))).collect();
    let has = |source: &str, stream: &str| {
        mine.contains(&(rows::text(source).as_ref(), rows::text(stream).as_ref()))
    };
    match owned.iter().find(|(source, stream)| !has(source, stream)) {
        Some((lost, _)) => Err(StoreError::TakenOver { lost: format!("source `{lost}`") }),
        None => Ok(()),
    }
}

/// Writes checkpoints over their elders, takes out those of streams that are gone, and what is
/// held and settled.
pub(super) fn write(
    write: &mut Session,
    member: &str,
    owned: &Owned,
    changes: &Changes,
) -> Result<(), StoreError> {
    // Of a source that is read by several at one time, each keeps its own runs that wait.
    let whose = |source: &str, stream: &str| {
        if is_owned(owned, source, stream) { FLEET } else { member }
    };
    for it in &changes.checkpoints {
        let framing = serde_json::to_string(&it.framing)?;
        write.execute(
            WRITE,
            &[
                &whose(&it.source, &it.stream),
                &rows::text(&it.source),
                &rows::text(&it.stream),
                &rows::bits(it.offset),
                &framing,
                &rows::text(&it.identity),
            ],
        )?;
    }
    for (source, stream) in &changes.forgotten {
        write.execute(
            "DELETE FROM checkpoints WHERE member = $1 AND source = $2 AND stream = $3",
            &[&whose(source, stream), &rows::text(source), &rows::text(stream)],
        )?;
    }
    for it in &changes.held {
        let body = serde_json::to_string(it)?;
        write.execute(
            "INSERT INTO held (member, key, source, body) VALUES ($1, $2, $3, $4)
             ON CONFLICT (member, key) DO UPDATE SET body = excluded.body",
            &[&whose(&it.source, ""), &rows::bits(it.key), &rows::text(&it.source), &body],
        )?;
    }
    if !changes.settled.is_empty() {
        let keys: Vec<_> = changes.settled.iter().map(|it| rows::bits(*it)).collect();
        let owned: Vec<_> = owned.iter().map(|it| rows::text(&it.0)).collect();
        let settled = write.execute(
            "DELETE FROM held WHERE key = ANY ($1)
             AND (member = $2 OR (member = '' AND source = ANY ($3)))",
            &[&keys, &member, &owned],
        )?;
        if settled < keys.len() as u64 {
            return Err(StoreError::TakenOver { lost: "runs that waited here".to_owned() });
        }
    }
    Ok(())
}

/// So many in one go that our own sign of life is not late for it; the others come next.
const GONE: &str = "DELETE FROM held WHERE (member, key) IN (
        SELECT member, key FROM held AS it
        WHERE member NOT IN ('', $1) AND source = ANY ($2)
        AND NOT EXISTS (SELECT 1 FROM members
            WHERE name = it.member AND alive_at > clock_timestamp() - interval '15 s')
        ORDER BY member, key LIMIT 500)
    RETURNING member, key, source, body";

const KEEP: &str = "INSERT INTO held (member, key, source, body) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING";

/// Makes this member's what waits for members that gave no sign of life, of these sources: 500 at
/// most at one call. With those it counts as a duplicate from then on, since another counts it.
pub(super) fn adopt(
    write: &mut Session,
    member: &str,
    sources: &[&str],
) -> Result<Vec<Held>, StoreError> {
    let (mut held, mut series) = (Vec::new(), String::new());
    for row in write.query(GONE, &[&member, &sources])? {
        let (from, key): (&str, i64) = (row.get(0), row.get(1));
        let (source, body): (&str, &str) = (row.get(2), row.get(3));
        totals::series(&mut series, metrics::SOURCE_DUPLICATES.name, &[source]);
        counters::add_totals(write, from, &[(series.clone(), 1.0)])?;
        if write.execute(KEEP, &[&member, &key, &source, &body])? > 0 {
            held.extend(rows::readable("held", &[row], |row| rows::json(row, 3)));
        }
    }
    Ok(held)
}

/// Checkpoints of a member, or of the fleet those of `source`, by source and stream.
pub(super) fn checkpoints(
    read: &mut Session,
    member: &str,
    source: Option<&str>,
) -> Result<Vec<Checkpoint>, StoreError> {
    let found = read.query(
        "SELECT source, stream, position, framing, identity FROM checkpoints
         WHERE ($2::text IS NULL AND member = $1) OR (member = '' AND source = $2)
         ORDER BY source, stream",
        &[&member, &source],
    )?;
    Ok(rows::readable("checkpoints", &found, |row| {
        Ok(Checkpoint {
            source: row.try_get(0)?,
            stream: row.try_get(1)?,
            offset: rows::key(row, 2)?,
            framing: rows::json(row, 3)?,
            identity: row.try_get(4)?,
        })
    }))
}

/// The runs of a member that wait, or of the fleet those of `source`.
pub(super) fn held(
    read: &mut Session,
    member: &str,
    source: Option<&str>,
) -> Result<Vec<Held>, StoreError> {
    let found = read.query(
        "SELECT body FROM held
         WHERE ($2::text IS NULL AND member = $1) OR (member = '' AND source = $2) ORDER BY key",
        &[&member, &source],
    )?;
    Ok(rows::readable("held", &found, |row| rows::json(row, 0)))
}
