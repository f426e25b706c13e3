//! The same trouble over time: opened, counted, repeated, resolved.
//!
//! ```text
//! first sight      open, and a notice: first-seen
//! seen again       count + 1, no notice
//! goes on for 4 h  a notice: repeat-due
//! quiet for 1 h    resolved, and a notice: resolved
//! seen again       the same incident, open again, its count goes on
//! ```
//!
//! A notice names an incident and a reason; wording and receivers are found elsewhere.
//! Errors that are older than `alerts.max_age` when they are read change incidents and
//! totals, and give no notice: a replay pages nobody. The number of incidents in memory is
//! bounded; what does not fit is told apart by its rule alone.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shirwatch_parsers::Record;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::alert::Reason;
use crate::model::batch::Position;
use crate::model::changes::IncidentChange;
use crate::model::changes::Occurrence;
use crate::model::finding::Category;
use crate::model::finding::Fault;
use crate::model::finding::Finding;
use crate::model::finding::Severity;
use crate::model::fingerprint::Fingerprint;
use crate::model::incident::Incident;
use crate::model::incident::Places;
use crate::model::incident::State;
use crate::model::redacted::Redacted;

/// Incidents kept in memory.
const LIMIT: usize = 12_000;

/// Occurrences kept of one incident between two commits.
const OCCURRENCES: usize = 5;

/// How often the sample of an incident is renewed, by the reader's clock.
const SAMPLE_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// `incidents:` what is one incident, and when it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IncidentsConfig {
    /// Fields that tell incidents apart beside the fingerprint: `factory`, `pipeline`,
    /// `activity`, `integration_runtime`, `node`.
    pub group_by: Vec<GroupBy>,
    /// How long it must be quiet until an incident is over.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub resolve_after: Duration,
}

impl Default for IncidentsConfig {
    fn default() -> Self {
        Self { group_by: Vec::new(), resolve_after: Duration::from_secs(3600) }
    }
}

/// A field by which incidents can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of the record's context")]
pub enum GroupBy {
    Factory,
    Pipeline,
    Activity,
    IntegrationRuntime,
    Node,
}

/// `alerts:` what is worth a notice, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// The least severity that is told to receivers.
    pub min_severity: Severity,
    /// How often an incident that goes on is told again.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub repeat_interval: Duration,
    /// Errors that are older than this when they are read are counted and told to nobody.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub max_age: Duration,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            min_severity: Severity::Error,
            repeat_interval: Duration::from_secs(4 * 3600),
            max_age: Duration::from_secs(3600),
        }
    }
}

/// One failure that is to be counted.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// The rule that knows it.
    pub rule: &'a str,
    /// The kind of trouble.
    pub category: Category,
    /// How urgent it is.
    pub severity: Severity,
    /// Whose fault it is.
    pub fault: Fault,
    /// Its number.
    pub fingerprint: Fingerprint,
    /// The record.
    pub record: &'a Record<'a>,
    /// The labels of the source.
    pub labels: &'a BTreeMap<String, String>,
    /// Where it was read.
    pub position: &'a Position,
    /// When it was read.
    pub read_at: Timestamp,
}

impl<'a> Sighting<'a> {
    /// A finding that was held and is counted now.
    pub(super) fn of(
        it: &'a Finding,
        labels: &'a BTreeMap<String, String>,
        position: &'a Position,
        read_at: Timestamp,
    ) -> Self {
        Self {
            rule: &it.rule,
            category: it.category,
            severity: it.severity,
            fault: it.fault,
            fingerprint: it.fingerprint,
            record: &it.record,
            labels,
            position,
            read_at,
        }
    }
}

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
    known: HashMap<u64, Tracked>,
    names: HashMap<String, u64>,
}

#[derive(Debug)]
struct Tracked {
    incident: Incident,
    occurrences: Vec<Occurrence>,
    changed: bool,
    created: bool,
    sampled_at: Timestamp,
}

impl Incidents {
    /// Goes on with the incidents that were stored.
    #[must_use]
    pub fn restore(config: IncidentsConfig, alerts: AlertsConfig, stored: Vec<Incident>) -> Self {
        let mut it = Self { config, alerts, ..Self::default() };
        for incident in stored.into_iter().take(LIMIT) {
            let slot = slot(incident.fingerprint, &incident.group);
            it.insert(slot, Tracked::stored(incident));
        }
        it
    }

