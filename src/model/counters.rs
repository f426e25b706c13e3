//! Counting into [`Totals`], with a bounded number of series.
//!
//! ```text
//! count(PIPELINE_RUNS, ["Failed", "nightly"])   shirwatch_pipeline_runs_total{…"nightly"} +1
//!   … and beyond the cap of the metric          shirwatch_pipeline_runs_total{…"other"}   +1
//!                                               shirwatch_series_limited_total{…}         +1
//! ```
//!
//! Labels that come from a log can hold anything, and each new value costs memory here and
//! in Prometheus. So beyond the cap a new combination is counted as `other`; one that was
//! counted before, also before a restart, is never taken away. A new one is redacted first, so
//! that it costs nothing afterwards.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::histograms::Histograms;
use crate::model::metrics::{CAPPED, Cap, Metric, OTHER, PIPELINE_RUNS, SERIES_LIMITED};
use crate::model::redacted::Redactor;
use crate::model::totals::{Totals, series};

/// Bytes kept of one label value; names are shorter, and a damaged log is not.
const VALUE_LIMIT: usize = 200;

/// `metrics:` how much is told apart in `/metrics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// How many series one metric may have whose labels come from the logs. Beyond it new
    /// names are counted as `other`, and `shirwatch_series_limited_total` grows.
    pub max_series: usize,
    /// Whether pipeline runs are told apart by the name of the pipeline.
    pub pipeline_label: bool,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self { max_series: 2000, pipeline_label: true }
    }
}

/// Counts into [`Totals`] and keeps the number of series bounded.
#[derive(Debug, Default)]
pub struct Counters {
    config: MetricsConfig,
    known: HashMap<&'static str, HashSet<String, RandomState>, RandomState>,
    key: String,
    histograms: Histograms,
    redactor: Arc<Redactor>,
}

impl Counters {
    /// Counters that know no series yet.
    #[must_use]
    pub fn new(config: MetricsConfig) -> Self {
        Self { config, ..Self::default() }
    }

    /// Learns the series that were counted before a restart, so that they stay told apart.
    pub fn restore(&mut self, totals: &Totals) {
        for (name, values, _) in totals.iter() {
            let plain = name.strip_suffix("_count").unwrap_or(name);
            let Some(metric) = CAPPED.iter().find(|it| it.name == plain) else { continue };
            series(&mut self.key, metric.name, &values);
            self.known.entry(metric.name).or_default().insert(self.key.clone());
        }
    }

    /// Redacts names by this one from now on.
    #[must_use]
    pub fn redacting(self, redactor: Arc<Redactor>) -> Self {
        Self { redactor, ..self }
    }

    /// Adds `by` to the counter `metric` with a value for each of its labels.
    pub fn count(&mut self, totals: &mut Totals, metric: &Metric, values: &[&str], by: f64) {
        // Most were counted a moment ago: what stands there may be told, and is counted as it is.
        series(&mut self.key, metric.name, values);
        if totals.grow(&self.key, by) {
            return;
        }
        // Most series are known; then nothing is copied.
        if !self.plain(metric, values) {
            let values = self.cut(metric, values);
            if !self.knows(metric, &values) {
                let clean = self.clean(totals, metric, &values);
                series(&mut self.key, metric.name, &texts(&clean));
            }
        }
        totals.add(&self.key, by);
    }

    /// Whether the values may be counted as they are; their series is in `key` then.
    fn plain(&mut self, metric: &Metric, values: &[&str]) -> bool {
        let short = values.iter().all(|it| it.len() <= VALUE_LIMIT);
        let told = metric.name != PIPELINE_RUNS.name || self.config.pipeline_label;
        short && told && self.knows(metric, values)
    }

    /// Puts one value into the histogram `metric`; it is counted by [`Counters::pour`].
    pub fn observe(&mut self, totals: &mut Totals, metric: &Metric, values: &[&str], value: f64) {
        if !value.is_finite() {
            return;
        }
        let value = value.max(0.0);
        series(&mut self.key, metric.name, values);
        if self.histograms.grow(&self.key, value) {
            return;
        }
        if !self.plain(metric, values) {
            let values = self.cut(metric, values);
            if !self.knows(metric, &values) {
                let clean = self.clean(totals, metric, &values);
                series(&mut self.key, metric.name, &texts(&clean));
            }
        }
        self.histograms.add(&self.key, metric, value);
    }

    /// Counts what was put into histograms since the last call.
    pub fn pour(&mut self, totals: &mut Totals) {
        self.histograms.pour(totals);
    }

