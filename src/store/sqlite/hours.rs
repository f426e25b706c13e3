//! The tables `hours` and `incident_hours`: how often something happened, for charts.
//!
//! Only hours in which something happened have rows. The newest [`KEPT`] of them are kept, of
//! one incident [`KEPT_OF_ONE`], so that old logs that are read late have their chart too. The
//! counts are added in the transaction that counts the totals.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::changes::IncidentChange;
use crate::model::finding::Severity;
use crate::model::hour::{Hour, HourCount};
use crate::store::sqlite::rows;

/// Hours with an error that are kept: a quarter of a year, if each has one.
pub(super) const KEPT: i64 = 92 * 24;

/// Hours that are kept of one incident: a week, if it happens in each.
pub(super) const KEPT_OF_ONE: i64 = 7 * 24;

const ADD: &str = "INSERT INTO hours (hour, severity, count) VALUES (?1, ?2, ?3)
    ON CONFLICT (hour, severity) DO UPDATE SET count = count + excluded.count";

const ADD_OF_ONE: &str = "INSERT INTO incident_hours (incident, hour, count) VALUES (?1, ?2, ?3)
    ON CONFLICT (incident, hour) DO UPDATE SET count = count + excluded.count";

const PRUNE: &str = "DELETE FROM hours WHERE hour <=
    (SELECT DISTINCT hour FROM hours ORDER BY hour DESC LIMIT 1 OFFSET ?1)";

/// The newest hour of an incident that is not kept. Most have none; a statement that asks and takes
/// out at once would cost a table of its own also then.
const FIRST_TOO_OLD: &str = "SELECT hour FROM incident_hours WHERE incident = ?1
    ORDER BY hour DESC LIMIT 1 OFFSET ?2";

const PRUNE_OF_ONE: &str = "DELETE FROM incident_hours WHERE incident = ?1 AND hour <= ?2";

/// Adds what was counted.
pub(super) fn add(write: &Connection, counts: &[HourCount]) -> rusqlite::Result<()> {
    if counts.is_empty() {
        return Ok(());
    }
    let mut add = write.prepare(ADD)?;
    for it in counts {
        add.execute(params![it.hour.0, it.severity.as_str(), clamp(it.count)])?;
    }
    write.execute(PRUNE, [KEPT])?;
    Ok(())
}

/// Adds what was counted of each incident.
pub(super) fn add_of_incidents(
    write: &Connection,
    changes: &[IncidentChange],
) -> rusqlite::Result<()> {
    let (mut add, mut first) = (write.prepare(ADD_OF_ONE)?, write.prepare(FIRST_TOO_OLD)?);
    let mut prune = write.prepare(PRUNE_OF_ONE)?;
    for change in changes.iter().filter(|it| !it.hours.is_empty()) {
        let key = &change.incident.key;
        for (hour, count) in &change.hours {
            add.execute(params![key, hour.0, clamp(*count)])?;
        }
        let too_old = |row: &Row<'_>| row.get::<_, i64>(0);
        if let Some(hour) = first.query_row(params![key, KEPT_OF_ONE], too_old).optional()? {
            prune.execute(params![key, hour])?;
        }
    }
    Ok(())
}

/// Errors from the hour `first` to before the hour `end`, by hour and severity.
pub(super) fn between(
    read: &Connection,
    first: Hour,
    end: Hour,
) -> rusqlite::Result<Vec<HourCount>> {
    let mut select = read.prepare(
        "SELECT hour, severity, count FROM hours WHERE hour >= ?1 AND hour < ?2 ORDER BY hour",
    )?;
    let found = select.query_map([first.0, end.0], |row| {
        let severity: Severity = rows::name(row, 1)?;
        Ok(HourCount { hour: Hour(row.get(0)?), severity, count: rows::count(row, 2)? })
    })?;
    rows::readable("hours", found)
}

/// The newest hour with an error before the hour `end`.
pub(super) fn newest(read: &Connection, end: Hour) -> rusqlite::Result<Option<Hour>> {
    let found: Option<i64> =
        read.query_row("SELECT max(hour) FROM hours WHERE hour < ?1", [end.0], |row| row.get(0))?;
    Ok(found.map(Hour))
}

/// How often the incident with this key happened in each hour in which it did.
pub(super) fn of_incident(read: &Connection, key: &str) -> rusqlite::Result<BTreeMap<Hour, u64>> {
    let mut select =
        read.prepare("SELECT hour, count FROM incident_hours WHERE incident = ?1 ORDER BY hour")?;
    let found = select.query_map([key], |row| Ok((Hour(row.get(0)?), rows::count(row, 1)?)))?;
    Ok(rows::readable("incident_hours", found)?.into_iter().collect())
}

fn clamp(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
