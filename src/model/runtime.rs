//! How an integration runtime stands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How an integration runtime stands, as far as logs tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// In the words of the service: `Online`, `Offline`, `Limited`, `NeedRegistration`.
    pub status: String,
    /// When it was connected last.
    pub last_connect: Option<Timestamp>,
    /// When it was so.
    pub at: Timestamp,
}
