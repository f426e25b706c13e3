//! Three members and one store: whatever happens to whom, in whatever order they write and hear
//! of each other, all failures are counted and receivers are told what one daemon would tell.

use super::*;
use crate::model::alert::Alert;
use crate::model::alert::AlertStatus;
use crate::model::incident::Ended;
use crate::model::merge::merge;
use crate::model::merge::untold;

const MEMBERS: usize = 3;

/// What a store does, without one.
struct Fleet {
    members: Vec<Incidents>,
    /// What each wants to say, with its next commit.
    said: Vec<Vec<Alert>>,
    stored: BTreeMap<String, Incident>,
    /// Who wrote what, in order, and how much of that each has heard of.
    written: Vec<(usize, String)>,
    heard: Vec<usize>,
    told: Vec<Alert>,
}

impl Fleet {
    fn new(alerts: &str) -> Self {
        Self {
            members: (0..MEMBERS).map(|_| engine(alerts, None).sharing()).collect(),
            said: vec![Vec::new(); MEMBERS],
            stored: BTreeMap::new(),
            written: Vec::new(),
            heard: vec![0; MEMBERS],
            told: Vec::new(),
        }
    }

    fn say(&mut self, who: usize, notices: Vec<Notice>) {
        for notice in notices {
            let severity = self.members[who].get(&notice.key).unwrap().severity;
            if let Some(was) = notice.was {
                self.said[who].push(alert(&notice.key, Reason::Resolved, was));
            }
            self.said[who].push(alert(&notice.key, notice.reason, severity));
        }
    }

    fn happens(&mut self, who: usize, what: Step, now: Timestamp) {
        let notices = step(&mut self.members[who], what, now);
        self.say(who, notices);
    }

    fn commit(&mut self, who: usize, now: Timestamp) {
        let said = std::mem::take(&mut self.said[who]);
        let changes = self.members[who].drain();
        let mut stand = Vec::new();
        for change in &changes {
            let (mine, base) = (&change.incident, change.base.as_deref());
            let stored = self.stored.get(&mine.key);
            let alerts: Vec<_> = said.iter().filter(|it| it.incident == mine.key).collect();
            let untold = untold(base, mine, stored, &alerts);
            let mut now = stored.map_or_else(|| mine.clone(), |it| merge(base, mine, it));
            untold.note(&mut now);
            let wanted = alerts.into_iter().zip(untold.wanted).filter(|(_, wanted)| *wanted);
            self.told.extend(wanted.map(|(it, _)| it.clone()));
            self.stored.insert(mine.key.clone(), now.clone());
            self.written.push((who, mine.key.clone()));
            stand.push(now);
        }
        let silent =
            said.iter().filter(|it| !changes.iter().any(|c| c.incident.key == it.incident));
        assert_eq!(silent.count(), 0, "what is said of an incident comes with its change");
        self.take_in(who, stand, now);
    }

    /// As the service does: what a member has to say is written before it hears of others.
    fn hear(&mut self, who: usize, now: Timestamp) {
        self.commit(who, now);
        let news = self.written[self.heard[who]..].iter().filter(|(by, _)| *by != who);
        let news: Vec<_> = news.map(|(_, key)| self.stored[key].clone()).collect();
        self.heard[who] = self.written.len();
        self.take_in(who, news, now);
    }

    fn take_in(&mut self, who: usize, stand: Vec<Incident>, now: Timestamp) {
        for it in stand {
            let notice = self.members[who].take_in(it, now);
            self.say(who, notice.into_iter().collect());
        }
    }

    /// All have written what they know, and heard what the others know.
    fn settle(&mut self, now: Timestamp) {
        for _ in 0..3 {
            (0..MEMBERS).for_each(|who| self.commit(who, now));
            (0..MEMBERS).for_each(|who| self.hear(who, now));
        }
    }
}

fn alert(key: &str, reason: Reason, severity: Severity) -> Alert {
    let over = reason == Reason::Resolved;
    Alert {
        incident: key.to_owned(),
        status: if over { AlertStatus::Resolved } else { AlertStatus::Firing },
        reason,
        labels: BTreeMap::from([("severity".to_owned(), severity.as_str().to_owned())]),
        annotations: BTreeMap::new(),
        starts_at: Timestamp::UNIX_EPOCH,
        ends_at: None,
        generator_url: String::new(),
        finding: serde_json::Value::Null,
    }
}

/// Receivers hear of a beginning once, and of an end after it.
fn follows(told: &[Alert]) -> Result<BTreeMap<String, bool>, String> {
    let mut open = BTreeMap::<String, bool>::new();
    for (at, it) in told.iter().enumerate() {
        let one = open.entry(it.incident.clone()).or_default();
        let escalates = told[at + 1..].iter().find(|next| next.incident == it.incident);
        let escalates = escalates.is_some_and(|next| next.reason == Reason::Escalated);
        match (it.reason, *one) {
            // The latter two also tell that it goes on where another told its end just now.
            (Reason::FirstSeen, false) | (Reason::Escalated | Reason::RepeatDue, _) => *one = true,
            (Reason::Resolved, true) => *one = escalates,
            _ => return Err(format!("{:?} of {} while open is {one}", it.reason, it.incident)),
        }
    }
    Ok(open)
}

