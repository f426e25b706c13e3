//! The engine by itself: failures, successes and time in, notices out.
//!
//! A story is a table of what happens at which minute; what is told stands beside it.

mod fleet;

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use jiff::SignedDuration;
use proptest::prelude::*;
use shirwatch_parsers::{Context, Format, Record, Run};

use super::*;
use crate::model::batch::Position;
use crate::model::finding::Category;
use crate::model::finding::Fault;

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// An activity fails with this fingerprint and category.
    Fails(u64, &'static str, Category),
    /// The same, and worse.
    Worse(u64, &'static str, Category),
    /// It failed long ago, and is read now.
    Failed(u64, &'static str, Category),
    /// An activity succeeds.
    Succeeds(&'static str),
    /// Somebody closes an incident.
    Closed(u64),
    /// Nothing.
    Quiet,
}

use Step::{Closed, Failed, Fails, Quiet, Succeeds, Worse};

const SQL: Category = Category::Connectivity;
const SLOW: Category = Category::Throttling;
const DOWN: Category = Category::IrHealth;

fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
}

fn record(activity: &'static str, status: &'static str, time: Timestamp) -> Record<'static> {
    Record {
        format: Format::ActivityRun,
        time: Some(time),
        context: Context {
            pipeline: Some("nightly".into()),
            activity: Some(activity.into()),
            integration_runtime: Some("ir-plant".into()),
            ..Context::default()
        },
        run: Some(Run { status: status.into(), seconds: None }),
        ..Record::default()
    }
}

fn observe(
    it: &mut Incidents,
    (print, activity, category): (u64, &'static str, Category),
    severity: Severity,
    (time, read_at): (Timestamp, Timestamp),
) -> Option<Notice> {
    static SAMPLE: LazyLock<Redacted<Finding>> = LazyLock::new(|| {
        crate::pipeline::tests::finding(record("Copy", "Failed", Timestamp::UNIX_EPOCH))
    });
    let record = record(activity, "Failed", time);
    let (labels, position) = (BTreeMap::new(), Position { path: "-".into(), offset: 0, line: 1 });
    let sighting = Sighting {
        rule: "some-rule",
        category,
        severity: if category == DOWN { Severity::Critical } else { severity },
        fault: Fault::User,
        fingerprint: Fingerprint(print),
        record: &record,
        labels: &labels,
        position: &position,
        read_at,
    };
    // The places come from the sample; it has to name the runtime, as the record does.
    it.observe(&sighting, || SAMPLE.clone())
}

/// Does one step, then looks at the time; gives what is told.
fn step(it: &mut Incidents, step: Step, now: Timestamp) -> Vec<Notice> {
    let long_ago = now - SignedDuration::from_hours(48);
    let told = match step {
        Fails(p, a, c) => observe(it, (p, a, c), Severity::Error, (now, now)).into_iter().collect(),
        Worse(p, a, c) => {
            observe(it, (p, a, c), Severity::Critical, (now, now)).into_iter().collect()
        }
        Failed(p, a, c) => {
            observe(it, (p, a, c), Severity::Error, (long_ago, now)).into_iter().collect()
        }
        Succeeds(activity) => it.succeeded(&record(activity, "Succeeded", now), now),
        Closed(print) => {
            it.resolve(&Fingerprint(print).to_string(), now).flatten().into_iter().collect()
        }
        Quiet => Vec::new(),
    };
    told.into_iter().chain(it.tick(now)).collect()
}

fn engine(alerts: &str, silence: Option<&str>) -> Incidents {
    let alerts: AlertsConfig = serde_saphyr::from_str(alerts).unwrap();
    let mut it = Incidents::restore(IncidentsConfig::default(), alerts, Vec::new());
    let silence =
        silence.map(|text| Silence::new(&[text.to_owned()], (at(0), at(60)), "", at(0)).unwrap());
    it.silence(silence.into_iter().collect());
    it
}

/// What is told, as `minute reason fingerprint`.
#[track_caller]
fn check(alerts: &str, silence: Option<&str>, story: &[(i64, Step)], expected: &[&str]) {
    let mut it = engine(alerts, silence);
    let mut told = Vec::new();
    for (minute, what) in story {
        for notice in step(&mut it, *what, at(*minute)) {
            let print = notice.key.trim_start_matches('0');
            told.push(format!("{minute} {} {print}", notice.reason.as_str()));
        }
    }
    assert_eq!(told, expected, "{story:?}");
}

const PLAIN: &str = "min_severity: error";

#[test]
#[rustfmt::skip]
fn each_notice_has_its_reason() {
    let five = "rules: [{ match: { category: throttling }, threshold: 3, within: 10m }]";
    // rules, story, told
    check(PLAIN, None, &[(0, Fails(1, "a", SQL)), (1, Fails(1, "a", SQL))],                         &["0 first-seen 1"]);
    check(PLAIN, None, &[(0, Fails(1, "a", SQL)), (1, Worse(1, "a", SQL)), (2, Worse(1, "a", SQL))], &["0 first-seen 1", "1 escalated 1"]);
    check(PLAIN, None, &[(0, Fails(1, "a", SQL)), (60, Quiet), (90, Quiet)],                        &["0 first-seen 1", "60 resolved 1"]);
    check(PLAIN, None, &[(0, Failed(1, "a", SQL)), (60, Quiet)],                                    &[]);
    check(PLAIN, None, &[(0, Fails(1, "a", SQL)), (5, Closed(1)), (6, Closed(1))],                  &["0 first-seen 1", "5 resolved 1"]);
    // a later success
    check(PLAIN, None, &[(0, Fails(1, "a", SQL)), (5, Succeeds("a")), (6, Succeeds("a"))],          &["0 first-seen 1", "5 resolved 1"]);
    check(PLAIN, None, &[(0, Fails(1, "a", SQL)), (5, Succeeds("b"))],                              &["0 first-seen 1"]);
    check(PLAIN, None, &[(0, Fails(1, "a", SQL)), (1, Fails(1, "b", SQL)), (5, Succeeds("A")), (6, Succeeds("b"))], &["0 first-seen 1", "6 resolved 1"]);
    check(PLAIN, None, &[(0, Fails(1, "a", SQL)), (0, Succeeds("a"))],                              &["0 first-seen 1"]);
    // thresholds
    check(five, None, &[(0, Fails(1, "a", SLOW)), (1, Fails(1, "a", SLOW)), (2, Fails(1, "a", SLOW)), (3, Fails(1, "a", SLOW))], &["2 first-seen 1"]);
    check(five, None, &[(0, Fails(1, "a", SLOW)), (20, Fails(1, "a", SLOW)), (40, Fails(1, "a", SLOW)), (200, Quiet)], &[]);
    check(five, None, &[(0, Fails(1, "a", SQL))],                                                   &["0 first-seen 1"]);
    // silences
    check(PLAIN, Some("pipeline=nightly"), &[(0, Fails(1, "a", SQL)), (59, Fails(1, "a", SQL)), (61, Fails(1, "a", SQL))], &["61 first-seen 1"]);
    check(PLAIN, Some("category!=connectivity"), &[(0, Fails(1, "a", SQL))],                        &["0 first-seen 1"]);
    check(PLAIN, Some("category=~conn.*"), &[(0, Fails(1, "a", SQL)), (70, Quiet)],                 &[]);
    // a runtime that is down
    check(PLAIN, None, &[(0, Fails(2, "c", DOWN)), (1, Fails(1, "a", SQL)), (2, Fails(3, "b", SLOW))], &["0 first-seen 2", "2 first-seen 3"]);
    check(PLAIN, None, &[(0, Fails(2, "c", DOWN)), (1, Fails(1, "a", SQL)), (2, Succeeds("c")), (3, Fails(1, "a", SQL))], &["0 first-seen 2", "2 resolved 2", "3 first-seen 1"]);
}

#[test]
fn what_comes_back_again_and_again_is_held_open() {
    let mut it = engine(PLAIN, None);
    let mut told = 0;
    for minute in (0..100).step_by(4) {
        told += step(&mut it, Fails(1, "a", SQL), at(minute)).len();
        told += step(&mut it, Succeeds("a"), at(minute + 2)).len();
    }
    assert_eq!(told, 7, "three rounds, and one first that stays");
    assert!(it.iter().all(|it| it.course.flapping && it.state == State::Open));
    let over = step(&mut it, Quiet, at(96 + 6 * 60));
    assert_eq!(over.last().map(|it| it.reason), Some(Reason::Resolved));
}

#[test]
fn an_engine_that_is_restored_goes_on_the_same() {
    let mut it = engine(PLAIN, None);
    step(&mut it, Fails(1, "a", SQL), at(0));
    let stored = it.drain().into_iter().map(|it| it.incident).collect();
    let mut again = Incidents::restore(IncidentsConfig::default(), AlertsConfig::default(), stored);
    assert_eq!(step(&mut again, Succeeds("a"), at(1)).len(), 1);
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let activity = prop::sample::select(vec!["a", "b", "c"]);
    let category = prop::sample::select(vec![SQL, SLOW]);
    let what =
        (0..9_u8, 1..4_u64, activity, category).prop_map(
            |(kind, print, activity, it)| match kind {
                0..=2 => Fails(print, activity, it),
                3 => Worse(print, activity, it),
                4 => Failed(print, activity, it),
                5 | 6 => Succeeds(activity),
                7 => Closed(print),
                _ => Quiet,
            },
        );
    prop::collection::vec((0..90_i64, what), 1..60)
}

/// What receivers believe of one incident.
#[derive(Debug, Default)]
struct Believed {
    told: Option<Timestamp>,
    worst: bool,
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing is told without a change or a due repeat; each opening is told once at most,
    /// and each end follows a first.
    #[test]
    fn receivers_are_told_what_is_so(story in steps(), slow in any::<bool>()) {
        let rules = "rules: [{ match: { category: [throttling] }, threshold: 2, within: 30m }]";
        let mut it = engine(if slow { rules } else { PLAIN }, None);
        let mut believed = HashMap::<String, Believed>::new();
        let mut now = at(0);
        for (pause, what) in story {
            now += SignedDuration::from_mins(pause);
            let notices = step(&mut it, what, now);
            for notice in &notices {
                let one = believed.entry(notice.key.clone()).or_default();
                match notice.reason {
                    Reason::FirstSeen => {
                        prop_assert!(one.told.is_none(), "told twice: {notice:?}");
                        prop_assert!(matches!(what, Fails(..) | Worse(..)), "{what:?}");
                        one.told = Some(now);
                    }
                    Reason::Escalated => {
                        prop_assert!(one.told.is_some() && !one.worst, "{notice:?}");
                        prop_assert!(matches!(what, Worse(..)), "{what:?}");
                        (one.told, one.worst) = (Some(now), true);
                    }
                    Reason::RepeatDue => {
                        let last = one.told.expect("a repeat follows a first");
                        prop_assert!(now.duration_since(last) >= SignedDuration::from_hours(4));
                        one.told = Some(now);
                    }
                    Reason::Resolved => {
                        prop_assert!(one.told.take().is_some(), "no first: {notice:?}");
                    }
                    _ => prop_assert!(false, "{notice:?}"),
                }
            }
            for incident in it.iter() {
                let told = believed.get(&incident.key).and_then(|it| it.told);
                prop_assert!(incident.state == State::Open || told.is_none(), "{incident:?}");
                prop_assert_eq!(incident.notified_at.is_some(), told.is_some());
            }
        }
    }
}