    /// The values without what is too long, and without what is not to be told apart.
    fn cut<'a>(&self, metric: &Metric, values: &[&'a str]) -> Vec<&'a str> {
        let mut values: Vec<_> = values.iter().map(|it| beginning(it, VALUE_LIMIT)).collect();
        if metric.name == PIPELINE_RUNS.name && !self.config.pipeline_label {
            replace_open(metric, &mut values, "");
        }
        values
    }

    /// The values of a new series as they may be counted: redacted, and `other` beyond the cap.
    fn clean<'a>(
        &mut self,
        totals: &mut Totals,
        metric: &Metric,
        values: &[&'a str],
    ) -> Vec<Cow<'a, str>> {
        let redacted = |(name, value): (&&str, &&'a str)| match metric.open.contains(name) {
            true => self.redactor.text(value),
            false => Cow::Borrowed(*value),
        };
        let clean: Vec<_> = metric.labels.iter().zip(values).map(redacted).collect();
        if self.admits(metric, &texts(&clean)) {
            return clean;
        }
        let mut values = values.to_vec();
        replace_open(metric, &mut values, OTHER);
        series(&mut self.key, SERIES_LIMITED.name, &[metric.name]);
        totals.add(&self.key, 1.0);
        values.into_iter().map(Cow::Borrowed).collect()
    }

    /// Whether the combination is known, or any is; its series is in `key` then.
    fn knows(&mut self, metric: &Metric, values: &[&str]) -> bool {
        series(&mut self.key, metric.name, values);
        let known = || self.known.get(metric.name).is_some_and(|it| it.contains(&self.key));
        metric.cap == Cap::Closed || known()
    }

    /// Whether the combination is known, or there is room to learn it.
    fn admits(&mut self, metric: &Metric, values: &[&str]) -> bool {
        series(&mut self.key, metric.name, values);
        let cap = match metric.cap {
            Cap::Closed => return true,
            Cap::Fixed(cap) => cap,
            Cap::Configured => self.config.max_series,
        };
        let known = self.known.entry(metric.name).or_default();
        known.contains(&self.key) || (known.len() < cap && known.insert(self.key.clone()))
    }
}

fn texts<'a>(values: &'a [Cow<'_, str>]) -> Vec<&'a str> {
    values.iter().map(AsRef::as_ref).collect()
}

/// Says `by` instead of each value that comes from a log.
fn replace_open<'a>(metric: &Metric, values: &mut [&'a str], by: &'a str) {
    for (name, value) in metric.labels.iter().zip(values) {
        if metric.open.contains(name) {
            *value = by;
        }
    }
}

/// The beginning of `text`, at most `limit` bytes, cut between two characters.
pub(crate) fn beginning(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn beyond_the_cap_new_names_are_counted_as_other() {
        // pipelines that ran, one run each      what is counted (cap 2)
        check("a b a",                           "a=2 b=1 limited=0");
        check("a b c",                           "a=1 b=1 other=1 limited=1");
        check("a b c d c a",                     "a=2 b=1 other=3 limited=3");
    }

    #[test]
    fn what_was_counted_before_a_restart_stays_told_apart() {
        let mut before = Totals::default();
        let mut counters = Counters::new(MetricsConfig { max_series: 1, pipeline_label: true });
        counters.count(&mut before, &PIPELINE_RUNS, &["Failed", "old"], 1.0);
        let mut after = Counters::new(MetricsConfig { max_series: 1, pipeline_label: true });
        after.restore(&before);
        after.count(&mut before, &PIPELINE_RUNS, &["Failed", "new"], 1.0);
        after.count(&mut before, &PIPELINE_RUNS, &["Failed", "old"], 1.0);
        assert_eq!(before.get(PIPELINE_RUNS.name, &["Failed", "old"]), 2.0);
        assert_eq!(before.get(PIPELINE_RUNS.name, &["Failed", OTHER]), 1.0);
    }

    #[test]
    fn without_the_label_all_pipelines_are_one() {
        let mut totals = Totals::default();
        let mut counters = Counters::new(MetricsConfig { max_series: 9, pipeline_label: false });
        counters.count(&mut totals, &PIPELINE_RUNS, &["Failed", "a"], 1.0);
        counters.count(&mut totals, &PIPELINE_RUNS, &["Failed", "b"], 1.0);
        assert_eq!(totals.get(PIPELINE_RUNS.name, &["Failed", ""]), 2.0);
    }

    #[track_caller]
    fn check(runs: &str, expected: &str) {
        let mut totals = Totals::default();
        let mut counters = Counters::new(MetricsConfig { max_series: 2, pipeline_label: true });
        for pipeline in runs.split(' ') {
            counters.count(&mut totals, &PIPELINE_RUNS, &["Failed", pipeline], 1.0);
        }
        let mut actual = String::new();
        for pipeline in ["a", "b", "c", "d", OTHER] {
            let count = totals.get(PIPELINE_RUNS.name, &["Failed", pipeline]);
            if count > 0.0 {
                actual += &format!("{pipeline}={count} ");
            }
        }
        actual += &format!("limited={}", totals.get(SERIES_LIMITED.name, &[PIPELINE_RUNS.name]));
        assert_eq!(actual, expected);
    }
}
