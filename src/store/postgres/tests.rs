//! What only a shared database promises: members that add up, and leave, and die.

use std::collections::BTreeSet;
use std::thread;

use crate::model::alert::Reason;
use crate::model::changes::Changes;
use crate::model::changes::IncidentChange;
use crate::model::changes::Outgoing;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::store::Place;
use crate::store::PostgresConfig;
use crate::store::StoreConfig;
use crate::store::StoreError;
use crate::store::postgres::Store;
use crate::store::tests::Bench;
use crate::store::tests::alert;
use crate::store::tests::at;
use crate::store::tests::everything;
use crate::store::tests::incident;
use crate::store::tests::told_of;

/// A member of the fleet of a bench.
fn member(bench: &Bench, name: &str) -> Result<Store, StoreError> {
    let Place::Postgres(place) = &bench.place else { unreachable!() };
    let place = PostgresConfig { member: Some(name.to_owned()), ..place.clone() };
    Store::open(place, &StoreConfig::default())
}

/// An incident that a member saw `count` times and has told.
fn seen(key: &str, count: u64) -> Changes {
    let told = Incident { count, ..incident(key, State::Open, 100) };
    let change =
        IncidentChange { incident: told, base: None, occurrences: Vec::new(), hours: Vec::new() };
    let alert = alert(key, Reason::FirstSeen, "critical");
    let outbox = vec![Outgoing { receiver: "ops".to_owned(), alert }];
    Changes { incidents: vec![change], outbox, ..Changes::default() }
}

fn dies(bench: &Bench, name: &str) {
    bench.sql(&format!("UPDATE members SET alive_at = '-infinity' WHERE name = '{name}'"));
}

#[test]
fn what_two_members_see_is_one_incident_and_told_once() {
    let Some(bench) = Bench::postgres() else { return };
    let (mut one, mut other) = (member(&bench, "a").unwrap(), member(&bench, "b").unwrap());
    one.commit(&seen("x", 3), at(0)).unwrap();
    let stand = other.commit(&seen("x", 4), at(0)).unwrap();
    assert_eq!((stand.len(), stand[0].count), (1, 7));
    assert_eq!(one.queue_lengths().unwrap().get("ops"), Some(&1));

    let news = one.news().unwrap();
    assert_eq!(news.incidents.iter().map(|it| it.count).collect::<Vec<_>>(), [7]);
    other.commit(&everything(), at(0)).unwrap();
    let keys: BTreeSet<_> = one.news().unwrap().seen.into_iter().map(|it| it.0).collect();
    assert_eq!(keys, BTreeSet::from([5, u64::MAX]));
    assert_eq!(other.news().unwrap().incidents, [], "its own is no news");
}

#[test]
fn each_member_has_totals_and_files_of_its_own() {
    let Some(bench) = Bench::postgres() else { return };
    let (mut one, other) = (member(&bench, "a").unwrap(), member(&bench, "b").unwrap());
    one.commit(&everything(), at(0)).unwrap();
    assert_eq!(
        told_of(other.load().unwrap()),
        "errors 0 open 1 resolved 0 checkpoints 0 seen 2 held 0 outbox 1"
    );
}

#[test]
fn members_that_write_the_same_at_once_wait_for_each_other_and_lose_nothing() {
    let Some(bench) = Bench::postgres() else { return };
    let (members, commits, keys) = (4, 20, ["m", "c", "x", "a"]);
    thread::scope(|scope| {
        for number in 0..members {
            let bench = &bench;
            // All begin with an empty database, and come with their keys in another order.
            scope.spawn(move || {
                let mut store = member(bench, &format!("m{number}")).unwrap();
                for round in 0..commits {
                    let mut changes = Changes::default();
                    for at in 0..keys.len() {
                        let key = keys[(at + number + round) % keys.len()];
                        changes.incidents.append(&mut seen(key, 1).incidents);
                    }
                    store.commit(&changes, at(0)).unwrap();
                }
            });
        }
    });
    let counts: Vec<_> =
        bench.reader().incidents(None, 10, 0).unwrap().iter().map(|it| it.count).collect();
    assert_eq!(counts, [(members * commits) as u64; 4]);
}

