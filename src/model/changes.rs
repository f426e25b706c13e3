//! What one commit writes, all of it or nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::alert::Alert;
use crate::model::batch::Position;
use crate::model::checkpoint::Checkpoint;
use crate::model::finding::Finding;
use crate::model::hour::{Hour, HourCount};
use crate::model::incident::Incident;
use crate::model::redacted::Redacted;
use crate::model::runtime::Runtime;

/// What one commit writes in one transaction.
#[derive(Debug, Default)]
pub struct Changes {
    /// Counters that grew: the series (see [`Totals`](crate::model::Totals)) and by how much.
    pub totals: Vec<(String, f64)>,
    /// Errors by hour and severity.
    pub hours: Vec<HourCount>,
    /// Incidents that were opened, counted or resolved.
    pub incidents: Vec<IncidentChange>,
    /// Alerts on their way to receivers.
    pub outbox: Vec<Outgoing>,
    /// Where reading goes on.
    pub checkpoints: Vec<Checkpoint>,
    /// Streams that are gone for good and need no checkpoint: source and stream.
    pub forgotten: Vec<(String, String)>,
    /// Keys of occurrences that were counted, so that they are not counted again.
    pub seen: Vec<u64>,
    /// Runs that wait for word of their failed activities; added.
    pub held: Vec<Held>,
    /// Keys of held runs that are settled.
    pub settled: Vec<u64>,
    /// Integration runtimes of which something new was heard.
    pub runtimes: Vec<(String, Runtime)>,
}

impl Changes {
    /// True when there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.totals.is_empty()
            && self.hours.is_empty()
            && self.incidents.is_empty()
            && self.outbox.is_empty()
            && self.checkpoints.is_empty()
            && self.forgotten.is_empty()
            && self.seen.is_empty()
            && self.held.is_empty()
            && self.settled.is_empty()
            && self.runtimes.is_empty()
    }
}

/// An incident as it stands after a batch, and what happened in it.
#[derive(Debug, Clone)]
pub struct IncidentChange {
    /// The incident as it stands now; written whole.
    pub incident: Incident,
    /// As it stood at the last commit, where others write it too and it was known then.
    pub base: Option<Box<Incident>>,
    /// The latest occurrences, at most a few; older ones are pruned.
    pub occurrences: Vec<Occurrence>,
    /// How often it happened in each hour since the last commit.
    pub hours: Vec<(Hour, u64)>,
}

/// One time that an incident happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occurrence {
    /// When it happened.
    pub time: Timestamp,
    /// Where it was read.
    pub position: Position,
    /// The pipeline, where known.
    pub pipeline: Option<String>,
    /// The run of the pipeline, where known.
    pub pipeline_run_id: Option<String>,
    /// The activity, where known.
    pub activity: Option<String>,
    /// The run of the activity, where known.
    pub activity_run_id: Option<String>,
    /// The node, where known.
    pub node: Option<String>,
}

/// An alert on its way to one receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The receiver's name in the configuration.
    pub receiver: String,
    /// What to say.
    pub alert: Alert,
}

/// A failed pipeline or wrapper run that is counted only if no failed activity of that
/// run turns up while it is held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Its own key.
    pub key: u64,
    /// The key under which a failed activity of the same run is remembered.
    pub waits_for: u64,
    /// When the wait is over, by the reader's clock.
    pub until: Timestamp,
    /// The source it came from.
    pub source: String,
    /// What will be counted.
    pub finding: Redacted<Finding>,
    /// Where it was read.
    pub position: Position,
}
