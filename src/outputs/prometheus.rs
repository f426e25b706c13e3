//! What `/metrics` shows.
//!
//! ```text
//! # HELP shirwatch_errors_total Errors found in the logs, by rule, …
//! # TYPE shirwatch_errors_total counter
//! shirwatch_errors_total{rule="sql-login-failed",category="authentication",…} 3
//! ```
//!
//! [`TABLE`] is the list of all metrics. Counters and histograms come from the committed
//! [`Totals`], so that no crash can take one back; gauges come from a [`Snapshot`] that the
//! service fills. `process_*` is the standard set of the platform.
//!
//! Nothing is counted here, and nothing is asked: the text is a function of what is given.

use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::Timestamp;
use prometheus::TextEncoder;
use prometheus::proto;
use prometheus::proto::MetricFamily;
use prometheus::proto::MetricType;

use crate::model::Category;
use crate::model::Metric;
use crate::model::Severity;
use crate::model::State;
use crate::model::Totals;
use crate::model::metrics;

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One metric as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its name and labels.
    pub metric: Metric,
    /// What kind it is.
    pub kind: Kind,
    /// What it means, as one sentence.
    pub help: &'static str,
}

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Values in buckets.
    Histogram,
}

use Kind::{Counter, Gauge, Histogram};

/// All metrics, in the order in which they are shown.
#[rustfmt::skip]
pub const TABLE: [Row; 52] = [
    row(metrics::BUILD_INFO,            Gauge,     "The build that is running; always 1."),
    row(metrics::ERRORS,                Counter,   "Errors found in the logs."),
    row(metrics::ERROR_CODES,           Counter,   "Errors by the outermost error code of their exception chain."),
    row(metrics::ROOT_EXCEPTIONS,       Counter,   "Errors by the type of their innermost exception."),
    row(metrics::UNCLASSIFIED,          Counter,   "Errors that no rule of the catalogue knows."),
    row(metrics::LAST_ERROR,            Gauge,     "When the latest error of the category happened, by the time in the log."),
    row(metrics::INCIDENTS,             Gauge,     "Incidents in the store."),
    row(metrics::INCIDENT_FIRST_SEEN,   Gauge,     "When an open incident was seen first, for the worst and latest of them."),
    row(metrics::NODE_ERRORS,           Counter,   "Errors that name a node, by node."),
    row(metrics::ACTIVITY_RUNS,         Counter,   "Activity runs found in the logs."),
    row(metrics::ACTIVITY_RUN_DURATION, Histogram, "How long activity runs took that have ended."),
    row(metrics::PIPELINE_RUNS,         Counter,   "Pipeline runs found in the logs."),
    row(metrics::PIPELINE_RUN_DURATION, Histogram, "How long pipeline runs took that have ended."),
    row(metrics::TRIGGER_RUNS,          Counter,   "Trigger runs found in the logs."),
    row(metrics::IR_STATUS,             Gauge,     "The status of an integration runtime; 1 for the one that it has."),
    row(metrics::IR_LAST_CONNECT,       Gauge,     "When the integration runtime was connected to the service last."),
    row(metrics::IR_AUTO_UPDATE,        Gauge,     "Whether the service updates the nodes of the integration runtime."),
    row(metrics::IR_CERTIFICATE,        Gauge,     "Whether the certificate of the integration runtime has expired."),
    row(metrics::IR_NODE_STATUS,        Gauge,     "The status of a node; 1 for the one that it has."),
    row(metrics::IR_NODE_INFO,          Gauge,     "The version that runs on a node; always 1."),
    row(metrics::IR_NODE_HEARD,         Gauge,     "When anything was heard of the node last, by the time in the log."),
    row(metrics::IR_NODE_CONNECT,       Gauge,     "When the node was connected to the service last."),
    row(metrics::IR_NODE_EXPIRY,        Gauge,     "When the version of the node expires."),
    row(metrics::IR_NODE_CREDENTIALS,   Gauge,     "Whether the node has the credentials that the others have."),
    row(metrics::IR_NODE_MEMORY,        Gauge,     "Memory that is free on the node, by the latest report of the service."),
    row(metrics::IR_NODE_CPU,           Gauge,     "How much of the processor of the node is in use, 0 to 1."),
    row(metrics::IR_NODE_JOBS,          Gauge,     "Jobs that run on the node."),
    row(metrics::IR_NODE_JOBS_LIMIT,    Gauge,     "Jobs that may run on the node at once."),
    row(metrics::IR_NODE_RECEIVED,      Gauge,     "Bytes that the node receives, in the near real-time measure of the service."),
    row(metrics::IR_NODE_SENT,          Gauge,     "Bytes that the node sends, in the near real-time measure of the service."),
    row(metrics::SOURCE_BYTES,          Counter,   "Bytes read from the source."),
    row(metrics::SOURCE_RECORDS,        Counter,   "Records read from the source."),
    row(metrics::SOURCE_OUTCOMES,       Counter,   "What became of the records that were neither duplicate nor dropped."),
    row(metrics::SOURCE_DUPLICATES,     Counter,   "Records of the source that had been counted before."),
    row(metrics::SOURCE_DROPPED,        Counter,   "Records of the source that were given up."),
    row(metrics::SOURCE_CUT,            Counter,   "Events that were too large and were read from their beginning only."),
    row(metrics::SOURCE_REPLACED,       Counter,   "Blobs that were replaced or cut, and read from their beginning."),
    row(metrics::SOURCE_THROTTLED,      Counter,   "Requests that were refused because they came too often."),
    row(metrics::SOURCE_MISSED,         Counter,   "Events that were overwritten, cleared or no longer kept before they could be read."),
    row(metrics::SOURCE_LAG,            Gauge,     "Bytes of the source that are there and were not read yet."),
    row(metrics::SOURCE_LAG_MESSAGES,   Gauge,     "Messages of the source that are there and were not read yet, where those are counted and not bytes."),
    row(metrics::SOURCE_FILES,          Gauge,     "Files that the source holds open."),
    row(metrics::SOURCE_LAST_READ,      Gauge,     "When something was read from the source last."),
    row(metrics::SOURCE_STALLED,        Gauge,     "Whether the source has data that it does not get to read."),
    row(metrics::PARSE_ISSUES,          Counter,   "Damage met in records; they were read as far as they go."),
    row(metrics::NOTIFICATIONS,         Counter,   "Alerts that the receiver took."),
    row(metrics::NOTIFICATIONS_FAILED,  Counter,   "Attempts to deliver an alert that failed."),
    row(metrics::QUEUE_LENGTH,          Gauge,     "Alerts that wait for the receiver."),
    row(metrics::NOTIFICATION_LATENCY,  Histogram, "How long the receiver took to answer."),
    row(metrics::SERIES_LIMITED,        Counter,   "Samples counted as `other` because the metric had too many series."),
    row(metrics::RELOAD_SUCCESSFUL,     Gauge,     "Whether the last reload of the configuration succeeded."),
    row(metrics::RELOAD_TIME,           Gauge,     "When the configuration in use was loaded."),
];