#[test]
fn a_lost_connection_is_made_again_and_a_commit_is_done_once() {
    let Some(bench) = Bench::postgres() else { return };
    let mut store = member(&bench, "a").unwrap();
    let number = store.link.borrow().number;
    let cut = |bench: &Bench| {
        bench.sql(&format!(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
             WHERE application_name LIKE 'shirwatch % {number}' AND pid <> pg_backend_pid()
                AND application_name = (SELECT application_name FROM pg_stat_activity WHERE pid = {})",
            pid(&store)
        ));
    };
    cut(&bench);
    let lost = store.commit(&seen("x", 3), at(0)).unwrap_err();
    assert!(lost.may_pass(), "{lost}");
    assert_eq!(store.commit(&seen("x", 3), at(0)).unwrap()[0].count, 3);

    // As if the answer to that had been lost on the way.
    {
        let mut link = store.link.borrow_mut();
        link.commits -= 1;
        (link.doubt, link.session) = (Some(1), None);
    }
    let mut again = seen("x", 3);
    again.outbox.push(Outgoing {
        receiver: "late".to_owned(),
        alert: alert("x", Reason::RepeatDue, "critical"),
    });
    assert_eq!(store.commit(&again, at(0)).unwrap()[0].count, 3);
    let waiting = store.queue_lengths().unwrap();
    assert_eq!((waiting.get("ops"), waiting.get("late")), (Some(&1), Some(&1)));
}

fn pid(store: &Store) -> i32 {
    store.ask(|it| Ok(it.query("SELECT pg_backend_pid()", &[])?[0].get(0))).unwrap()
}

#[test]
fn who_gave_no_sign_of_life_writes_nothing_of_what_another_took_over() {
    let Some(bench) = Bench::postgres() else { return };
    let (mut one, mut other) = (member(&bench, "a").unwrap(), member(&bench, "b").unwrap());
    assert!(one.take("files").unwrap().is_some());
    assert!(other.take("files").unwrap().is_none(), "its reader is alive");
    one.commit(&everything(), at(0)).unwrap();

    dies(&bench, "a");
    let resumed = other.take("files").unwrap().unwrap();
    assert_eq!(resumed.checkpoints, everything().checkpoints);
    assert_eq!(resumed.held, everything().held);
    let refused = one.commit(&everything(), at(0)).unwrap_err();
    assert!(matches!(refused, StoreError::TakenOver { .. }) && !refused.may_pass(), "{refused}");
    let settled = Changes { settled: vec![u64::MAX - 1], ..Changes::default() };
    other.commit(&settled, at(0)).unwrap();
    assert_eq!(
        told_of(one.load().unwrap()),
        "errors 3.5 open 1 resolved 0 checkpoints 0 seen 2 held 0 outbox 1"
    );
}

#[test]
fn a_stream_goes_from_member_to_member_with_its_position() {
    let Some(bench) = Bench::postgres() else { return };
    let (mut one, mut other) = (member(&bench, "a").unwrap(), member(&bench, "b").unwrap());
    assert_eq!(one.assign("files", "1").unwrap(), None);
    one.commit(&everything(), at(0)).unwrap();
    one.release("files", "1");
    assert_eq!(other.assign("files", "1").unwrap().as_ref(), everything().checkpoints.first());
    let totals = Changes { totals: vec![("errors".to_owned(), 1.0)], ..Changes::default() };
    one.commit(&totals, at(0)).unwrap();
    // Who did not give it up, since it was cut off, writes nothing more.
    one.assign("files", "1").unwrap();
    let refused = other.commit(&everything(), at(0)).unwrap_err();
    assert!(matches!(refused, StoreError::TakenOver { .. }), "{refused}");
    assert_eq!(other.load().unwrap().totals.get("errors", &[]), 0.0);
}

