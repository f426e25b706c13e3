//! What the store promises, with real folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use shirwatch_parsers::Record;

use crate::model::alert::{Alert, AlertStatus, Reason};
use crate::model::batch::{Framing, Position, Shape};
use crate::model::changes::{Changes, Held, IncidentChange, Occurrence, Outgoing};
use crate::model::checkpoint::Checkpoint;
use crate::model::finding::{Category, Fault, Finding, Matched, Severity};
use crate::model::fingerprint::Fingerprint;
use crate::model::incident::{Incident, Places, State};
use crate::model::redacted::Redacted;
use crate::model::size::ByteSize;
use crate::store::{Reader, Store, StoreConfig, StoreError, seen, write_all};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::new(1_770_000_000 + second, 123_456_700).unwrap()
}

pub(super) fn open(dir: &Path) -> Store {
    Store::open(dir, &StoreConfig::default(), at(0)).unwrap()
}

pub(super) fn alert(incident: &str, reason: Reason, severity: &str) -> Alert {
    let over = reason == Reason::Resolved;
    Alert {
        incident: incident.to_owned(),
        status: if over { AlertStatus::Resolved } else { AlertStatus::Firing },
        reason,
        labels: BTreeMap::from([("severity".to_owned(), severity.to_owned())]),
        annotations: BTreeMap::from([("summary".to_owned(), "a copy failed".to_owned())]),
        starts_at: at(0),
        ends_at: None,
        generator_url: String::new(),
        finding: serde_json::Value::Null,
    }
}

fn finding() -> Redacted<Finding> {
    let record = Record { message: "Login failed for user 'etl'.".into(), ..Record::default() };
    Redacted::from_store(Finding {
        record,
        rule: "sql-login-failed".to_owned(),
        category: Category::Authentication,
        severity: Severity::Error,
        fault: Fault::User,
        retryable: Some(false),
        title: "SQL Server refused the login".to_owned(),
        cause: Some("The password has expired.".to_owned()),
        resolution: vec!["Renew it.".to_owned()],
        verify: None,
        references: Vec::new(),
        causes: Vec::new(),
        matched: Matched::default(),
        also: Vec::new(),
        fingerprint: Fingerprint(7),
    })
}

pub(super) fn incident(key: &str, state: State, second: i64) -> Incident {
    Incident {
        key: key.to_owned(),
        fingerprint: Fingerprint(u64::MAX - 7),
        group: BTreeMap::from([("environment".to_owned(), "production".to_owned())]),
        rule: "sql-login-failed".to_owned(),
        category: Category::Authentication,
        severity: Severity::Critical,
        fault: Fault::User,
        state,
        count: 3,
        first_seen: at(second - 60),
        last_seen: at(second),
        last_read: at(second + 1),
        resolved_at: (state == State::Resolved).then(|| at(second + 60)),
        notified_at: (state == State::Open).then(|| at(second + 1)),
        sample: finding(),
        places: Places { pipelines: ["nightly".to_owned()].into(), ..Places::default() },
    }
}

fn position(line: u64) -> Position {
    Position { path: "copy.log".to_owned(), offset: line * 100, line }
}

pub(super) fn occurrence(second: i64) -> Occurrence {
    Occurrence {
        time: at(second),
        position: position(second.unsigned_abs()),
        pipeline: Some("nightly".to_owned()),
        pipeline_run_id: None,
        activity: Some("Copy orders".to_owned()),
        activity_run_id: None,
        node: None,
    }
}

/// Something for every table.
fn everything() -> Changes {
    Changes {
        totals: vec![("errors".to_owned(), 2.0), ("errors".to_owned(), 1.5)],
        incidents: vec![IncidentChange {
            incident: incident("a", State::Open, 100),
            occurrences: vec![occurrence(99), occurrence(100)],
        }],
        outbox: vec![Outgoing {
            receiver: "ops".to_owned(),
            alert: alert("a", Reason::FirstSeen, "error"),
        }],
        checkpoints: vec![Checkpoint {
            source: "files".to_owned(),
            stream: "1".to_owned(),
            offset: u64::MAX,
            framing: Framing { shape: Some(Shape::Json), in_array: true, ..Framing::default() },
            identity: r#"{"head":1}"#.to_owned(),
        }],
        seen: vec![(u64::MAX, at(100)), (5, at(101))],
        held: vec![Held {
            key: u64::MAX - 1,
            waits_for: 9,
            until: at(200),
            source: "files".to_owned(),
            finding: finding(),
            position: position(4),
        }],
        ..Changes::default()
    }
}

