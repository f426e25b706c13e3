//! The same trouble over time: opened, counted, repeated, resolved.
//!
//! ```text
//! first sight      open, and a notice: first-seen
//! seen again       count + 1, no notice
//! goes on for 4 h  a notice: repeat-due
//! quiet for 1 h    resolved, and a notice: resolved
//! all succeeded    the same: each activity that failed has succeeded since
//! seen again       the same incident, open again, its count goes on
//! ```
//!
//! `alerts.rules` may ask for several failures before the first notice. An incident that
//! comes back again and again is held open. What is silenced, or follows from a runtime that
//! is down, is counted and not told; it is first told when it happens after that.
//!
//! A notice names an incident and a reason; wording and receivers are found elsewhere.
//! Errors that are older than `alerts.max_age` when they are read change incidents and
//! totals, and give no notice: a replay pages nobody. The number of incidents in memory is
//! bounded; what does not fit is told apart by its rule alone.

mod config;
mod course;
mod ending;
mod healing;
mod inhibit;
mod key;
mod places;
mod shared;
mod sighting;
mod tracked;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

pub use crate::pipeline::incidents::config::AlertsConfig;
pub use crate::pipeline::incidents::config::GroupBy;
pub use crate::pipeline::incidents::config::IncidentsConfig;
pub use crate::pipeline::incidents::sighting::Sighting;

use crate::model::alert::Reason;
use crate::model::changes::IncidentChange;
use crate::model::finding::Finding;
use crate::model::finding::Severity;
use crate::model::fingerprint::Fingerprint;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::redacted::Redacted;
use crate::model::redacted::Redactor;
use crate::model::silence::Silence;
use crate::pipeline::incidents::healing::Healing;
use crate::pipeline::incidents::inhibit::Down;
use crate::pipeline::incidents::tracked::Tracked;

/// Incidents kept in memory.
const LIMIT: usize = 12_000;

/// Samples that wait to be stored before all others do not wait any longer; each takes some
/// ten kilobytes.
const SAMPLES: usize = 100;

/// That something is to be said of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The key of the incident.
    pub key: String,
    /// Why.
    pub reason: Reason,
    /// The severity under which it was told before, where that has changed.
    pub was: Option<Severity>,
}

/// The incidents in memory.
#[derive(Debug, Default)]
pub struct Incidents {
    config: IncidentsConfig,
    alerts: AlertsConfig,
    /// Boxed, since the table holds more room than there are.
    known: HashMap<u64, Box<Tracked>>,
    names: HashMap<String, u64>,
    healing: Healing,
    down: Down,
    silences: Vec<Silence>,
    /// Samples in memory that the store does not have yet.
    samples: usize,
    /// True where other daemons write incidents too.
    shared: bool,
    redactor: Arc<Redactor>,
}

impl Incidents {
    /// Goes on with the incidents that were stored.
    #[must_use]
    pub fn restore(config: IncidentsConfig, alerts: AlertsConfig, stored: Vec<Incident>) -> Self {
        let mut it = Self { config, alerts, ..Self::default() };
        for incident in stored.into_iter().take(LIMIT) {
            let slot = key::slot(incident.fingerprint, &incident.group);
            if incident.state == State::Open {
                it.down.note(slot, &incident);
                incident.course.failing.keys().for_each(|key| it.healing.wait(*key, slot));
            }
            it.insert(slot, Tracked::stored(incident));
        }
        it
    }

    /// Redacts names by this one from now on; samples are redacted by who gives them.
    #[must_use]
    pub fn redacting(self, redactor: Arc<Redactor>) -> Self {
        Self { redactor, ..self }
    }

    /// Counts one failure. `sample` gives the finding in full; it is called only where one
    /// is wanted, since that costs more than all the rest.
    pub fn observe(
        &mut self,
        it: &Sighting<'_>,
        sample: impl FnOnce() -> Redacted<Finding>,
    ) -> Option<Notice> {
        let group = key::group(&self.config.group_by, it, &self.redactor);
        let mut print = it.fingerprint;
        let mut slot = key::slot(print, &group);
        if !self.known.contains_key(&slot) && !self.has_room() {
            print = Fingerprint(xxh3_64(it.rule.as_bytes()));
            slot = key::slot(print, &group);
        }
        match self.known.get_mut(&slot) {
            Some(tracked) => {
                let had = tracked.incident.sample.is_some();
                tracked.again(it, &self.redactor, sample);
                self.samples += usize::from(!had && tracked.incident.sample.is_some());
            }
            None => {
                self.samples += 1;
                let tracked = Tracked::new(it, (print, group), &self.redactor, sample());
                self.insert(slot, tracked);
            }
        }
        self.follow(slot, it);
        self.notice(slot, it)
    }

    /// Notes what a failure means for the course of its incident.
    fn follow(&mut self, slot: u64, it: &Sighting<'_>) {
        let Some(tracked) = self.known.get_mut(&slot) else { return };
        let activity = healing::activity(it.record);
        course::failed(&mut tracked.incident.course, activity, time(it));
        if !tracked.incident.course.reopened.is_empty() {
            course::came_back(&mut tracked.incident.course, &self.config, it.read_at);
        }
        if let Some(activity) =
            activity.filter(|key| tracked.incident.course.failing.contains_key(key))
        {
            self.healing.wait(activity, slot);
        }
    }

    /// True when so much of what is new waits to be stored that memory would grow.
    #[must_use]
    pub fn is_full_of_news(&self) -> bool {
        self.samples >= SAMPLES
    }