    /// Counts one failure. `sample` gives the finding in full; it is called only where one
    /// is wanted, since that costs more than all the rest.
    pub fn observe(
        &mut self,
        it: &Sighting<'_>,
        sample: impl FnOnce() -> Redacted<Finding>,
    ) -> Option<Notice> {
        let group = self.group(it);
        let mut print = it.fingerprint;
        let mut slot = slot(print, &group);
        if !self.known.contains_key(&slot) && !self.has_room() {
            print = Fingerprint(xxh3_64(it.rule.as_bytes()));
            slot = self::slot(print, &group);
        }
        match self.known.get_mut(&slot) {
            Some(tracked) => tracked.again(it, sample),
            None => {
                let tracked = Tracked::new(it, print, group, sample());
                self.insert(slot, tracked);
            }
        }
        self.notice(slot, it)
    }

    /// Resolves what is quiet and repeats what goes on.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Notice> {
        let mut notices = Vec::new();
        for tracked in self.known.values_mut().filter(|it| it.incident.state == State::Open) {
            if past(tracked.incident.last_read, self.config.resolve_after, now) {
                notices.extend(tracked.resolve(now));
            } else if tracked
                .incident
                .notified_at
                .is_some_and(|at| past(at, self.alerts.repeat_interval, now))
            {
                notices.push(tracked.notice(Reason::RepeatDue, now));
            }
        }
        notices.sort_by(|left, right| left.key.cmp(&right.key));
        notices
    }

    /// Resolves one incident because somebody said so.
    pub fn resolve(&mut self, key: &str, now: Timestamp) -> Option<Option<Notice>> {
        let tracked = self.known.get_mut(self.names.get(key)?)?;
        (tracked.incident.state == State::Open).then(|| tracked.resolve(now))
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
        tracked.incident.places.merge(&stored.places);
    }

    /// What changed since the last call, in the order in which it happened first.
    pub fn drain(&mut self) -> Vec<IncidentChange> {
        let changed = self.known.values_mut().filter(|it| it.changed);
        let mut changes: Vec<_> = changed
            .map(|it| {
                it.changed = false;
                it.created = false;
                let occurrences = std::mem::take(&mut it.occurrences);
                let sample = it.incident.sample.take();
                IncidentChange { incident: Incident { sample, ..it.incident.clone() }, occurrences }
            })
            .collect();
        changes.sort_by_key(|it: &IncidentChange| it.incident.first_seen);
        changes
    }

    fn insert(&mut self, slot: u64, tracked: Tracked) {
        self.names.insert(tracked.incident.key.clone(), slot);
        self.known.insert(slot, tracked);
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
        let time = it.record.time.unwrap_or(it.read_at);
        let was = tracked.incident.severity;
        let worse = it.severity > was;
        tracked.incident.severity = was.max(it.severity);
        let told = tracked.incident.notified_at.is_some();
        let wanted = tracked.incident.severity >= self.alerts.min_severity;
        if !wanted || past(time, self.alerts.max_age, it.read_at) || (told && !worse) {
            return None;
        }
        let reason = if told { Reason::Escalated } else { Reason::FirstSeen };
        let notice = tracked.notice(reason, it.read_at);
        Some(Notice { was: (told && worse).then_some(was), ..notice })
    }

    fn group(&self, it: &Sighting<'_>) -> BTreeMap<String, String> {
        let at = &it.record.context;
        let mut group = it.labels.clone();
        for field in &self.config.group_by {
            let (name, value) = match field {
                GroupBy::Factory => ("factory", &at.factory),
                GroupBy::Pipeline => ("pipeline", &at.pipeline),
                GroupBy::Activity => ("activity", &at.activity),
                GroupBy::IntegrationRuntime => ("integration_runtime", &at.integration_runtime),
                GroupBy::Node => ("node", &at.node),
            };
            group.insert(name.to_owned(), value.as_deref().unwrap_or_default().to_owned());
        }
        group
    }
}

impl Tracked {
    fn stored(mut incident: Incident) -> Self {
        incident.sample = None;
        let sampled_at = incident.last_read;
        Self { incident, occurrences: Vec::new(), changed: false, created: false, sampled_at }
    }

    fn new(
        it: &Sighting<'_>,
        fingerprint: Fingerprint,
        group: BTreeMap<String, String>,
        sample: Redacted<Finding>,
    ) -> Self {
        let time = it.record.time.unwrap_or(it.read_at);
        let incident = Incident {
            key: name(fingerprint, &group),
            fingerprint,
            group,
            rule: it.rule.to_owned(),
            category: it.category,
            severity: it.severity,
            fault: it.fault,
            state: State::Open,
            count: 1,
            first_seen: time,
            last_seen: time,
            last_read: it.read_at,
            resolved_at: None,
            notified_at: None,
            places: places(&sample.record),
            title: sample.title.clone(),
            sample: Some(sample),
        };
        let mut tracked = Self {
            sampled_at: it.read_at,
            incident,
            occurrences: Vec::new(),
            changed: true,
            created: true,
        };
        tracked.keep_occurrence(it, time);
        tracked
    }