/// What a store holds, as one line.
fn told(store: &Store) -> String {
    let it = store.load().unwrap();
    format!(
        "errors {} open {} resolved {} checkpoints {} seen {} held {} outbox {}",
        it.totals.get("errors", &[]),
        it.incidents.len(),
        it.resolved.len(),
        it.checkpoints.len(),
        it.seen.len(),
        it.held.len(),
        it.queue_lengths.values().sum::<u64>(),
    )
}

const NOTHING: &str = "errors 0 open 0 resolved 0 checkpoints 0 seen 0 held 0 outbox 0";
const EVERYTHING: &str = "errors 3.5 open 1 resolved 0 checkpoints 1 seen 2 held 1 outbox 1";

#[test]
fn a_store_that_is_opened_again_tells_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    assert_eq!(told(&store), NOTHING);
    store.commit(&everything(), at(0)).unwrap();
    drop(store);

    let store = open(dir.path());
    assert_eq!(told(&store), EVERYTHING);
    let (loaded, written) = (store.load().unwrap(), everything());
    assert_eq!(loaded.incidents, [written.incidents[0].incident.clone()]);
    assert_eq!(loaded.checkpoints, written.checkpoints);
    assert_eq!(loaded.held, written.held);
    assert_eq!(loaded.seen, [(5, at(101)), (u64::MAX, at(100))]);
}

#[test]
fn what_is_settled_or_forgotten_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.commit(&everything(), at(0)).unwrap();
    let over = Changes {
        totals: vec![("errors".to_owned(), 1.0), ("broken".to_owned(), f64::NAN)],
        incidents: vec![IncidentChange {
            incident: incident("a", State::Resolved, 100),
            occurrences: Vec::new(),
        }],
        forgotten: vec![("files".to_owned(), "1".to_owned())],
        settled: vec![u64::MAX - 1],
        ..Changes::default()
    };
    store.commit(&over, at(0)).unwrap();
    assert_eq!(told(&store), "errors 4.5 open 0 resolved 1 checkpoints 0 seen 2 held 0 outbox 1");
    assert_eq!(store.incident("a").unwrap(), Some(incident("a", State::Resolved, 100)));
}

#[test]
fn a_commit_that_fails_at_any_table_writes_nothing() {
    let tables = ["totals", "incidents", "occurrences", "outbox", "checkpoints", "held", "seen"];
    for table in tables {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let refuse = format!(
            "CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.{table}
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        store.database.execute_batch(&refuse).unwrap();
        assert!(store.commit(&everything(), at(0)).is_err(), "{table}");
        assert_eq!(told(&store), NOTHING, "{table}");
    }
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
fn a_second_daemon_is_refused_until_the_first_ends() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    let refused = Store::open(dir.path(), &StoreConfig::default(), at(0)).unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }));
    assert!(refused.to_string().contains(&dir.path().display().to_string()));
    drop(first);
    open(dir.path());
}

#[test]
fn a_database_that_cannot_be_used_is_put_aside() {
    // What is done to the file, and how it is called then.
    check_aside(|path| fs::write(path, "no database at all").unwrap(), "corrupt");
    check_aside(|path| fs::write(path, [b'x'; 8192]).unwrap(), "corrupt");
    check_aside(|path| tear(path, 5000), "corrupt");
    check_aside(scribble, "corrupt");
    check_aside(|path| set_schema(path, 2), "newer");
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

/// A change with one large incident.
fn large(key: &str, state: State, second: i64) -> Changes {
    let mut incident = incident(key, state, second);
    incident.rule = "x".repeat(20_000);
    Changes {
        totals: vec![("errors".to_owned(), 1.0)],
        incidents: vec![IncidentChange { incident, occurrences: vec![occurrence(second)] }],
        ..Changes::default()
    }
}

#[test]
fn a_full_disk_is_told_and_what_was_there_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.commit(&everything(), at(0)).unwrap();
    let pages = super::pragma(&store.database, "page_count").unwrap();
    let set = |store: &Store, pages: u64| {
        let sql = format!("PRAGMA max_page_count = {pages}");
        store.database.query_row(&sql, [], |_| Ok(())).unwrap();
    };
    set(&store, pages + 2);
    let error = store.commit(&large("b", State::Open, 1), at(0)).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }) && error.may_pass(), "{error:?}");
    assert_eq!(told(&store), EVERYTHING);

    set(&store, pages + 100);
    store.commit(&large("b", State::Open, 1), at(0)).unwrap();
    assert_eq!(store.load().unwrap().incidents.len(), 2);
}

