//! The carriers: which one a text is, and who reads it.
//!
//! ```text
//! {"time":…}   <Event …   <LogProperties>   Timestamp,Level,…   anything
//! └ json ───┘  └ XML ──┘  └ trace ───────┘  └ session log ───┘  └ plain text
//! ```
//!
//! The first characters decide. Each reader may decline, and plain text never does, so
//! there is always an answer. What an error means is not known here.

mod body;
mod diagnostic;
mod dotnet;
mod error_info;
mod json_text;
mod keys;
mod log_properties;
mod plain_text;
mod text;

use crate::Settings;
use crate::record::Record;

/// Reads one event into the records it holds.
pub(crate) fn read<'a>(whole: &'a str, settings: &Settings) -> Vec<Record<'a>> {
    let text = whole.trim_start_matches('\u{feff}').trim();
    let records = match text.as_bytes().first() {
        Some(b'{' | b'[') => json_text::read(text, whole, settings),
        _ => None,
    };
    records.unwrap_or_else(|| vec![plain_text::read(text, whole, settings)])
}
