//! Bytes become whole events.
//!
//! ```text
//! 2026-11-20 02:14:22 Error Exception:'Type=A.B,Message=one     ┐
//! two,Source=s,'                                                │ one frame
//! Job ID: 97e70903-46b5-5348-b59b-9889a708b8e4                  ┘
//! 2026-11-20 02:14:23 Information Reading block 4               no frame: no needle
//! ```
//!
//! The framer holds no bytes. What it cannot tell yet (half a line, an event whose next line
//! may still come) it does not take, and the source offers it again with more behind it.
//! An event that is whole by its grammar is taken at once; its trailer lines, which may come
//! later, are then passed over. An event that is longer than what fits in memory is cut,
//! read from what is there, and its rest passed over.

mod csv;
mod json;
mod lines;
mod text;
mod values;
mod xml;

use std::ops::Range;

use memchr::memmem;
use shirwatch_parsers::table::Columns;

use crate::model::batch::Batch;
use crate::model::batch::End;
use crate::model::batch::Framing;
use crate::model::batch::Shape;
use crate::pipeline::prefilter::Prefilter;

/// One whole event in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where it stands in the batch.
    pub range: Range<usize>,
    /// True when it was cut because it is longer than what fits in memory.
    pub cut: bool,
    /// What the columns mean, when it is a row of a table.
    pub columns: Option<Columns>,
}

/// The events of one batch, in their order.
pub struct Frames<'a> {
    batch: &'a Batch<'a>,
    prefilter: &'a Prefilter,
    /// What is known of the stream; to be kept for the next batch.
    pub framing: Framing,
    /// How far the batch was taken.
    pub taken: usize,
}

impl<'a> Frames<'a> {
    /// The events of `batch`.
    #[must_use]
    pub fn of(batch: &'a Batch<'a>, prefilter: &'a Prefilter) -> Self {
        let mut it = Self { batch, prefilter, framing: batch.framing, taken: 0 };
        if it.framing.shape.is_none() {
            it.framing.shape = sniff(batch);
            it.framing.timed = lines::is_timed(batch.bytes) || lines::is_ruled(batch.bytes);
        }
        it
    }

    fn rest(&self) -> &'a [u8] {
        &self.batch.bytes[self.taken..]
    }

    fn at_end(&self) -> bool {
        self.taken >= self.batch.bytes.len()
    }

    /// Gives the frame that ends at `end`, and goes on behind it.
    fn frame(&mut self, start: usize, end: usize) -> Option<Frame> {
        self.taken = end;
        Some(Frame { range: start..end, cut: false, columns: None })
    }

    /// An event that begins at `start` goes on behind the batch: it is cut where no more
    /// fits, taken as it is where no more comes, and left for later otherwise.
    fn unfinished(&mut self, start: usize) -> Option<Frame> {
        let end = self.batch.bytes.len();
        let stuck = self.batch.full && start == 0;
        if !stuck && self.batch.end != End::Eof {
            self.taken = start;
            return None;
        }
        self.framing.skipping = stuck && self.batch.end != End::Eof;
        self.taken = end;
        (end > start).then_some(Frame { range: start..end, cut: stuck, columns: None })
    }

    /// Passes over the rest of an event that was cut, up to `until`. False when more of it
    /// may come.
    fn skip(&mut self, until: &[u8]) -> bool {
        let find = |rest: &[u8]| memmem::find(rest, until).map(|at| at + until.len());
        self.skip_to(find, until.len() - 1)
    }

    /// The same up to where `find` says; it needs so many of the last bytes once more when
    /// it found nothing.
    fn skip_to(&mut self, find: impl Fn(&[u8]) -> Option<usize>, again: usize) -> bool {
        if !self.framing.skipping {
            return true;
        }
        if let Some(at) = find(self.rest()) {
            self.taken += at;
            self.framing.skipping = false;
            return true;
        }
        let kept = if self.batch.end == End::Eof { 0 } else { again };
        self.taken = self.taken.max(self.batch.bytes.len().saturating_sub(kept));
        false
    }
}

impl Iterator for Frames<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        match self.framing.shape? {
            Shape::Text => self.text(),
            Shape::Json => self.json(),
            Shape::Xml => self.xml(),
            Shape::Csv => self.csv(),
        }
    }
}

/// The shape of a stream, by its first bytes; `None` when there are too few.
fn sniff(batch: &Batch<'_>) -> Option<Shape> {
    let start = values::blanks(batch.bytes, 0);
    let head = &batch.bytes[start..];
    let few = head.len() < 64 && !head.contains(&b'\n') && batch.end == End::More;
    if head.is_empty() || few {
        return None;
    }
    let first = lines::line(head, 0);
    let header = first.to_ascii_lowercase();
    let row = |it: &[u8]| {
        memmem::find(it, b"FileRead").is_some() || memmem::find(it, b",Info,").is_some()
    };
    let inside = values::blanks(head, 1);
    Some(match head[0] {
        b'{' => Shape::Json,
        b'[' if matches!(head.get(inside), Some(b'{' | b'[')) => Shape::Json,
        b'<' if first.starts_with(b"<Event") || first.starts_with(b"<?xml") => Shape::Xml,
        b'-' if first.starts_with(b"- <Event") => Shape::Xml,
        b'T' | b't' if header.starts_with(b"timestamp,") => Shape::Csv,
        _ if lines::has_time(first) && row(first) => Shape::Csv,
        _ => Shape::Text,
    })
}
