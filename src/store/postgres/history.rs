//! The tables `occurrences` and `incident_hours`: when an incident happened, as far as is kept.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use crate::model::changes::IncidentChange;
use crate::model::changes::Occurrence;
use crate::model::hour::Hour;
use crate::store::error::StoreError;
use crate::store::postgres::rows;
use crate::store::postgres::session::Session;

/// Occurrences kept of one incident.
const KEPT: i64 = 50;

/// Hours that are kept of one incident: a week, if it happens in each.
const HOURS_KEPT: i64 = 7 * 24;

const ADD_HOURS: &str = "INSERT INTO incident_hours (incident, hour, count)
    SELECT incident, hour, sum(count)::int8 FROM unnest($1::text[], $2::int8[], $3::int8[])
        AS it (incident, hour, count) GROUP BY incident, hour
    ON CONFLICT (incident, hour) DO UPDATE SET count = incident_hours.count + excluded.count";

const PRUNE_HOURS: &str = "DELETE FROM incident_hours AS it USING
    (SELECT incident, hour, row_number() OVER (PARTITION BY incident ORDER BY hour DESC) AS place
     FROM incident_hours WHERE incident = ANY ($1)) AS old
    WHERE old.place > $2 AND it.incident = old.incident AND it.hour = old.hour";

const PRUNE_OCCURRENCES: &str = "DELETE FROM occurrences WHERE id IN
    (SELECT id FROM (SELECT id, row_number() OVER
        (PARTITION BY incident ORDER BY time DESC, id DESC) AS place
     FROM occurrences WHERE incident = ANY ($1)) AS old WHERE place > $2)";

pub(super) fn add_hours(write: &mut Session, changes: &[IncidentChange]) -> Result<(), StoreError> {
    let (mut keys, mut hours, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        for (hour, count) in &change.hours {
            keys.push(change.incident.key.as_str());
            hours.push(hour.0);
            counts.push(rows::clamp(*count));
        }
    }
    if !keys.is_empty() {
        write.execute(ADD_HOURS, &[&keys, &hours, &counts])?;
        write.execute(PRUNE_HOURS, &[&keys, &HOURS_KEPT])?;
    }
    Ok(())
}

pub(super) fn add_occurrences(
    write: &mut Session,
    changes: &[IncidentChange],
) -> Result<(), StoreError> {
    let (mut keys, mut times, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        for it in &change.occurrences {
            keys.push(change.incident.key.as_str());
            times.push(rows::nanos(it.time));
            bodies.push(serde_json::to_string(it)?);
        }
    }
    if !keys.is_empty() {
        const PUT: &str = "INSERT INTO occurrences (incident, time, body)
            SELECT * FROM unnest($1::text[], $2::int8[], $3::text[])";
        write.execute(PUT, &[&keys, &times, &bodies])?;
        write.execute(PRUNE_OCCURRENCES, &[&keys, &KEPT])?;
    }
    Ok(())
}

/// The occurrences kept of the incident with this key, newest first.
pub(super) fn occurrences(read: &mut Session, key: &str) -> Result<Vec<Occurrence>, StoreError> {
    let found = read.query(
        "SELECT body FROM occurrences WHERE incident = $1 ORDER BY time DESC, id DESC LIMIT $2",
        &[&key, &KEPT],
    )?;
    Ok(rows::readable("occurrences", &found, |row| rows::json(row, 0)))
}

/// How often the incident with this key happened in each hour in which it did.
pub(super) fn hours_of(read: &mut Session, key: &str) -> Result<BTreeMap<Hour, u64>, StoreError> {
    let found = read
        .query("SELECT hour, count FROM incident_hours WHERE incident = $1", &[&rows::text(key)])?;
    let read = |row: &Row| Ok((Hour(row.try_get(0)?), rows::count(row, 1)?));
    Ok(rows::readable("incident_hours", &found, read).into_iter().collect())
}

/// Forgets the history of the incidents with these keys.
pub(super) fn forget(write: &mut Session, keys: &[&str]) -> Result<(), StoreError> {
    write.execute("DELETE FROM occurrences WHERE incident = ANY ($1)", &[&keys])?;
    write.execute("DELETE FROM incident_hours WHERE incident = ANY ($1)", &[&keys])?;
    Ok(())
}
