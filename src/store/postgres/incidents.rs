//! The tables `incidents`, `occurrences` and `incident_hours`, which the fleet shares.
//!
//! A commit locks the rows that it touches in the order of their keys, also those that it is
//! about to make; lays what this member knows over what it finds ([`merge`]); and writes that.
//! So two members never wait for each other in a ring, and neither overwrites the other.

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::Row;

use crate::model::changes::IncidentChange;
use crate::model::changes::Occurrence;
use crate::model::finding::Finding;
use crate::model::fingerprint;
use crate::model::hour::Hour;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::merge::merge;
use crate::model::redacted::Redacted;
use crate::store::IncidentCount;
use crate::store::error::StoreError;
use crate::store::postgres::outbox::Said;
use crate::store::postgres::rows;
use crate::store::postgres::rows::Unread;
use crate::store::postgres::session::Session;

/// Occurrences kept of one incident.
const KEPT: i64 = 50;

/// Hours that are kept of one incident: a week, if it happens in each.
const HOURS_KEPT: i64 = 7 * 24;

const LOCK: &str = "INSERT INTO incidents (key) SELECT key FROM unnest($1::text[]) AS key
    ORDER BY key COLLATE \"C\"
    ON CONFLICT (key) DO UPDATE SET key = excluded.key WHERE false";

const WRITE: &str = "UPDATE incidents SET
        fingerprint = it.fingerprint, fingerprint_version = $2, grouping = it.grouping,
        rule = it.rule, category = it.category, severity = it.severity, fault = it.fault,
        state = it.state, count = it.count, first_seen = it.first_seen,
        last_seen = it.last_seen, last_read = it.last_read, resolved_at = it.resolved_at,
        notified_at = it.notified_at, places = it.places, course = it.course,
        sample = CASE it.sample WHEN '' THEN incidents.sample ELSE it.sample END,
        changed_by = $3, changed = pg_current_xact_id()
    FROM unnest($1::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::int8[], $12::int8[], $13::int8[], $14::int8[],
        $15::int8[], $16::int8[], $17::text[], $18::text[], $19::text[])
        AS it (key, fingerprint, grouping, rule, category, severity, fault, state, count,
        first_seen, last_seen, last_read, resolved_at, notified_at, sample, places, course)
    WHERE incidents.key = it.key";

/// The columns of an incident, before whatever tells which are wanted.
macro_rules! read {
    ($rest:literal) => {
        concat!(
            "SELECT key, fingerprint, grouping, rule, category, severity, fault, state, count,
             first_seen, last_seen, last_read, resolved_at, notified_at, sample, places, course
             FROM incidents ",
            $rest
        )
    };
}

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

/// How incidents stood in the store before a commit, by key.
pub(super) type Before = HashMap<String, Incident>;

/// Locks the rows of `changes`, and reads them. What is new is not among them.
pub(super) fn lock(write: &mut Session, changes: &[IncidentChange]) -> Result<Before, StoreError> {
    let keys: Vec<_> = changes.iter().map(|it| it.incident.key.as_str()).collect();
    write.execute(LOCK, &[&keys])?;
    let found = write.query(read!("WHERE key = ANY ($1) AND state <> ''"), &[&keys])?;
    let found = rows::readable("incidents", &found, incident);
    Ok(found.into_iter().map(|it| (it.key.clone(), it)).collect())
}

/// Writes what this member knows over what it found; gives how the incidents stand now.
pub(super) fn write(
    write: &mut Session,
    changes: &[IncidentChange],
    (before, said): (&Before, &Said),
    member: &str,
) -> Result<Vec<Incident>, StoreError> {
    let now = changes.iter().map(|change| {
        let mine = &change.incident;
        match before.get(&mine.key) {
            Some(stored) => {
                // A sample is written only where it is new.
                let stored = Incident { sample: None, ..stored.clone() };
                let mut it = merge(change.base.as_deref(), mine, &stored);
                if let Some(said) = said.get(&mine.key) {
                    said.note(&mut it);
                }
                it
            }
            None => mine.clone(),
        }
    });
    let now: Vec<_> = now.collect();
    put(write, &now, member)?;
    add_hours(write, changes)?;
    add_occurrences(write, changes)?;
    Ok(now)
}

