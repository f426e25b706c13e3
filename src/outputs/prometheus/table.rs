//! The list of all metrics: what each is called, what kind it is, and what it means.

use crate::model::Metric;
use crate::model::metrics;

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
