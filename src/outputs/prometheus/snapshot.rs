//! How things stand at this moment: what the gauges show, and which gauge shows it.

use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::Category;
use crate::model::Metric;
use crate::model::Severity;
use crate::model::State;
use crate::model::metrics;

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

impl Snapshot {
    /// Tells the gauges, one by one: the metric, the values of its labels, and the number.
    pub(super) fn tell(&self, put: &mut impl FnMut(&Metric, &[&str], f64)) {
        put(&metrics::BUILD_INFO, &[&self.version, &self.revision], 1.0);
        for ((state, category, severity), count) in &self.incidents {
            let values = [state.as_str(), category.as_str(), severity.as_str()];
            put(&metrics::INCIDENTS, &values, *count as f64);
        }
        for open in &self.open {
            let (category, severity) = (open.category.as_str(), open.severity.as_str());
            let values = [open.fingerprint.as_str(), &open.rule, category, severity];
            put(&metrics::INCIDENT_FIRST_SEEN, &values, seconds(open.first_seen));
        }
        for (category, at) in &self.last_error {
            put(&metrics::LAST_ERROR, &[category.as_str()], seconds(*at));
        }
        for (name, source) in &self.sources {
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
        for (receiver, length) in &self.queues {
            put(&metrics::QUEUE_LENGTH, &[receiver], *length as f64);
        }
        runtimes(&self.runtimes, put);
        put(&metrics::RELOAD_SUCCESSFUL, &[], f64::from(self.reload_successful));
        if let Some(at) = self.reloaded_at {
            put(&metrics::RELOAD_TIME, &[], seconds(at));
        }
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

/// Seconds since 1970, as Prometheus counts them.
#[must_use]
pub fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
