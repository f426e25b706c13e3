//! The table `checkpoints`: where each stream of each source goes on.

use rusqlite::{Connection, params};

use crate::model::checkpoint::Checkpoint;
use crate::store::error::StoreError;
use crate::store::sqlite::rows;

const WRITE: &str = "INSERT INTO checkpoints (source, stream, position, framing, identity)
    VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (source, stream) DO UPDATE SET
        position = excluded.position, framing = excluded.framing, identity = excluded.identity";

/// Writes checkpoints over their elders.
pub(super) fn write(write: &Connection, checkpoints: &[Checkpoint]) -> Result<(), StoreError> {
    if checkpoints.is_empty() {
        return Ok(());
    }
    let mut put = write.prepare(WRITE)?;
    for it in checkpoints {
        let framing = serde_json::to_string(&it.framing)?;
        put.execute(params![it.source, it.stream, rows::bits(it.offset), framing, it.identity])?;
    }
    Ok(())
}

/// Takes out streams (source and stream) that are gone for good.
pub(super) fn forget(write: &Connection, gone: &[(String, String)]) -> rusqlite::Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let mut forget = write.prepare("DELETE FROM checkpoints WHERE source = ?1 AND stream = ?2")?;
    for (source, stream) in gone {
        forget.execute([source, stream])?;
    }
    Ok(())
}

/// All checkpoints, by source and stream.
pub(super) fn all(read: &Connection) -> rusqlite::Result<Vec<Checkpoint>> {
    let mut select = read.prepare(
        "SELECT source, stream, position, framing, identity FROM checkpoints
         ORDER BY source, stream",
    )?;
    let found = select.query_map([], |row| {
        Ok(Checkpoint {
            source: row.get(0)?,
            stream: row.get(1)?,
            offset: rows::key(row, 2)?,
            framing: rows::json(row, 3)?,
            identity: row.get(4)?,
        })
    })?;
    rows::readable("checkpoints", found)
}