#[test]
fn two_that_see_the_same_tell_it_once_and_one_that_is_left_tells_the_end() {
    let mut fleet = Fleet::new(PLAIN);
    fleet.happens(0, Fails(1, "a", SQL), at(0));
    fleet.happens(1, Fails(1, "a", SQL), at(0));
    fleet.settle(at(0));
    assert_eq!(fleet.told.len(), 1);
    assert!(fleet.members.iter().all(|it| it.iter().all(|it| it.count == 2)));
    // The third never saw it, and is the only one that is left.
    fleet.happens(2, Quiet, at(61));
    fleet.commit(2, at(61));
    let reasons: Vec<_> = fleet.told.iter().map(|it| it.reason).collect();
    assert_eq!(reasons, [Reason::FirstSeen, Reason::Resolved]);
}

#[test]
fn a_success_that_another_saw_ends_it() {
    let mut fleet = Fleet::new(PLAIN);
    fleet.happens(0, Fails(1, "a", SQL), at(0));
    fleet.settle(at(0));
    fleet.happens(1, Succeeds("a"), at(1));
    fleet.settle(at(1));
    assert!(fleet.stored.values().all(|it| it.state == State::Resolved));
    fleet.happens(2, Fails(1, "a", SQL), at(2));
    fleet.settle(at(2));
    let reasons: Vec<_> = fleet.told.iter().map(|it| it.reason).collect();
    assert_eq!(reasons, [Reason::FirstSeen, Reason::Resolved, Reason::FirstSeen]);
    assert_eq!(fleet.stored.values().map(|it| it.count).sum::<u64>(), 2);
}

/// What is written late is told all the same.
const THREE: &str =
    "{ max_age: 999h, rules: [{ match: { category: throttling }, threshold: 3, within: 30m }] }";

impl Fleet {
    /// A member writes until it has nothing more to say, as the service does.
    fn writes(&mut self, who: usize, now: Timestamp) {
        self.commit(who, now);
        self.commit(who, now);
    }

    /// What was told since the last time, the reason and the end of the key of each.
    fn newly_told(&mut self) -> Vec<String> {
        let mut told: Vec<_> =
            self.told.drain(..).map(|it| said(it.reason, &it.incident)).collect();
        told.sort();
        told
    }
}

fn said(reason: Reason, key: &str) -> String {
    format!("{} {}", reason.as_str(), key.trim_start_matches('0'))
}

/// Who sees a failure at which minute, and whether all hear of it; what is told in the end.
#[track_caller]
fn three_times(story: &[(usize, i64, bool)], expected: &[&str]) {
    let mut fleet = Fleet::new(THREE);
    let mut told = Vec::new();
    for (who, minute, heard) in story {
        fleet.happens(*who, Fails(1, "a", SLOW), at(*minute));
        fleet.writes(*who, at(*minute));
        told.extend(fleet.newly_told().into_iter().map(|it| format!("{minute} {it}")));
        if *heard {
            fleet.settle(at(*minute));
        }
    }
    fleet.settle(at(100));
    told.extend(fleet.newly_told().into_iter().map(|it| format!("later {it}")));
    assert_eq!(told, expected, "{story:?}");
}

#[test]
#[rustfmt::skip]
fn what_fails_often_enough_is_told_at_once_and_once_whoever_sees_it() {
    three_times(&[(0, 0, true), (1, 1, true), (2, 2, true), (0, 3, true)],      &["2 first-seen 1"]);
    three_times(&[(0, 0, false), (1, 1, false), (2, 2, false), (0, 3, false)],  &["2 first-seen 1"]);
    three_times(&[(0, 0, false), (0, 1, false), (1, 2, false)],                 &["2 first-seen 1"]);
    three_times(&[(0, 0, true), (1, 20, true), (2, 40, true), (0, 60, true)],   &[]);
    three_times(&[(0, 0, true), (1, 20, true), (2, 40, true), (0, 50, true)],   &["50 first-seen 1"]);
}

