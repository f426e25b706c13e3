//! The names of all metrics, each spelled once.
//!
//! ```text
//! shirwatch_errors_total {rule, category, severity, fault}
//! └─────── name ───────┘ └─── labels, in this order ────┘
//! ```
//!
//! Whoever counts names the metric by its constant and gives a value for each label in
//! the declared order. Labels whose values come from a log are *open*, and such a metric
//! has a cap, which `model::counters` keeps.
//!
//! Kind, help text and exposition are the affair of `outputs::prometheus`.

/// What an open label says beyond the cap.
pub const OTHER: &str = "other";

/// One metric: its name, its labels, and how many series it may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// The name, as it is scraped.
    pub name: &'static str,
    /// The names of the labels, in the order in which values are given.
    pub labels: &'static [&'static str],
    /// Those labels whose values come from a log.
    pub open: &'static [&'static str],
    /// How many combinations are told apart.
    pub cap: Cap,
    /// Upper bounds of a histogram; empty for all else.
    pub buckets: &'static [f64],
}

/// How many series a metric may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// All labels come from closed sets: no cap is needed.
    Closed,
    /// At most so many.
    Fixed(usize),
    /// At most `metrics.max_series`.
    Configured,
}

impl Metric {
    const fn closed(name: &'static str, labels: &'static [&'static str]) -> Self {
        Self { name, labels, open: &[], cap: Cap::Closed, buckets: &[] }
    }

    const fn open(self, open: &'static [&'static str], cap: Cap) -> Self {
        Self { open, cap, ..self }
    }

    const fn buckets(self, buckets: &'static [f64]) -> Self {
        Self { buckets, ..self }
    }
}

/// Seconds that a run takes: from a lookup to a night.
const RUN_SECONDS: &[f64] =
    &[1.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0, 43200.0];
/// Seconds until a receiver has answered.
const SEND_SECONDS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Which build is running.
pub const BUILD_INFO: Metric = Metric::closed("shirwatch_build_info", &["version", "revision"]);
/// Errors, by what they are.
pub const ERRORS: Metric =
    Metric::closed("shirwatch_errors_total", &["rule", "category", "severity", "fault"]);
/// Errors, by their outermost code.
pub const ERROR_CODES: Metric =
    Metric::closed("shirwatch_error_codes_total", &["code"]).open(&["code"], Cap::Fixed(200));
/// Errors, by the type of their innermost exception.
pub const ROOT_EXCEPTIONS: Metric =
    Metric::closed("shirwatch_root_exceptions_total", &["type"]).open(&["type"], Cap::Fixed(200));
/// Errors that no rule knows.
pub const UNCLASSIFIED: Metric = Metric::closed("shirwatch_unclassified_errors_total", &[]);
/// When the last error of a category happened.
pub const LAST_ERROR: Metric =
    Metric::closed("shirwatch_last_error_timestamp_seconds", &["category"]);
/// Incidents in the store.
pub const INCIDENTS: Metric =
    Metric::closed("shirwatch_incidents", &["state", "category", "severity"]);
/// When an open incident was seen first; see [`OPEN_INCIDENTS_SHOWN`].
pub const INCIDENT_FIRST_SEEN: Metric = Metric::closed(
    "shirwatch_incident_first_seen_timestamp_seconds",
    &["fingerprint", "rule", "category", "severity"],
);
/// Errors that name the node of an integration runtime.
pub const NODE_ERRORS: Metric =
    Metric::closed("shirwatch_node_errors_total", &["node", "category", "severity"])
        .open(&["node"], Cap::Configured);
/// Runs of activities.
pub const ACTIVITY_RUNS: Metric = Metric::closed(
    "shirwatch_activity_runs_total",
    &["status", "activity_type", "integration_runtime"],
)
.open(&["activity_type", "integration_runtime"], Cap::Configured);
/// How long activities ran.
pub const ACTIVITY_RUN_DURATION: Metric =
    Metric::closed("shirwatch_activity_run_duration_seconds", &["activity_type"])
        .open(&["activity_type"], Cap::Fixed(50))
        .buckets(RUN_SECONDS);
