//! The JSON of sources, receivers and integration runtimes.
//!
//! The shapes are built on by others: keys are added, never renamed or dropped.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::outputs::prometheus::NodeGauges;
use crate::web::status::ledger::SourceLedger;

/// A source as `/api/v1/status` shows it.
#[derive(Debug, Serialize)]
pub struct SourceRow {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Bytes that were not read yet.
    pub lag_bytes: u64,
    /// Messages that were not read yet, where those are counted and not bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_messages: Option<u64>,
    /// Files held open.
    pub files_open: u64,
    /// When something was read last.
    pub last_read: Option<Timestamp>,
    /// Whether it has data that it does not get to read.
    pub stalled: bool,
    /// Why something of it cannot be read at the moment, if so.
    pub last_error: Option<String>,
    /// What was read, and what became of it.
    pub ledger: SourceLedger,
}

/// A receiver as `/api/v1/status` shows it.
#[derive(Debug, Serialize)]
pub struct ReceiverRow {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Alerts that wait for it.
    pub queue: u64,
    /// Alerts that it took.
    pub sent: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Why the last attempt failed, if it did.
    pub last_error: Option<String>,
}

/// An integration runtime as `/api/v1/status` shows it.
#[derive(Debug, Serialize)]
pub struct RuntimeRow {
    /// Its name.
    pub name: String,
    /// In the words of the service: `Online`, `Offline`, `Limited`, `NeedRegistration`.
    pub status: Option<String>,
    /// When it was connected last.
    pub last_connect: Option<Timestamp>,
    /// Its nodes, as far as the service reported them.
    pub nodes: Vec<NodeRow>,
}

/// A node of an integration runtime as `/api/v1/status` shows it.
#[derive(Debug, Serialize)]
pub struct NodeRow {
    /// Its name.
    pub name: String,
    /// In the words of the service: `Online`, `Offline`, `Limited`, `Upgrading`.
    pub status: Option<String>,
    /// The version that runs there.
    pub version: Option<String>,
    /// What is measured there, by the name of the gauge.
    pub gauges: BTreeMap<&'static str, f64>,
}

impl NodeRow {
    /// The row of one node.
    #[must_use]
    pub fn of((name, it): (&String, &NodeGauges)) -> Self {
        Self {
            name: name.clone(),
            status: it.status.clone(),
            version: it.version.clone(),
            gauges: it.values.iter().map(|(metric, value)| (metric.name, *value)).collect(),
        }
    }
}
