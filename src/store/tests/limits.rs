//! The limits: of the disk, of the file, of what is kept of each thing.

use std::fs;

use crate::model::changes::Changes;
use crate::model::changes::IncidentChange;
use crate::model::hour::Hour;
use crate::model::incident::State;
use crate::model::size::ByteSize;
use crate::store::Reader;
use crate::store::Store;
use crate::store::StoreConfig;
use crate::store::StoreError;
use crate::store::hours;
use crate::store::pragma;
use crate::store::seen;
use crate::store::tests::EVERYTHING;
use crate::store::tests::at;
use crate::store::tests::everything;
use crate::store::tests::hour;
use crate::store::tests::incident;
use crate::store::tests::large;
use crate::store::tests::occurrence;
use crate::store::tests::open;
use crate::store::tests::told;

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
fn of_many_occurrences_the_newest_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    for second in 0..120 {
        let incident = incident("a", State::Open, second);
        let change =
            IncidentChange { incident, occurrences: vec![occurrence(second)], hours: Vec::new() };
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
fn limits_refuse_unknown_keys() {
    let read = |yaml: &str| serde_saphyr::from_str::<StoreConfig>(yaml).ok();
    assert_eq!(read("{}"), Some(StoreConfig::default()));
    assert_eq!(read("store_bytes: 2MiB").map(|it| it.store_bytes), Some(ByteSize::mib(2)));
    assert_eq!(read("store_byte: 2MiB"), None);
}

#[test]
fn of_many_hours_the_newest_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    for first in [0, hours::KEPT] {
        let hours = (first..first + hours::KEPT).map(|it| hour(it, 1)).collect();
        let of_one = (first..first + hours::KEPT).map(|it| (Hour(it), 1)).collect();
        let incident = incident("a", State::Open, 0);
        let change = IncidentChange { incident, occurrences: Vec::new(), hours: of_one };
        store
            .commit(&Changes { hours, incidents: vec![change], ..Changes::default() }, at(0))
            .unwrap();
    }
    // What was counted before counts on; an hour before all that are kept is not taken back.
    store
        .commit(
            &Changes { hours: vec![hour(5, 1), hour(hours::KEPT, 2)], ..Changes::default() },
            at(0),
        )
        .unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    let kept = reader.hours(Hour(0), Hour(i64::MAX)).unwrap();
    assert_eq!((kept.len() as i64, kept[0]), (hours::KEPT, hour(hours::KEPT, 3)));
    assert_eq!(reader.hours_of("a").unwrap().len() as i64, hours::KEPT_OF_ONE);
}