#[test]
fn a_store_at_its_limit_drops_the_oldest_resolved_incidents_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let limits = StoreConfig { store_bytes: ByteSize::mib(8) };
    let mut store = Store::open(dir.path(), &limits, at(0)).unwrap();
    store.commit(&large("open", State::Open, -1), at(0)).unwrap();
    for second in 0..1000 {
        let change = large(&second.to_string(), State::Resolved, second);
        store.commit(&change, at(second)).unwrap();
        // Each takes 20 kB, so nine tenths of 8 MiB are full about the 350th.
        match second {
            300 => assert!(store.incident("0").unwrap().is_some()),
            400 => assert!(store.incident("0").unwrap().is_none()),
            _ => {}
        }
    }
    let kept = store.load().unwrap();
    assert_eq!((kept.incidents.len(), kept.totals.get("errors", &[])), (1, 1001.0));
    assert!(kept.resolved.len() > 200, "only {} are left", kept.resolved.len());
    assert_eq!(kept.resolved.first().map(|it| it.key.as_str()), Some("999"));
    assert!(fs::metadata(dir.path().join("shirwatch.db")).unwrap().len() <= 8 << 20);
}

#[test]
fn of_many_occurrences_the_newest_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    for second in 0..120 {
        let incident = incident("a", State::Open, second);
        let change = IncidentChange { incident, occurrences: vec![occurrence(second)] };
        store.commit(&Changes { incidents: vec![change], ..Changes::default() }, at(0)).unwrap();
    }
    let (_, kept) = Reader::open(dir.path()).unwrap().incident("a").unwrap().unwrap();
    assert_eq!(kept, (70..120).rev().map(occurrence).collect::<Vec<_>>());
}

#[test]
fn of_many_seen_keys_the_newest_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let kept = u64::from(seen::KEPT);
    for run in 0..3_u64 {
        let first = run * 80_000;
        let seen = (first..first + 80_000).map(|key| (key, at(key.cast_signed()))).collect();
        store.commit(&Changes { seen, ..Changes::default() }, at(0)).unwrap();
    }
    let left = store.load().unwrap().seen;
    assert_eq!(left.len() as u64, kept);
    assert_eq!(left.first().map(|it| it.0), Some(239_999));
    assert_eq!(left.last().map(|it| it.0), Some(240_000 - kept));
    assert_eq!(seen::count(&store.database).unwrap(), kept);
}

#[test]
fn a_row_that_cannot_be_read_hides_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.commit(&everything(), at(0)).unwrap();
    store.commit(&large("b", State::Open, 1), at(0)).unwrap();
    store
        .database
        .execute_batch(
            "UPDATE incidents SET category = 'of tomorrow' WHERE key = 'b';
             UPDATE checkpoints SET framing = '';
             UPDATE held SET body = '[]';
             UPDATE outbox SET alert = '{';",
        )
        .unwrap();
    assert_eq!(told(&store), "errors 4.5 open 1 resolved 0 checkpoints 0 seen 2 held 0 outbox 1");
    assert_eq!(store.due(at(0), "ops", 10).unwrap(), []);
    assert_eq!(store.queue_lengths().unwrap().len(), 0, "it would never be sent");
}

#[test]
fn a_reader_sees_each_commit() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Reader::open(dir.path()), Err(StoreError::Absent { .. })));
    let mut store = open(dir.path());
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.incidents(None, 10, 0).unwrap(), []);

    store.commit(&everything(), at(0)).unwrap();
    store.commit(&large("b", State::Resolved, 200), at(0)).unwrap();
    let keys = |state, limit, offset| {
        let found = reader.incidents(state, limit, offset).unwrap();
        found.into_iter().map(|it| it.key).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys(None, 10, 0), "b a");
    assert_eq!(keys(None, 1, 1), "a");
    assert_eq!(keys(Some(State::Open), u64::MAX, 0), "a");
    assert_eq!(keys(Some(State::Resolved), 10, 0), "b");
    // Both have this fingerprint; the open one comes first.
    let (found, occurrences) = reader.incident("fffffffffffffff8").unwrap().unwrap();
    assert_eq!((found.key.as_str(), occurrences.len()), ("a", 2));
    assert_eq!(reader.incident("c").unwrap(), None);
    assert_eq!(reader.incident_counts().unwrap().iter().map(|it| it.count).sum::<u64>(), 2);
    assert_eq!(reader.totals().unwrap().get("errors", &[]), 4.5);
    assert_eq!(reader.checkpoints().unwrap(), everything().checkpoints);
    assert_eq!(reader.held().unwrap(), everything().held);
    assert_eq!(reader.outbox().unwrap().len(), 1);
}

#[test]
fn limits_refuse_unknown_keys() {
    let read = |yaml: &str| serde_saphyr::from_str::<StoreConfig>(yaml).ok();
    assert_eq!(read("{}"), Some(StoreConfig::default()));
    assert_eq!(read("store_bytes: 2MiB").map(|it| it.store_bytes), Some(ByteSize::mib(2)));
    assert_eq!(read("store_byte: 2MiB"), None);
}
