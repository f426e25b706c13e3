//! What was read and found in one run, summed up: the object that `scan --format json` and
//! `run --once --format json` print.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::model::finding::Finding;
use crate::model::fingerprint::template;
use crate::model::metrics;
use crate::model::redacted::Redacted;
use crate::model::redacted::Redactor;
use crate::pipeline::incidents::Sighting;

/// Names kept apart in one table; a summary with more helps nobody.
const LIMIT: usize = 10_000;

/// The sums of one run.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Tally {
    /// Files that were read.
    pub files: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Lines that were read.
    pub lines: u64,
    /// Records that were read.
    pub records: u64,
    /// Errors that were found.
    pub findings: u64,
    /// Errors that no rule knows.
    pub unclassified: u64,
    /// Errors by category.
    pub by_category: BTreeMap<String, u64>,
    /// Errors by rule.
    pub by_rule: BTreeMap<String, u64>,
    /// Errors by outermost code.
    pub by_code: BTreeMap<String, u64>,
    /// Errors by the type of the innermost exception.
    pub by_root_type: BTreeMap<String, u64>,
    /// Errors that no rule knows by their words, `*` for each name.
    pub by_template: BTreeMap<String, u64>,
    /// Errors by pipeline.
    pub by_pipeline: BTreeMap<String, u64>,
    /// Errors by node.
    pub by_node: BTreeMap<String, u64>,
    /// Records that were given up, by reason; duplicates among them.
    pub dropped: BTreeMap<String, u64>,
    /// What names are redacted by.
    #[serde(skip)]
    pub(crate) redactor: Arc<Redactor>,
}

impl Tally {
    /// Sums that redact names by this one.
    #[must_use]
    pub fn redacting(redactor: Arc<Redactor>) -> Self {
        Self { redactor, ..Self::default() }
    }

    /// Counts one error; `full` is asked for what no rule knows.
    pub fn count(&mut self, it: &Sighting<'_>, full: &dyn Fn() -> Redacted<Finding>) {
        self.findings += 1;
        if it.rule == crate::catalogue::UNCLASSIFIED {
            self.unclassified += 1;
            add(&mut self.by_template, Some(&template(&full().record)), 1);
        }
        let root = it.record.root().and_then(|root| root.type_name.as_deref());
        add(&mut self.by_category, Some(it.category.as_str()), 1);
        add(&mut self.by_rule, Some(it.rule), 1);
        add(&mut self.by_code, it.record.outer_code(), 1);
        add(&mut self.by_root_type, root, 1);
        let at = &it.record.context;
        let pipeline = at.pipeline.as_deref().map(|it| self.redactor.text(it));
        let node = at.node.as_deref().map(|it| self.redactor.alias(it));
        add(&mut self.by_pipeline, pipeline.as_deref(), 1);
        add(&mut self.by_node, node.as_deref(), 1);
    }

    /// Takes in counters of the ledger.
    pub fn take_in(&mut self, totals: &[(String, f64)]) {
        for (series, value) in totals {
            let mut parts = series.split(crate::model::totals::SEPARATOR);
            let (name, value) = (parts.next().unwrap_or_default(), *value as u64);
            let label = parts.nth(1);
            match name {
                _ if name == metrics::SOURCE_BYTES.name => self.bytes += value,
                _ if name == metrics::SOURCE_RECORDS.name => self.records += value,
                _ if name == metrics::SOURCE_DROPPED.name => add(&mut self.dropped, label, value),
                _ if name == metrics::SOURCE_DUPLICATES.name => {
                    add(&mut self.dropped, Some("duplicate"), value);
                }
                _ => {}
            }
        }
    }
}

fn add(table: &mut BTreeMap<String, u64>, name: Option<&str>, by: u64) {
    let Some(name) = name else { return };
    if let Some(count) = table.get_mut(name) {
        *count += by;
        return;
    }
    let name = if table.len() < LIMIT { name } else { metrics::OTHER };
    *table.entry(name.to_owned()).or_default() += by;
}
