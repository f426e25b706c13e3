//! One file on this machine: SQLite in WAL mode with `synchronous=NORMAL`.
//!
//! A killed process loses nothing; after a power cut the last moments may be read again. There
//! is one writer, held by one thread, and any number of readers. Only silences are written
//! beside it: they come from commands and the page.

mod checkpoints;
mod hours;
mod incidents;
mod open;
mod outbox;
mod reader;
mod rows;
mod runtimes;
mod seen;
mod silences;
mod totals;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

pub use crate::store::sqlite::open::folder;
pub(super) use crate::store::sqlite::reader::Reader;
pub(super) use crate::store::sqlite::silences::Silences;

use crate::model::changes::Changes;
use crate::model::changes::Held;
use crate::model::checkpoint::Checkpoint;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::silence::Silence;
use crate::model::size::ByteSize;
use crate::store::Loaded;
use crate::store::News;
use crate::store::OutboxRow;
use crate::store::Resumed;
use crate::store::StoreConfig;
use crate::store::error::StoreError;

/// The one writer of a state folder.
#[derive(Debug)]
pub(super) struct Store {
    database: Connection,
    /// How many keys `seen` holds.
    seen: u64,
    /// Alerts that were handed out and not settled yet.
    handed_out: HashSet<i64>,
    /// Keeps other processes out while it is open.
    _lock: open::Lock,
}

/// Resolved incidents that are dropped in one go.
const PRUNED_AT_ONCE: u32 = 100;

impl Store {
    /// Opens the store in the state folder `dir`, and makes both where they are missing. A
    /// database that cannot be used is put aside under a name that ends in `now`.
    pub(super) fn open(
        dir: &Path,
        limits: &StoreConfig,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        open::folder(dir)?;
        let lock = open::lock(dir)?;
        let database = open::database(dir, now)?;
        limit(&database, limits.store_bytes)?;
        let seen = seen::count(&database)?;
        Ok(Self { database, seen, handed_out: HashSet::new(), _lock: lock })
    }

    /// All that is needed to go on where the last process ended.
    pub(super) fn load(&self) -> Result<Loaded, StoreError> {
        let read = &self.database;
        Ok(Loaded {
            totals: totals::all(read)?,
            incidents: incidents::known(read, State::Open, Loaded::OPEN)?,
            resolved: incidents::known(read, State::Resolved, Loaded::RESOLVED)?,
            checkpoints: checkpoints::all(read)?,
            seen: seen::newest(read)?,
            held: seen::held(read)?,
            runtimes: runtimes::all(read)?,
            queue_lengths: outbox::lengths(read)?,
        })
    }

    /// Writes all of `changes`, or on an error nothing.
    pub(super) fn commit(&mut self, changes: &Changes, now: Timestamp) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let written = self.write(changes, now);
        if matches!(written, Err(StoreError::Full { .. })) {
            self.end_journal();
        }
        written
    }

    fn write(&mut self, changes: &Changes, now: Timestamp) -> Result<(), StoreError> {
        let write = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        make_room(&write)?;
        let seen = write_all(&write, changes, self.seen, now)?;
        write.commit()?;
        self.seen = seen;
        Ok(())
    }

    /// Writes the journal into the database and lets it begin anew. On a disk that is full it may be
    /// what fills it: up to 16 MiB, most of them changes of the same pages.
    fn end_journal(&self) {
        let ended = self.database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = ended {
            tracing::debug!(%error, "the journal of the store cannot be shortened");
        }
    }

    /// The incident with this key, whether it is in memory or not.
    pub(super) fn incident(&self, key: &str) -> Result<Option<Incident>, StoreError> {
        Ok(incidents::with_key(&self.database, key)?)
    }

    /// Silences that are not over at `now`, whoever made them.
    pub(super) fn silences(&self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        Ok(silences::after(&self.database, now)?)
    }

    /// Up to `limit` alerts that `receiver` may be told now. Each is handed out once, until
    /// it was sent, [`retry`](Self::retry) or [`remove`](Self::remove) settles it, or the process
    /// ends. Of one incident only the oldest is handed out.
    pub(super) fn due(
        &mut self,
        now: Timestamp,
        receiver: &str,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let (due, unreadable) =
            outbox::due(&self.database, now, receiver, limit, &self.handed_out)?;
        for id in unreadable {
            tracing::warn!(id, receiver, "an alert in the store cannot be read and is dropped");
            self.remove(id)?;
        }
        self.handed_out.extend(due.iter().map(|it| it.id));
        Ok(due)
    }

    /// The receiver could not take it; it is due again at `next_at`.
    pub(super) fn retry(
        &mut self,
        id: i64,
        next_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        outbox::retry(&self.database, id, next_at, error)?;
        self.handed_out.remove(&id);
        Ok(())
    }

    /// It is given up: refused, too old, or its receiver is gone.
    pub(super) fn remove(&mut self, id: i64) -> Result<(), StoreError> {
        outbox::remove(&self.database, id)?;
        self.handed_out.remove(&id);
        Ok(())
    }

    /// How many alerts wait for each receiver; receivers for which none waits are missing.
    pub(super) fn queue_lengths(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        Ok(outbox::lengths(&self.database)?)
    }
}

