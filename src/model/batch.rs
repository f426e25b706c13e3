//! A run of bytes on its way from a source into the pipeline.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shirwatch_parsers::table::Columns;

/// One run of bytes from one stream, with its position and the time it was read.
///
/// A batch begins where the last one was taken up to. The pipeline says how many bytes
/// it took; what it left (half an event) comes again with the next batch, with more
/// behind it. So nothing is buffered between the two, and a checkpoint always stands at
/// the border of an event.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The name of the source in the configuration.
    pub source: &'a str,
    /// The labels of the source, which become labels of its incidents.
    pub labels: &'a BTreeMap<String, String>,
    /// What is read: the path of a file, `-` for a pipe.
    pub path: &'a str,
    /// The bytes, in UTF-8 but for damage.
    pub bytes: &'a [u8],
    /// The offset of the first byte in its stream.
    pub offset: u64,
    /// When it was read.
    pub read_at: Timestamp,
    /// What comes behind it.
    pub end: End,
    /// What the framer knew of this stream after the last batch.
    pub framing: Framing,
    /// True when the bytes must be taken in this call because no more of them fit in
    /// memory: what cannot be read whole is cut, counted, and read from what is there.
    pub full: bool,
}

/// What comes behind a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// More bytes are there already, or may be at any moment.
    More,
    /// Nothing came for the idle time: an event that waits for its next line is whole.
    Idle,
    /// Nothing will come any more, not even the rest of the last line.
    Eof,
}

/// What the framer knows of a stream between two batches. It is kept in the
/// checkpoint, so that reading resumes in the middle of an array or of a long event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Framing {
    /// The shape of the stream, once its first bytes were seen.
    pub shape: Option<Shape>,
    /// True inside the array of a document that holds many records.
    pub in_array: bool,
    /// What the columns mean, inside a document of tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
    /// True while the rest of an event that was already taken is passed over.
    pub skipping: bool,
    /// True when events begin with a time, or behind a line of dashes, so that any other
    /// line goes on the last.
    pub timed: bool,
    /// True when the last event was taken at once and its trailer lines may follow.
    pub open: bool,
    /// Lines before the current position.
    pub line: u64,
}

/// How the events of a stream are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Lines; an event may go on over the next lines.
    Text,
    /// JSON values, one a line or spread over many.
    Json,
    /// `<Event>` elements.
    Xml,
    /// Rows with quoted cells.
    Csv,
}

/// Where something was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The file, or `-`.
    pub path: String,
    /// Byte offset of the event in the file.
    pub offset: u64,
    /// Line of the event, from 1; 0 where it is not counted.
    pub line: u64,
}