const fn row(metric: Metric, kind: Kind, help: &'static str) -> Row {
    Row { metric, kind, help }
}

/// The status that an integration runtime can have; one it has besides is shown too.
const IR_STATUSES: [&str; 10] = [
    "Online",
    "Offline",
    "Limited",
    "NeedRegistration",
    "Initializing",
    "Starting",
    "Stopped",
    "Upgrading",
    "InitializeFailed",
    "NeedUpgrade",
];

/// What the gauges show at this moment. The service fills it.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The version of this build.
    pub version: String,
    /// The commit of this build; empty where unknown.
    pub revision: String,
    /// How many incidents there are of each kind.
    pub incidents: HashMap<(State, Category, Severity), u64>,
    /// Open incidents by fingerprint, rule, category and severity: when each was seen first.
    pub open: Vec<OpenIncident>,
    /// When the latest error of a category happened.
    pub last_error: BTreeMap<Category, Timestamp>,
    /// The sources, by name.
    pub sources: BTreeMap<String, SourceGauges>,
    /// Alerts that wait, by receiver.
    pub queues: BTreeMap<String, u64>,
    /// The integration runtimes, by name.
    pub runtimes: BTreeMap<String, RuntimeGauges>,
    /// Whether the last reload succeeded.
    pub reload_successful: bool,
    /// When the configuration in use was loaded.
    pub reloaded_at: Option<Timestamp>,
}

