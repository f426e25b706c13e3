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
mod connector;
mod diagnostic;
mod dotnet;
mod error_info;
mod event_json;
mod failure;
mod json_text;
pub(crate) mod keys;
mod log_properties;
mod loose_json;
mod plain_text;
mod portal;
mod quoting;
mod report;
mod session_log;
pub(crate) mod slots;
mod stamp;
mod text;
mod windows_event;

use crate::Settings;
use crate::record::Record;
use crate::table::Columns;

/// What ends an event, and is no part of it. A blank may be: a cut text often ends in one.
const LINE_ENDS: [char; 3] = ['\r', '\n', '\0'];

/// Quoting is undone this often: an object in a text in an object.
const DEEPEST: usize = 4;

/// Reads one event into the records it holds.
pub(crate) fn read<'a>(whole: &'a str, settings: &Settings) -> Vec<Record<'a>> {
    let mut records = read_within(whole, settings, DEEPEST);
    records.iter_mut().for_each(connector::of_chain);
    records
}

/// Reads one row of a table.
pub(crate) fn read_row<'a>(
    row: &'a str,
    columns: &Columns,
    settings: &Settings,
) -> Vec<Record<'a>> {
    json_text::read_row(row, columns, settings)
}

/// Reads an event that lies in another, so many layers of quoting at most below it.
fn read_within<'a>(whole: &'a str, settings: &Settings, depth: usize) -> Vec<Record<'a>> {
    let text = whole.trim_start_matches('\u{feff}').trim_start().trim_end_matches(LINE_ENDS);
    by_shape(text, whole, settings)
        .or_else(|| quoting::read(text, whole, settings, depth))
        .or_else(|| behind_stamp(text, whole, settings))
        .or_else(|| portal::read(text, whole).map(|record| vec![record]))
        .or_else(|| report::read_list(text).map(|record| vec![record]))
        .unwrap_or_else(|| vec![plain_text::read(text, whole, settings)])
}

/// Asks the reader that the first characters call for.
fn by_shape<'a>(text: &'a str, whole: &'a str, settings: &Settings) -> Option<Vec<Record<'a>>> {
    match text.as_bytes().first()? {
        b'{' | b'[' => json_text::read(text, whole, settings),
        // The event viewer's copy has tree marks: `- <Event …>`.
        b'<' | b'-' if is_event(text) => windows_event::read(text, whole, settings),
        b'<' => None,
        _ => session_log::read(text, whole, settings),
    }
}

/// An object or event behind the time and level that a forwarder put in front.
fn behind_stamp<'a>(text: &'a str, whole: &'a str, settings: &Settings) -> Option<Vec<Record<'a>>> {
    let (stamp, rest) = plain_text::stamp(text, settings);
    if rest.len() == text.len() || !rest.starts_with(['{', '<']) {
        return None;
    }
    let mut records = by_shape(rest, whole, settings)?;
    for record in &mut records {
        record.level = record.level.or(stamp.level);
        if record.time.is_none() {
            record.time = stamp.time;
            record.time_raw = stamp.time_raw.clone();
        }
    }
    Some(records)
}

/// `<Event …>`, behind a declaration or within a root.
fn is_event(text: &str) -> bool {
    let text = text.trim_start_matches(['-', ' ']);
    let near: &str = text.get(..512).unwrap_or(text);
    let opens = ["<Event ", "<Event>", "<Event\n", "<Event\r"];
    text.starts_with('<') && opens.iter().any(|opening| near.contains(opening))
}