#[test]
fn who_dies_before_it_says_so_is_spoken_for() {
    let mut fleet = Fleet::new(THREE);
    for who in 0..MEMBERS {
        fleet.happens(who, Fails(1, "a", SLOW), at(0));
        fleet.commit(who, at(0));
    }
    // The last knows by its commit that there are three, and writes nothing more.
    assert!(fleet.said[2].len() == 1 && fleet.told.is_empty());
    fleet.hear(0, at(0));
    fleet.writes(0, at(0));
    assert_eq!(fleet.newly_told(), ["first-seen 1"]);
    // All died: who comes first says it.
    let mut fleet = Fleet::new(THREE);
    for who in 0..MEMBERS {
        fleet.happens(who, Fails(1, "a", SLOW), at(0));
        fleet.commit(who, at(0));
    }
    let alerts = serde_saphyr::from_str(THREE).unwrap();
    let stored = fleet.stored.values().cloned().collect();
    fleet.members[0] = Incidents::restore(IncidentsConfig::default(), alerts, stored).sharing();
    fleet.said[0].clear();
    fleet.happens(0, Quiet, at(1));
    fleet.writes(0, at(1));
    assert_eq!(fleet.newly_told(), ["first-seen 1"]);
}

#[test]
fn what_a_command_resolved_is_told_by_one_and_once() {
    for hearing in [0..MEMBERS, 1..MEMBERS] {
        let mut fleet = Fleet::new(PLAIN);
        fleet.happens(0, Fails(1, "a", SQL), at(0));
        fleet.settle(at(0));
        fleet.newly_told();
        let key = fleet.stored.keys().next().unwrap().clone();
        fleet.stored.get_mut(&key).unwrap().end(Ended::ByHand, at(1));
        fleet.written.push((MEMBERS, key));
        hearing.clone().for_each(|who| fleet.hear(who, at(1)));
        if !hearing.contains(&0) {
            // To receivers it never ended.
            fleet.happens(0, Fails(1, "a", SQL), at(1));
            fleet.writes(0, at(1));
        }
        fleet.settle(at(1));
        let (expected, state) = match hearing.contains(&0) {
            true => (&["resolved 1"][..], State::Resolved),
            false => (&[][..], State::Open),
        };
        assert_eq!(fleet.newly_told(), expected);
        assert!(fleet.stored.values().all(|it| it.state == state), "{:?}", fleet.stored);
    }
}

/// What a member does between two moments.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Happens(Step),
    Commits,
    Hears,
}

fn turns() -> impl Strategy<Value = Vec<(usize, i64, Turn)>> {
    let turn = prop_oneof![
        3 => super::steps().prop_map(|it| Turn::Happens(it[0].1)),
        2 => Just(Turn::Commits),
        2 => Just(Turn::Hears),
    ];
    prop::collection::vec((0..MEMBERS, 0..40_i64, turn), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_fleet_that_hears_of_all_tells_what_one_daemon_would(
        story in super::steps(), whose in prop::collection::vec(0..MEMBERS, 60)
    ) {
        let (mut fleet, mut one) = (Fleet::new(THREE), engine(THREE, None));
        let mut now = at(0);
        for ((pause, what), who) in story.into_iter().zip(whose) {
            now += SignedDuration::from_mins(pause);
            fleet.happens(who, what, now);
            fleet.writes(who, now);
            let mut alone = Vec::new();
            for it in step(&mut one, what, now) {
                alone.extend(it.was.map(|_| said(Reason::Resolved, &it.key)));
                alone.push(said(it.reason, &it.key));
            }
            alone.sort();
            prop_assert_eq!(fleet.newly_told(), alone, "{:?} by {}", what, who);
            fleet.settle(now);
        }
    }

    #[test]
    fn a_fleet_counts_all_and_tells_what_is_so(turns in turns(), slow in any::<bool>()) {
        let alerts = if slow { THREE } else { PLAIN };
        let mut fleet = Fleet::new(alerts);
        let rules: AlertsConfig = serde_saphyr::from_str(alerts).unwrap();
        let (mut now, mut failures) = (at(0), 0);
        for (who, pause, turn) in turns {
            now += SignedDuration::from_mins(pause);
            match turn {
                Turn::Happens(what) => {
                    failures += u64::from(matches!(what, Fails(..) | Worse(..) | Failed(..)));
                    fleet.happens(who, what, now);
                }
                Turn::Commits => fleet.commit(who, now),
                Turn::Hears => fleet.hear(who, now),
            }
        }
        fleet.settle(now);
        prop_assert_eq!(fleet.stored.values().map(|it| it.count).sum::<u64>(), failures);
        let open = follows(&fleet.told).map_err(TestCaseError::fail)?;
        for (key, stored) in &fleet.stored {
            let told = open.get(key).copied().unwrap_or_default();
            prop_assert_eq!(stored.notified_at.is_some(), told, "{} {:?}", key, stored);
            if let Some(rule) = rules.rule(&stored.rule, stored.category, stored.severity) {
                let enough = course::enough(&stored.course.recent, rule);
                prop_assert!(!enough, "it is to be told: {:?}", stored);
            }
            for it in &fleet.members {
                if let Some(known) = it.get(key) {
                    prop_assert_eq!((known.state, known.count), (stored.state, stored.count));
                } else {
                    prop_assert_eq!(stored.state, State::Resolved);
                }
            }
        }
    }
}
