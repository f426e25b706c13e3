//! Incidents that other daemons write too.
//!
//! ```text
//! commit     what is new here goes to the store, and how it stands there comes back
//! news       what others wrote; open incidents that nobody here has seen are taken in as well,
//!            so that any daemon that is left resolves and repeats them
//! ```
//!
//! What is known here and not yet written is kept: see `model/merge.rs`.

use jiff::Timestamp;

use crate::model::alert::Reason;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::merge::merge;
use crate::pipeline::incidents::Incidents;
use crate::pipeline::incidents::Notice;
use crate::pipeline::incidents::key;
use crate::pipeline::incidents::silenced;
use crate::pipeline::incidents::tracked::Tracked;

impl Incidents {
    /// From now on others write them too.
    #[must_use]
    pub fn sharing(mut self) -> Self {
        self.shared = true;
        for it in self.known.values_mut() {
            it.base = Some(Box::new(it.incident.clone()));
        }
        self
    }

    /// Takes in how an incident stands in the store. A notice where it goes on and its end was
    /// told by another.
    pub fn take_in(&mut self, mut stored: Incident, now: Timestamp) -> Option<Notice> {
        stored.sample = None;
        let slot = key::slot(stored.fingerprint, &stored.group);
        let before = self.known.get(&slot);
        let told = before.is_some_and(|it| {
            it.incident.state == State::Open && it.incident.notified_at.is_some()
        });
        if let Some(it) = before {
            self.healing.forget(it.incident.course.failing.keys().copied(), slot);
        } else if stored.state == State::Resolved || !self.has_room() {
            return None;
        }
        let base = Some(Box::new(stored.clone()));
        match self.known.get_mut(&slot) {
            Some(it) => {
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
                let it = Tracked { base, ..Tracked::stored(stored) };
                self.insert(slot, it);
            }
        }
        self.index(slot);
        self.untold(slot, told, now)
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
