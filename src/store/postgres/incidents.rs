//! The table `incidents`, which the fleet shares.
//!
//! A commit locks the rows that it touches in the order of their keys, also those that it is
//! about to make; lays what this member knows over what it finds ([`merge`]); and writes that.
//! So two members never wait for each other in a ring, and neither overwrites the other.

mod read;

use std::collections::HashMap;

pub(super) use crate::store::postgres::incidents::read::by_keys;
pub(super) use crate::store::postgres::incidents::read::changed;
pub(super) use crate::store::postgres::incidents::read::counts;
pub(super) use crate::store::postgres::incidents::read::find;
pub(super) use crate::store::postgres::incidents::read::known;
pub(super) use crate::store::postgres::incidents::read::list;
pub(super) use crate::store::postgres::incidents::read::of_rule;

use crate::model::changes::IncidentChange;
use crate::model::fingerprint;
use crate::model::incident::Incident;
use crate::model::merge::merge;
use crate::store::error::StoreError;
use crate::store::postgres::history;
use crate::store::postgres::outbox::Said;
use crate::store::postgres::rows;
use crate::store::postgres::session::Session;

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

/// How incidents stood in the store before a commit, by key.
pub(super) type Before = HashMap<String, Incident>;

/// Locks the rows of `changes`, and reads them. What is new is not among them.
pub(super) fn lock(write: &mut Session, changes: &[IncidentChange]) -> Result<Before, StoreError> {
    let keys: Vec<_> = changes.iter().map(|it| it.incident.key.as_str()).collect();
    write.execute(LOCK, &[&keys])?;
    Ok(by_keys(write, &keys)?.into_iter().map(|it| (it.key.clone(), it)).collect())
}

/// Locks one row that is there, and reads it.
pub(super) fn lock_one(write: &mut Session, key: &str) -> Result<Option<Incident>, StoreError> {
    write.query("SELECT key FROM incidents WHERE key = $1 FOR UPDATE", &[&key])?;
    Ok(by_keys(write, &[key])?.pop())
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
    history::add_hours(write, changes)?;
    history::add_occurrences(write, changes)?;
    Ok(now)
}

/// Writes incidents as they are. A sample is kept where there is no new one.
pub(super) fn put(write: &mut Session, all: &[Incident], member: &str) -> Result<(), StoreError> {
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
            &json(&|it| serde_json::to_string(&*it.places))?,
            &json(&|it| serde_json::to_string(&it.course))?,
        ],
    )?;
    Ok(())
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
    history::forget(write, &keys)
}
