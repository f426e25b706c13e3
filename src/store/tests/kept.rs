//! What is kept of each thing: the newest.

use crate::model::changes::Changes;
use crate::model::changes::IncidentChange;
use crate::model::hour::Hour;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::store::tests::at;
use crate::store::tests::each;
use crate::store::tests::hour;
use crate::store::tests::incident;
use crate::store::tests::occurrence;

/// Hours of errors that are kept, and those of one incident.
const KEPT: i64 = 92 * 24;
const KEPT_OF_ONE: i64 = 7 * 24;

#[test]
fn of_many_occurrences_the_newest_stay() {
    each(|bench| {
        let mut store = bench.open();
        for second in 0..120_i64 {
            let count = second.unsigned_abs() + 1;
            let change = IncidentChange {
                incident: Incident { count, ..incident("a", State::Open, second) },
                base: None,
                occurrences: vec![occurrence(second)],
                hours: Vec::new(),
            };
            store
                .commit(&Changes { incidents: vec![change], ..Changes::default() }, at(0))
                .unwrap();
        }
        let (_, kept) = bench.reader().incident("a").unwrap().unwrap();
        assert_eq!(kept, (70..120).rev().map(occurrence).collect::<Vec<_>>());
    });
}

#[test]
fn of_many_seen_keys_the_newest_stay() {
    each(|bench| {
        let mut store = bench.open();
        let kept = 200_000;
        for run in 0..3_i64 {
            let first = run.unsigned_abs() * 80_000;
            let seen = (first..first + 80_000).collect();
            store.commit(&Changes { seen, ..Changes::default() }, at(run)).unwrap();
        }
        let left = store.load().unwrap().seen;
        assert_eq!(left.len() as u64, kept);
        let newest = (160_000..240_000).chain(80_000..160_000);
        assert!(left.iter().copied().take(160_000).eq(newest));
        assert!(left[160_000..].iter().all(|it| *it < 80_000));
    });
}

#[test]
fn of_many_hours_the_newest_stay() {
    each(|bench| {
        let mut store = bench.open();
        for first in [0, KEPT] {
            let hours = (first..first + KEPT).map(|it| hour(it, 1)).collect();
            let of_one = (first..first + KEPT).map(|it| (Hour(it), 1)).collect();
            let incident = incident("a", State::Open, 0);
            let change =
                IncidentChange { incident, base: None, occurrences: Vec::new(), hours: of_one };
            store
                .commit(&Changes { hours, incidents: vec![change], ..Changes::default() }, at(0))
                .unwrap();
        }
        // What was counted before counts on; an hour before all that are kept is not taken back.
        store
            .commit(
                &Changes { hours: vec![hour(5, 1), hour(KEPT, 2)], ..Changes::default() },
                at(0),
            )
            .unwrap();
        let reader = bench.reader();
        let kept = reader.hours(Hour(0), Hour(i64::MAX)).unwrap();
        assert_eq!((kept.len() as i64, kept[0]), (KEPT, hour(KEPT, 3)));
        assert_eq!(reader.hours_of("a").unwrap().len() as i64, KEPT_OF_ONE);
    });
}
