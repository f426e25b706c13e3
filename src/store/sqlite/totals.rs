//! The table `totals`: counters that only grow. Never pruned.

use rusqlite::{Connection, params};

use crate::model::totals::Totals;
use crate::store::sqlite::rows;

const ADD: &str = "INSERT INTO totals (series, value) VALUES (?1, ?2)
    ON CONFLICT (series) DO UPDATE SET value = value + excluded.value";

/// Adds what was counted. What is not a number counts nothing: one such value must not
/// hold up the commit of all others.
pub(super) fn add(write: &Connection, totals: &[(String, f64)]) -> rusqlite::Result<()> {
    if totals.is_empty() {
        return Ok(());
    }
    let mut add = write.prepare(ADD)?;
    for (series, by) in totals.iter().filter(|(_, by)| by.is_finite()) {
        add.execute(params![series, by])?;
    }
    Ok(())
}

/// All counters.
pub(super) fn all(read: &Connection) -> rusqlite::Result<Totals> {
    let mut select = read.prepare("SELECT series, value FROM totals")?;
    let found = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Totals::from_stored(rows::readable("totals", found)?))
}
