//! The tables `seen` and `held`: what was counted already, and what waits to be counted.
//!
//! `seen` has the keys of each commit in one row, or a few; the newest [`KEPT`] keys are kept, and
//! what else is in the oldest of their rows. It is pruned when it has grown a tenth beyond that, so
//! that not every commit has to go through it.

use rusqlite::{Connection, params};

use crate::model::changes::Held;
use crate::store::error::StoreError;
use crate::store::sqlite::rows;

/// Keys that are kept; about the failures of a large estate in a week.
pub(super) const KEPT: usize = 200_000;

/// Keys in one row at most; a copy of them is in memory while it is written.
const ROW: usize = 4096;

/// Bytes of one key.
const WIDTH: usize = size_of::<u64>();

/// Remembers keys. `kept` is how many the table holds; the new number is returned.
pub(super) fn remember(write: &Connection, seen: &[u64], kept: u64) -> rusqlite::Result<u64> {
    let mut put = write.prepare_cached("INSERT INTO seen (keys) VALUES (?1)")?;
    // The first row to be written is the last to be read.
    for part in seen.rchunks(ROW) {
        put.execute([part.iter().flat_map(|key| key.to_be_bytes()).collect::<Vec<u8>>()])?;
    }
    let kept = kept.saturating_add(seen.len() as u64);
    if kept <= (KEPT + KEPT / 10) as u64 { Ok(kept) } else { prune(write) }
}

/// Forgets all rows that are older than the newest [`KEPT`] keys; says how many keys are left.
fn prune(write: &Connection) -> rusqlite::Result<u64> {
    let mut select = write.prepare("SELECT id, length(keys) FROM seen ORDER BY id DESC")?;
    let mut rows = select.query([])?;
    let mut left = 0;
    while let Some(row) = rows.next()? {
        if left >= KEPT as u64 {
            let oldest: i64 = row.get(0)?;
            write.execute("DELETE FROM seen WHERE id <= ?1", [oldest])?;
            break;
        }
        left += rows::count(row, 1)? / WIDTH as u64;
    }
    Ok(left)
}

/// How many keys there are.
pub(super) fn count(read: &Connection) -> rusqlite::Result<u64> {
    let bytes = "SELECT ifnull(sum(length(keys)), 0) FROM seen";
    Ok(read.query_row(bytes, [], |row| rows::count(row, 0))? / WIDTH as u64)
}

/// The newest keys, those of the newest commit first.
pub(super) fn newest(read: &Connection) -> rusqlite::Result<Vec<u64>> {
    let mut select = read.prepare("SELECT keys FROM seen ORDER BY id DESC")?;
    let mut rows = select.query([])?;
    let mut newest = Vec::new();
    while newest.len() < KEPT
        && let Some(row) = rows.next()?
    {
        match row.get_ref(0)?.as_blob() {
            Ok(keys) => {
                newest.extend(keys.as_chunks().0.iter().map(|key| u64::from_be_bytes(*key)))
            }
            Err(error) => {
                tracing::warn!(table = "seen", %error, "a row of the store was passed over")
            }
        }
    }
    newest.truncate(KEPT);
    Ok(newest)
}

/// Adds runs that wait.
pub(super) fn hold(write: &Connection, held: &[Held]) -> Result<(), StoreError> {
    if held.is_empty() {
        return Ok(());
    }
    let mut hold = write.prepare("INSERT OR REPLACE INTO held (key, body) VALUES (?1, ?2)")?;
    for it in held {
        hold.execute(params![rows::bits(it.key), serde_json::to_string(it)?])?;
    }
    Ok(())
}

/// Takes out runs whose wait is over.
pub(super) fn settle(write: &Connection, settled: &[u64]) -> rusqlite::Result<()> {
    if settled.is_empty() {
        return Ok(());
    }
    let mut settle = write.prepare("DELETE FROM held WHERE key = ?1")?;
    for key in settled {
        settle.execute([rows::bits(*key)])?;
    }
    Ok(())
}

/// The runs that wait.
pub(super) fn held(read: &Connection) -> rusqlite::Result<Vec<Held>> {
    let mut select = read.prepare("SELECT body FROM held ORDER BY key")?;
    let found = select.query_map([], |row| rows::json(row, 0))?;
    rows::readable("held", found)
}