/// What only a fleet has to ask: here, there are no others.
impl Store {
    pub(super) fn news(&mut self) -> Result<News, StoreError> {
        Ok(News::default())
    }

    pub(super) fn is_my_turn(&mut self, _duty: &str, _every: Duration) -> Result<bool, StoreError> {
        Ok(true)
    }

    pub(super) fn take(&mut self, _source: &str) -> Result<Option<Resumed>, StoreError> {
        Ok(None)
    }

    pub(super) fn adopt(&mut self, _: &[&str]) -> Result<Vec<Held>, StoreError> {
        Ok(Vec::new())
    }

    pub(super) fn assign(&mut self, _: &str, _: &str) -> Result<Option<Checkpoint>, StoreError> {
        Ok(None)
    }

    pub(super) fn release(&mut self, _: &str, _: &str) {}

    pub(super) fn leave(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn write_all(
    write: &Connection,
    changes: &Changes,
    seen: u64,
    now: Timestamp,
) -> Result<u64, StoreError> {
    totals::add(write, &changes.totals)?;
    hours::add(write, &changes.hours)?;
    incidents::write(write, &changes.incidents)?;
    runtimes::write(write, &changes.runtimes)?;
    outbox::put(write, &changes.outbox, now)?;
    checkpoints::write(write, &changes.checkpoints)?;
    checkpoints::forget(write, &changes.forgotten)?;
    seen::hold(write, &changes.held)?;
    seen::settle(write, &changes.settled)?;
    Ok(seen::remember(write, &changes.seen, seen)?)
}

/// Makes SQLite itself refuse to grow beyond the limit.
fn limit(database: &Connection, bytes: ByteSize) -> Result<(), StoreError> {
    let page_size = pragma(database, "page_size")?.max(1);
    let pages = bytes.0.max(ByteSize::mib(1).0) / page_size;
    let sql = format!("PRAGMA max_page_count = {}", pages.min(u32::MAX.into()));
    database.query_row(&sql, [], |_| Ok(()))?;
    Ok(())
}

/// Drops resolved incidents, the oldest first, when more than nine tenths of the store are
/// used, until less than eight are. Room that they leave is used again.
fn make_room(write: &Connection) -> Result<(), StoreError> {
    let limit = pragma(write, "max_page_count")?;
    if used(write)? * 10 <= limit * 9 {
        return Ok(());
    }
    while used(write)? * 10 > limit * 8 {
        if incidents::prune_resolved(write, PRUNED_AT_ONCE)? == 0 {
            break;
        }
    }
    Ok(())
}

fn used(read: &Connection) -> Result<u64, StoreError> {
    Ok(pragma(read, "page_count")?.saturating_sub(pragma(read, "freelist_count")?))
}

fn pragma(read: &Connection, name: &str) -> Result<u64, StoreError> {
    Ok(read.query_row(&format!("PRAGMA {name}"), [], |row| rows::count(row, 0))?)
}
