//! The schema: made where it is missing, brought up to date, or refused.
//!
//! ```text
//! version < ours             what is missing is added, by one member at a time
//! version > ours >= floor    used as it is: another version has only added to it
//! floor > ours               refused; nothing of a shared database is put aside
//! ```

use crate::store::error::StoreError;
use crate::store::postgres::session::Session;

/// What makes the schema, one text for each version, and the least version that may use it.
const MIGRATIONS: [(&str, i32); 2] = [
    (include_str!("migrations/0001_initial.sql"), 1),
    (include_str!("migrations/0002_since.sql"), 1),
];

/// The schema that this program writes.
pub(super) const VERSION: i32 = MIGRATIONS.len() as i32;

/// Makes the schema or brings it up to date.
pub(super) fn migrate(it: &mut Session, schema: &str) -> Result<(), StoreError> {
    if version(it, schema)?.is_some_and(|it| it.0 >= VERSION) {
        return check(it, schema);
    }
    it.transaction(|it| {
        let key = lock_key(schema, "");
        it.query("SELECT pg_advisory_xact_lock($1)", &[&key])?;
        // Another member may have done it while this one waited.
        let found = version(it, schema)?.map_or(0, |it| it.0);
        if found == 0 {
            it.batch(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))?;
        }
        for (migration, _) in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
            it.batch(migration)?;
        }
        if found < VERSION {
            let floor = MIGRATIONS.last().map_or(0, |it| it.1);
            it.execute("DELETE FROM about", &[])?;
            it.execute("INSERT INTO about (version, floor) VALUES ($1, $2)", &[&VERSION, &floor])?;
        }
        Ok(())
    })?;
    check(it, schema)
}

/// That there is a schema which this version may use.
pub(super) fn check(it: &mut Session, schema: &str) -> Result<(), StoreError> {
    match version(it, schema)? {
        None => Err(StoreError::Shared {
            what: "is empty; start `shirwatch run` once, or name the right database".to_owned(),
        }),
        Some((found, floor)) if floor > VERSION => {
            Err(StoreError::TooNew { found, known: VERSION })
        }
        Some(_) => Ok(()),
    }
}

/// Version and floor of the schema, where there is one.
fn version(it: &mut Session, schema: &str) -> Result<Option<(i32, i32)>, StoreError> {
    // Of the catalogue itself: `to_regclass` may tell what was so before another's commit.
    const THERE: &str = "SELECT EXISTS
        (SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'about')";
    let there = it.query(THERE, &[&schema])?;
    if !there.first().is_some_and(|it| it.get(0)) {
        return Ok(None);
    }
    let found = it.query("SELECT version, floor FROM about", &[])?;
    Ok(found.first().map(|it| (it.get(0), it.get(1))))
}

/// The number of a lock in the whole database.
pub(super) fn lock_key(schema: &str, name: &str) -> i64 {
    let text = format!("shirwatch\0{schema}\0{name}");
    crate::store::rows::bits(xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}
