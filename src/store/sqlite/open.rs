//! Opens the state folder: makes it, locks it, and finds or begins the database.
//!
//! A database that is damaged, or that a later version has written, is renamed and a new
//! one begun: a watcher that does not start watches nothing. What is put aside is never
//! deleted by us.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::store::error::StoreError;

/// The schema that this program writes.
pub(super) const SCHEMA: i64 = 4;

/// What makes the schema, one text for each version.
pub(super) const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_courses_and_silences.sql"),
    include_str!("migrations/0003_hours.sql"),
    include_str!("migrations/0004_batches_and_samples.sql"),
];

/// Kibibytes of pages that SQLite keeps in memory; what a commit changes beyond them is written
/// before its end.
const CACHE: i32 = 1024;

/// The same for those who only read.
pub(super) const READER_CACHE: i32 = 256;

/// Pages of the journal after which it is written into the database, some 16 MiB. Most commits of
/// who catches up change the same pages again, which are then written once.
pub(super) const CHECKPOINT: i32 = 4000;

/// How long a statement waits for another program's lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// The database in the state folder `dir`.
pub(super) fn database_path(dir: &Path) -> PathBuf {
    dir.join("shirwatch.db")
}

/// Makes the folder, for this user alone.
pub fn folder(dir: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|source| StoreError::Folder { dir: dir.to_owned(), source })
}

/// Keeps other daemons out of a folder.
#[derive(Debug)]
pub(super) struct Lock(File);

/// Given back by name: a process that we are just starting has the file open too until it runs
/// its own program, and would keep the lock for so long.
impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Takes the lock of the folder. It holds as long as the file is open, so a killed process
/// leaves none behind.
pub(super) fn lock(dir: &Path) -> Result<Lock, StoreError> {
    let refused = |source| StoreError::Folder { dir: dir.to_owned(), source };
    let file = private().open(dir.join("shirwatch.lock")).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(fs::TryLockError::WouldBlock) => Err(StoreError::InUse { dir: dir.to_owned() }),
        Err(fs::TryLockError::Error(source)) => Err(refused(source)),
    }
}

/// Opens the database, or puts it aside and begins a new one.
pub(super) fn database(dir: &Path, now: Timestamp) -> Result<Connection, StoreError> {
    match sound(dir) {
        Err(StoreError::Corrupt { source }) => {
            let aside = put_aside(dir, "corrupt", now)?;
            tracing::warn!(
                error = %source, aside = %aside.display(),
                "the store was damaged and is put aside; a new one is begun and all logs are read anew"
            );
            sound(dir)
        }
        Err(StoreError::Schema { found, known }) => {
            let aside = put_aside(dir, "newer", now)?;
            tracing::warn!(
                found, known, aside = %aside.display(),
                "the store is of a newer version and is put aside; a new one is begun and all logs are read anew"
            );
            sound(dir)
        }
        other => other,
    }
}

/// The database, checked and brought to our schema.
fn sound(dir: &Path) -> Result<Connection, StoreError> {
    let path = database_path(dir);
    // SQLite would make the file readable for all; what it adds follows the file.
    private().open(&path).map_err(|source| StoreError::Folder { dir: dir.to_owned(), source })?;
    let mut database = Connection::open(&path)?;
    prepare(&database)?;
    database.pragma_update(None, "journal_mode", "wal")?;
    database.pragma_update(None, "synchronous", "normal")?;
    database.pragma_update(None, "journal_size_limit", 16 << 20)?;
    database.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
    database.pragma_update(None, "cache_size", -CACHE)?;
    check(&database)?;
    migrate(&mut database)?;
    Ok(database)
}

/// Sets what holds for every connection, whoever opens it.
///
/// A statement keeps the plan that it was prepared with. Otherwise SQLite prepares it again
/// whenever a value is bound that could speak for another plan, which is with each incident that
/// is asked for by its key, and costs ten times what the answer does.
pub(super) fn prepare(database: &Connection) -> rusqlite::Result<()> {
    database.busy_timeout(PATIENCE)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Opens for reading and writing, makes the file where it is missing, for this user alone.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn check(database: &Connection) -> Result<(), StoreError> {
    let verdict: String = database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(code, Some(verdict)).into())
}

fn migrate(database: &mut Connection) -> Result<(), StoreError> {
    let found = schema(database)?;
    let Some(missing) = usize::try_from(found).ok().and_then(|it| MIGRATIONS.get(it..)) else {
        return Err(StoreError::Schema { found, known: SCHEMA });
    };
    let write = database.transaction()?;
    for migration in missing {
        write.execute_batch(migration)?;
    }
    write.pragma_update(None, "user_version", SCHEMA)?;
    write.commit()?;
    if (1..SCHEMA).contains(&found) {
        give_back(database);
    }
    Ok(())
}

/// Gives back the room that older tables took: it would count against the limit for ever. Nothing
/// is lost where there is no room to do it in.
fn give_back(database: &Connection) {
    if let Err(error) = database.execute_batch("VACUUM") {
        tracing::warn!(%error, "the store keeps the room that its older tables took");
    }
}

/// The schema that a database has; 0 when it is new.
pub(super) fn schema(database: &Connection) -> rusqlite::Result<i64> {
    database.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Renames the database and what belongs to it; says how it is called now.
fn put_aside(dir: &Path, why: &str, now: Timestamp) -> Result<PathBuf, StoreError> {
    let refused = |source| StoreError::Folder { dir: dir.to_owned(), source };
    let aside = dir.join(format!("shirwatch.db.{why}-{}", now.as_second()));
    for tail in ["-wal", "-shm", ""] {
        rename_if_there(&with_tail(&database_path(dir), tail), &with_tail(&aside, tail))
            .map_err(refused)?;
    }
    Ok(aside)
}

fn with_tail(path: &Path, tail: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(tail);
    name.into()
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
