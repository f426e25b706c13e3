//! How an integration runtime and its nodes stand, as the service tells who asks it.
//!
//! ```text
//! getStatus           state, versions, and each node's status, contact and expiry
//! getMonitoringData   each node's memory, processor, jobs and traffic at that moment
//! getConnectionInfo   whether the certificate of the runtime has expired
//! ```
//!
//! Each becomes one [`Report`]; what the answer does not hold is `None`. Quantities are in
//! base units: bytes, and a share of one for the processor. Whether any of it is bad is not
//! judged here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the service says of one integration runtime at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// `Online`, `Limited`, `Offline`, `NeedRegistration`, as the service wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Whether nodes are updated by the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_update: Option<bool>,
    /// The newest version that there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_version: Option<String>,
    /// When the next update is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_due: Option<Timestamp>,
    /// Whether the certificate by which the runtime is known to its clients has expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_expired: Option<bool>,
    /// The nodes, at most [`Report::NODES`].
    pub nodes: Vec<NodeReport>,
}

impl Report {
    /// Nodes that are read of one report; the service allows fewer.
    pub const NODES: usize = 32;
}

/// What the service says of one node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeReport {
    /// Its name.
    pub name: String,
    /// `Online`, `Limited`, `Offline`, `Upgrading`, as the service wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The version that runs there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `UpToDate`, `Expiring`, `Expired`, as the service wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_status: Option<String>,
    /// `None`, `Succeed`, `Fail`: how the last update ended, as the service wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_result: Option<String>,
    /// When it was connected to the service last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_connect: Option<Timestamp>,
    /// When the version that runs there expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Whether it has the credentials that the others have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_in_sync: Option<bool>,
    /// Memory that is free, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_memory: Option<f64>,
    /// How much of the processor is in use, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    /// Jobs that run there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<f64>,
    /// Jobs that may run there at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs_limit: Option<f64>,
    /// Bytes received, in the near real-time measure of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<f64>,
    /// Bytes sent, in the same measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<f64>,
}

impl NodeReport {
    /// True when it says more of a node than its name.
    #[must_use]
    pub fn says_something(&self) -> bool {
        *self != Self { name: self.name.clone(), ..Self::default() }
    }
}
