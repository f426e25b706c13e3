//! Values of histograms that wait to be counted.
//!
//! ```text
//! key    shirwatch_activity_run_duration_seconds ␟ Copy
//! held   one count for each bucket, and the sum
//! poured …_bucket ␟ Copy ␟ 60   …_sum ␟ Copy   …_count ␟ Copy
//! ```
//!
//! A histogram is stored as three series, and a value is stored in its own bucket alone; the
//! exposition adds up. Three series for each value would be the dearest part of a run that went
//! well, so values are gathered here, and written as series once for each commit.

use std::collections::HashMap;
use std::fmt::Write;

use foldhash::fast::RandomState;

use crate::model::metrics::Metric;
use crate::model::totals::{SEPARATOR, Totals};

/// What was observed since the last commit.
#[derive(Debug, Default)]
pub(super) struct Histograms {
    held: HashMap<String, Histogram, RandomState>,
}

#[derive(Debug)]
struct Histogram {
    /// Upper bounds of the buckets but for the last, which has none.
    bounds: &'static [f64],
    counts: Box<[u64]>,
    sum: f64,
}

impl Histograms {
    /// Takes in a value of a series that has one since the last commit; false where it has none.
    pub(super) fn grow(&mut self, series: &str, value: f64) -> bool {
        self.held.get_mut(series).map(|it| it.put(value)).is_some()
    }

    /// Takes in a value.
    pub(super) fn add(&mut self, series: &str, metric: &Metric, value: f64) {
        if !self.grow(series, value) {
            let mut histogram = Histogram::new(metric.buckets);
            histogram.put(value);
            self.held.insert(series.to_owned(), histogram);
        }
    }

    /// Moves all that was taken in to `totals`.
    pub(super) fn pour(&mut self, totals: &mut Totals) {
        for (series, histogram) in self.held.drain() {
            histogram.pour(&series, totals);
        }
    }
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1].into(), sum: 0.0 }
    }

    fn put(&mut self, value: f64) {
        let bucket = self.bounds.iter().position(|it| value <= *it);
        self.counts[bucket.unwrap_or(self.bounds.len())] += 1;
        self.sum += value;
    }

    fn pour(&self, series: &str, totals: &mut Totals) {
        let (name, labels) = series.split_at(series.find(SEPARATOR).unwrap_or(series.len()));
        let mut bucket = format!("{name}_bucket{labels}{SEPARATOR}");
        let stem = bucket.len();
        for (i, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            bucket.truncate(stem);
            // Writing to a text cannot fail.
            let _ = match self.bounds.get(i) {
                Some(bound) => write!(bucket, "{bound}"),
                None => write!(bucket, "+Inf"),
            };
            totals.add(&bucket, *count as f64);
        }
        totals.add(&format!("{name}_sum{labels}"), self.sum);
        totals.add(&format!("{name}_count{labels}"), self.counts.iter().sum::<u64>() as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRIC: Metric = Metric { buckets: &[1.0, 5.0], ..crate::model::metrics::ERRORS };

    #[test]
    #[rustfmt::skip]
    fn a_value_goes_into_the_first_bucket_that_holds_it() {
        // values                  what is counted
        check(&[0.0],              "h_bucket|x|1=1 h_count|x=1 h_sum|x=0");
        check(&[1.0],              "h_bucket|x|1=1 h_count|x=1 h_sum|x=1");
        check(&[1.5, 2.5],         "h_bucket|x|5=2 h_count|x=2 h_sum|x=4");
        check(&[0.5, 99.5],        "h_bucket|x|+Inf=1 h_bucket|x|1=1 h_count|x=2 h_sum|x=100");
        check(&[],                 "");
    }

    #[track_caller]
    fn check(values: &[f64], expected: &str) {
        let (mut histograms, mut totals) = (Histograms::default(), Totals::default());
        values.iter().for_each(|it| histograms.add("h\u{1f}x", &METRIC, *it));
        histograms.pour(&mut totals);
        histograms.pour(&mut totals);
        let mut actual: Vec<_> = totals
            .iter()
            .map(|(name, labels, value)| format!("{name}|{}={value}", labels.join("|")))
            .collect();
        actual.sort();
        assert_eq!(actual.join(" "), expected);
    }
}