/// Runs of pipelines.
pub const PIPELINE_RUNS: Metric =
    Metric::closed("shirwatch_pipeline_runs_total", &["status", "pipeline"])
        .open(&["pipeline"], Cap::Configured);
/// How long pipelines ran.
pub const PIPELINE_RUN_DURATION: Metric =
    Metric::closed("shirwatch_pipeline_run_duration_seconds", &[]).buckets(RUN_SECONDS);
/// Runs of triggers.
pub const TRIGGER_RUNS: Metric = Metric::closed("shirwatch_trigger_runs_total", &["status"]);
/// How an integration runtime stands.
pub const IR_STATUS: Metric =
    Metric::closed("shirwatch_ir_status", &["integration_runtime", "status"]);
/// When an integration runtime was connected last.
pub const IR_LAST_CONNECT: Metric =
    Metric::closed("shirwatch_ir_last_connect_timestamp_seconds", &["integration_runtime"]);
/// Whether the service updates the nodes of an integration runtime.
pub const IR_AUTO_UPDATE: Metric =
    Metric::closed("shirwatch_ir_auto_update_enabled", &["integration_runtime"]);
/// Whether the certificate of an integration runtime has expired.
pub const IR_CERTIFICATE: Metric =
    Metric::closed("shirwatch_ir_certificate_expired", &["integration_runtime"]);
/// The labels of what is told of a node.
const NODE: &[&str] = &["integration_runtime", "node"];
/// How a node stands.
pub const IR_NODE_STATUS: Metric =
    Metric::closed("shirwatch_ir_node_status", &["integration_runtime", "node", "status"]);
/// Which version runs on a node.
pub const IR_NODE_INFO: Metric =
    Metric::closed("shirwatch_ir_node_info", &["integration_runtime", "node", "version"]);
/// When a node was heard of last.
pub const IR_NODE_HEARD: Metric =
    Metric::closed("shirwatch_ir_node_last_heard_timestamp_seconds", NODE);
/// When a node was connected last.
pub const IR_NODE_CONNECT: Metric =
    Metric::closed("shirwatch_ir_node_last_connect_timestamp_seconds", NODE);
/// When the version of a node expires.
pub const IR_NODE_EXPIRY: Metric =
    Metric::closed("shirwatch_ir_node_version_expiry_timestamp_seconds", NODE);
/// Whether a node has the credentials that the others have.
pub const IR_NODE_CREDENTIALS: Metric =
    Metric::closed("shirwatch_ir_node_credentials_in_sync", NODE);
/// Memory that is free on a node.
pub const IR_NODE_MEMORY: Metric = Metric::closed("shirwatch_ir_node_available_memory_bytes", NODE);
/// How much of the processor of a node is in use.
pub const IR_NODE_CPU: Metric = Metric::closed("shirwatch_ir_node_cpu_utilization_ratio", NODE);
/// Jobs that run on a node.
pub const IR_NODE_JOBS: Metric = Metric::closed("shirwatch_ir_node_concurrent_jobs", NODE);
/// Jobs that may run on a node at once.
pub const IR_NODE_JOBS_LIMIT: Metric =
    Metric::closed("shirwatch_ir_node_concurrent_jobs_limit", NODE);
/// What a node receives.
pub const IR_NODE_RECEIVED: Metric = Metric::closed("shirwatch_ir_node_received_bytes", NODE);
/// What a node sends.
pub const IR_NODE_SENT: Metric = Metric::closed("shirwatch_ir_node_sent_bytes", NODE);
/// Bytes read.
pub const SOURCE_BYTES: Metric = Metric::closed("shirwatch_source_bytes_total", &["source"]);
/// Records read.
pub const SOURCE_RECORDS: Metric =
    Metric::closed("shirwatch_source_records_total", &["source", "format"]);
/// What became of the records that were neither duplicate nor dropped.
pub const SOURCE_OUTCOMES: Metric =
    Metric::closed("shirwatch_source_outcomes_total", &["source", "outcome"]);
