//! What becomes of an incident that two daemons saw: nothing is lost, nothing counted twice.
//!
//! ```text
//! base     as this member knew it at its last commit
//! mine     as this member knows it now
//! stored   as it stands in the store; others may have written it since
//!          count = stored + (mine - base), times and places of both, and so on
//! ```
//!
//! Pure functions. Where both sides only saw it more often, the order of two members does not
//! matter. Where one ends an incident that the other saw again, it stays open.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::alert::Alert;
use crate::model::alert::Reason;
use crate::model::incident::Course;
use crate::model::incident::Ended;
use crate::model::incident::Incident;
use crate::model::incident::State;

/// What this member knows, laid over what the store has. Without a `base` all of `mine` is
/// new.
#[must_use]
pub fn merge(base: Option<&Incident>, mine: &Incident, stored: &Incident) -> Incident {
    let before = base.map_or(0, |it| it.count);
    let grew = mine.count > before;
    let ended = mine.state == State::Resolved && base.is_none_or(|it| !same_end(it, mine));
    let over = ended && may_end(base, mine, stored);
    let mut it = stored.clone();
    it.count = stored.count.saturating_add(mine.count.saturating_sub(before));
    it.first_seen = stored.first_seen.min(mine.first_seen);
    it.last_seen = stored.last_seen.max(mine.last_seen);
    it.last_read = stored.last_read.max(mine.last_read);
    it.severity = stored.severity.max(mine.severity);
    Arc::make_mut(&mut it.places).merge(&mine.places);
    if base.is_none_or(|it| it.rule != mine.rule || it.category != mine.category) {
        it.rule.clone_from(&mine.rule);
        (it.category, it.fault) = (mine.category, mine.fault);
    }
    if mine.sample.is_some() {
        it.title.clone_from(&mine.title);
        it.sample.clone_from(&mine.sample);
    }
    if over {
        it.state = State::Resolved;
        it.resolved_at = stored.resolved_at.max(mine.resolved_at);
    } else if grew && !ended {
        it.state = State::Open;
        it.resolved_at = None;
    }
    let refused = ended && !over;
    let unchanged = base.is_some_and(|it| it.notified_at == mine.notified_at);
    it.notified_at = match it.state {
        // Who ends it tells that as well, but for a command.
        State::Resolved if mine.state == State::Open => stored.notified_at,
        State::Resolved => None,
        State::Open if refused || unchanged => stored.notified_at,
        // It ended here and came back; its return is told by itself.
        State::Open if base.is_some() && mine.notified_at.is_none() => None,
        State::Open => stored.notified_at.max(mine.notified_at),
    };
    if !refused {
        it.course = course(base.map(|it| &it.course), &mine.course, &stored.course);
        let came_back = stored.state == State::Resolved && it.state == State::Open;
        if came_back && base.is_some_and(|it| it.state == State::Open) {
            it.course.reopened.push(mine.last_read);
        }
    }
    if it.state == State::Resolved || it.notified_at.is_some() {
        it.course.recent.clear();
    }
    it
}

/// What is still to be said of one incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Whether each alert is.
    pub wanted: Vec<bool>,
    /// Whether receivers know then that it goes on; `None` where nothing was to be said.
    told: Option<bool>,
}

impl Untold {
    /// Notes in `it` what receivers know.
    pub fn note(&self, it: &mut Incident) {
        it.notified_at = match self.told {
            None => it.notified_at,
            Some(true) if it.state == State::Open => it.notified_at.or(Some(it.last_read)),
            Some(_) => None,
        };
        if it.notified_at.is_some() {
            it.course.recent.clear();
        }
    }
}

