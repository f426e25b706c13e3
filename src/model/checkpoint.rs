//! Where a source goes on after a restart.

use serde::{Deserialize, Serialize};

use crate::model::batch::Framing;

/// Where reading of one stream goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The source, by its name in the configuration.
    pub source: String,
    /// The stream within the source; a source gives each file a key of its own.
    pub stream: String,
    /// Everything before this byte was taken, and its findings are in the same transaction.
    pub offset: u64,
    /// What the framer knew there.
    pub framing: Framing,
    /// What the source needs to know the stream again, as JSON of its own.
    pub identity: String,
}
