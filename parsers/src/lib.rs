//! Reads the errors of Azure Data Factory and Synapse integration runtimes.
//!
//! Text in, values out: no file, no clock, no rule. Reading never fails and never
//! panics; what is damaged is read as far as it goes, and a [`ParseIssue`] says where
//! it stops.

pub mod chain;
mod csv;
mod envelope;
pub mod framing;
pub mod issue;
mod json;
pub mod lex;
mod needle;
pub mod numbers;
pub mod record;
pub mod report;
pub mod table;
mod xml;

pub use chain::Link;
pub use issue::{IssueKind, ParseIssue};
pub use record::{Context, Format, Level, Record, Run, Side};
pub use report::{NodeReport, Report};

/// What a reader cannot know from the text alone.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The zone of times that name none.
    pub timezone: jiff::tz::TimeZone,
}

impl Default for Settings {
    fn default() -> Self {
        Self { timezone: jiff::tz::TimeZone::UTC }
    }
}

/// Reads one whole event into the records it holds: one for most carriers, many for
/// an array. Never fails; text of no known carrier is read as plain text.
#[must_use]
pub fn parse<'a>(text: &'a str, settings: &Settings) -> Vec<Record<'a>> {
    envelope::read(text, settings)
}

/// Reads one row of a table whose columns are known: `["Failed","Copy orders",…]`.
#[must_use]
pub fn parse_row<'a>(
    row: &'a str,
    columns: &table::Columns,
    settings: &Settings,
) -> Vec<Record<'a>> {
    envelope::read_row(row, columns, settings)
}
