//! `incidents:` and `alerts:` of the configuration.
//!
//! ```yaml
//! incidents: { group_by: [pipeline], resolve_after: 1h }
//! alerts: { min_severity: error, repeat_interval: 4h, max_age: 1h }
//! ```
//!
//! Every key has a default that works. What they do stands where it is done.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::finding::Severity;

/// `incidents:` what is one incident, and when it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IncidentsConfig {
    /// Fields that tell incidents apart beside the fingerprint: `factory`, `pipeline`,
    /// `activity`, `integration_runtime`, `node`.
    pub group_by: Vec<GroupBy>,
    /// How long it must be quiet until an incident is over.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub resolve_after: Duration,
}

impl Default for IncidentsConfig {
    fn default() -> Self {
        Self { group_by: Vec::new(), resolve_after: Duration::from_secs(3600) }
    }
}

/// A field by which incidents can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of the record's context")]
pub enum GroupBy {
    Factory,
    Pipeline,
    Activity,
    IntegrationRuntime,
    Node,
}

/// `alerts:` what is worth a notice, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// The least severity that is told to receivers.
    pub min_severity: Severity,
    /// How often an incident that goes on is told again.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub repeat_interval: Duration,
    /// Errors that are older than this when they are read are counted and told to nobody.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub max_age: Duration,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            min_severity: Severity::Error,
            repeat_interval: Duration::from_secs(4 * 3600),
            max_age: Duration::from_secs(3600),
        }
    }
}
