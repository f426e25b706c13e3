//! How an integration runtime and its nodes stand, as far as logs tell.
//!
//! ```text
//! runtime  Limited        what failed and succeeded on it, and what the service said of it
//! node     NODE-1 Online  the latest of all that the service said of it, and when it was heard of
//! ```
//!
//! Names are redacted before they come here, since all of this is stored and shown.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shirwatch_parsers::NodeReport;

/// Rules whose trouble goes on, each with the time at which it was told last.
pub type Troubles = BTreeMap<String, Timestamp>;

/// How an integration runtime stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Runtime {
    /// In the words of the service: `Online`, `Offline`, `Limited`, `NeedRegistration`; empty
    /// where nothing was said of it.
    pub status: String,
    /// When it was connected last.
    pub last_connect: Option<Timestamp>,
    /// When it was so.
    pub at: Timestamp,
    /// Whether its nodes are updated by the service.
    pub auto_update: Option<bool>,
    /// Whether its certificate has expired.
    pub certificate_expired: Option<bool>,
    /// What is wrong with it.
    pub troubles: Troubles,
    /// Its nodes.
    pub nodes: BTreeMap<String, Node>,
}

/// How a node of an integration runtime stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Node {
    /// When it was heard of last.
    pub heard: Timestamp,
    /// The source in which it was.
    pub source: String,
    /// Whether it was heard of while that was news, and not in old logs only.
    pub live: bool,
    /// The latest of each thing that the service said of it.
    pub report: NodeReport,
    /// When the service said how it stands.
    pub reported: Option<Timestamp>,
    /// When the service said what load it has; it is asked for apart.
    pub measured: Option<Timestamp>,
    /// What its own failures say, and when.
    pub fell: Option<(String, Timestamp)>,
    /// What is wrong with it.
    pub troubles: Troubles,
}

impl Node {
    /// How long its own failures tell how it stands, if nothing else does.
    const LAPSES: SignedDuration = SignedDuration::from_hours(1);

    /// How it stands, if that is known: the later of what the service and its failures say.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Option<&str> {
        let fell = self.fell.as_ref().filter(|(_, at)| {
            self.reported.is_none_or(|it| it < *at) && now.duration_since(*at) < Self::LAPSES
        });
        fell.map(|(status, _)| status.as_str()).or(self.report.status.as_deref())
    }

    /// Takes in what the service says now; what it leaves out stays as it was.
    pub fn merge(&mut self, new: &NodeReport) {
        let it = &mut self.report;
        newer(&mut it.status, &new.status);
        newer(&mut it.version, &new.version);
        newer(&mut it.version_status, &new.version_status);
        newer(&mut it.update_result, &new.update_result);
        newer(&mut it.last_connect, &new.last_connect);
        newer(&mut it.expires, &new.expires);
        newer(&mut it.credentials_in_sync, &new.credentials_in_sync);
        newer(&mut it.available_memory, &new.available_memory);
        newer(&mut it.cpu, &new.cpu);
        newer(&mut it.jobs, &new.jobs);
        newer(&mut it.jobs_limit, &new.jobs_limit);
        newer(&mut it.received, &new.received);
        newer(&mut it.sent, &new.sent);
    }
}

fn newer<T: Clone>(old: &mut Option<T>, new: &Option<T>) {
    if new.is_some() {
        old.clone_from(new);
    }
}

/// What an error says of the runtime or node on which it happens. The names are the service's,
/// but for `NeedUpgrade`, which it does not tell from `Offline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Standing {
    /// It does not run.
    Offline,
    /// It runs in part.
    Limited,
    /// The service does not know it.
    NeedRegistration,
    /// Its version is too old to run, or could not be renewed.
    NeedUpgrade,
}

impl Standing {
    /// The name used in metrics and on pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "Offline",
            Self::Limited => "Limited",
            Self::NeedRegistration => "NeedRegistration",
            Self::NeedUpgrade => "NeedUpgrade",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_version_stored_is_read() {
        let stored = r#"{"status":"Offline","last_connect":null,"at":"2026-11-20T02:14:22Z"}"#;
        let it: Runtime = serde_json::from_str(stored).unwrap();
        assert_eq!((it.status.as_str(), it.nodes.len()), ("Offline", 0));
    }

    #[test]
    fn failures_tell_how_a_node_stands_for_a_while() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let report = NodeReport { status: Some("Online".into()), ..NodeReport::default() };
        let fell = Some(("Limited".to_owned(), at(10)));
        let it = Node { report, fell, reported: Some(at(5)), ..Node::default() };
        assert_eq!(it.status(at(11)), Some("Limited"));
        assert_eq!(it.status(at(70)), Some("Online"));
        assert_eq!(Node { reported: Some(at(11)), ..it }.status(at(12)), Some("Online"));
    }
}