/// Records that were counted before.
pub const SOURCE_DUPLICATES: Metric =
    Metric::closed("shirwatch_source_duplicates_total", &["source"]);
/// Records that were given up.
pub const SOURCE_DROPPED: Metric =
    Metric::closed("shirwatch_source_dropped_total", &["source", "reason"]);
/// Events that did not fit and were read from their beginning only.
pub const SOURCE_CUT: Metric = Metric::closed("shirwatch_source_cut_total", &["source"]);
/// Events that were overwritten, cleared or no longer kept before they could be read.
pub const SOURCE_MISSED: Metric = Metric::closed("shirwatch_source_missed_total", &["source"]);
/// Blobs that were replaced or cut, and read from their beginning.
pub const SOURCE_REPLACED: Metric = Metric::closed("shirwatch_source_replaced_total", &["source"]);
/// Requests that were refused because we asked too often.
pub const SOURCE_THROTTLED: Metric =
    Metric::closed("shirwatch_source_throttled_total", &["source"]);
/// Bytes that are there and were not read yet.
pub const SOURCE_LAG: Metric = Metric::closed("shirwatch_source_lag_bytes", &["source"]);
/// Messages that are there and were not read yet.
pub const SOURCE_LAG_MESSAGES: Metric =
    Metric::closed("shirwatch_source_lag_messages", &["source"]);
/// Files held open.
pub const SOURCE_FILES: Metric = Metric::closed("shirwatch_source_files_open", &["source"]);
/// When something was read last.
pub const SOURCE_LAST_READ: Metric =
    Metric::closed("shirwatch_source_last_read_timestamp_seconds", &["source"]);
/// Whether a source has data that it does not read.
pub const SOURCE_STALLED: Metric = Metric::closed("shirwatch_source_stalled", &["source"]);
/// What could not be read of records.
pub const PARSE_ISSUES: Metric =
    Metric::closed("shirwatch_parse_issues_total", &["format", "kind"]);
/// Alerts that a receiver took.
pub const NOTIFICATIONS: Metric = Metric::closed("shirwatch_notifications_total", &["receiver"]);
/// Attempts that a receiver did not take.
pub const NOTIFICATIONS_FAILED: Metric =
    Metric::closed("shirwatch_notifications_failed_total", &["receiver", "reason"]);
/// Alerts that wait for a receiver.
pub const QUEUE_LENGTH: Metric =
    Metric::closed("shirwatch_notification_queue_length", &["receiver"]);
/// How long receivers took to answer.
pub const NOTIFICATION_LATENCY: Metric =
    Metric::closed("shirwatch_notification_latency_seconds", &["receiver"]).buckets(SEND_SECONDS);
/// Samples that were counted as `other`.
pub const SERIES_LIMITED: Metric = Metric::closed("shirwatch_series_limited_total", &["metric"]);
/// Whether the configuration in use is the one on disk.
pub const RELOAD_SUCCESSFUL: Metric =
    Metric::closed("shirwatch_config_last_reload_successful", &[]);
/// When the configuration in use was loaded.
pub const RELOAD_TIME: Metric =
    Metric::closed("shirwatch_config_last_reload_timestamp_seconds", &[]);

/// The metrics that have a cap.
pub const CAPPED: [Metric; 6] = [
    ERROR_CODES,
    ROOT_EXCEPTIONS,
    NODE_ERRORS,
    ACTIVITY_RUNS,
    ACTIVITY_RUN_DURATION,
    PIPELINE_RUNS,
];

/// Open incidents that have a series of their own: the worst, and of those the latest.
pub const OPEN_INCIDENTS_SHOWN: usize = 200;

/// The status of a run as a label: one of a closed set, whatever the log says.
#[must_use]
pub fn run_status(status: &str) -> &'static str {
    const KNOWN: [&str; 7] =
        ["Succeeded", "Failed", "Cancelled", "InProgress", "Queued", "Skipped", "Cancelling"];
    KNOWN.into_iter().find(|it| it.eq_ignore_ascii_case(status)).unwrap_or(OTHER)
}
