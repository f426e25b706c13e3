//! The table `silences`.
//!
//! Silences come from a command or the page while the daemon writes all else. So they are
//! written by a connection of their own, [`Silences`], without the lock of the state folder:
//! SQLite lets the two take turns, and the daemon reads the table once a second.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use crate::model::silence;
use crate::model::silence::Silence;
use crate::store::error::StoreError;
use crate::store::sqlite::open;
use crate::store::sqlite::rows;

/// How long a silence that is over is still listed.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Writes silences beside the daemon.
#[derive(Debug)]
pub(in crate::store) struct Silences {
    database: Connection,
}

impl Silences {
    /// Opens the store in the state folder `dir`, where there is one.
    pub(in crate::store) fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = open::database_path(dir);
        if !path.exists() {
            return Err(StoreError::Absent { dir: dir.to_owned() });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags)?;
        open::prepare(&database)?;
        match open::schema(&database)? {
            open::SCHEMA => {
                // It would write back by the default what the engine leaves in the journal.
                database.pragma_update(None, "wal_autocheckpoint", open::CHECKPOINT)?;
                Ok(Self { database })
            }
            found => Err(StoreError::Schema { found, known: open::SCHEMA }),
        }
    }

    /// All silences, also those that were over lately.
    pub(in crate::store) fn list(&self) -> Result<Vec<Silence>, StoreError> {
        Ok(after(&self.database, Timestamp::MIN)?)
    }

    /// Keeps a silence, and forgets those that were over long ago.
    pub(in crate::store) fn add(&mut self, it: &Silence, now: Timestamp) -> Result<(), StoreError> {
        let write = self.database.transaction()?;
        let past = rows::nanos(now.checked_sub(KEPT).unwrap_or(Timestamp::MIN));
        write.execute("DELETE FROM silences WHERE ends_at < ?1", [past])?;
        let kept =
            write.query_row("SELECT count(*) FROM silences", [], |row| rows::count(row, 0))?;
        if kept >= silence::LIMIT as u64 {
            return Err(StoreError::TooManySilences);
        }
        put(&write, it)?;
        write.commit()?;
        Ok(())
    }

    /// Ends a silence now. False where there is none that goes on or is to come.
    pub(in crate::store) fn expire(
        &mut self,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let write = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = after(&write, now)?.into_iter().find(|it| it.id == id);
        let Some(mut it) = found else { return Ok(false) };
        it.ends_at = now;
        put(&write, &it)?;
        write.commit()?;
        Ok(true)
    }
}

fn put(write: &Connection, it: &Silence) -> Result<(), StoreError> {
    let body = serde_json::to_string(it)?;
    write.execute(
        "INSERT OR REPLACE INTO silences (id, ends_at, body) VALUES (?1, ?2, ?3)",
        params![it.id, rows::nanos(it.ends_at), body],
    )?;
    Ok(())
}

/// Silences that end after `time`, the next to end first.
pub(super) fn after(read: &Connection, time: Timestamp) -> rusqlite::Result<Vec<Silence>> {
    let mut select =
        read.prepare_cached("SELECT body FROM silences WHERE ends_at > ?1 ORDER BY ends_at, id")?;
    let found = select.query_map([rows::nanos(time)], |row| rows::json(row, 0))?;
    rows::readable("silences", found)
}
