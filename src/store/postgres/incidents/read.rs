//! Incidents as they stand in the store: asked by the page, and by members of each other.

use tokio_postgres::Row;

use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::store::IncidentCount;
use crate::store::columns::incident;
use crate::store::columns::incident_columns;
use crate::store::error::StoreError;
use crate::store::postgres::rows;
use crate::store::postgres::rows::Unread;
use crate::store::postgres::session::Session;

/// The columns of an incident, before whatever tells which are wanted.
macro_rules! read {
    ($rest:literal) => {
        concat!("SELECT ", incident_columns!(), " FROM incidents ", $rest)
    };
}

/// Incidents with these keys.
pub(in crate::store::postgres) fn by_keys(
    read: &mut Session,
    keys: &[&str],
) -> Result<Vec<Incident>, StoreError> {
    let found = read.query(read!("WHERE key = ANY ($1) AND state <> ''"), &[&keys])?;
    Ok(rows::readable("incidents", &found, incident))
}

/// Incidents in `state` (all where `None`), the last seen first.
pub(in crate::store::postgres) fn list(
    read: &mut Session,
    state: Option<State>,
    limit: u64,
    offset: u64,
) -> Result<Vec<Incident>, StoreError> {
    listed(read, state, (limit, offset), incident)
}

/// Incidents in `state` without their samples, the last seen first.
pub(in crate::store::postgres) fn known(
    read: &mut Session,
    state: State,
    limit: u64,
) -> Result<Vec<Incident>, StoreError> {
    listed(read, Some(state), (limit, 0), |row| incident(row).map(Incident::without_sample))
}

fn listed(
    read: &mut Session,
    state: Option<State>,
    (limit, offset): (u64, u64),
    incident: impl Fn(&Row) -> Result<Incident, Unread>,
) -> Result<Vec<Incident>, StoreError> {
    let found = read.query(
        read!(
            "WHERE $1::text IS NULL OR state = $1 ORDER BY last_seen DESC, key LIMIT $2 OFFSET $3"
        ),
        &[&state.map(State::as_str), &rows::clamp(limit), &rows::clamp(offset)],
    )?;
    Ok(rows::readable("incidents", &found, incident))
}

/// Incidents of one rule in `state` (all where `None`), the most frequent first.
pub(in crate::store::postgres) fn of_rule(
    read: &mut Session,
    rule: &str,
    state: Option<State>,
    limit: u64,
) -> Result<Vec<Incident>, StoreError> {
    let found = read.query(
        read!(
            "WHERE rule = $1 AND ($2::text IS NULL OR state = $2)
             ORDER BY count DESC, last_seen DESC, key LIMIT $3"
        ),
        &[&rows::text(rule), &state.map(State::as_str), &rows::clamp(limit)],
    )?;
    Ok(rows::readable("incidents", &found, incident))
}

/// The incident with this key, or else with this fingerprint: an open one first, then the
/// last seen.
pub(in crate::store::postgres) fn find(
    read: &mut Session,
    name: &str,
) -> Result<Option<Incident>, StoreError> {
    let found = read.query(
        read!(
            "WHERE key = $1 OR fingerprint = $1
             ORDER BY key = $1 DESC, state = 'open' DESC, last_seen DESC LIMIT 1"
        ),
        &[&rows::text(name)],
    )?;
    Ok(rows::readable("incidents", &found, incident).pop())
}

/// Incidents that others changed in this transaction or a later one; at most 20,000, more than
/// one commit can change.
pub(in crate::store::postgres) fn changed(
    read: &mut Session,
    since: &str,
    member: &str,
) -> Result<Vec<Row>, StoreError> {
    const CHANGED: &str = concat!(
        "SELECT ",
        incident_columns!(),
        ", changed::text FROM incidents WHERE changed >= $1::text::xid8 AND changed_by <> $2
        ORDER BY changed LIMIT 20000"
    );
    read.query(CHANGED, &[&since, &member])
}

/// How many incidents there are, by state, category and severity.
pub(in crate::store::postgres) fn counts(
    read: &mut Session,
) -> Result<Vec<IncidentCount>, StoreError> {
    let found = read.query(
        "SELECT state, category, severity, count(*) FROM incidents
         GROUP BY state, category, severity ORDER BY state, category, severity",
        &[],
    )?;
    Ok(rows::readable("incidents", &found, |row| {
        Ok(IncidentCount {
            state: rows::name(row, 0)?,
            category: rows::name(row, 1)?,
            severity: rows::name(row, 2)?,
            count: rows::count(row, 3)?,
        })
    }))
}
