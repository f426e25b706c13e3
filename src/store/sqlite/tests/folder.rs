//! The folder: whose it is, and what becomes of a database that cannot be used.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::store::Store;
use crate::store::StoreConfig;
use crate::store::StoreError;
use crate::store::sqlite::open::MIGRATIONS;
use crate::store::tests::NOTHING;
use crate::store::tests::at;
use crate::store::tests::everything;
use crate::store::tests::finding;
use crate::store::tests::open;
use crate::store::tests::told;

#[test]
fn a_second_daemon_is_refused_until_the_first_ends() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    let refused = Store::open(dir.path(), &StoreConfig::default(), at(0)).unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }));
    assert!(refused.to_string().contains(&dir.path().display().to_string()));
    drop(first);
    open(dir.path());
}

/// A process that is being started has all files open until it runs its own program.
#[cfg(unix)]
#[test]
fn a_daemon_is_not_refused_while_a_process_is_started() {
    use std::process::Command;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering;

    let dir = tempfile::tempdir().unwrap();
    let stop = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                Command::new("true").status().unwrap();
            }
        });
        let opened = (0..100).map(|_| Store::open(dir.path(), &StoreConfig::default(), at(0)));
        let refused = opened.filter(Result::is_err).count();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(refused, 0);
    });
}

#[test]
fn a_database_that_cannot_be_used_is_put_aside() {
    // What is done to the file, and how it is called then.
    check_aside(|path| fs::write(path, "no database at all").unwrap(), "corrupt");
    check_aside(|path| fs::write(path, [b'x'; 8192]).unwrap(), "corrupt");
    check_aside(|path| tear(path, 5000), "corrupt");
    check_aside(scribble, "corrupt");
    check_aside(|path| set_schema(path, 99), "newer");
    check_aside(|path| set_schema(path, -1), "newer");
}

#[track_caller]
fn check_aside(harm: impl Fn(&Path), why: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shirwatch.db");
    let mut store = open(dir.path());
    store.commit(&everything(), at(0)).unwrap();
    drop(store);
    harm(&path);
    let harmed = fs::read(&path).unwrap();

    let store = Store::open(dir.path(), &StoreConfig::default(), at(7)).unwrap();
    assert_eq!(told(&store), NOTHING);
    let aside = dir.path().join(format!("shirwatch.db.{why}-1770000007"));
    let kept = fs::read(aside).unwrap();
    assert_eq!(kept.len(), harmed.len());
}

fn tear(path: &Path, length: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
}

/// Overwrites all pages but the first with nonsense.
fn scribble(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[4096..].fill(0xAB);
    fs::write(path, bytes).unwrap();
}

fn set_schema(path: &Path, version: i64) {
    let database = rusqlite::Connection::open(path).unwrap();
    database.pragma_update(None, "user_version", version).unwrap();
}

#[test]
#[cfg(unix)]
fn the_folder_and_the_database_are_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("state/shirwatch");
    let _store = open(&dir);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for name in ["shirwatch.db", "shirwatch.db-wal", "shirwatch.lock"] {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = Store::open(&file, &StoreConfig::default(), at(0)).unwrap_err();
    assert!(refused.to_string().contains(&file.display().to_string()), "{refused}");
}

#[test]
fn a_store_of_an_earlier_version_goes_on() {
    for version in 1..MIGRATIONS.len() {
        let dir = tempfile::tempdir().unwrap();
        older(dir.path(), version);
        let mut store = open(dir.path());
        let earlier = NOTHING.replace("errors 0", "errors 7").replace("seen 0", "seen 3");
        assert_eq!(told(&store), earlier.replace("open 0", "open 1"), "of {version}");
        assert_eq!(store.load().unwrap().seen, [u64::MAX, 9, 5], "of {version}");
        assert_eq!(store.incident("old").unwrap().unwrap().sample, Some(Box::new(finding())));
        store.commit(&everything(), at(0)).unwrap();
        assert_eq!(store.load().unwrap().incidents.len(), 2, "of {version}");
        assert_eq!(store.load().unwrap().totals.get("errors", &[]), 10.5, "of {version}");
    }
}

/// A store as an earlier version left it.
fn older(dir: &Path, version: usize) {
    let old = Connection::open(dir.join("shirwatch.db")).unwrap();
    for migration in &MIGRATIONS[..version] {
        old.execute_batch(migration).unwrap();
    }
    old.execute_batch(
        "INSERT INTO totals (series, value) VALUES ('errors', 7);
         INSERT INTO seen (key, at) VALUES (5, 1), (9, 2), (-1, 2);",
    )
    .unwrap();
    let sample = serde_json::to_string(&finding()).unwrap();
    old.execute(
        "INSERT INTO incidents (key, fingerprint, fingerprint_version, grouping, rule, category,
             severity, fault, state, count, first_seen, last_seen, last_read, sample, places)
         VALUES ('old', '00000000000000f1', 1, '{}', 'sql-login-failed', 'authentication',
             'error', 'user', 'open', 1, 0, 0, 0, ?1, '{}')",
        [sample],
    )
    .unwrap();
    old.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
}
