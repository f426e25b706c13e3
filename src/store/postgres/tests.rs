//! What only a shared database promises: members that add up, and leave, and die.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::model::alert::Reason;
use crate::model::changes::Changes;
use crate::model::changes::IncidentChange;
use crate::model::changes::Outgoing;
use crate::model::incident::Ended;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::metrics;
use crate::store::Place;
use crate::store::PostgresConfig;
use crate::store::Reader;
use crate::store::Readers;
use crate::store::StoreConfig;
use crate::store::StoreError;
use crate::store::postgres::Store;
use crate::store::postgres::session::Session;
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
    let keys: BTreeSet<_> = one.news().unwrap().seen.into_iter().collect();
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
fn runs_that_wait_for_a_dead_member_are_adopted_and_settled_once() {
    let Some(bench) = Bench::postgres() else { return };
    let (mut one, mut other) = (member(&bench, "a").unwrap(), member(&bench, "b").unwrap());
    one.commit(&everything(), at(0)).unwrap();
    assert_eq!(other.adopt(&["files"]).unwrap(), [], "it is alive");
    dies(&bench, "a");
    assert_eq!(other.adopt(&["others"]).unwrap(), []);
    assert_eq!(other.adopt(&["files"]).unwrap(), everything().held);
    assert_eq!(other.adopt(&["files"]).unwrap(), []);
    assert_eq!(other.load().unwrap().held, everything().held);
    let duplicates = one.load().unwrap().totals.get(metrics::SOURCE_DUPLICATES.name, &["files"]);
    assert_eq!(duplicates, 1.0, "its ledger balances");
    // It comes back and believes that they are its own.
    let keys: Vec<_> = everything().held.iter().map(|it| it.key).collect();
    let settled = Changes { settled: keys, ..Changes::default() };
    let refused = one.commit(&settled, at(0)).unwrap_err();
    assert!(matches!(refused, StoreError::TakenOver { .. }), "{refused}");
    other.commit(&settled, at(0)).unwrap();
    assert_eq!(other.load().unwrap().held, []);
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

/// What a member of the first version writes: its statements, as they were then.
const OF_THE_FIRST: [&str; 4] = [
    "UPDATE members SET commits = commits + 1, alive_at = clock_timestamp()
        WHERE name = 'old' AND session = 7",
    "INSERT INTO incidents (key) VALUES ('x')
        ON CONFLICT (key) DO UPDATE SET key = excluded.key WHERE false",
    "UPDATE incidents SET fingerprint = '0000000000000007', rule = 'some-rule',
            category = 'authentication', severity = 'error', fault = 'user', state = 'open',
            count = count + 1, last_seen = 2, last_read = 2, places = '{}', course = '{}',
            changed_by = 'old', changed = pg_current_xact_id()
        WHERE key = 'x'",
    "INSERT INTO totals (member, series, value) VALUES ('old', 'errors', 1)
        ON CONFLICT (member, series) DO UPDATE SET value = totals.value + excluded.value",
];

#[test]
fn a_newer_version_migrates_while_an_older_one_writes() {
    let Some(bench) = Bench::postgres() else { return };
    let Place::Postgres(place) = &bench.place else { unreachable!() };
    let schema = &place.schema;
    let first = include_str!("migrations/0001_initial.sql");
    bench.sql(&format!(
        "CREATE SCHEMA {schema}; SET search_path = {schema}; {first};
         INSERT INTO about (version, floor) VALUES (1, 1);
         INSERT INTO members (name, session, alive_at, version)
            VALUES ('old', 7, clock_timestamp(), '0.1.0');
         SELECT setval('sessions', 7)"
    ));
    let mut old = Session::connect(place, "shirwatch of the first version").unwrap();
    let (begun, done) = (&AtomicBool::new(false), &AtomicBool::new(false));
    let commits = thread::scope(|scope| {
        let writing = scope.spawn(move || {
            // Statements are prepared on the old schema, and used on the new one.
            let mut commits = 0;
            let mut after = 0;
            while after < 3 {
                after += i64::from(done.load(Ordering::SeqCst));
                let written = old.transaction(|it| {
                    for sql in OF_THE_FIRST {
                        it.execute(sql, &[])?;
                    }
                    Ok(())
                });
                written.unwrap();
                commits += 1;
                begun.store(true, Ordering::SeqCst);
            }
            commits
        });
        while !begun.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        let mut new = member(&bench, "new").unwrap();
        new.commit(&totals_of(2.0), at(0)).unwrap();
        done.store(true, Ordering::SeqCst);
        writing.join().unwrap()
    });
    bench.sql(&format!(
        "SET search_path = {schema}; SELECT 1 / (commits = {commits})::int FROM members
            WHERE name = 'old' AND since IS NULL;
         SELECT 1 / (count = {commits})::int FROM incidents WHERE key = 'x';
         SELECT 1 / (version = {})::int FROM about WHERE floor = 1",
        super::schema::VERSION
    ));
    // It starts again after the update: what makes its row is of the first version too.
    bench.sql(&format!(
        "SET search_path = {schema}; INSERT INTO members (name, session, alive_at, version)
            VALUES ('old', nextval('sessions'), clock_timestamp(), '0.1.0')
            ON CONFLICT (name) DO UPDATE SET session = excluded.session,
                alive_at = excluded.alive_at, version = excluded.version"
    ));
    let names: Vec<_> = bench.reader().members().unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["new", "old"]);
}

