//! Two members see the same trouble; what the store holds then is what one would have seen.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::alert::AlertStatus;
use crate::model::finding::{Category, Fault, Severity};
use crate::model::fingerprint::Fingerprint;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + second).unwrap()
}

fn incident() -> Incident {
    Incident {
        key: "a".to_owned(),
        fingerprint: Fingerprint(7),
        group: BTreeMap::new(),
        rule: "sql-login-failed".to_owned(),
        category: Category::Authentication,
        severity: Severity::Error,
        fault: Fault::User,
        state: State::Open,
        count: 1,
        first_seen: at(0),
        last_seen: at(0),
        last_read: at(0),
        resolved_at: None,
        notified_at: Some(at(0)),
        title: String::new(),
        sample: None,
        places: Arc::default(),
        course: Course::default(),
    }
}

/// What a member does: `N` it sees a failure of activity `k` at a second, `heal` one succeeds,
/// `quiet`, `hand` and `over` end it, `told` it tells.
fn act(it: &mut Incident, what: &str) {
    let (what, rest) = what.split_once('@').unwrap_or((what, "0"));
    let second: i64 = rest.parse().unwrap();
    match what {
        "quiet" => end(it, Ended::Quiet, second),
        "hand" => end(it, Ended::ByHand, second),
        "healed" => {
            it.course.failing.clear();
            end(it, Ended::Succeeded, second);
        }
        "told" => it.notified_at = Some(at(second)),
        "worse" => it.severity = Severity::Critical,
        activity => {
            if it.state == State::Resolved {
                (it.state, it.resolved_at, it.notified_at) = (State::Open, None, None);
            }
            it.count += 1;
            it.first_seen = it.first_seen.min(at(second));
            it.last_seen = it.last_seen.max(at(second));
            it.last_read = it.last_read.max(at(second));
            Arc::make_mut(&mut it.places).activities.insert(activity);
            let key = activity.bytes().fold(0, |sum, it| sum * 256 + u64::from(it));
            let last = it.course.failing.entry(key).or_insert(at(second));
            *last = (*last).max(at(second));
            if it.notified_at.is_none() {
                it.course.recent.push(at(second));
                it.course.recent.sort_unstable();
            }
        }
    }
}

fn end(it: &mut Incident, how: Ended, second: i64) {
    (it.state, it.resolved_at, it.notified_at) = (State::Resolved, Some(at(second)), None);
    it.course = Course { ended: Some(how), ..Course::default() };
}

fn after(base: &Incident, acts: &str) -> Incident {
    let mut it = base.clone();
    acts.split_whitespace().for_each(|what| act(&mut it, what));
    it
}

#[test]
#[rustfmt::skip]
fn nothing_is_lost_and_no_end_holds_that_another_saw_go_on() {
    // known to both   one commits     then the other    what stands
    check("",          "x@1 y@2",      "x@3",            "open 4 told");
    check("x@1",       "y@5",          "quiet@4000",     "open 3 told");
    check("x@1",       "quiet@4000",   "y@4001",         "open 3 untold");
    check("x@1",       "quiet@4000",   "quiet@4001",     "resolved 2 untold");
    check("x@1",       "hand@9",       "",               "resolved 2 untold");
    check("x@1",       "y@5",          "hand@9",         "resolved 3 untold");
    check("x@1",       "",             "healed@9",       "resolved 2 untold");
    check("x@1",       "y@5",          "healed@9",       "open 3 told");
    check("x@1",       "x@5",          "healed@4",       "open 3 told");
    check("x@1",       "told@9",       "",               "open 2 told");
    check("quiet@9",   "x@10",         "y@11",           "open 3 untold");
    check("quiet@9",   "x@10 told@10", "y@11 told@11",   "open 3 told");
}

#[track_caller]
fn check(known: &str, first: &str, second: &str, expected: &str) {
    let base = after(&incident(), known);
    let stored = merge(Some(&base), &after(&base, first), &base);
    let stored = merge(Some(&base), &after(&base, second), &stored);
    let told = if stored.notified_at.is_some() { "told" } else { "untold" };
    assert_eq!(format!("{} {} {told}", stored.state.as_str(), stored.count), expected);
    assert_eq!(stored.resolved_at.is_some(), stored.state == State::Resolved);
}

#[test]
fn what_nobody_knew_before_is_added_up() {
    let (one, other) = (after(&incident(), "x@1"), after(&incident(), "y@-5"));
    let it = merge(None, &one, &other);
    assert_eq!((it.count, it.first_seen, it.last_seen), (4, at(-5), at(1)));
    assert_eq!(it.places.activities.len(), 2);
    assert_eq!(it.course.failing.len(), 2);
}

