//! What was read and what became of it: every record is counted once as read and once as
//! something.
//!
//! ```text
//! records = classified + unclassified + no error + duplicate + dropped (by reason) + pending
//! ```
//!
//! Counters grow here between two commits and leave with `drain`, so that what
//! `/metrics` shows is what the store holds. A counter on the hot path is a lookup; nothing
//! is allocated for a series that is known.

use std::sync::Arc;

use shirwatch_parsers::{Format, IssueKind, Link, Record};

use crate::model::counters::Counters;
use crate::model::counters::MetricsConfig;
use crate::model::hour::{Hour, HourCount, Hours};
use crate::model::metrics;
use crate::model::metrics::Metric;
use crate::model::redacted::Redactor;
use crate::model::totals::Totals;
use crate::pipeline::incidents::Sighting;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A rule knows it.
    Classified,
    /// No rule knows it.
    Unclassified,
    /// It speaks of no error.
    NoError,
    /// It was counted before.
    Duplicate,
}

impl Outcome {
    /// The name used in the ledger.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classified => "classified",
            Self::Unclassified => "unclassified",
            Self::NoError => "no_error",
            Self::Duplicate => "duplicate",
        }
    }
}

/// Counters that wait for the next commit.
#[derive(Debug, Default)]
pub struct Ledger {
    counters: Counters,
    pending: Totals,
    hours: Hours,
}

impl Ledger {
    /// Goes on with what was stored.
    #[must_use]
    pub fn restore(config: MetricsConfig, redactor: Arc<Redactor>, stored: &Totals) -> Self {
        let mut counters = Counters::new(config).redacting(redactor);
        counters.restore(stored);
        Self { counters, ..Self::default() }
    }

    /// Counts bytes that were taken.
    pub(super) fn bytes(&mut self, source: &str, bytes: usize) {
        if bytes > 0 {
            self.add(&metrics::SOURCE_BYTES, &[source], bytes as f64);
        }
    }

    /// Counts a record, the run it tells of, and what was wrong with it.
    pub(super) fn record(&mut self, source: &str, record: &Record<'_>) {
        self.add(&metrics::SOURCE_RECORDS, &[source, record.format.as_str()], 1.0);
        for issue in &record.issues {
            self.issue(record.format, issue.kind);
        }
        if record.run.is_some() {
            self.run(record);
        }
    }

    /// Counts what became of a record.
    pub(super) fn outcome(&mut self, source: &str, outcome: Outcome) {
        match outcome {
            Outcome::Duplicate => self.add(&metrics::SOURCE_DUPLICATES, &[source], 1.0),
            _ => self.add(&metrics::SOURCE_OUTCOMES, &[source, outcome.as_str()], 1.0),
        }
    }

    /// Counts an error.
    pub(super) fn error(
        &mut self,
        source: &str,
        it: &Sighting<'_>,
        redactor: &Redactor,
        known: bool,
    ) {
        let labels = [it.rule, it.category.as_str(), it.severity.as_str(), it.fault.as_str()];
        self.add(&metrics::ERRORS, &labels, 1.0);
        let time = it.record.time.unwrap_or(it.read_at);
        self.hours.count(Hour::of(time, it.read_at), it.severity);
        if let Some(code) = it.record.outer_code() {
            self.add(&metrics::ERROR_CODES, &[code], 1.0);
        }
        if let Some(name) = it.record.root().and_then(Link::named_type) {
            self.add(&metrics::ROOT_EXCEPTIONS, &[name], 1.0);
        }
        if let Some(node) = it.record.context.node.as_deref() {
            let node = redactor.alias(node);
            let labels = [node.as_ref(), it.category.as_str(), it.severity.as_str()];
            self.add(&metrics::NODE_ERRORS, &labels, 1.0);
        }
        if !known {
            self.add(&metrics::UNCLASSIFIED, &[], 1.0);
        }
        self.outcome(source, if known { Outcome::Classified } else { Outcome::Unclassified });
    }

    /// Counts an event that did not fit and was read from its beginning only.
    pub(super) fn cut(&mut self, source: &str) {
        self.add(&metrics::SOURCE_CUT, &[source], 1.0);
    }

    /// Counts a text that we failed on, as one record: how many it holds nobody knows.
    pub(super) fn given_up(&mut self, source: &str) {
        self.add(&metrics::SOURCE_RECORDS, &[source, Format::Plain.as_str()], 1.0);
        self.add(&metrics::SOURCE_DROPPED, &[source, "unreadable"], 1.0);
    }

    /// Counts something that was not as it should be.
    pub(super) fn issue(&mut self, format: Format, kind: IssueKind) {
        self.add(&metrics::PARSE_ISSUES, &[format.as_str(), kind.as_str()], 1.0);
    }

    /// Counts for others: deliveries and the like.
    pub fn add(&mut self, metric: &Metric, labels: &[&str], by: f64) {
        self.counters.count(&mut self.pending, metric, labels, by);
    }

    /// Puts a value into a histogram.
    pub fn observe(&mut self, metric: &Metric, labels: &[&str], value: f64) {
        self.counters.observe(&mut self.pending, metric, labels, value);
    }

    /// What was counted since the last call.
    pub(super) fn drain(&mut self) -> Vec<(String, f64)> {
        self.counters.pour(&mut self.pending);
        self.pending.take()
    }

    /// Errors by hour since the last call.
    pub(super) fn drain_hours(&mut self) -> impl Iterator<Item = HourCount> + use<> {
        self.hours.drain()
    }

    fn run(&mut self, record: &Record<'_>) {
        let Some(run) = &record.run else { return };
        let status = metrics::run_status(&run.status);
        let at = &record.context;
        let kind = at.activity_type.as_deref().unwrap_or_default();
        let runtime = at.integration_runtime.as_deref().unwrap_or_default();
        let pipeline = at.pipeline.as_deref().unwrap_or_default();
        match record.format {
            Format::ActivityRun => {
                self.add(&metrics::ACTIVITY_RUNS, &[status, kind, runtime], 1.0);
                if let Some(seconds) = run.seconds {
                    self.observe(&metrics::ACTIVITY_RUN_DURATION, &[kind], seconds);
                }
            }
            Format::PipelineRun => {
                self.add(&metrics::PIPELINE_RUNS, &[status, pipeline], 1.0);
                if let Some(seconds) = run.seconds {
                    self.observe(&metrics::PIPELINE_RUN_DURATION, &[], seconds);
                }
            }
            Format::TriggerRun => self.add(&metrics::TRIGGER_RUNS, &[status], 1.0),
            _ => {}
        }
    }
}