/// One incident that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIncident {
    /// Its number, as the address of its page spells it.
    pub fingerprint: String,
    /// The rule that knows it.
    pub rule: String,
    /// The kind of trouble.
    pub category: Category,
    /// How urgent it is.
    pub severity: Severity,
    /// When it was seen first.
    pub first_seen: Timestamp,
}

/// How a source stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SourceGauges {
    /// Bytes that were not read yet.
    pub lag_bytes: u64,
    /// Messages that were not read yet, where those are counted and not bytes.
    pub lag_messages: Option<u64>,
    /// Files held open.
    pub files_open: u64,
    /// When something was read last.
    pub last_read: Option<Timestamp>,
    /// Whether it has data that it does not get to read.
    pub stalled: bool,
}

/// How an integration runtime stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuntimeGauges {
    /// The status, as the service wrote it.
    pub status: Option<String>,
    /// When it was connected last.
    pub last_connect: Option<Timestamp>,
    /// Whether the service updates its nodes.
    pub auto_update: Option<bool>,
    /// Whether its certificate has expired.
    pub certificate_expired: Option<bool>,
    /// Its nodes, by name.
    pub nodes: BTreeMap<String, NodeGauges>,
}

/// How a node of an integration runtime stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeGauges {
    /// The status, as the service wrote it.
    pub status: Option<String>,
    /// The version that runs there.
    pub version: Option<String>,
    /// What is measured there, as far as it is known.
    pub values: Vec<(Metric, f64)>,
}

impl NodeGauges {
    /// Whether more is known of the node than that it is there.
    #[must_use]
    pub fn says_something(&self) -> bool {
        let heard = |it: &Metric| it.name == metrics::IR_NODE_HEARD.name;
        self.status.is_some() || self.values.iter().any(|(it, _)| !heard(it))
    }
}

/// The text of `/metrics`.
pub fn exposition(totals: &Totals, snapshot: &Snapshot) -> Result<String, prometheus::Error> {
    let mut samples = gather(totals, snapshot);
    let mut families = Vec::new();
    for row in &TABLE {
        let shown = family(row, &mut samples);
        if !shown.get_metric().is_empty() {
            families.push(shown);
        }
    }
    families.extend(process());
    TextEncoder::new().encode_to_string(&families)
}

/// The samples of each name: values of the labels, and the number.
type Samples = HashMap<String, BTreeMap<Vec<String>, f64>>;

/// All samples, from both origins, and zero for what was never counted.
fn gather(totals: &Totals, snapshot: &Snapshot) -> Samples {
    let mut samples = Samples::new();
    let mut put = |metric: &Metric, values: &[&str], number: f64| {
        let values = values.iter().map(|it| (*it).to_owned()).collect();
        samples.entry(metric.name.to_owned()).or_default().insert(values, number);
    };
    put(&metrics::UNCLASSIFIED, &[], 0.0);
    for metric in metrics::CAPPED {
        put(&metrics::SERIES_LIMITED, &[metric.name], 0.0);
    }
    gauges(snapshot, &mut put);
    for (name, values, number) in totals.iter() {
        let values = values.into_iter().map(str::to_owned).collect();
        samples.entry(name.to_owned()).or_default().insert(values, number);
    }
    samples
}