fn put(write: &mut Session, all: &[Incident], member: &str) -> Result<(), StoreError> {
    let texts = |of: fn(&Incident) -> String| all.iter().map(of).collect::<Vec<_>>();
    let numbers = |of: fn(&Incident) -> i64| all.iter().map(of).collect::<Vec<_>>();
    let json = |of: &dyn Fn(&Incident) -> Result<String, serde_json::Error>| {
        all.iter().map(of).collect::<Result<Vec<_>, _>>()
    };
    write.execute(
        WRITE,
        &[
            &texts(|it| it.key.clone()),
            &i32::try_from(fingerprint::VERSION).unwrap_or(0),
            &member,
            &texts(|it| it.fingerprint.to_string()),
            &json(&|it| serde_json::to_string(&it.group))?,
            &texts(|it| rows::text(&it.rule).into_owned()),
            &texts(|it| it.category.as_str().to_owned()),
            &texts(|it| it.severity.as_str().to_owned()),
            &texts(|it| it.fault.as_str().to_owned()),
            &texts(|it| it.state.as_str().to_owned()),
            &numbers(|it| rows::clamp(it.count)),
            &numbers(|it| rows::nanos(it.first_seen)),
            &numbers(|it| rows::nanos(it.last_seen)),
            &numbers(|it| rows::nanos(it.last_read)),
            &all.iter().map(|it| it.resolved_at.map(rows::nanos)).collect::<Vec<_>>(),
            &all.iter().map(|it| it.notified_at.map(rows::nanos)).collect::<Vec<_>>(),
            &json(&|it| {
                let sample = it.sample.as_ref().map(serde_json::to_string).transpose()?;
                Ok(sample.unwrap_or_default())
            })?,
            &json(&|it| serde_json::to_string(&it.places))?,
            &json(&|it| serde_json::to_string(&it.course))?,
        ],
    )?;
    Ok(())
}

fn add_hours(write: &mut Session, changes: &[IncidentChange]) -> Result<(), StoreError> {
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

fn add_occurrences(write: &mut Session, changes: &[IncidentChange]) -> Result<(), StoreError> {
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

/// Incidents with these keys.
pub(super) fn by_keys(read: &mut Session, keys: &[&str]) -> Result<Vec<Incident>, StoreError> {
    let found = read.query(read!("WHERE key = ANY ($1)"), &[&keys])?;
    Ok(rows::readable("incidents", &found, incident))
}

/// Incidents in `state` (all where `None`), the last seen first.
pub(super) fn list(
    read: &mut Session,
    state: Option<State>,
    limit: u64,
    offset: u64,
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
pub(super) fn of_rule(
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
pub(super) fn find(read: &mut Session, name: &str) -> Result<Option<Incident>, StoreError> {
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
pub(super) fn changed(
    read: &mut Session,
    since: &str,
    member: &str,
) -> Result<Vec<Row>, StoreError> {
    const CHANGED: &str = "SELECT key, fingerprint, grouping, rule, category, severity, fault,
        state, count, first_seen, last_seen, last_read, resolved_at, notified_at, sample, places,
        course, changed::text FROM incidents WHERE changed >= $1::text::xid8 AND changed_by <> $2
        ORDER BY changed LIMIT 20000";
    read.query(CHANGED, &[&since, &member])
}

/// One row as an incident.
pub(super) fn incident(row: &Row) -> Result<Incident, Unread> {
    let sample: Redacted<Finding> = rows::json(row, 14)?;
    Ok(Incident {
        key: row.try_get(0)?,
        fingerprint: rows::name(row, 1)?,
        group: rows::json(row, 2)?,
        rule: row.try_get(3)?,
        category: rows::name(row, 4)?,
        severity: rows::name(row, 5)?,
        fault: rows::name(row, 6)?,
        state: rows::name(row, 7)?,
        count: rows::count(row, 8)?,
        first_seen: rows::time(row, 9)?,
        last_seen: rows::time(row, 10)?,
        last_read: rows::time(row, 11)?,
        resolved_at: rows::maybe_time(row, 12)?,
        notified_at: rows::maybe_time(row, 13)?,
        title: sample.title.clone(),
        sample: Some(sample),
        places: rows::json(row, 15)?,
        course: rows::json(row, 16)?,
    })
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

/// How many incidents there are, by state, category and severity.
pub(super) fn counts(read: &mut Session) -> Result<Vec<IncidentCount>, StoreError> {
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

/// Takes out resolved incidents, those that were seen longest ago first, until `kept` are left;
/// at most 1,000 at once.
pub(super) fn prune_resolved(write: &mut Session, kept: i64) -> Result<(), StoreError> {
    const OLDEST: &str = "SELECT key FROM incidents WHERE state = 'resolved'
        ORDER BY last_seen DESC, key DESC OFFSET $1 LIMIT 1000";
    let found = write.query(OLDEST, &[&kept])?;
    let keys: Vec<&str> = found.iter().filter_map(|it| it.try_get(0).ok()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    // One that has come back meanwhile stays.
    let gone = write.query(
        "DELETE FROM incidents WHERE key IN
            (SELECT key FROM incidents WHERE key = ANY ($1) AND state = 'resolved'
             ORDER BY key FOR UPDATE SKIP LOCKED) RETURNING key",
        &[&keys],
    )?;
    let keys: Vec<&str> = gone.iter().filter_map(|it| it.try_get(0).ok()).collect();
    write.execute("DELETE FROM occurrences WHERE incident = ANY ($1)", &[&keys])?;
    write.execute("DELETE FROM incident_hours WHERE incident = ANY ($1)", &[&keys])?;
    Ok(())
}
