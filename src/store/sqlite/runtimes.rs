//! The table `runtimes`: how each integration runtime stood last.

use rusqlite::{Connection, params};

use crate::model::runtime::Runtime;
use crate::store::error::StoreError;
use crate::store::sqlite::rows;

/// Writes those that changed.
pub(super) fn write(write: &Connection, changes: &[(String, Runtime)]) -> Result<(), StoreError> {
    for (name, it) in changes {
        write.execute(
            "INSERT OR REPLACE INTO runtimes (name, body) VALUES (?1, ?2)",
            params![name, serde_json::to_string(it)?],
        )?;
    }
    Ok(())
}

/// All that are known.
pub(super) fn all(read: &Connection) -> rusqlite::Result<Vec<(String, Runtime)>> {
    let mut select = read.prepare("SELECT name, body FROM runtimes ORDER BY name")?;
    let found = select.query_map([], |row| Ok((row.get(0)?, rows::json(row, 1)?)))?;
    rows::readable("runtimes", found)
}
