//! What the store promises, with real folders and a real database.
//!
//! Each law holds for both back ends. The second is tested where `SHIRWATCH_TEST_POSTGRES` names
//! a file with the address of a PostgreSQL; `tests/all fleet` starts one.

mod kept;
mod outbox;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
#[cfg(feature = "postgres")]
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use shirwatch_parsers::Record;

use crate::model::alert::Alert;
use crate::model::alert::AlertStatus;
use crate::model::alert::Reason;
use crate::model::batch::Framing;
use crate::model::batch::Position;
use crate::model::batch::Shape;
use crate::model::changes::Changes;
use crate::model::changes::Held;
use crate::model::changes::IncidentChange;
use crate::model::changes::Occurrence;
use crate::model::changes::Outgoing;
use crate::model::checkpoint::Checkpoint;
use crate::model::finding::Category;
use crate::model::finding::Fault;
use crate::model::finding::Finding;
use crate::model::finding::Matched;
use crate::model::finding::Severity;
use crate::model::fingerprint::Fingerprint;
use crate::model::hour::{Hour, HourCount};
use crate::model::incident::Course;
use crate::model::incident::Incident;
use crate::model::incident::Places;
use crate::model::incident::State;
use crate::model::redacted::Redacted;
use crate::store::Loaded;
use crate::store::Place;
#[cfg(feature = "postgres")]
use crate::store::PostgresConfig;
use crate::store::Reader;
use crate::store::Store;
use crate::store::StoreConfig;
use crate::store::StoreError;
use crate::store::resolve;

pub(in crate::store) fn at(second: i64) -> Timestamp {
    Timestamp::new(1_770_000_000 + second, 123_456_700).unwrap()
}

pub(in crate::store) fn open(dir: &Path) -> Store {
    Store::open(dir, &StoreConfig::default(), at(0)).unwrap()
}

/// A store of nobody else.
pub(in crate::store) struct Bench {
    pub(in crate::store) place: Place,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { place: dir.path().into(), _dir: dir }
    }

    /// In a schema of its own, which goes with it.
    #[cfg(feature = "postgres")]
    pub(in crate::store) fn postgres() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Some(url_file) = std::env::var_os("SHIRWATCH_TEST_POSTGRES") else {
            println!("without PostgreSQL, since SHIRWATCH_TEST_POSTGRES names no address");
            return None;
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = format!("test_{}_{number}", std::process::id());
        let place = PostgresConfig {
            url_file: url_file.into(),
            schema,
            member: Some("a".to_owned()),
            ca_file: None,
        };
        Some(Self { place: Place::Postgres(place), _dir: tempfile::tempdir().unwrap() })
    }

    pub(in crate::store) fn open(&self) -> Store {
        Store::open(&self.place, &StoreConfig::default(), at(0)).unwrap()
    }

    pub(in crate::store) fn reader(&self) -> Reader {
        Reader::open(&self.place).unwrap()
    }

    /// Does something to the database behind our back.
    pub(in crate::store) fn sql(&self, sql: &str) {
        match &self.place {
            Place::Folder(dir) => {
                let database = rusqlite::Connection::open(dir.join("shirwatch.db")).unwrap();
                database.execute_batch(sql).unwrap();
            }
            #[cfg(feature = "postgres")]
            Place::Postgres(it) => crate::store::postgres::run(it, sql),
            #[cfg(not(feature = "postgres"))]
            Place::Postgres(_) => unreachable!(),
        }
    }

    fn is_sqlite(&self) -> bool {
        matches!(self.place, Place::Folder(_))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Place::Postgres(it) = &self.place {
            self.sql(&format!("DROP SCHEMA IF EXISTS {} CASCADE", it.schema));
        }
    }
}

/// Proves a law for each back end.
pub(in crate::store) fn each(law: impl Fn(&Bench)) {
    law(&Bench::sqlite());
    #[cfg(feature = "postgres")]
    if let Some(bench) = Bench::postgres() {
        law(&bench);
    }
}

