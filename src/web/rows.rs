//! The JSON of incidents and rules.
//!
//! The shapes are built on by others: keys are added, never renamed or dropped. All text of
//! an incident is that of a redacted finding.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::catalogue::Rule;
use crate::catalogue::UNCLASSIFIED;
use crate::model::Category;
use crate::model::Fault;
use crate::model::Finding;
use crate::model::Fingerprint;
use crate::model::Hour;
use crate::model::Incident;
use crate::model::Names;
use crate::model::Severity;
use crate::model::Silence;
use crate::model::State;
use crate::model::changes::Occurrence;
use crate::model::fingerprint;
use crate::store::Reader;
use crate::store::StoreError;

/// An incident.
#[derive(Debug, Serialize)]
pub struct Row<'a> {
    fingerprint: Fingerprint,
    /// The fingerprint and the group, where one is set; names exactly this incident.
    key: &'a str,
    rule: &'a str,
    category: Category,
    severity: Severity,
    fault: Fault,
    retryable: Option<bool>,
    state: State,
    count: u64,
    first_seen: Timestamp,
    last_seen: Timestamp,
    resolved_at: Option<Timestamp>,
    title: &'a str,
    cause: Option<&'a str>,
    resolution: &'a [String],
    verify: Option<&'a str>,
    references: &'a [String],
    /// What no rule knows: the words by which it is grouped.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    /// The latest finding that was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<&'a Finding>,
    group: &'a BTreeMap<String, String>,
    factories: &'a Names,
    pipelines: &'a Names,
    activities: &'a Names,
    integration_runtimes: &'a Names,
    nodes: &'a Names,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    more: Option<&'a More>,
}

/// What only the answer for one incident holds.
#[derive(Debug, Serialize)]
pub struct More {
    /// The latest times that it happened, the newest first.
    pub occurrences: Vec<Occurrence>,
    /// How often it happened in each hour in which it did.
    pub hours: Vec<HourRow>,
    /// The silences that keep it quiet now.
    pub silences: Vec<Silence>,
}

impl More {
    /// What the store knows besides of an incident.
    pub fn of(
        store: &Reader,
        it: &Incident,
        occurrences: Vec<Occurrence>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let hours = HourRow::all(&store.hours_of(&it.key)?);
        let silences = store.silences(now)?.into_iter().filter(|silence| silence.covers(it, now));
        Ok(Self { occurrences, hours, silences: silences.collect() })
    }
}

/// How often something happened in one hour.
#[derive(Debug, Serialize)]
pub struct HourRow {
    time: Timestamp,
    count: u64,
}

impl HourRow {
    /// The hours of an incident.
    #[must_use]
    pub fn all(hours: &BTreeMap<Hour, u64>) -> Vec<Self> {
        hours.iter().map(|(hour, count)| Self { time: hour.begin(), count: *count }).collect()
    }
}

impl<'a> Row<'a> {
    /// The incident with its sample.
    #[must_use]
    pub fn new(it: &'a Incident) -> Self {
        let unknown = it.sample().filter(|_| it.rule == UNCLASSIFIED);
        let template = unknown.map(|it| fingerprint::template(&it.record));
        Self { sample: it.sample(), template, ..Self::brief(it) }
    }

    /// The incident without its sample, as lists show it.
    #[must_use]
    pub fn listed(it: &'a Incident) -> Self {
        Self { sample: None, ..Self::new(it) }
    }

    /// The incident with its sample, its latest occurrences, its hours and its silences.
    #[must_use]
    pub fn with(it: &'a Incident, more: &'a More) -> Self {
        Self { more: Some(more), ..Self::new(it) }
    }

    /// The incident without its sample, for events.
    #[must_use]
    pub fn brief(it: &'a Incident) -> Self {
        let finding = it.sample();
        Self {
            fingerprint: it.fingerprint,
            key: &it.key,
            rule: &it.rule,
            category: it.category,
            severity: it.severity,
            fault: it.fault,
            retryable: finding.and_then(|it| it.retryable),
            state: it.state,
            count: it.count,
            first_seen: it.first_seen,
            last_seen: it.last_seen,
            resolved_at: it.resolved_at,
            title: &it.title,
            cause: finding.and_then(|it| it.cause.as_deref()),
            resolution: finding.map_or(&[], |it| &it.resolution),
            verify: finding.and_then(|it| it.verify.as_deref()),
            references: finding.map_or(&[], |it| &it.references),
            template: None,
            sample: None,
            group: &it.group,
            factories: &it.places.factories,
            pipelines: &it.places.pipelines,
            activities: &it.places.activities,
            integration_runtimes: &it.places.integration_runtimes,
            nodes: &it.places.nodes,
            more: None,
        }
    }
}

/// A rule in the list of the catalogue.
#[derive(Debug, Serialize)]
pub struct RuleRow<'a> {
    id: &'a str,
    family: &'a str,
    title: &'a str,
    category: Category,
    severity: Severity,
    fault: Fault,
    retryable: Option<bool>,
    status: &'static str,
    observable: bool,
}

impl<'a> From<&'a Rule> for RuleRow<'a> {
    fn from(rule: &'a Rule) -> Self {
        Self {
            id: &rule.id,
            family: rule.family(),
            title: &rule.title,
            category: rule.category,
            severity: rule.severity,
            fault: rule.fault,
            retryable: rule.retryable,
            status: rule.status.as_str(),
            observable: rule.observable,
        }
    }
}
