//! Incidents under silences, a runtime that is down, and restarts, in any order.
//!
//! Two engines see the same steps. One is ended and begun anew from the real store again and
//! again, the other never: they must tell the same. What they tell must be what a receiver
//! may believe: nothing twice, nothing that is silenced or follows from what is down, and at
//! once what is neither.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use shirwatch_parsers::{Context, Format, Record, Run};

use shirwatch::catalogue::Catalogue;
use shirwatch::model::alert::Reason;
use shirwatch::model::batch::Position;
use shirwatch::model::changes::Changes;
use shirwatch::model::finding::{Category, Fault, Finding, Severity};
use shirwatch::model::fingerprint::Fingerprint;
use shirwatch::model::incident::{Incident, State};
use shirwatch::model::redacted::{Redacted, RedactionConfig, Redactor};
use shirwatch::model::silence::Silence;
use shirwatch::pipeline::incidents::{AlertsConfig, Incidents, IncidentsConfig, Notice, Sighting};
use shirwatch::store::{Silences, Store, StoreConfig};

/// What happens.
#[derive(Debug, Clone)]
enum Step {
    /// An activity fails on one of two runtimes, with this fingerprint.
    Fails(u64, &'static str, &'static str),
    /// The same, and worse.
    Worse(u64, &'static str, &'static str),
    /// A runtime is said to be down.
    Down(&'static str),
    /// An activity succeeds.
    Succeeds(&'static str, &'static str),
    /// Somebody silences something for so many minutes.
    Silenced(&'static str, i64),
    /// Somebody ends the oldest silence.
    Spoken,
    /// The daemon ends, and begins anew from its store.
    Restart,
    /// Nothing.
    Quiet,
}

use Step::{Down, Fails, Quiet, Restart, Silenced, Spoken, Succeeds, Worse};

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let activity = prop::sample::select(vec!["a", "b"]);
    let runtime = prop::sample::select(vec!["ir-north", "ir-south"]);
    let matcher = prop::sample::select(vec![
        "category=connectivity",
        "integration_runtime=ir-north",
        "severity!=critical",
        "pipeline=~night.*",
    ]);
    let what = (0..14_u8, 1..4_u64, activity, runtime, matcher, 1..200_i64).prop_map(
        |(kind, print, activity, runtime, matcher, minutes)| match kind {
            0..=3 => Fails(print, activity, runtime),
            4 => Worse(print, activity, runtime),
            5 => Down(runtime),
            6 | 7 => Succeeds(activity, runtime),
            8 | 9 => Silenced(matcher, minutes),
            10 => Spoken,
            11 | 12 => Restart,
            _ => Quiet,
        },
    );
    prop::collection::vec((0..70_i64, what), 1..40)
}

/// The number of the incident that a runtime is down.
const DOWN: u64 = 9;

fn record(activity: &'static str, runtime: &'static str, status: &'static str) -> Record<'static> {
    Record {
        format: Format::ActivityRun,
        context: Context {
            pipeline: Some("nightly".into()),
            activity: Some(activity.into()),
            integration_runtime: Some(runtime.into()),
            ..Context::default()
        },
        run: Some(Run { status: status.into(), seconds: None }),
        ..Record::default()
    }
}

fn sample(record: &Record<'static>) -> Redacted<Finding> {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());
    let verdict = CATALOGUE.classify(record);
    let finding = CATALOGUE.finding(record.clone(), &verdict, Fingerprint(1));
    Redactor::new(&RedactionConfig::default()).redact(finding)
}

fn fail(
    it: &mut Incidents,
    print: u64,
    record: &Record<'static>,
    severity: Severity,
    now: Timestamp,
) -> Option<Notice> {
    let down = print == DOWN;
    let record = Record { time: Some(now), ..record.clone() };
    let sighting = Sighting {
        rule: if down { "some-down" } else { "some-rule" },
        category: if down { Category::IrHealth } else { Category::Connectivity },
        severity: if down { Severity::Critical } else { severity },
        fault: Fault::Environment,
        fingerprint: Fingerprint(print),
        record: &record,
        labels: &BTreeMap::new(),
        position: &Position { path: "-".into(), offset: 0, line: 1 },
        read_at: now,
    };
    it.observe(&sighting, || sample(&record))
}

/// Does one step, then looks at the time; gives what is told.
fn step(it: &mut Incidents, step: &Step, silences: &[Silence], now: Timestamp) -> Vec<Notice> {
    it.silence(silences.to_vec());
    let told: Vec<_> = match step {
        Fails(print, activity, runtime) => {
            let record = record(activity, runtime, "Failed");
            fail(it, *print, &record, Severity::Error, now).into_iter().collect()
        }
        Worse(print, activity, runtime) => {
            let record = record(activity, runtime, "Failed");
            fail(it, *print, &record, Severity::Critical, now).into_iter().collect()
        }
        Down(runtime) => {
            let record = record("down", runtime, "Failed");
            fail(it, DOWN, &record, Severity::Critical, now).into_iter().collect()
        }
        Succeeds(activity, runtime) => {
            let record = record(activity, runtime, "Succeeded");
            it.succeeded(&Record { time: Some(now), ..record }, now)
        }
        _ => Vec::new(),
    };
    told.into_iter().chain(it.tick(now)).collect()
}

/// Writes what changed, closes the store, and begins anew from what it holds.
fn restarted(it: &mut Incidents, dir: &Path, now: Timestamp) -> Incidents {
    let mut store = Store::open(dir, &StoreConfig::default(), now).unwrap();
    let changes = Changes { incidents: it.drain(), ..Changes::default() };
    store.commit(&changes, now).unwrap();
    let loaded = store.load().unwrap();
    let stored = loaded.incidents.into_iter().chain(loaded.resolved).collect();
    Incidents::restore(IncidentsConfig::default(), AlertsConfig::default(), stored)
}

fn fresh() -> Incidents {
    Incidents::restore(IncidentsConfig::default(), AlertsConfig::default(), Vec::new())
}

/// All that is known of an incident, without the sample, which the store keeps.
fn known(it: &Incidents) -> BTreeMap<String, String> {
    let bare = |it: &Incident| Incident { sample: None, title: String::new(), ..it.clone() };
    it.iter().map(|it| (it.key.clone(), format!("{:?}", bare(it)))).collect()
}

/// Runtimes of which an open incident says that they are down.
fn down(it: &Incidents) -> BTreeSet<String> {
    let open = it.iter().filter(|it| it.category == Category::IrHealth && it.state == State::Open);
    open.flat_map(|it| it.places.integration_runtimes.iter().map(str::to_owned)).collect()
}

/// Whether an incident is to be kept quiet.
fn hushed(it: &Incident, down: &BTreeSet<String>, silences: &[Silence], now: Timestamp) -> bool {
    let follows = it.category == Category::Connectivity
        && it.places.integration_runtimes.iter().all(|it| down.contains(it));
    follows || silences.iter().any(|silence| silence.covers(it, now))
}

/// What is told agrees with what a receiver believes.
fn believe(
    told: &mut BTreeSet<String>,
    it: &Incidents,
    notices: &[Notice],
    before: &BTreeSet<String>,
    (what, silences, now): (&Step, &[Silence], Timestamp),
) -> Result<(), TestCaseError> {
    for notice in notices {
        let incident = it.get(&notice.key).unwrap();
        if notice.reason == Reason::Resolved {
            prop_assert!(told.remove(&notice.key), "no first: {notice:?}");
            continue;
        }
        let new = told.insert(notice.key.clone());
        prop_assert_eq!(new, notice.reason == Reason::FirstSeen, "{:?}", notice);
        prop_assert!(!hushed(incident, &down(it), silences, now), "told: {notice:?}");
    }
    // What fails and nobody hushes is told at once, if it was not.
    let failed = match what {
        Fails(print, ..) | Worse(print, ..) => Some(*print),
        Down(_) => Some(DOWN),
        _ => None,
    };
    for incident in it.iter().filter(|it| failed == Some(it.fingerprint.0)) {
        // What was down may have ended right after.
        let quiet = hushed(incident, before, silences, now);
        prop_assert!(quiet || told.contains(&incident.key), "not told: {incident:?}");
    }
    for incident in it.iter() {
        let believed = told.contains(&incident.key);
        prop_assert_eq!(incident.notified_at.is_some(), believed);
        prop_assert!(incident.state == State::Open || !believed, "never over: {incident:?}");
    }
    Ok(())
}

/// What is said at the same moment is said in no order.
fn in_order(notices: &[Notice]) -> Vec<&Notice> {
    let mut notices: Vec<_> = notices.iter().collect();
    notices.sort_by(|a, b| a.key.cmp(&b.key));
    notices
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_daemon_that_is_restarted_tells_what_one_that_is_not_would(story in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let mut now: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
        drop(Store::open(dir.path(), &StoreConfig::default(), now).unwrap());
        let (mut ours, mut twin, mut told) = (fresh(), fresh(), BTreeSet::new());
        for (at, (pause, what)) in story.into_iter().enumerate() {
            now += SignedDuration::from_mins(pause);
            let mut kept = Silences::open(dir.path()).unwrap();
            match &what {
                Silenced(matcher, minutes) => {
                    let until = now + SignedDuration::from_mins(*minutes);
                    // The time makes its name; two may be made in the same minute.
                    let made = now + SignedDuration::from_nanos(at as i64);
                    let it = Silence::new(&[(*matcher).to_owned()], (now, until), "", made);
                    kept.add(&it.unwrap(), now).unwrap();
                }
                Spoken => {
                    if let Some(oldest) = kept.list().unwrap().first() {
                        kept.expire(&oldest.id, now).unwrap();
                    }
                }
                Restart => ours = restarted(&mut ours, dir.path(), now),
                _ => {}
            }
            let silences: Vec<_> =
                kept.list().unwrap().into_iter().filter(|it| it.ends_at > now).collect();
            let before = down(&ours);
            let said = step(&mut ours, &what, &silences, now);
            let twins = step(&mut twin, &what, &silences, now);
            prop_assert_eq!(in_order(&said), in_order(&twins));
            prop_assert_eq!(known(&ours), known(&twin));
            believe(&mut told, &ours, &said, &before, (&what, &silences, now))?;
        }
    }
}