pub(in crate::store) fn alert(incident: &str, reason: Reason, severity: &str) -> Alert {
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

pub(in crate::store) fn finding() -> Redacted<Finding> {
    let record = Record { message: "Login failed for user 'etl'.".into(), ..Record::default() };
    Redacted::from_store(Finding {
        numbers: Vec::new(),
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

pub(in crate::store) fn incident(key: &str, state: State, second: i64) -> Incident {
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
        title: finding().title.clone(),
        sample: Some(Box::new(finding())),
        places: Arc::new(Places {
            pipelines: ["nightly"].into_iter().collect(),
            ..Places::default()
        }),
        course: Course::default(),
    }
}

pub(in crate::store) fn position(line: u64) -> Position {
    Position { path: "copy.log".to_owned(), offset: line * 100, line }
}

pub(in crate::store) fn occurrence(second: i64) -> Occurrence {
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

pub(in crate::store) fn hour(hour: i64, count: u64) -> HourCount {
    HourCount { hour: Hour(hour), severity: Severity::Error, count }
}

/// Something for every table.
pub(in crate::store) fn everything() -> Changes {
    Changes {
        totals: vec![("errors".to_owned(), 2.0), ("errors".to_owned(), 1.5)],
        hours: vec![hour(490_000, 2), hour(490_001, 1)],
        incidents: vec![IncidentChange {
            incident: incident("a", State::Open, 100),
            base: None,
            occurrences: vec![occurrence(99), occurrence(100)],
            hours: vec![(Hour(490_000), 2), (Hour(490_001), 1)],
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
        seen: vec![u64::MAX, 5],
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
pub(in crate::store) fn told(store: &Store) -> String {
    told_of(store.load().unwrap())
}

pub(in crate::store) fn told_of(it: Loaded) -> String {
    format!(
        "errors {} open {} resolved {} checkpoints {} seen {} held {} outbox {}",
        it.totals.get("errors", &[]),
        it.incidents.len(),
        it.resolved.len(),
        it.checkpoints.len(),
        distinct(&it.seen).len(),
        it.held.len(),
        it.queue_lengths.values().sum::<u64>(),
    )
}

/// Each key once, where it stands first.
pub(in crate::store) fn distinct(keys: &[u64]) -> Vec<u64> {
    let mut met = HashSet::new();
    keys.iter().copied().filter(|key| met.insert(*key)).collect()
}

pub(in crate::store) const NOTHING: &str =
    "errors 0 open 0 resolved 0 checkpoints 0 seen 0 held 0 outbox 0";
pub(in crate::store) const EVERYTHING: &str =
    "errors 3.5 open 1 resolved 0 checkpoints 1 seen 2 held 1 outbox 1";

#[test]
fn a_store_that_is_opened_again_tells_the_same() {
    each(|bench| {
        let mut store = bench.open();
        assert_eq!(told(&store), NOTHING);
        let again = || Changes { seen: vec![5], ..Changes::default() };
        store.commit(&again(), at(-1)).unwrap();
        store.commit(&everything(), at(0)).unwrap();
        store.commit(&again(), at(1)).unwrap();
        store.commit(&again(), at(-2)).unwrap();
        drop(store);

        let store = bench.open();
        assert_eq!(told(&store), EVERYTHING);
        let (loaded, written) = (store.load().unwrap(), everything());
        assert_eq!(loaded.incidents, [written.incidents[0].incident.clone().without_sample()]);
        assert_eq!(loaded.checkpoints, written.checkpoints);
        assert_eq!(loaded.held, written.held);
        assert_eq!(
            distinct(&loaded.seen),
            [5, u64::MAX],
            "the newest first, whatever the clock says"
        );
    });
}

#[test]
fn what_is_settled_or_forgotten_is_gone() {
    each(|bench| {
        let mut store = bench.open();
        store.commit(&everything(), at(0)).unwrap();
        let over = Changes {
            totals: vec![("errors".to_owned(), 1.0), ("broken".to_owned(), f64::NAN)],
            incidents: vec![IncidentChange {
                incident: incident("a", State::Resolved, 100),
                base: Some(Box::new(incident("a", State::Open, 100))),
                occurrences: Vec::new(),
                hours: Vec::new(),
            }],
            forgotten: vec![("files".to_owned(), "1".to_owned())],
            settled: vec![u64::MAX - 1],
            ..Changes::default()
        };
        store.commit(&over, at(0)).unwrap();
        assert_eq!(
            told(&store),
            "errors 4.5 open 0 resolved 1 checkpoints 0 seen 2 held 0 outbox 1"
        );
        assert_eq!(store.incident("a").unwrap(), Some(incident("a", State::Resolved, 100)));
    });
}

#[test]
fn an_incident_is_closed_by_its_key_or_its_fingerprint() {
    each(|bench| {
        for name in ["a", "fffffffffffffff8"] {
            let open = IncidentChange {
                incident: incident("a", State::Open, 100),
                base: None,
                occurrences: Vec::new(),
                hours: Vec::new(),
            };
            let mut store = bench.open();
            store.commit(&Changes { incidents: vec![open], ..Changes::default() }, at(0)).unwrap();
            drop(store);
            assert!(!resolve(&bench.place, "b", at(200)).unwrap());
            assert!(resolve(&bench.place, name, at(200)).unwrap(), "{name}");
            let closed = bench.open().incident("a").unwrap().unwrap();
            assert_eq!((closed.state, closed.resolved_at), (State::Resolved, Some(at(200))));
        }
    });
}

/// A change with one large incident.
pub(in crate::store) fn large(key: &str, state: State, second: i64) -> Changes {
    let mut incident = incident(key, state, second);
    incident.rule = "x".repeat(20_000);
    Changes {
        totals: vec![("errors".to_owned(), 1.0)],
        incidents: vec![IncidentChange {
            incident,
            base: None,
            occurrences: vec![occurrence(second)],
            hours: Vec::new(),
        }],
        ..Changes::default()
    }
}

#[test]
fn a_row_that_cannot_be_read_hides_no_other() {
    each(|bench| {
        let mut store = bench.open();
        store.commit(&everything(), at(0)).unwrap();
        store.commit(&large("b", State::Open, 1), at(0)).unwrap();
        bench.sql(
            "UPDATE incidents SET category = 'of tomorrow' WHERE key = 'b';
             UPDATE checkpoints SET framing = '';
             UPDATE held SET body = '[]';
             UPDATE outbox SET alert = '{';",
        );
        assert_eq!(
            told(&store),
            "errors 4.5 open 1 resolved 0 checkpoints 0 seen 2 held 0 outbox 1"
        );
        assert_eq!(store.due(at(0), "ops", 10).unwrap(), []);
        assert_eq!(store.queue_lengths().unwrap().len(), 0, "it would never be sent");
    });
}

#[test]
fn a_reader_sees_each_commit() {
    each(|bench| {
        assert!(matches!(
            Reader::open(&bench.place),
            Err(StoreError::Absent { .. } | StoreError::Shared { .. })
        ));
        let mut store = bench.open();
        let reader = bench.reader();
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
        assert_eq!(reader.hours(Hour(490_000), Hour(490_001)).unwrap(), [hour(490_000, 2)]);
        assert_eq!(reader.newest_hour(Hour(490_001)).unwrap(), Some(Hour(490_000)));
        assert_eq!(reader.hours_of("a").unwrap(), [(Hour(490_000), 2), (Hour(490_001), 1)].into());
    });
}

#[test]
fn incidents_of_a_rule_come_the_most_frequent_first() {
    each(|bench| {
        let mut store = bench.open();
        for (key, count, state) in
            [("a", 2, State::Open), ("b", 9, State::Open), ("c", 5, State::Resolved)]
        {
            let mut changes = large(key, state, 100);
            changes.incidents[0].incident.count = count;
            store.commit(&changes, at(0)).unwrap();
        }
        let reader = bench.reader();
        let keys = |rule: &str, state| {
            let found = reader.incidents_of(rule, state, 10).unwrap();
            found.into_iter().map(|it| it.key).collect::<Vec<_>>().join(" ")
        };
        let rule = "x".repeat(20_000);
        assert_eq!(keys(&rule, None), "b c a");
        assert_eq!(keys(&rule, Some(State::Open)), "b a");
        assert_eq!(keys("another", None), "");
    });
}

#[test]
fn a_commit_that_fails_at_any_table_writes_nothing() {
    let tables = [
        "totals",
        "hours",
        "incidents",
        "incident_hours",
        "occurrences",
        "outbox",
        "checkpoints",
        "held",
        "seen",
    ];
    for table in tables {
        each(|bench| {
            let mut store = bench.open();
            let refuse = if bench.is_sqlite() {
                "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            } else {
                bench.sql(
                    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                     AS $$ BEGIN RAISE 'refused'; END $$",
                );
                "EXECUTE FUNCTION refuse()"
            };
            bench.sql(&format!(
                "CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW {refuse}"
            ));
            assert!(store.commit(&everything(), at(0)).is_err(), "{table}");
            assert_eq!(told(&store), NOTHING, "{table}");
        });
    }
}
