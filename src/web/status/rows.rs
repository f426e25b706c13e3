//! The JSON of sources, receivers and integration runtimes.
//!
//! The shapes are built on by others: keys are added, never renamed or dropped.

use jiff::Timestamp;
use serde::Serialize;

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
}
