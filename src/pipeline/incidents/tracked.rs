//! One incident in memory, and what happened to it since the last commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::alert::Reason;
use crate::model::changes::Occurrence;
use crate::model::finding::Finding;
use crate::model::fingerprint::Fingerprint;
use crate::model::hour::Hour;
use crate::model::incident::Course;
use crate::model::incident::Ended;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::redacted::Redacted;
use crate::model::redacted::Redactor;
use crate::pipeline::incidents::Notice;
use crate::pipeline::incidents::config::AlertRule;
use crate::pipeline::incidents::course;
use crate::pipeline::incidents::key::name;
use crate::pipeline::incidents::places::knows;
use crate::pipeline::incidents::places::places;
use crate::pipeline::incidents::sighting::Sighting;

/// Occurrences kept of one incident between two commits.
const OCCURRENCES: usize = 5;

/// How often the sample of an incident is renewed, by the reader's clock.
const SAMPLE_EVERY: SignedDuration = SignedDuration::from_secs(60);

#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) incident: Incident,
    pub(super) occurrences: Vec<Occurrence>,
    pub(super) hours: BTreeMap<Hour, u64>,
    pub(super) changed: bool,
    pub(super) created: bool,
    /// True when it was seen by this process, or by nobody else.
    pub(super) ours: bool,
    /// True when it failed since it was judged whether it did so often enough to be told.
    pub(super) unjudged: bool,
    /// As it stood in a store that others write too.
    pub(super) base: Option<Box<Incident>>,
    pub(super) sampled_at: Timestamp,
}

impl Tracked {
    pub(super) fn stored(mut incident: Incident) -> Self {
        incident.sample = None;
        let sampled_at = incident.last_read;
        let (occurrences, hours) = (Vec::new(), BTreeMap::new());
        Self {
            incident,
            occurrences,
            hours,
            changed: false,
            created: false,
            ours: false,
            unjudged: false,
            base: None,
            sampled_at,
        }
    }

    pub(super) fn new(
        it: &Sighting<'_>,
        (fingerprint, group): (Fingerprint, BTreeMap<String, String>),
        redactor: &Redactor,
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
            places: Arc::new(places(&sample.record.context)),
            title: sample.title.clone(),
            course: Course::default(),
            sample: Some(Box::new(sample)),
        };
        let mut tracked = Self {
            sampled_at: it.read_at,
            incident,
            occurrences: Vec::new(),
            hours: BTreeMap::new(),
            changed: true,
            created: true,
            ours: true,
            unjudged: false,
            base: None,
        };
        tracked.keep_occurrence(it, redactor, time);
        tracked
    }

    pub(super) fn again(
        &mut self,
        it: &Sighting<'_>,
        redactor: &Redactor,
        sample: impl FnOnce() -> Redacted<Finding>,
    ) {
        let time = it.record.time.unwrap_or(it.read_at);
        let incident = &mut self.incident;
        if incident.state == State::Resolved {
            incident.state = State::Open;
            incident.resolved_at = None;
            incident.notified_at = None;
            incident.course.reopened.push(it.read_at);
        }
        incident.count += 1;
        incident.first_seen = incident.first_seen.min(time);
        incident.last_seen = incident.last_seen.max(time);
        incident.last_read = incident.last_read.max(it.read_at);
        if !knows(&incident.places, it.record) {
            let more = places(&redactor.names(&it.record.context));
            Arc::make_mut(&mut incident.places).merge(&more);
        }
        if it.read_at.duration_since(self.sampled_at) >= SAMPLE_EVERY {
            let sample = sample();
            incident.title.clone_from(&sample.title);
            incident.sample = Some(Box::new(sample));
            self.sampled_at = it.read_at;
        }
        self.changed = true;
        self.ours = true;
        self.keep_occurrence(it, redactor, time);
    }

    fn keep_occurrence(&mut self, it: &Sighting<'_>, redactor: &Redactor, time: Timestamp) {
        *self.hours.entry(Hour::of(time, it.read_at)).or_default() += 1;
        if self.occurrences.len() >= OCCURRENCES {
            return;
        }
        self.occurrences.reserve_exact(OCCURRENCES - self.occurrences.len());
        let at = &it.record.context;
        let text = |it: &Option<std::borrow::Cow<'_, str>>| {
            it.as_deref().map(|it| redactor.text(it).into_owned())
        };
        self.occurrences.push(Occurrence {
            time,
            position: it.position.clone(),
            pipeline: text(&at.pipeline),
            pipeline_run_id: text(&at.pipeline_run_id),
            activity: text(&at.activity),
            activity_run_id: text(&at.activity_run_id),
            node: at.node.as_deref().map(|it| redactor.alias(it).into_owned()),
        });
    }

    /// Whether it failed often enough to be told; asked once for each time that it failed.
    pub(super) fn reaches(&mut self, rule: &AlertRule) -> bool {
        let new = std::mem::take(&mut self.unjudged);
        let reached = new && course::enough(&self.incident.course.recent, rule);
        course::forget(&mut self.incident.course, rule);
        reached
    }

    pub(super) fn notice(&mut self, reason: Reason, now: Timestamp) -> Notice {
        self.incident.notified_at = Some(now);
        self.changed = true;
        Notice { key: self.incident.key.clone(), reason, was: None }
    }

    /// Closes the incident; a notice only if its opening was told.
    pub(super) fn resolve(&mut self, how: Ended, now: Timestamp) -> Option<Notice> {
        self.incident.end(how, now);
        self.ended()
    }

    /// That it is over is told to those who know of it.
    pub(super) fn ended(&mut self) -> Option<Notice> {
        self.changed = true;
        let told = self.incident.notified_at.take().is_some();
        told.then(|| Notice { key: self.incident.key.clone(), reason: Reason::Resolved, was: None })
    }
}