    fn again(&mut self, it: &Sighting<'_>, sample: impl FnOnce() -> Redacted<Finding>) {
        let time = it.record.time.unwrap_or(it.read_at);
        let incident = &mut self.incident;
        if incident.state == State::Resolved {
            incident.state = State::Open;
            incident.resolved_at = None;
            incident.notified_at = None;
        }
        incident.count += 1;
        incident.first_seen = incident.first_seen.min(time);
        incident.last_seen = incident.last_seen.max(time);
        incident.last_read = incident.last_read.max(it.read_at);
        let stale = it.read_at.duration_since(self.sampled_at) >= SAMPLE_EVERY;
        if stale || !knows(&incident.places, it.record) {
            let sample = sample();
            incident.places.merge(&places(&sample.record));
            if stale {
                incident.title.clone_from(&sample.title);
                incident.sample = Some(sample);
                self.sampled_at = it.read_at;
            }
        }
        self.changed = true;
        self.keep_occurrence(it, time);
    }

    fn keep_occurrence(&mut self, it: &Sighting<'_>, time: Timestamp) {
        if self.occurrences.len() >= OCCURRENCES {
            return;
        }
        let at = &it.record.context;
        let text = |it: &Option<std::borrow::Cow<'_, str>>| it.as_deref().map(str::to_owned);
        self.occurrences.push(Occurrence {
            time,
            position: it.position.clone(),
            pipeline: text(&at.pipeline),
            pipeline_run_id: text(&at.pipeline_run_id),
            activity: text(&at.activity),
            activity_run_id: text(&at.activity_run_id),
            node: text(&at.node),
        });
    }

    fn notice(&mut self, reason: Reason, now: Timestamp) -> Notice {
        self.incident.notified_at = Some(now);
        self.changed = true;
        Notice { key: self.incident.key.clone(), reason, was: None }
    }

    /// Closes the incident; a notice only if its opening was told.
    fn resolve(&mut self, now: Timestamp) -> Option<Notice> {
        self.incident.state = State::Resolved;
        self.incident.resolved_at = Some(now);
        self.changed = true;
        let told = self.incident.notified_at.take().is_some();
        told.then(|| Notice { key: self.incident.key.clone(), reason: Reason::Resolved, was: None })
    }
}

/// The places a record names.
fn places(record: &Record<'_>) -> Places {
    let at = &record.context;
    let set = |it: &Option<std::borrow::Cow<'_, str>>| {
        it.as_deref().map(str::to_owned).into_iter().collect()
    };
    Places {
        factories: set(&at.factory),
        pipelines: set(&at.pipeline),
        activities: set(&at.activity),
        integration_runtimes: set(&at.integration_runtime),
        nodes: set(&at.node),
    }
}

/// Whether all places of a record are known, or there is no room for more.
fn knows(places: &Places, record: &Record<'_>) -> bool {
    let at = &record.context;
    [
        (&places.factories, &at.factory),
        (&places.pipelines, &at.pipeline),
        (&places.activities, &at.activity),
        (&places.integration_runtimes, &at.integration_runtime),
        (&places.nodes, &at.node),
    ]
    .into_iter()
    .all(|(set, name)| {
        name.as_deref().is_none_or(|it| set.len() >= Places::LIMIT || set.contains(it))
    })
}

/// Whether `span` or more has passed from `then` to `now`.
fn past(then: Timestamp, span: Duration, now: Timestamp) -> bool {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    now.duration_since(then) >= span
}

fn slot(print: Fingerprint, group: &BTreeMap<String, String>) -> u64 {
    if group.is_empty() { print.0 } else { print.0 ^ group_hash(group) }
}

fn name(print: Fingerprint, group: &BTreeMap<String, String>) -> String {
    if group.is_empty() { print.to_string() } else { format!("{print}-{:016x}", group_hash(group)) }
}

fn group_hash(group: &BTreeMap<String, String>) -> u64 {
    let text: Vec<_> = group.iter().map(|(name, value)| format!("{name}\0{value}\0")).collect();
    xxh3_64(text.concat().as_bytes())
}
