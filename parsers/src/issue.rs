//! What could not be read, and at which byte: a note, never a failure.

use serde::{Deserialize, Serialize};

/// Something in a record that was not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ParseIssue {
    /// Byte offset in the record as it was read.
    pub at: usize,
    /// What was wrong there.
    pub kind: IssueKind,
}

/// What can be wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IssueKind {
    /// The text ends before the exception does.
    Truncated,
    /// The text begins inside an exception.
    HeadMissing,
    /// Chains are nested deeper than eight; what is below stays in the message.
    NestingLimit,
    /// Looks like JSON, but is not.
    InvalidJson,
    /// Looks like XML, but is not.
    InvalidXml,
    /// Looks like CSV, but its quotes or columns are damaged.
    InvalidCsv,
    /// A time that could not be understood; its text is kept.
    InvalidTime,
    /// Bytes that are no UTF-8, replaced by U+FFFD.
    InvalidUtf8,
}

impl IssueKind {
    /// The name used in JSON and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::HeadMissing => "head-missing",
            Self::NestingLimit => "nesting-limit",
            Self::InvalidJson => "invalid-json",
            Self::InvalidXml => "invalid-xml",
            Self::InvalidCsv => "invalid-csv",
            Self::InvalidTime => "invalid-time",
            Self::InvalidUtf8 => "invalid-utf8",
        }
    }
}
