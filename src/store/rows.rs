//! What both back ends give, and how values become columns.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::alert::Alert;
use crate::model::finding::Category;
use crate::model::finding::Severity;
use crate::model::incident::State;

/// An alert that waits for its receiver.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutboxRow {
    /// Its number; never used twice.
    pub id: i64,
    /// The receiver's name in the configuration.
    pub receiver: String,
    /// What to say.
    pub alert: Alert,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was put here.
    pub queued_at: Timestamp,
    /// When it may be tried.
    pub next_at: Timestamp,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

/// How many incidents there are of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IncidentCount {
    /// Whether they go on.
    pub state: State,
    /// The kind of trouble.
    pub category: Category,
    /// How urgent they are.
    pub severity: Severity,
    /// How many.
    pub count: u64,
}

/// One of the daemons that share a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// When it was started; unknown of older versions.
    pub since: Option<Timestamp>,
    /// When it was there last; `None` where it has left.
    pub last_seen: Option<Timestamp>,
    /// Whether it was there in the last 15 seconds.
    pub alive: bool,
    /// The sources in which it reads or has read, at most 100.
    pub sources: Vec<String>,
}

/// A time as it is stored. Times beyond the year 2262 are stored as that year.
pub(super) fn nanos(time: Timestamp) -> i64 {
    let nanos = time.as_nanosecond();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

/// A 64-bit key as it is stored: the same bits.
pub(super) fn bits(key: u64) -> i64 {
    i64::from_ne_bytes(key.to_ne_bytes())
}
