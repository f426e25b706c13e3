//! `runtimes:` of the configuration.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::size::ByteSize;

/// `runtimes:` when a node of an integration runtime is in trouble, by what the service
/// reports of it (`getStatus`, `getMonitoringData`) and by its own logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimesConfig {
    /// A node that was heard of and then not for this long is an incident; by default none
    /// is. Choose more than its longest quiet hours.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    #[schemars(with = "Option<String>")]
    pub silent_after: Option<Duration>,
    /// A node with less free memory is short of it, until it has half as much again.
    pub low_memory: ByteSize,
    /// How long before its version expires a node is told of.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub expires_within: Duration,
}

impl Default for RuntimesConfig {
    fn default() -> Self {
        Self {
            silent_after: None,
            low_memory: ByteSize::mib(512),
            expires_within: Duration::from_secs(30 * 24 * 3600),
        }
    }
}
