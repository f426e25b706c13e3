//! What only a file promises.

mod folder;
mod limits;

use std::fs;
use std::path::Path;

use rusqlite::StatementStatus;

use crate::store::StoreConfig;
use crate::store::sqlite::Reader;
use crate::store::sqlite::Store;
use crate::store::sqlite::incidents;
use crate::store::sqlite::write_all;
use crate::store::tests::EVERYTHING;
use crate::store::tests::NOTHING;
use crate::store::tests::at;
use crate::store::tests::everything;

fn open(dir: &Path) -> Store {
    Store::open(dir, &StoreConfig::default(), at(0)).unwrap()
}

fn told(store: &Store) -> String {
    crate::store::tests::told_of(store.load().unwrap())
}

#[test]
fn a_process_that_dies_before_the_commit_has_written_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let write = store.database.transaction().unwrap();
    write_all(&write, &everything(), 0, at(0)).unwrap();
    drop(write);
    drop(store);
    assert_eq!(told(&open(dir.path())), NOTHING);
}

#[test]
fn what_was_committed_survives_a_kill() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut store = open(dir.path());
    store.commit(&everything(), at(0)).unwrap();
    // The files as a kill leaves them: the database was never closed.
    for name in ["shirwatch.db", "shirwatch.db-wal"] {
        fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    assert_eq!(told(&open(copy.path())), EVERYTHING);
}

#[test]
fn what_is_asked_again_and_again_is_prepared_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let reader = Reader::open(dir.path()).unwrap();
    for database in [&store.database, &reader.database] {
        for key in ["a", "b", "c"] {
            assert_eq!(incidents::with_key(database, key).unwrap(), None);
        }
        let ask = incidents::ask_by_key(database).unwrap();
        assert_eq!(ask.get_status(StatementStatus::RePrepare), 0);
    }
}

#[test]
fn a_reader_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    let _store = open(dir.path());
    let reader = Reader::open(dir.path()).unwrap();
    assert!(reader.database.execute("DELETE FROM totals", []).is_err());
}
