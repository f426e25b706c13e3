//! The tables `incidents`, `samples` and `occurrences`.
//!
//! An incident is written whole, but for a sample that did not change; of its occurrences the
//! newest [`KEPT`] are kept. What is asked for (state, fingerprint, times) has a column; what is
//! only shown is JSON.

use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use crate::model::changes::IncidentChange;
use crate::model::changes::Occurrence;
use crate::model::fingerprint;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::store::IncidentCount;
use crate::store::columns::incident;
use crate::store::columns::incident_columns;
use crate::store::error::StoreError;
use crate::store::sqlite::hours;
use crate::store::sqlite::rows;

/// Occurrences kept of one incident.
pub(super) const KEPT: u32 = 50;

const WRITE: &str = "INSERT INTO incidents
    (key, fingerprint, grouping, rule, category, severity, fault, state, count,
     first_seen, last_seen, last_read, resolved_at, notified_at, places, fingerprint_version, course)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
    ON CONFLICT (key) DO UPDATE SET
        rule = excluded.rule, category = excluded.category, severity = excluded.severity,
        fault = excluded.fault, state = excluded.state, count = excluded.count,
        first_seen = excluded.first_seen, last_seen = excluded.last_seen,
        last_read = excluded.last_read, resolved_at = excluded.resolved_at,
        notified_at = excluded.notified_at, places = excluded.places,
        course = excluded.course";

const WRITE_SAMPLE: &str = "INSERT INTO samples (incident, sample) VALUES (?1, ?2)
    ON CONFLICT (incident) DO UPDATE SET sample = excluded.sample";

const READ: &str = concat!(
    "SELECT ",
    incident_columns!(),
    " FROM incidents LEFT JOIN samples ON samples.incident = incidents.key"
);

/// The newest occurrence that is not kept. It is asked for by itself: within the statement that takes
/// it out it would cost a table of its own each time, which is more than all the rest.
const FIRST_TOO_OLD: &str = "SELECT time, id FROM occurrences WHERE incident = ?1
    ORDER BY time DESC, id DESC LIMIT 1 OFFSET ?2";

const PRUNE_OCCURRENCES: &str = "DELETE FROM occurrences
    WHERE incident = ?1 AND time <= ?2 AND (time < ?2 OR id <= ?3)";

/// Writes incidents whole, with their latest occurrences.
pub(super) fn write(write: &Connection, changes: &[IncidentChange]) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let (mut put, mut put_sample) = (write.prepare(WRITE)?, write.prepare(WRITE_SAMPLE)?);
    for IncidentChange { incident, .. } in changes {
        put_incident(&mut put, incident)?;
        if let Some(sample) = &incident.sample {
            put_sample.execute(params![incident.key, serde_json::to_string(sample)?])?;
        }
    }
    hours::add_of_incidents(write, changes)?;
    write_occurrences(write, changes)
}

fn put_incident(put: &mut rusqlite::Statement<'_>, it: &Incident) -> Result<(), StoreError> {
    put.execute(params![
        it.key,
        it.fingerprint.to_string(),
        serde_json::to_string(&it.group)?,
        it.rule,
        it.category.as_str(),
        it.severity.as_str(),
        it.fault.as_str(),
        it.state.as_str(),
        i64::try_from(it.count).unwrap_or(i64::MAX),
        rows::nanos(it.first_seen),
        rows::nanos(it.last_seen),
        rows::nanos(it.last_read),
        it.resolved_at.map(rows::nanos),
        it.notified_at.map(rows::nanos),
        serde_json::to_string(&*it.places)?,
        fingerprint::VERSION,
        serde_json::to_string(&it.course)?,
    ])?;
    Ok(())
}

fn write_occurrences(write: &Connection, changes: &[IncidentChange]) -> Result<(), StoreError> {
    let mut put =
        write.prepare("INSERT INTO occurrences (incident, time, body) VALUES (?1, ?2, ?3)")?;
    let (mut first, mut prune) = (write.prepare(FIRST_TOO_OLD)?, write.prepare(PRUNE_OCCURRENCES)?);
    for change in changes.iter().filter(|it| !it.occurrences.is_empty()) {
        let key = &change.incident.key;
        for it in &change.occurrences {
            put.execute(params![key, rows::nanos(it.time), serde_json::to_string(it)?])?;
        }
        // Each was counted, so before that there are none to take out.
        if change.incident.count > u64::from(KEPT) {
            let too_old = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            if let Some((time, id)) = first.query_row(params![key, KEPT], too_old).optional()? {
                prune.execute(params![key, time, id])?;
            }
        }
    }
    Ok(())
}