#[test]
fn an_alert_that_a_dead_member_had_taken_is_sent_by_another() {
    let Some(bench) = Bench::postgres() else { return };
    let (mut one, mut other) = (member(&bench, "a").unwrap(), member(&bench, "b").unwrap());
    one.commit(&seen("x", 1), at(0)).unwrap();
    assert_eq!(one.due(at(0), "ops", 10).unwrap().len(), 1);
    assert_eq!(other.due(at(0), "ops", 10).unwrap(), []);
    dies(&bench, "a");
    let taken = other.due(at(60), "ops", 10).unwrap();
    assert_eq!(taken.len(), 1);
    other.remove(taken[0].id).unwrap();
    assert!(one.queue_lengths().unwrap().is_empty());
}

#[test]
fn a_member_that_leaves_is_not_waited_for() {
    let Some(bench) = Bench::postgres() else { return };
    let (mut one, mut other) = (member(&bench, "a").unwrap(), member(&bench, "b").unwrap());
    assert!(one.take("files").unwrap().is_some());
    one.leave().unwrap();
    assert!(other.take("files").unwrap().is_some());
}

#[test]
fn one_of_the_fleet_does_a_duty() {
    let Some(bench) = Bench::postgres() else { return };
    let (mut one, mut other) = (member(&bench, "a").unwrap(), member(&bench, "b").unwrap());
    let minute = std::time::Duration::from_secs(60);
    assert!(one.is_my_turn("refresh", minute).unwrap());
    assert!(!other.is_my_turn("refresh", minute).unwrap());
    assert!(other.is_my_turn("another", minute).unwrap());
    assert!(other.is_my_turn("refresh", std::time::Duration::ZERO).unwrap());
}

#[test]
fn a_second_process_of_one_name_is_refused() {
    let Some(bench) = Bench::postgres() else { return };
    let first = member(&bench, "a").unwrap();
    let refused = member(&bench, "a").unwrap_err();
    assert!(matches!(refused, StoreError::MemberInUse { .. }), "{refused}");
    drop(first);
    member(&bench, "a").unwrap();
}

#[test]
fn a_newer_schema_is_used_where_it_says_that_it_may_be() {
    let Some(bench) = Bench::postgres() else { return };
    drop(member(&bench, "a").unwrap());
    bench.sql("UPDATE about SET version = 99; ALTER TABLE incidents ADD COLUMN mood TEXT");
    member(&bench, "a").unwrap().commit(&seen("x", 1), at(0)).unwrap();
    bench.sql("UPDATE about SET floor = 99");
    let refused = member(&bench, "a").unwrap_err();
    assert!(matches!(refused, StoreError::TooNew { found: 99, .. }), "{refused}");
    bench.sql("SELECT 1 / count(*) FROM incidents");
}

#[test]
fn a_zero_in_a_log_stops_no_commit() {
    let Some(bench) = Bench::postgres() else { return };
    let mut store = member(&bench, "a").unwrap();
    let mut changes = everything();
    changes.totals.push(("errors{pipeline=\"a\0b\"}".to_owned(), 1.0));
    changes.incidents[0].incident.rule.push('\0');
    changes.incidents[0].incident.places.pipelines.insert("a\0b".to_owned());
    store.commit(&changes, at(0)).unwrap();
    let kept = store.load().unwrap().incidents;
    assert!(kept[0].places.pipelines.contains("a\0b"), "{:?}", kept[0].places);
}

#[test]
fn a_password_is_in_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let url_file = dir.path().join("url");
    for url in [
        "postgres://u:hunter2@127.0.0.1:1/x",
        "postgres://u:hunter2@127.0.0.1:99999999/x",
        "postgres://u:hunter2@[broken/x?sslmode=perhaps",
        "hunter2",
    ] {
        std::fs::write(&url_file, url).unwrap();
        let place = PostgresConfig { url_file: url_file.clone(), ..PostgresConfig::default() };
        let error = super::Reader::open(&place).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains("hunter2"), "{said}");
        assert!(!said.contains("`store.postgres`") || said.contains("url_file"), "{said}");
    }
}