#[test]
#[rustfmt::skip]
fn what_another_has_told_is_not_told_again() {
    use Reason::{Escalated, FirstSeen, Refresh, RepeatDue, Resolved};
    // known to both      the other did      this one does            and says                 of that is told
    said("quiet@9",       "",                "x@10 told@10",          &[FirstSeen],            "yes");
    said("quiet@9",       "x@10 told@10",    "x@10 told@10",          &[FirstSeen],            "no");
    said("quiet@9",       "x@10",            "x@10 told@10",          &[FirstSeen],            "yes");
    said("x@1",           "",                "quiet@99",              &[Resolved],             "yes");
    said("x@1",           "quiet@98",        "quiet@99",              &[Resolved],             "no");
    said("x@1",           "y@97",            "quiet@99",              &[Resolved],             "no");
    said("x@1",           "y@97",            "hand@99",               &[Resolved],             "yes");
    said("x@1",           "",                "told@50",               &[RepeatDue],            "yes");
    said("x@1",           "told@49",         "told@50",               &[RepeatDue],            "no");
    said("x@1",           "",                "worse told@50",         &[Resolved, Escalated],  "yes yes");
    said("x@1",           "worse told@49",   "worse told@50",         &[Resolved, Escalated],  "no no");
    said("x@1",           "quiet@40",        "x@50 worse told@50",    &[Resolved, Escalated],  "no yes");
    said("x@1",           "",                "",                      &[Refresh],              "yes");
    said("x@1",           "quiet@40",        "",                      &[Refresh],              "no");
    said("x@1",           "",                "quiet@9 x@10 told@10",  &[Resolved, FirstSeen],  "yes yes");
    said("x@1",           "quiet@8",         "quiet@9 x@10 told@10",  &[Resolved, FirstSeen],  "no yes");
}

#[track_caller]
fn said(known: &str, other: &str, this: &str, reasons: &[Reason], expected: &str) {
    let base = after(&incident(), known);
    let stored = merge(Some(&base), &after(&base, other), &base);
    let mine = after(&base, this);
    // Each to two receivers.
    let alerts: Vec<_> = reasons.iter().map(|it| alert(*it, &mine, reasons.len() > 1)).collect();
    let twice: Vec<_> = alerts.iter().flat_map(|it| [it, it]).collect();
    let told = untold(Some(&base), &mine, Some(&stored), &twice).wanted;
    let each: Vec<_> = told.chunks(2).map(|it| if it[0] { "yes" } else { "no" }).collect();
    assert!(told.chunks(2).all(|it| it[0] == it[1]), "{told:?}");
    assert_eq!(each.join(" "), expected);
    assert!(untold(None, &mine, None, &twice).wanted.iter().all(|it| *it));
}

fn alert(reason: Reason, of: &Incident, escalates: bool) -> Alert {
    let over = reason == Reason::Resolved;
    let escalates = escalates && over && of.severity == Severity::Critical;
    let severity = if escalates { Severity::Error } else { of.severity };
    Alert {
        incident: of.key.clone(),
        status: if over { AlertStatus::Resolved } else { AlertStatus::Firing },
        reason,
        labels: BTreeMap::from([("severity".to_owned(), severity.as_str().to_owned())]),
        annotations: BTreeMap::new(),
        starts_at: at(0),
        ends_at: None,
        generator_url: String::new(),
        finding: serde_json::Value::Null,
    }
}

/// Failures that a member sees, in the words of [`act`].
fn failures() -> impl Strategy<Value = String> {
    let one = ("[x-z]", 0..100_i64).prop_map(|(activity, second)| format!("{activity}@{second}"));
    prop::collection::vec(one, 0..6).prop_map(|it| it.join(" "))
}

proptest! {
    #[test]
    fn the_order_of_two_members_does_not_matter(
        known in failures(), one in failures(), other in failures(), told in prop::bool::ANY
    ) {
        let base = after(&Incident { notified_at: told.then(|| at(0)), ..incident() }, &known);
        let (one, other) = (after(&base, &one), after(&base, &other));
        let left = merge(Some(&base), &other, &merge(Some(&base), &one, &base));
        let right = merge(Some(&base), &one, &merge(Some(&base), &other, &base));
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(left.count + base.count, one.count + other.count);
        // So it is judged by all failures that were told to nobody, whoever saw them.
        let untold = |it: &Incident| it.course.recent.len();
        prop_assert_eq!(untold(&left) + untold(&base), untold(&one) + untold(&other));
    }

    #[test]
    fn who_has_nothing_new_changes_nothing(
        known in failures(), one in failures(), ends in prop::bool::ANY
    ) {
        let base = after(&incident(), &known);
        let stored = after(&base, &if ends { format!("{one} quiet@200") } else { one });
        prop_assert_eq!(merge(Some(&base), &base, &stored), stored.clone());
        prop_assert_eq!(merge(Some(&base), &stored, &base), stored);
    }
}