/// Incidents in `state` (all where `None`), the last seen first.
pub(super) fn list(
    read: &Connection,
    state: Option<State>,
    limit: u64,
    offset: u64,
) -> rusqlite::Result<Vec<Incident>> {
    listed(read, state, (limit, offset), |row| incident(row))
}

/// Incidents in `state` without their samples, the last seen first.
pub(super) fn known(
    read: &Connection,
    state: State,
    limit: u64,
) -> rusqlite::Result<Vec<Incident>> {
    listed(read, Some(state), (limit, 0), |row| incident(row).map(Incident::without_sample))
}

fn listed(
    read: &Connection,
    state: Option<State>,
    (limit, offset): (u64, u64),
    incident: impl Fn(&Row<'_>) -> rusqlite::Result<Incident>,
) -> rusqlite::Result<Vec<Incident>> {
    let filter = if state.is_some() { "state = ?1" } else { "?1 IS NULL" };
    let mut select = read.prepare(&format!(
        "{READ} WHERE {filter} ORDER BY last_seen DESC, key LIMIT ?2 OFFSET ?3"
    ))?;
    let clamp = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let state = state.map_or(Value::Null, |it| Value::Text(it.as_str().to_owned()));
    let found = select.query_map(params![state, clamp(limit), clamp(offset)], incident)?;
    rows::readable("incidents", found)
}

/// Incidents of one rule in `state` (all where `None`), the most frequent first.
pub(super) fn of_rule(
    read: &Connection,
    rule: &str,
    state: Option<State>,
    limit: u64,
) -> rusqlite::Result<Vec<Incident>> {
    let mut select = read.prepare(&format!(
        "{READ} WHERE rule = ?1 AND (?2 IS NULL OR state = ?2)
         ORDER BY count DESC, last_seen DESC, key LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found =
        select.query_map(params![rule, state.map(State::as_str), limit], |row| incident(row))?;
    rows::readable("incidents", found)
}

/// The incident with this key. Asked for each that is new to memory.
pub(super) fn with_key(read: &Connection, key: &str) -> rusqlite::Result<Option<Incident>> {
    ask_by_key(read)?.query_row([key], |row| incident(row)).optional()
}

/// The statement that asks for it, prepared once.
pub(super) fn ask_by_key(read: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    read.prepare_cached(&format!("{READ} WHERE key = ?1"))
}

/// The incident with this key, or else with this fingerprint: an open one first, then the
/// last seen.
pub(super) fn find(read: &Connection, name: &str) -> rusqlite::Result<Option<Incident>> {
    let mut select = read.prepare(&format!(
        "{READ} WHERE key = ?1 OR fingerprint = ?1
         ORDER BY key = ?1 DESC, state = 'open' DESC, last_seen DESC LIMIT 1"
    ))?;
    select.query_row([name], |row| incident(row)).optional()
}

/// The occurrences kept of the incident with this key, newest first.
pub(super) fn occurrences(read: &Connection, key: &str) -> rusqlite::Result<Vec<Occurrence>> {
    let mut select = read.prepare(
        "SELECT body FROM occurrences WHERE incident = ?1 ORDER BY time DESC, id DESC LIMIT ?2",
    )?;
    let found = select.query_map(params![key, KEPT], |row| rows::json(row, 0))?;
    rows::readable("occurrences", found)
}

/// How many incidents there are, by state, category and severity.
pub(super) fn counts(read: &Connection) -> rusqlite::Result<Vec<IncidentCount>> {
    let mut select = read.prepare(
        "SELECT state, category, severity, count(*) FROM incidents
         GROUP BY state, category, severity ORDER BY state, category, severity",
    )?;
    let found = select.query_map([], |row| {
        Ok(IncidentCount {
            state: rows::name(row, 0)?,
            category: rows::name(row, 1)?,
            severity: rows::name(row, 2)?,
            count: rows::count(row, 3)?,
        })
    })?;
    rows::readable("incidents", found)
}

/// Takes out the `count` resolved incidents that were seen longest ago, with their
/// occurrences; says how many there were.
pub(super) fn prune_resolved(write: &Connection, count: u32) -> rusqlite::Result<usize> {
    const OLDEST: &str = "SELECT key FROM incidents WHERE state = 'resolved'
        ORDER BY last_seen, key LIMIT ?1";
    for table in ["samples", "occurrences", "incident_hours"] {
        write.execute(&format!("DELETE FROM {table} WHERE incident IN ({OLDEST})"), [count])?;
    }
    write.execute(&format!("DELETE FROM incidents WHERE key IN ({OLDEST})"), [count])
}
