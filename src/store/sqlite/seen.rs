//! The tables `seen` and `held`: what was counted already, and what waits to be counted.
//!
//! `seen` keeps the newest [`KEPT`] keys. It is pruned when it has grown a tenth beyond
//! that, so that not every commit has to count it.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::model::changes::Held;
use crate::store::error::StoreError;
use crate::store::sqlite::rows;

/// Keys that are kept; about the failures of a large estate in a week.
pub(super) const KEPT: u32 = 200_000;

const SEE: &str = "INSERT INTO seen (key, at) VALUES (?1, ?2)
    ON CONFLICT (key) DO UPDATE SET at = max(at, excluded.at)";

const PRUNE: &str = "DELETE FROM seen WHERE key IN
    (SELECT key FROM seen ORDER BY at, key DESC LIMIT ?1)";

/// Keys that one statement takes out. SQLite holds them in memory meanwhile, and the pages that
/// they stand in.
const STEP: u32 = 4096;

/// Remembers keys, as of `now`. `rows` is how many the table holds at most; the new number is
/// returned.
pub(super) fn remember(
    write: &Connection,
    seen: &[u64],
    rows: u64,
    now: Timestamp,
) -> rusqlite::Result<u64> {
    if !seen.is_empty() {
        let mut see = write.prepare(SEE)?;
        for key in seen {
            see.execute([rows::bits(*key), rows::nanos(now)])?;
        }
    }
    prune(write, rows.saturating_add(seen.len() as u64))
}

fn prune(write: &Connection, rows: u64) -> rusqlite::Result<u64> {
    if rows <= u64::from(KEPT + KEPT / 10) {
        return Ok(rows);
    }
    let rows = count(write)?;
    let kept = rows.min(u64::from(KEPT));
    let mut prune = write.prepare(PRUNE)?;
    let mut left = rows - kept;
    while left > 0 {
        let step = u32::try_from(left).map_or(STEP, |it| it.min(STEP));
        prune.execute([step])?;
        left -= u64::from(step);
    }
    Ok(kept)
}

/// How many keys there are.
pub(super) fn count(read: &Connection) -> rusqlite::Result<u64> {
    read.query_row("SELECT count(*) FROM seen", [], |row| rows::count(row, 0))
}

/// The newest keys, newest first.
pub(super) fn newest(read: &Connection) -> rusqlite::Result<Vec<u64>> {
    let mut select = read.prepare("SELECT key FROM seen ORDER BY at DESC, key LIMIT ?1")?;
    let found = select.query_map([KEPT], |row| rows::key(row, 0))?;
    rows::readable("seen", found)
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