/// The gauges, one by one.
fn gauges(it: &Snapshot, put: &mut impl FnMut(&Metric, &[&str], f64)) {
    put(&metrics::BUILD_INFO, &[&it.version, &it.revision], 1.0);
    for ((state, category, severity), count) in &it.incidents {
        let values = [state.as_str(), category.as_str(), severity.as_str()];
        put(&metrics::INCIDENTS, &values, *count as f64);
    }
    for open in &it.open {
        let (category, severity) = (open.category.as_str(), open.severity.as_str());
        let values = [open.fingerprint.as_str(), &open.rule, category, severity];
        put(&metrics::INCIDENT_FIRST_SEEN, &values, seconds(open.first_seen));
    }
    for (category, at) in &it.last_error {
        put(&metrics::LAST_ERROR, &[category.as_str()], seconds(*at));
    }
    for (name, source) in &it.sources {
        match source.lag_messages {
            Some(messages) => put(&metrics::SOURCE_LAG_MESSAGES, &[name], messages as f64),
            None => put(&metrics::SOURCE_LAG, &[name], source.lag_bytes as f64),
        }
        put(&metrics::SOURCE_FILES, &[name], source.files_open as f64);
        put(&metrics::SOURCE_STALLED, &[name], f64::from(source.stalled));
        if let Some(at) = source.last_read {
            put(&metrics::SOURCE_LAST_READ, &[name], seconds(at));
        }
    }
    for (receiver, length) in &it.queues {
        put(&metrics::QUEUE_LENGTH, &[receiver], *length as f64);
    }
    runtimes(&it.runtimes, put);
    put(&metrics::RELOAD_SUCCESSFUL, &[], f64::from(it.reload_successful));
    if let Some(at) = it.reloaded_at {
        put(&metrics::RELOAD_TIME, &[], seconds(at));
    }
}

/// The gauges of the integration runtimes.
fn runtimes(
    runtimes: &BTreeMap<String, RuntimeGauges>,
    put: &mut impl FnMut(&Metric, &[&str], f64),
) {
    for (name, runtime) in runtimes {
        if let Some(current) = &runtime.status {
            for status in IR_STATUSES {
                put(&metrics::IR_STATUS, &[name, status], 0.0);
            }
            put(&metrics::IR_STATUS, &[name, current], 1.0);
        }
        if let Some(at) = runtime.last_connect {
            put(&metrics::IR_LAST_CONNECT, &[name], seconds(at));
        }
        if let Some(it) = runtime.auto_update {
            put(&metrics::IR_AUTO_UPDATE, &[name], f64::from(it));
        }
        if let Some(it) = runtime.certificate_expired {
            put(&metrics::IR_CERTIFICATE, &[name], f64::from(it));
        }
        for (node, it) in &runtime.nodes {
            node_gauges([name, node], it, put);
        }
    }
}

/// The gauges of one node of an integration runtime.
fn node_gauges(
    [runtime, node]: [&str; 2],
    it: &NodeGauges,
    put: &mut impl FnMut(&Metric, &[&str], f64),
) {
    if let Some(current) = &it.status {
        for status in IR_STATUSES {
            put(&metrics::IR_NODE_STATUS, &[runtime, node, status], 0.0);
        }
        put(&metrics::IR_NODE_STATUS, &[runtime, node, current], 1.0);
    }
    if let Some(version) = &it.version {
        put(&metrics::IR_NODE_INFO, &[runtime, node, version], 1.0);
    }
    for (metric, value) in &it.values {
        put(metric, &[runtime, node], *value);
    }
}

/// One metric with all its samples, which are taken out of `samples`.
fn family(row: &Row, samples: &mut Samples) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(row.metric.name.to_owned());
    family.set_help(row.help.to_owned());
    let (kind, shown) = match row.kind {
        Counter => (MetricType::COUNTER, plain(row, samples)),
        Gauge => (MetricType::GAUGE, plain(row, samples)),
        Histogram => (MetricType::HISTOGRAM, histograms(&row.metric, samples)),
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
        if row.kind == Counter {
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

/// Seconds since 1970, as Prometheus counts them.
#[must_use]
pub fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

/// The standard metrics of the process.
#[cfg(target_os = "linux")]
fn process() -> Vec<MetricFamily> {
    use prometheus::core::Collector;
    use prometheus::process_collector::ProcessCollector;
    ProcessCollector::for_self().collect()
}

/// The collector knows Linux only.
#[cfg(not(target_os = "linux"))]
fn process() -> Vec<MetricFamily> {
    Vec::new()
}

#[cfg(test)]
mod tests;
