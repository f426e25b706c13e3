//! The same finding over time.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use crate::model::finding::{Category, Fault, Finding, Severity};
use crate::model::fingerprint::Fingerprint;
use crate::model::names::Names;
use crate::model::redacted::Redacted;

/// The same finding over time: opened, counted, resolved.
///
/// All its text comes from a [`Redacted`] finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Incident {
    /// The key in the store: the fingerprint, and the group where one is set.
    pub key: String,
    /// Same trouble, same number.
    pub fingerprint: Fingerprint,
    /// The source's labels and the fields of `incidents.group_by`.
    pub group: BTreeMap<String, String>,
    /// The rule that knows the error.
    pub rule: String,
    /// The kind of trouble.
    pub category: Category,
    /// How urgent it is.
    pub severity: Severity,
    /// Whose fault it is.
    pub fault: Fault,
    /// Whether it goes on.
    pub state: State,
    /// How often it happened, over all its openings.
    pub count: u64,
    /// When it happened first.
    pub first_seen: Timestamp,
    /// When it happened last.
    pub last_seen: Timestamp,
    /// When it last happened by the reader's clock; quiet time is measured from here.
    pub last_read: Timestamp,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// When receivers were told last that it goes on; `None` when they were not, or were
    /// told that it is over. Of what was resolved beside the daemons of a fleet it is kept until
    /// one of them tells that.
    pub notified_at: Option<Timestamp>,
    /// The error in one short sentence.
    pub title: String,
    /// The latest finding that was kept as a sample. The store always has it; in memory it
    /// is dropped once it is stored, since it is by far the largest part.
    pub sample: Option<Box<Redacted<Finding>>>,
    /// Where it happened; each set holds [`Places::LIMIT`] names at most. Shared, since they are
    /// the most of what is kept of it, seldom change, and go into each commit.
    #[serde(serialize_with = "plain")]
    pub places: Arc<Places>,
    /// What decides on its next notice and its end.
    pub course: Course,
}

impl Incident {
    /// The sample, where memory still has it.
    #[must_use]
    pub fn sample(&self) -> Option<&Finding> {
        self.sample.as_deref().map(|it| &**it)
    }

    /// It is over. What receivers were told stays as it is, until they are told this.
    pub fn end(&mut self, how: Ended, now: Timestamp) {
        self.state = State::Resolved;
        self.resolved_at = Some(now);
        let reopened = std::mem::take(&mut self.course.reopened);
        self.course = Course { reopened, ended: Some(how), ..Course::default() };
    }

    /// As it is kept in memory.
    #[must_use]
    pub fn without_sample(self) -> Self {
        Self { sample: None, ..self }
    }
}

/// As if they were not shared.
fn plain<S: Serializer>(places: &Arc<Places>, to: S) -> Result<S::Ok, S::Error> {
    places.serialize(to)
}

/// What must be remembered of an incident to know when it is to be told and when it is over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Course {
    /// Activities that failed and did not succeed since, by the hash of their names, each
    /// with its last failure; at most [`Course::LIMIT`].
    pub failing: BTreeMap<u64, Timestamp>,
    /// True when a failure named no activity, or there were too many of them: then no
    /// success can end the incident, and only quiet time does.
    pub untied: bool,
    /// Failures within the window of its rule that were told to nobody yet.
    pub recent: Vec<Timestamp>,
    /// When it came back lately, the oldest first; at most [`Course::LIMIT`].
    pub reopened: Vec<Timestamp>,
    /// True when it came back so often that it is held open.
    pub flapping: bool,
    /// What ended it last.
    pub ended: Option<Ended>,
}

impl Course {
    /// Entries kept in one list.
    pub const LIMIT: usize = 200;
}

/// What ended an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// It was quiet for long enough.
    Quiet,
    /// All activities that failed have succeeded since.
    Succeeded,
    /// What it told of is known to be over.
    Over,
    /// Somebody said so.
    ByHand,
}

/// Whether an incident goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It goes on.
    Open,
    /// It is over.
    Resolved,
}

impl State {
    /// The name used in JSON and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

/// The names of what an incident touched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Places {
    /// Data factories or workspaces.
    pub factories: Names,
    /// Pipelines.
    pub pipelines: Names,
    /// Activities.
    pub activities: Names,
    /// Integration runtimes.
    pub integration_runtimes: Names,
    /// Nodes of integration runtimes.
    pub nodes: Names,
}

impl Places {
    /// Names kept in one set; more would help no reader and cost memory.
    pub const LIMIT: usize = 50;

    /// Takes in the names of `other`, up to the limit.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.factories, &other.factories),
            (&mut self.pipelines, &other.pipelines),
            (&mut self.activities, &other.activities),
            (&mut self.integration_runtimes, &other.integration_runtimes),
            (&mut self.nodes, &other.nodes),
        ] {
            for name in theirs.iter() {
                if mine.len() < Self::LIMIT {
                    mine.insert(name);
                }
            }
        }
    }
}