/// Which of the `alerts` of one incident are still to be said, in their order: what another
/// member has told is not told again.
#[must_use]
pub fn untold(
    base: Option<&Incident>,
    mine: &Incident,
    stored: Option<&Incident>,
    alerts: &[&Alert],
) -> Untold {
    let Some(stored) = stored.filter(|_| !alerts.is_empty()) else {
        return Untold { wanted: vec![true; alerts.len()], told: None };
    };
    let ended = merge(base, mine, stored).state == State::Resolved;
    let worse = stored.severity < mine.severity;
    let mut told = stored.notified_at.is_some();
    let mut out: Vec<bool> = Vec::new();
    for (index, alert) in alerts.iter().enumerate() {
        // The same alert to the next receiver.
        if let (Some(before), Some(last)) = (index.checked_sub(1), out.last())
            && alerts[before] == *alert
        {
            out.push(*last);
            continue;
        }
        // The end of the label set with the old severity, before the word of the new one.
        let next = alerts[index..].iter().find(|it| *it != alert).map(|it| it.reason);
        let of_labels = next == Some(Reason::Escalated);
        out.push(match alert.reason {
            // Another has ended it meanwhile.
            Reason::FirstSeen if mine.state == State::Open && ended => false,
            Reason::FirstSeen => !std::mem::replace(&mut told, true),
            // Where another has ended what goes on here, this is how its return is told.
            Reason::Escalated | Reason::RepeatDue if !told => {
                told = !ended;
                told
            }
            Reason::Escalated => worse,
            Reason::Resolved if of_labels => told && worse,
            Reason::Resolved if mine.state == State::Resolved && !ended => false,
            Reason::Resolved => std::mem::take(&mut told),
            Reason::RepeatDue => base.is_none_or(|it| it.notified_at == stored.notified_at),
            Reason::Refresh => told,
            Reason::Test => true,
        });
    }
    Untold { wanted: out, told: Some(told) }
}

fn same_end(base: &Incident, mine: &Incident) -> bool {
    base.state == State::Resolved && base.resolved_at == mine.resolved_at
}

/// Whether the end that this member saw holds, with what others have seen since.
fn may_end(base: Option<&Incident>, mine: &Incident, stored: &Incident) -> bool {
    if stored.state == State::Resolved {
        return true;
    }
    // Who does not know that it was told does not tell its end: the next look does.
    if stored.notified_at.is_some() && base.is_none_or(|it| it.notified_at.is_none()) {
        return false;
    }
    match mine.course.ended {
        Some(Ended::Quiet) => stored.last_read <= mine.last_read,
        Some(Ended::Succeeded) => {
            let known = base.map(|it| &it.course);
            let healed = |(key, at): (&u64, &Timestamp)| {
                known.and_then(|it| it.failing.get(key)).is_some_and(|then| at <= then)
            };
            let tied = !stored.course.untied || known.is_some_and(|it| it.untied);
            tied && stored.course.failing.iter().all(healed)
        }
        Some(Ended::Over | Ended::ByHand) | None => true,
    }
}

fn course(base: Option<&Course>, mine: &Course, stored: &Course) -> Course {
    let none = Course::default();
    let base = base.unwrap_or(&none);
    let (failing, too_many) = failing(base, mine, stored);
    let flag = |base: bool, mine: bool, stored: bool| if base == mine { stored } else { mine };
    Course {
        failing,
        untied: flag(base.untied, mine.untied, stored.untied) || too_many,
        recent: times(&base.recent, &mine.recent, &stored.recent),
        reopened: times(&base.reopened, &mine.reopened, &stored.reopened),
        flapping: flag(base.flapping, mine.flapping, stored.flapping),
        ended: if base.ended == mine.ended { stored.ended } else { mine.ended },
    }
}

fn failing(base: &Course, mine: &Course, stored: &Course) -> (BTreeMap<u64, Timestamp>, bool) {
    let mut out = stored.failing.clone();
    for (key, at) in &base.failing {
        if !mine.failing.contains_key(key) && out.get(key).is_some_and(|it| it <= at) {
            out.remove(key);
        }
    }
    let mut too_many = false;
    for (key, at) in &mine.failing {
        if base.failing.get(key) == Some(at) {
            continue;
        }
        if out.len() >= Course::LIMIT && !out.contains_key(key) {
            too_many = true;
            continue;
        }
        let last = out.entry(*key).or_insert(*at);
        *last = (*last).max(*at);
    }
    (out, too_many)
}

/// Times that this member added are added, those that it took out are taken out.
fn times(base: &[Timestamp], mine: &[Timestamp], stored: &[Timestamp]) -> Vec<Timestamp> {
    let mut out = [stored, &less(mine, base)].concat();
    out = less(&out, &less(base, mine));
    out.sort_unstable();
    let over = out.len().saturating_sub(Course::LIMIT);
    out.drain(..over);
    out
}

/// `all` without one of each of `gone`.
fn less(all: &[Timestamp], gone: &[Timestamp]) -> Vec<Timestamp> {
    let mut gone = gone.to_vec();
    let kept = all.iter().filter(|it| match gone.iter().position(|gone| gone == *it) {
        Some(at) => {
            gone.swap_remove(at);
            false
        }
        None => true,
    });
    kept.copied().collect()
}

#[cfg(test)]
mod tests;
