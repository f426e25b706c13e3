//! A metric with its samples, in the shape that the crate `prometheus` writes.

use std::collections::BTreeMap;

use prometheus::proto;
use prometheus::proto::MetricFamily;
use prometheus::proto::MetricType;

use crate::model::Metric;
use crate::outputs::prometheus::Samples;
use crate::outputs::prometheus::table::Kind;
use crate::outputs::prometheus::table::Row;

/// One metric with all its samples, which are taken out of `samples`.
pub(super) fn family(row: &Row, samples: &mut Samples) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(row.metric.name.to_owned());
    family.set_help(row.help.to_owned());
    let (kind, shown) = match row.kind {
        Kind::Counter => (MetricType::COUNTER, plain(row, samples)),
        Kind::Gauge => (MetricType::GAUGE, plain(row, samples)),
        Kind::Histogram => (MetricType::HISTOGRAM, histograms(&row.metric, samples)),
    };
    family.set_field_type(kind);
    family.set_metric(shown);
    family
}

/// The samples of a counter or a gauge. A stored series whose labels are not those of the
/// metric was written by another version, and is passed over.
fn plain(row: &Row, samples: &mut Samples) -> Vec<proto::Metric> {
    let mut shown = Vec::new();
    for (values, number) in samples.remove(row.metric.name).unwrap_or_default() {
        if values.len() != row.metric.labels.len() {
            continue;
        }
        let mut it = proto::Metric::from_label(labels(&row.metric, &values));
        if row.kind == Kind::Counter {
            let mut counter = proto::Counter::default();
            counter.set_value(number);
            it.set_counter(counter);
        } else {
            let mut gauge = proto::Gauge::default();
            gauge.set_value(number);
            it.set_gauge(gauge);
        }
        shown.push(it);
    }
    shown
}

/// The samples of a histogram. Stored buckets hold only their own values; here they add up.
fn histograms(metric: &Metric, samples: &mut Samples) -> Vec<proto::Metric> {
    let mut take =
        |suffix: &str| samples.remove(&format!("{}{suffix}", metric.name)).unwrap_or_default();
    let (buckets, sums, counts) = (take("_bucket"), take("_sum"), take("_count"));
    let mut shown = Vec::new();
    for (values, count) in counts {
        if values.len() != metric.labels.len() {
            continue;
        }
        let mut it = proto::Histogram::default();
        it.set_sample_count(count as u64);
        it.set_sample_sum(sums.get(&values).copied().unwrap_or(0.0));
        it.set_bucket(cumulative(metric, &values, &buckets));
        let mut sample = proto::Metric::from_label(labels(metric, &values));
        sample.set_histogram(it);
        shown.push(sample);
    }
    shown
}

/// The buckets of one series, each with all that are below it.
fn cumulative(
    metric: &Metric,
    values: &[String],
    stored: &BTreeMap<Vec<String>, f64>,
) -> Vec<proto::Bucket> {
    let mut below = 0.0;
    let mut shown = Vec::new();
    for bound in metric.buckets {
        let mut key = values.to_vec();
        key.push(bound.to_string());
        below += stored.get(&key).copied().unwrap_or(0.0);
        let mut bucket = proto::Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(below as u64);
        shown.push(bucket);
    }
    shown
}

/// Names and values as pairs.
fn labels(metric: &Metric, values: &[String]) -> Vec<proto::LabelPair> {
    let pair = |(name, value): (&&str, &String)| {
        let mut pair = proto::LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value(value.clone());
        pair
    };
    metric.labels.iter().zip(values).map(pair).collect()
}
