//! The ledger of each source, from the committed totals.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::Totals;
use crate::model::metrics;

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
