//! What we tell the world.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What we tell the world of an incident. It is built from redacted text only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The key of the incident it speaks of.
    pub incident: String,
    /// Whether the incident goes on.
    pub status: AlertStatus,
    /// Why it is said now.
    pub reason: Reason,
    /// What identifies it; the set stays the same from the first word to the last.
    pub labels: BTreeMap<String, String>,
    /// What a person wants to read.
    pub annotations: BTreeMap<String, String>,
    /// When the incident began.
    pub starts_at: Timestamp,
    /// When it ended, or until when the receiver may believe that it goes on.
    pub ends_at: Option<Timestamp>,
    /// The page of the incident; empty where no external address is configured.
    pub generator_url: String,
    /// The finding that was kept as a sample, as JSON, for receivers that are programs;
    /// null where it is too large to be sent.
    #[serde(default)]
    pub finding: serde_json::Value,
}

/// Whether the incident behind an alert goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    /// It goes on.
    Firing,
    /// It is over.
    Resolved,
}

/// Why an alert is said now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The incident was opened or reopened.
    FirstSeen,
    /// It became more severe.
    Escalated,
    /// It goes on, and the repeat interval is over.
    RepeatDue,
    /// It goes on, and the receiver would forget it otherwise. Only for receivers that
    /// keep state themselves (Alertmanager); nobody is told anew.
    Refresh,
    /// It is over.
    Resolved,
    /// Somebody asked for a test.
    Test,
}

impl Reason {
    /// The name used in JSON and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstSeen => "first-seen",
            Self::Escalated => "escalated",
            Self::RepeatDue => "repeat-due",
            Self::Refresh => "refresh",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }
}