fn totals_of(errors: f64) -> Changes {
    Changes { totals: vec![("errors".to_owned(), errors)], ..Changes::default() }
}

#[test]
fn what_a_command_resolves_all_hear_of_and_one_tells() {
    let Some(bench) = Bench::postgres() else { return };
    let Place::Postgres(place) = &bench.place else { unreachable!() };
    assert!(matches!(super::resolve(place, "x", at(0)), Err(StoreError::Shared { .. })), "empty");
    let (mut one, mut other) = (member(&bench, "a").unwrap(), member(&bench, "b").unwrap());
    one.commit(&seen("x", 3), at(0)).unwrap();
    let before = other.news().unwrap().incidents.remove(0);
    one.news().unwrap();
    assert!(!super::resolve(place, "y", at(1)).unwrap());
    assert!(super::resolve(place, "x", at(1)).unwrap());
    assert!(super::resolve(place, "x", at(2)).unwrap(), "it is over already");
    for member in [&mut one, &mut other] {
        let it = member.news().unwrap().incidents.remove(0);
        assert_eq!((it.state, it.resolved_at, it.count), (State::Resolved, Some(at(1)), 3));
        assert!(it.notified_at.is_some() && it.sample.is_some(), "nobody has told its end");
    }
    // Both want to say so at once, and a third has not heard of it and sees it again.
    let ended = before.clone();
    for member in [&mut one, &mut other] {
        let mut base = ended.clone();
        base.end(Ended::ByHand, at(1));
        let mine = Incident { notified_at: None, ..base.clone() };
        let alert = alert("x", Reason::Resolved, "critical");
        let change = IncidentChange {
            incident: mine,
            base: Some(Box::new(base)),
            occurrences: Vec::new(),
            hours: Vec::new(),
        };
        let outbox = vec![Outgoing { receiver: "pager".to_owned(), alert }];
        let changes = Changes { incidents: vec![change], outbox, ..Changes::default() };
        let stand = member.commit(&changes, at(3)).unwrap();
        assert_eq!((stand[0].state, stand[0].notified_at), (State::Resolved, None));
        assert_eq!(member.queue_lengths().unwrap().get("pager"), Some(&1));
    }
}

#[test]
fn readers_keep_their_connections_and_open_a_lost_one_again() {
    const MINE: &str = "SELECT count(*), min(pid) FROM pg_stat_activity
        WHERE application_name = 'shirwatch reader' AND pid = $1";
    let Some(bench) = Bench::postgres() else { return };
    let Place::Postgres(place) = &bench.place else { unreachable!() };
    let mut writer = member(&bench, "a").unwrap();
    writer.assign("runs", "1").unwrap();
    writer.commit(&everything(), at(0)).unwrap();
    let readers = Readers::new(bench.place.clone());
    let pid = || readers.ask(|it| it.pid()).unwrap();
    let first = pid();
    assert_eq!(pid(), first, "the connection is kept");
    let second = readers.ask(|_| readers.ask(Reader::pid)).unwrap();
    assert_ne!(second, first, "two questions at one time");
    let mut server = Session::connect(place, "shirwatch test").unwrap();
    let kept: i64 = server.query(MINE, &[&first]).unwrap()[0].get(0);
    assert_eq!(kept, 1);
    bench.sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
         WHERE application_name = 'shirwatch reader'",
    );
    let members = readers.ask(Reader::members).unwrap();
    let it = &members[0];
    assert_eq!((members.len(), it.name.as_str(), it.alive), (1, "a", true));
    assert!(it.since.is_some() && it.last_seen >= it.since, "{it:?}");
    assert_eq!(it.sources, ["files", "runs"]);
    assert_ne!(pid(), first);
    writer.leave().unwrap();
    let it = readers.ask(Reader::members).unwrap().remove(0);
    assert_eq!((it.alive, it.last_seen), (false, None));
}

#[test]
fn a_zero_in_a_log_stops_no_commit() {
    let Some(bench) = Bench::postgres() else { return };
    let mut store = member(&bench, "a").unwrap();
    let mut changes = everything();
    changes.totals.push(("errors{pipeline=\"a\0b\"}".to_owned(), 1.0));
    changes.incidents[0].incident.rule.push('\0');
    let places = Arc::make_mut(&mut changes.incidents[0].incident.places);
    places.pipelines.insert("a\0b");
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
