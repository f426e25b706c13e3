//! Incidents that other daemons write too.
//!
//! ```text
//! commit     what is new here goes to the store, and how it stands there comes back
//! news       what others wrote; open incidents that nobody here has seen are taken in as well,
//!            so that any daemon that is left resolves and repeats them
//! ```
//!
//! What is known here and not yet written is kept: see `model/merge.rs`.
//!
//! Whether something failed often enough to be told (`alerts.rules`) is judged by what all have
//! written of it: by the member whose commit brought it, by others once they hear of it, and the
//! store lets the first of them say so. So it is told too where that member dies meanwhile.

use jiff::Timestamp;

use crate::model::alert::Reason;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::merge::merge;
use crate::pipeline::incidents::Incidents;
use crate::pipeline::incidents::Notice;
use crate::pipeline::incidents::key;
use crate::pipeline::incidents::past;
use crate::pipeline::incidents::silenced;
use crate::pipeline::incidents::tracked::Tracked;

impl Incidents {
    /// From now on others write them too.
    #[must_use]
    pub fn sharing(mut self) -> Self {
        self.shared = true;
        for it in self.known.values_mut() {
            it.base = Some(Box::new(it.incident.clone()));
            // Who wrote the last failure may have died before it could say so.
            it.unjudged = !it.incident.course.recent.is_empty();
        }
        self
    }

    /// Takes in how an incident stands in the store. A notice where it goes on and its end was
    /// told by another, or where it has failed often enough now.
    pub fn take_in(&mut self, mut stored: Incident, now: Timestamp) -> Option<Notice> {
        stored.sample = None;
        let slot = key::slot(stored.fingerprint, &stored.group);
        let before = self.known.get(&slot);
        let told = before.is_some_and(|it| {
            it.incident.state == State::Open && it.incident.notified_at.is_some()
        });
        if let Some(it) = before {
            self.healing.forget(it.incident.course.failing.keys().copied(), slot);
        } else if (stored.state == State::Resolved && stored.notified_at.is_none())
            || !self.has_room()
        {
            return None;
        }
        let base = Some(Box::new(stored.clone()));
        match self.known.get_mut(&slot) {
            Some(it) => {
                it.unjudged |= has_more(&stored, it.base.as_deref());
                if it.changed {
                    let sample = it.incident.sample.take();
                    it.incident = merge(it.base.as_deref(), &it.incident, &stored);
                    it.incident.sample = sample;
                } else {
                    it.incident = stored;
                }
                it.base = base;
            }
            None => {
                let unjudged = has_more(&stored, None);
                self.insert(slot, Tracked { base, unjudged, ..Tracked::stored(stored) });
            }
        }
        self.index(slot);
        self.untold(slot, told, now).or_else(|| self.late(slot, now))
    }

    /// What is to be said by how an incident stands in the store.
    fn late(&mut self, slot: u64, now: Timestamp) -> Option<Notice> {
        let tracked = self.known.get_mut(&slot).filter(|it| !it.changed)?;
        let it = &tracked.incident;
        // A command has ended it, which tells nobody.
        if it.state == State::Resolved && it.notified_at.is_some() {
            return tracked.ended();
        }
        self.judge(slot, now)
    }

    /// Says what has failed often enough by what is written of it.
    fn judge(&mut self, slot: u64, now: Timestamp) -> Option<Notice> {
        let tracked = self.known.get_mut(&slot)?;
        let it = &tracked.incident;
        let rule = self.alerts.rule(&it.rule, it.category, it.severity);
        let rule = rule.filter(|rule| rule.waits())?;
        let wanted = it.state == State::Open
            && it.notified_at.is_none()
            && it.severity >= self.alerts.min_severity
            && it.course.recent.last().is_some_and(|at| !past(*at, self.alerts.max_age, now));
        if !tracked.reaches(rule) || !wanted {
            return None;
        }
        let it = &tracked.incident;
        if self.down.inhibits(it) || silenced(&self.silences, it, now) {
            return None;
        }
        tracked.incident.course.recent.clear();
        Some(tracked.notice(Reason::FirstSeen, now))
    }

    /// What nobody said before this process began.
    pub(super) fn late_ones(&mut self, now: Timestamp) -> Vec<Notice> {
        let late = self.known.iter().filter(|(_, it)| {
            let ended = it.incident.state == State::Resolved && it.incident.notified_at.is_some();
            it.unjudged || ended
        });
        let slots: Vec<_> = late.map(|(slot, _)| *slot).collect();
        slots.into_iter().filter_map(|slot| self.late(slot, now)).collect()
    }

    fn index(&mut self, slot: u64) {
        let Some(it) = self.known.get(&slot) else { return };
        self.down.note(slot, &it.incident);
        if it.incident.state == State::Open {
            it.incident.course.failing.keys().for_each(|key| self.healing.wait(*key, slot));
        }
    }

    fn untold(&mut self, slot: u64, told: bool, now: Timestamp) -> Option<Notice> {
        let it = &self.known.get(&slot)?.incident;
        let lost = told && it.state == State::Open && it.notified_at.is_none();
        if !lost || self.down.inhibits(it) || silenced(&self.silences, it, now) {
            return None;
        }
        Some(self.known.get_mut(&slot)?.notice(Reason::FirstSeen, now))
    }
}

/// Whether somebody wrote failures that were told to nobody since it stood as in `base`.
fn has_more(stored: &Incident, base: Option<&Incident>) -> bool {
    let (now, before) = (&stored.course.recent, base.map_or(&[][..], |it| &it.course.recent));
    now.len() > before.len() || now.iter().any(|it| !before.contains(it))
}
