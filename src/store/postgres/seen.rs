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
    SELECT key, max(at), $3 FROM unnest($1::int8[], $2::int8[]) AS it (key, at)
    GROUP BY key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET at = greatest(seen.at, excluded.at)";

/// Remembers keys.
pub(super) fn remember(
    write: &mut Session,
    member: &str,
    seen: &[(u64, Timestamp)],
) -> Result<(), StoreError> {
    if seen.is_empty() {
        return Ok(());
    }
    let (keys, times): (Vec<_>, Vec<_>) =
        seen.iter().map(|(key, at)| (rows::bits(*key), rows::nanos(*at))).unzip();
    write.execute(SEE, &[&keys, &times, &member])?;
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
pub(super) fn newest(read: &mut Session) -> Result<Vec<(u64, Timestamp)>, StoreError> {
    let found = read.query("SELECT key, at FROM seen ORDER BY at DESC, key LIMIT $1", &[&KEPT])?;
    Ok(rows::readable("seen", &found, key))
}

/// Keys that others remembered in this transaction or a later one.
pub(super) fn changed(
    read: &mut Session,
    since: &str,
    member: &str,
) -> Result<Vec<(u64, Timestamp)>, StoreError> {
    const CHANGED: &str = "SELECT key, at FROM seen
        WHERE changed >= $1::text::xid8 AND changed_by <> $2 ORDER BY changed LIMIT $3";
    let found = read.query(CHANGED, &[&since, &member, &KEPT])?;
    Ok(rows::readable("seen", &found, key))
}

fn key(row: &Row) -> Result<(u64, Timestamp), rows::Unread> {
    Ok((rows::key(row, 0)?, rows::time(row, 1)?))
}
