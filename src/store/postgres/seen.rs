//! The table `seen`: keys of what was counted. They are the fleet's: who takes a stream over
//! knows what its owner counted. The newest [`KEPT`] are kept.

use jiff::Timestamp;
use tokio_postgres::Row;

use crate::store::error::StoreError;
use crate::store::postgres::rows;
use crate::store::postgres::session::Session;

/// Keys that are kept; about the failures of a large estate in a week.
const KEPT: i64 = 200_000;

const SEE: &str = "INSERT INTO seen (key, at, changed_by)
    SELECT DISTINCT key, $2::int8, $3::text FROM unnest($1::int8[]) AS it (key) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET at = greatest(seen.at, excluded.at)";

/// Remembers keys, as of `now`.
pub(super) fn remember(
    write: &mut Session,
    member: &str,
    seen: &[u64],
    now: Timestamp,
) -> Result<(), StoreError> {
    if seen.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = seen.iter().map(|it| rows::bits(*it)).collect();
    write.execute(SEE, &[&keys, &rows::nanos(now), &member])?;
    Ok(())
}

/// Forgets the oldest keys.
pub(super) fn prune(write: &mut Session) -> Result<(), StoreError> {
    const PRUNE: &str = "DELETE FROM seen WHERE key IN
        (SELECT key FROM seen ORDER BY at DESC, key OFFSET $1)";
    write.execute(PRUNE, &[&KEPT])?;
    Ok(())
}

/// The newest keys, newest first.
pub(super) fn newest(read: &mut Session) -> Result<Vec<u64>, StoreError> {
    let found = read.query("SELECT key FROM seen ORDER BY at DESC, key LIMIT $1", &[&KEPT])?;
    Ok(rows::readable("seen", &found, key))
}

/// Keys that others remembered in this transaction or a later one.
pub(super) fn changed(
    read: &mut Session,
    since: &str,
    member: &str,
) -> Result<Vec<u64>, StoreError> {
    const CHANGED: &str = "SELECT key FROM seen
        WHERE changed >= $1::text::xid8 AND changed_by <> $2 ORDER BY changed LIMIT $3";
    let found = read.query(CHANGED, &[&since, &member, &KEPT])?;
    Ok(rows::readable("seen", &found, key))
}

fn key(row: &Row) -> Result<u64, rows::Unread> {
    rows::key(row, 0)
}
