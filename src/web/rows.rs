//! The JSON of the API: incidents, rules, sources, receivers.
//!
//! The shapes are built on by others: keys are added, never renamed or dropped. All text of
//! an incident is that of a redacted finding.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::catalogue::Rule;
use crate::catalogue::UNCLASSIFIED;
use crate::model::Category;
use crate::model::Fault;
use crate::model::Finding;
use crate::model::Fingerprint;
use crate::model::Incident;
use crate::model::Severity;
use crate::model::State;
use crate::model::Totals;
use crate::model::changes::Occurrence;
use crate::model::fingerprint;
use crate::model::metrics;

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
    factories: &'a BTreeSet<String>,
    pipelines: &'a BTreeSet<String>,
    activities: &'a BTreeSet<String>,
    integration_runtimes: &'a BTreeSet<String>,
    nodes: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurrences: Option<&'a [Occurrence]>,
}

impl<'a> Row<'a> {
    /// The incident with its sample.
    #[must_use]
    pub fn new(it: &'a Incident) -> Self {
        let unknown = it.sample.as_deref().filter(|_| it.rule == UNCLASSIFIED);
        let template = unknown.map(|it| fingerprint::template(&it.record));
        Self { sample: it.sample.as_deref(), template, ..Self::brief(it) }
    }

    /// The incident with its sample and its latest occurrences.
    #[must_use]
    pub fn with(it: &'a Incident, occurrences: &'a [Occurrence]) -> Self {
        Self { occurrences: Some(occurrences), ..Self::new(it) }
    }

    /// The incident without its sample, for events.
    #[must_use]
    pub fn brief(it: &'a Incident) -> Self {
        let finding = it.sample.as_deref();
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
            occurrences: None,
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

/// What was read of a source, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SourceLedger {
    /// Bytes read.
    pub bytes: u64,
    /// Records read.
    pub records: u64,
    /// Records that a rule knows.
    pub classified: u64,
    /// Errors that no rule knows.
    pub unclassified: u64,
    /// Records without an error.
    pub no_error: u64,
    /// Records that were counted before.
    pub duplicate: u64,
    /// Records that were given up, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Records that wait for others before they are counted.
    pub pending: u64,
    /// Whether what was read is what became of it.
    pub balanced: bool,
}

impl SourceLedger {
    /// The ledger of each source in `totals`; `pending` says how many records wait.
    #[must_use]
    pub fn all(totals: &Totals, pending: &BTreeMap<String, u64>) -> BTreeMap<String, Self> {
        let mut all: BTreeMap<String, Self> = BTreeMap::new();
        for (name, labels, count) in totals.iter() {
            let Some(source) = labels.first().filter(|_| name.starts_with("shirwatch_source_"))
            else {
                continue;
            };
            // Counters are whole numbers; they are stored as Prometheus has them.
            all.entry((*source).to_owned()).or_default().add(name, &labels[1..], count as u64);
        }
        for (source, count) in pending {
            all.entry(source.clone()).or_default().pending = *count;
        }
        for it in all.values_mut() {
            it.balanced = it.records == it.settled();
        }
        all
    }

    fn add(&mut self, name: &str, labels: &[&str], count: u64) {
        let label = labels.first().copied().unwrap_or_default();
        match name {
            _ if name == metrics::SOURCE_BYTES.name => self.bytes += count,
            _ if name == metrics::SOURCE_RECORDS.name => self.records += count,
            _ if name == metrics::SOURCE_DUPLICATES.name => self.duplicate += count,
            _ if name == metrics::SOURCE_DROPPED.name => {
                *self.dropped.entry(label.to_owned()).or_default() += count;
            }
            _ if name == metrics::SOURCE_OUTCOMES.name => match label {
                "classified" => self.classified += count,
                "unclassified" => self.unclassified += count,
                _ => self.no_error += count,
            },
            _ => {}
        }
    }

    fn settled(&self) -> u64 {
        let dropped: u64 = self.dropped.values().sum();
        let known = self.classified + self.unclassified + self.no_error;
        known + self.duplicate + dropped + self.pending
    }
}

/// A source as `/api/v1/status` shows it.
#[derive(Debug, Serialize)]
pub struct SourceRow {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Bytes that were not read yet.
    pub lag_bytes: u64,
    /// Files held open.
    pub files_open: u64,
    /// When something was read last.
    pub last_read: Option<Timestamp>,
    /// Whether it has data that it does not get to read.
    pub stalled: bool,
    /// What was read, and what became of it.
    pub ledger: SourceLedger,
}

/// A receiver as `/api/v1/status` shows it.
#[derive(Debug, Serialize)]
pub struct ReceiverRow {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Alerts that wait for it.
    pub queue: u64,
    /// Alerts that it took.
    pub sent: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Why the last attempt failed, if it did.
    pub last_error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn what_was_read_is_what_became_of_it() {
        // records classified unclassified no_error duplicate dropped pending    balanced
        check([0,  0, 0, 0, 0, 0, 0],  true);
        check([10, 1, 2, 3, 1, 1, 2],  true);
        check([10, 1, 2, 3, 1, 1, 1],  false);
        check([0,  0, 0, 0, 1, 0, 0],  false);
    }

    #[track_caller]
    fn check(counts: [u64; 7], expected: bool) {
        let mut totals = Totals::default();
        let mut key = String::new();
        for (metric, label, count) in [
            (metrics::SOURCE_RECORDS, "plain", counts[0]),
            (metrics::SOURCE_OUTCOMES, "classified", counts[1]),
            (metrics::SOURCE_OUTCOMES, "unclassified", counts[2]),
            (metrics::SOURCE_OUTCOMES, "no_error", counts[3]),
            (metrics::SOURCE_DROPPED, "too-large", counts[5]),
        ] {
            crate::model::totals::series(&mut key, metric.name, &["logs", label]);
            totals.add(&key, count as f64);
        }
        crate::model::totals::series(&mut key, metrics::SOURCE_DUPLICATES.name, &["logs"]);
        totals.add(&key, counts[4] as f64);
        let pending = BTreeMap::from([("logs".to_owned(), counts[6])]);
        assert_eq!(SourceLedger::all(&totals, &pending)["logs"].balanced, expected);
    }
}
