//! What was read and found in one run, summed up: the object that `scan --format json` and
//! `run --once --format json` print.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde::{Serialize, Serializer};
use shirwatch_parsers::Link;

use crate::model::finding::Finding;
use crate::model::fingerprint::template;
use crate::model::metrics;
use crate::model::redacted::Redacted;
use crate::model::redacted::Redactor;
use crate::pipeline::incidents::Sighting;

/// Names kept apart in one table; a summary with more helps nobody.
const LIMIT: usize = 10_000;

/// Counts by name, printed in the order of the names.
#[derive(Debug, Default, Clone)]
pub struct Table(HashMap<String, u64, RandomState>);

impl Table {
    /// Adds to the count of a name, or of `other` where there are too many.
    pub(crate) fn add(&mut self, name: &str, by: u64) {
        if let Some(count) = self.0.get_mut(name) {
            *count += by;
            return;
        }
        let name = if self.0.len() < LIMIT { name } else { metrics::OTHER };
        *self.0.entry(name.to_owned()).or_default() += by;
    }

    /// The names with their counts, the greatest first.
    #[must_use]
    pub fn greatest_first(&self) -> Vec<(&str, u64)> {
        greatest_first(self.0.iter())
    }

    /// The names in their order, each with its count.
    #[must_use]
    pub fn sorted(&self) -> BTreeMap<&str, u64> {
        self.0.iter().map(|(name, count)| (name.as_str(), *count)).collect()
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sorted().serialize(serializer)
    }
}

/// Names with their counts, the greatest first.
pub fn greatest_first<'a>(
    table: impl Iterator<Item = (&'a String, &'a u64)>,
) -> Vec<(&'a str, u64)> {
    let mut rows: Vec<_> = table.map(|(name, count)| (name.as_str(), *count)).collect();
    rows.sort_by_key(|(name, count)| (Reverse(*count), *name));
    rows
}

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
    pub by_category: Table,
    /// Errors by rule.
    pub by_rule: Table,
    /// Errors by outermost code.
    pub by_code: Table,
    /// Errors by the type of the innermost exception.
    pub by_root_type: Table,
    /// Errors that no rule knows by their words, `*` for each name.
    pub by_template: Table,
    /// Errors by pipeline.
    pub by_pipeline: Table,
    /// Errors by node.
    pub by_node: Table,
    /// Records that were given up, by reason; duplicates among them.
    pub dropped: Table,
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
        let root = it.record.root().and_then(Link::named_type);
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

fn add(table: &mut Table, name: Option<&str>, by: u64) {
    if let Some(name) = name {
        table.add(name, by);
    }
}