    /// Uses these silences from now on.
    pub fn silence(&mut self, silences: Vec<Silence>) {
        self.silences = silences;
    }

    /// The key of the incident with this key or fingerprint: an open one first.
    #[must_use]
    pub fn key_of(&self, name: &str) -> Option<String> {
        if self.names.contains_key(name) {
            return Some(name.to_owned());
        }
        let alike = self.iter().filter(|it| it.fingerprint.to_string() == name);
        alike.min_by_key(|it| it.state == State::Resolved).map(|it| it.key.clone())
    }

    /// The incident with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Incident> {
        self.known.get(self.names.get(key)?).map(|it| &it.incident)
    }

    /// All incidents in memory.
    pub fn iter(&self) -> impl Iterator<Item = &Incident> {
        self.known.values().map(|it| &it.incident)
    }

    /// Keys of incidents that were new since the last commit; the store may know them.
    #[must_use]
    pub fn created(&self) -> Vec<String> {
        let created = self.known.values().filter(|it| it.created);
        created.map(|it| it.incident.key.clone()).collect()
    }

    /// Takes in what the store knows of an incident that memory had forgotten.
    pub fn adopt(&mut self, stored: Incident) {
        let Some(slot) = self.names.get(&stored.key) else { return };
        let Some(tracked) = self.known.get_mut(slot) else { return };
        tracked.created = false;
        tracked.incident.count += stored.count;
        tracked.incident.first_seen = tracked.incident.first_seen.min(stored.first_seen);
        Arc::make_mut(&mut tracked.incident.places).merge(&stored.places);
    }

    /// What changed since the last call, in the order in which it happened first.
    pub fn drain(&mut self) -> Vec<IncidentChange> {
        self.samples = 0;
        let shared = self.shared;
        let changed = self.known.values().filter(|it| it.changed).count();
        let mut changes = Vec::with_capacity(changed);
        changes.extend(self.known.values_mut().filter(|it| it.changed).map(|it| {
            it.changed = false;
            it.created = false;
            let occurrences = std::mem::take(&mut it.occurrences);
            let hours = std::mem::take(&mut it.hours).into_iter().collect();
            let sample = it.incident.sample.take();
            let now = shared.then(|| Box::new(it.incident.clone()));
            let base = std::mem::replace(&mut it.base, now);
            let incident = Incident { sample, ..it.incident.clone() };
            IncidentChange { incident, base, occurrences, hours }
        }));
        // They are large: what sorts by moving them to another place and back takes as much again.
        changes.sort_unstable_by_key(|it: &IncidentChange| it.incident.first_seen);
        changes
    }

    fn insert(&mut self, slot: u64, tracked: Tracked) {
        self.names.insert(tracked.incident.key.clone(), slot);
        self.known.insert(slot, Box::new(tracked));
    }

    /// Whether one more incident fits; the oldest resolved one makes room for it.
    fn has_room(&mut self) -> bool {
        if self.known.len() < LIMIT {
            return true;
        }
        let over =
            self.known.iter().filter(|(_, it)| it.incident.state == State::Resolved && !it.changed);
        let Some(slot) = over.min_by_key(|(_, it)| it.incident.last_read).map(|(slot, _)| *slot)
        else {
            return false;
        };
        if let Some(gone) = self.known.remove(&slot) {
            self.names.remove(&gone.incident.key);
        }
        true
    }

    /// The notice that a sighting gives: when the incident opens, or becomes more severe.
    fn notice(&mut self, slot: u64, it: &Sighting<'_>) -> Option<Notice> {
        let tracked = self.known.get_mut(&slot)?;
        let was = tracked.incident.severity;
        let worse = it.severity > was;
        tracked.incident.severity = was.max(it.severity);
        self.down.note(slot, &tracked.incident);
        let told = tracked.incident.notified_at.is_some();
        let wanted = tracked.incident.severity >= self.alerts.min_severity;
        if !wanted || past(time(it), self.alerts.max_age, it.read_at) || (told && !worse) {
            return None;
        }
        // Of the incident, as whenever it is judged: the catalogue may have changed meanwhile.
        let one = &tracked.incident;
        let rule = self.alerts.rule(&one.rule, one.category, one.severity);
        if let Some(rule) = rule.filter(|it| it.waits() && !told) {
            course::note(&mut tracked.incident.course, time(it));
            tracked.unjudged = true;
            // Of a fleet it is known with the commit how many there are.
            if self.shared || !tracked.reaches(rule) {
                return None;
            }
        }
        let incident = &tracked.incident;
        if self.down.inhibits(incident) || silenced(&self.silences, incident, it.read_at) {
            return None;
        }
        tracked.incident.course.recent.clear();
        let reason = if told { Reason::Escalated } else { Reason::FirstSeen };
        let notice = tracked.notice(reason, it.read_at);
        Some(Notice { was: (told && worse).then_some(was), ..notice })
    }
}

/// When it happened, as far as is known.
fn time(it: &Sighting<'_>) -> Timestamp {
    it.record.time.unwrap_or(it.read_at)
}

fn silenced(silences: &[Silence], it: &Incident, now: Timestamp) -> bool {
    silences.iter().any(|silence| silence.covers(it, now))
}

/// Whether `span` or more has passed from `then` to `now`.
fn past(then: Timestamp, span: Duration, now: Timestamp) -> bool {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    now.duration_since(then) >= span
}

#[cfg(test)]
mod tests;
