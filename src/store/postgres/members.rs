//! The table `members`, as people want to see it: who is there, and who reads what.

use tokio_postgres::Row;

use crate::store::Member;
use crate::store::error::StoreError;
use crate::store::postgres::rows;
use crate::store::postgres::rows::Unread;
use crate::store::postgres::session::Session;

/// Times in nanoseconds; a member that left has none. It reads where it has a position of its own,
/// and what it has taken of the fleet's.
const ALL: &str = "SELECT name, version,
        (extract(epoch FROM since) * 1000000000)::int8,
        CASE WHEN isfinite(alive_at) THEN (extract(epoch FROM alive_at) * 1000000000)::int8 END,
        alive_at > clock_timestamp() - interval '15 s',
        ARRAY(SELECT source FROM checkpoints WHERE member = members.name
            UNION SELECT source FROM streams WHERE owner = session ORDER BY source LIMIT 100)
    FROM members ORDER BY name LIMIT 1000";

/// All that are or were members, by their names.
pub(super) fn all(read: &mut Session) -> Result<Vec<Member>, StoreError> {
    let found = read.query(ALL, &[])?;
    Ok(rows::readable("members", &found, member))
}

fn member(row: &Row) -> Result<Member, Unread> {
    Ok(Member {
        name: row.try_get(0)?,
        version: row.try_get(1)?,
        since: rows::maybe_time(row, 2)?,
        last_seen: rows::maybe_time(row, 3)?,
        alive: row.try_get(4)?,
        sources: row.try_get(5)?,
    })
}
