//! The limits: of the disk, of the file, of what is kept of each thing.

use std::fs;

use crate::model::changes::Changes;
use crate::model::changes::IncidentChange;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::size::ByteSize;
use crate::store::StoreConfig;
use crate::store::StoreError;
use crate::store::sqlite::Store;
use crate::store::sqlite::pragma;
use crate::store::sqlite::tests::open;
use crate::store::sqlite::tests::told;
use crate::store::tests::EVERYTHING;
use crate::store::tests::at;
use crate::store::tests::everything;
use crate::store::tests::incident;
use crate::store::tests::large;
use crate::store::tests::occurrence;

#[test]
fn a_full_disk_is_told_and_what_was_there_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.commit(&everything(), at(0)).unwrap();
    let pages = pragma(&store.database, "page_count").unwrap();
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
fn what_is_not_kept_takes_no_room() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    for second in 0..60_i64 {
        let count = second.unsigned_abs() + 1;
        let incident = Incident { count, ..incident("a", State::Open, second) };
        let occurrences = vec![occurrence(second)];
        let hours = Vec::new();
        let change = IncidentChange { incident, base: None, occurrences, hours };
        let seen = (0..10_000).map(|it| it + 10_000 * second.unsigned_abs()).collect();
        let changes = Changes { incidents: vec![change], seen, ..Changes::default() };
        store.commit(&changes, at(second)).unwrap();
    }
    let rows = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        store.database.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(rows("occurrences"), 50);
    // Three rows of each 10,000 keys, and of 200,000 keys to 220,000.
    assert!((60..=66).contains(&rows("seen")), "{} rows", rows("seen"));
    assert_eq!(rows("samples"), 1);
}

#[test]
fn limits_refuse_unknown_keys() {
    let read = |yaml: &str| serde_saphyr::from_str::<StoreConfig>(yaml).ok();
    assert_eq!(read("{}"), Some(StoreConfig::default()));
    assert_eq!(read("store_bytes: 2MiB").map(|it| it.store_bytes), Some(ByteSize::mib(2)));
    assert_eq!(read("store_byte: 2MiB"), None);
}
