//! What a scan found, kind by kind: how often, from when to when, where, and one example.
//!
//! The sums that programs read are in `service::tally`; here is what people look at. All
//! names are redacted, and everything is bounded.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::scan::timeline::Timeline;
use crate::model::finding::Category;
use crate::model::finding::Finding;
use crate::model::finding::Severity;
use crate::model::metrics;
use crate::model::redacted::Redacted;
use crate::model::redacted::Redactor;
use crate::pipeline::incidents::Sighting;

/// Kinds of errors that are told apart; one beyond is counted in the sums alone.
const KINDS: usize = 2_000;
/// Names kept of one sort, such as the pipelines of a kind.
const NAMES: usize = 50;

/// What was found.
#[derive(Default)]
pub(crate) struct Digest {
    /// Errors by rule; those that no rule knows by their fingerprint.
    pub(crate) kinds: BTreeMap<String, Kind>,
    /// The worst severity of each category.
    pub(crate) worst: BTreeMap<Category, Severity>,
    /// When errors happened.
    pub(crate) times: Timeline,
    /// Records by what became of them.
    pub(crate) ledger: BTreeMap<String, u64>,
    /// Records by format.
    pub(crate) formats: BTreeMap<String, u64>,
    /// Damage met in records, by kind.
    pub(crate) issues: BTreeMap<String, u64>,
}

/// One kind of error.
pub(crate) struct Kind {
    /// How often.
    pub(crate) count: u64,
    /// The worst of them.
    pub(crate) severity: Severity,
    /// When.
    pub(crate) times: Timeline,
    /// Where.
    pub(crate) places: Places,
    /// The first that was found.
    pub(crate) sample: Redacted<Finding>,
}

/// The names of where a kind happened.
#[derive(Default)]
pub(crate) struct Places {
    pub(crate) pipelines: BTreeSet<String>,
    pub(crate) runtimes: BTreeSet<String>,
    pub(crate) nodes: BTreeSet<String>,
}

impl Digest {
    /// Takes in one error; `full` is asked for the first of a kind.
    pub(crate) fn take(
        &mut self,
        it: &Sighting<'_>,
        full: &dyn Fn() -> Redacted<Finding>,
        redactor: &Redactor,
    ) {
        let worst = self.worst.entry(it.category).or_insert(it.severity);
        *worst = it.severity.max(*worst);
        self.times.add(it.record.time, it.severity);
        let key = key(it);
        if !self.kinds.contains_key(&key) && self.kinds.len() >= KINDS {
            return;
        }
        let kind = self.kinds.entry(key).or_insert_with(|| Kind::new(it, full()));
        kind.count += 1;
        kind.severity = kind.severity.max(it.severity);
        kind.times.add(it.record.time, it.severity);
        kind.places.take(it, redactor);
    }

    /// Takes in counters of the ledger. Their labels come from closed sets.
    pub(crate) fn take_in(&mut self, totals: &[(String, f64)]) {
        for (series, value) in totals {
            let parts: Vec<_> = series.split(crate::model::totals::SEPARATOR).collect();
            let (table, name) = match parts[..] {
                [name, _, format] if name == metrics::SOURCE_RECORDS.name => {
                    (&mut self.formats, format)
                }
                [name, _, outcome] if name == metrics::SOURCE_OUTCOMES.name => {
                    (&mut self.ledger, outcome)
                }
                [name, _, reason] if name == metrics::SOURCE_DROPPED.name => {
                    (&mut self.ledger, reason)
                }
                [name, _] if name == metrics::SOURCE_DUPLICATES.name => {
                    (&mut self.ledger, "duplicate")
                }
                [name, _, kind] if name == metrics::PARSE_ISSUES.name => (&mut self.issues, kind),
                _ => continue,
            };
            *table.entry(name.replace('_', " ")).or_default() += *value as u64;
        }
    }

    /// All kinds, the worst first, and of those the most frequent.
    pub(crate) fn ranked(&self) -> Vec<&Kind> {
        let mut kinds: Vec<_> = self.kinds.values().collect();
        kinds.sort_by(|left, right| {
            let rank = |it: &Kind| (it.severity, it.count);
            rank(right).cmp(&rank(left)).then_with(|| left.sample.rule.cmp(&right.sample.rule))
        });
        kinds
    }
}

/// What is one kind.
fn key(it: &Sighting<'_>) -> String {
    if it.rule == crate::catalogue::UNCLASSIFIED {
        return it.fingerprint.to_string();
    }
    it.rule.to_owned()
}

impl Kind {
    fn new(it: &Sighting<'_>, sample: Redacted<Finding>) -> Self {
        Self {
            count: 0,
            severity: it.severity,
            times: Timeline::default(),
            places: Places::default(),
            sample,
        }
    }
}

impl Places {
    fn take(&mut self, it: &Sighting<'_>, redactor: &Redactor) {
        let at = &it.record.context;
        for (set, name) in [
            (&mut self.pipelines, &at.pipeline),
            (&mut self.runtimes, &at.integration_runtime),
            (&mut self.nodes, &at.node),
        ] {
            let Some(name) = name.as_deref().filter(|it| !it.is_empty()) else { continue };
            if set.len() < NAMES && !set.contains(name) {
                set.insert(redactor.text(name).into_owned());
            }
        }
    }
}
