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

use std::ops::Range;

use memchr::{memchr, memmem, memrchr};
use shirwatch_parsers::framing::element_end;

use crate::model::batch::Batch;
use crate::model::batch::End;
use crate::model::batch::Framing;
use crate::model::batch::Shape;
use crate::pipeline::json;
use crate::pipeline::lines;
use crate::pipeline::prefilter::Prefilter;

/// Lines that are looked at backwards for the beginning of an event.
const LOOK_BACK: usize = 64;

/// Bytes of a batch without a line end that are kept for a needle across its border.
const OVERLAP: usize = 4096;

/// One whole event in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where it stands in the batch.
    pub range: Range<usize>,
    /// True when it was cut because it is longer than what fits in memory.
    pub cut: bool,
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
            it.framing.timed = lines::is_timed(batch.bytes);
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
        Some(Frame { range: start..end, cut: false })
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
        (end > start).then_some(Frame { range: start..end, cut: stuck })
    }

    /// Passes over the rest of an event that was cut. False when more of it may come.
    fn skip(&mut self, until: &[u8]) -> bool {
        if !self.framing.skipping {
            return true;
        }
        match memmem::find(self.rest(), until) {
            Some(at) => {
                self.taken += at + until.len();
                self.framing.skipping = false;
                true
            }
            None => {
                let kept = if self.batch.end == End::Eof { 0 } else { until.len() - 1 };
                self.taken = self.taken.max(self.batch.bytes.len().saturating_sub(kept));
                false
            }
        }
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

/// Plain text: only what stands around a needle becomes a frame.
impl Frames<'_> {
    fn text(&mut self) -> Option<Frame> {
        if self.framing.skipping && self.skip(b"\n") {
            self.framing.open = true;
        }
        if self.framing.skipping || !self.pass_trailers() {
            return None;
        }
        let Some(hit) = self.prefilter.find(self.batch.bytes, self.taken) else {
            return self.tail();
        };
        let start = self.event_start(hit);
        match self.event_end(start, hit) {
            Some(end) => self.frame(start, end),
            None => self.last_event(start),
        }
    }

    /// Passes over lines that belong to an event which was taken at once. False when
    /// the next line is not whole yet.
    fn pass_trailers(&mut self) -> bool {
        let bytes = self.batch.bytes;
        while self.framing.open {
            let whole = lines::next_line(bytes, self.taken);
            let Some(next) = whole.or((self.batch.end == End::Eof).then_some(bytes.len())) else {
                return false;
            };
            if self.at_end() || !lines::trails(lines::line(bytes, self.taken), self.framing.timed) {
                self.framing.open = self.at_end() && self.batch.end == End::More;
                break;
            }
            self.taken = next;
        }
        true
    }

    /// No needle stands in what is left. The last event is kept while its next line may come.
    fn tail(&mut self) -> Option<Frame> {
        let bytes = self.batch.bytes;
        let whole = memrchr(b'\n', self.rest()).map_or(self.taken, |at| self.taken + at + 1);
        self.taken = match self.batch.end {
            End::Eof => bytes.len(),
            End::Idle => whole,
            End::More => self.event_start(whole.saturating_sub(1).max(self.taken)),
        };
        if self.batch.full && self.taken == 0 {
            self.taken = whole.max(bytes.len().saturating_sub(OVERLAP));
        }
        None
    }

    /// Where the event begins that holds `at`.
    fn event_start(&self, at: usize) -> usize {
        let bytes = self.batch.bytes;
        let mut start = lines::line_start(bytes, at).max(self.taken);
        let mut earliest = start;
        for _ in 0..LOOK_BACK {
            if earliest <= self.taken
                || lines::begins(lines::line(bytes, earliest), self.framing.timed)
            {
                return earliest;
            }
            start = earliest;
            earliest = lines::line_start(bytes, start - 1).max(self.taken);
        }
        lines::line_start(bytes, at).max(self.taken)
    }

    /// Where the event ends: where the next begins. `None` when that is behind the batch.
    fn event_end(&self, start: usize, hit: usize) -> Option<usize> {
        let bytes = self.batch.bytes;
        let mut next = lines::next_line(bytes, hit)?;
        let mut looked = 0;
        while next < bytes.len() {
            let begins = lines::begins(lines::line(bytes, next), self.framing.timed);
            let sure = self.framing.timed || lines::tells(lines::line(bytes, next));
            if begins && (sure || looked > LOOK_BACK || !is_open(&bytes[start..next])) {
                return Some(next);
            }
            looked += 1;
            next = lines::next_line(bytes, next)?;
        }
        None
    }

    /// The event at `start` is the last of the batch.
    fn last_event(&mut self, start: usize) -> Option<Frame> {
        let bytes = self.batch.bytes;
        let ended = bytes.ends_with(b"\n");
        match self.batch.end {
            End::Idle if ended => self.frame(start, bytes.len()),
            // A line that its writer never ended: whole by its grammar, and quiet.
            End::Idle if is_whole(&bytes[start..]) => {
                self.framing.skipping = true;
                self.frame(start, bytes.len())
            }
            End::More if ended && is_whole(&bytes[start..]) => {
                self.framing.open = true;
                self.frame(start, bytes.len())
            }
            _ => self.unfinished(start),
        }
    }
}

/// JSON: every value is a frame, and so is every element of a document of records.
impl Frames<'_> {
    fn json(&mut self) -> Option<Frame> {
        if !self.skip(b"\n") {
            return None;
        }
        let bytes = self.batch.bytes;
        loop {
            self.taken = json::blanks(bytes, self.taken);
            match *bytes.get(self.taken)? {
                b',' => self.taken += 1,
                b']' if self.framing.in_array => match json::wrapper_end(bytes, self.taken + 1) {
                    Some(end) => {
                        self.framing.in_array = false;
                        self.taken = end;
                    }
                    None => {
                        self.framing.in_array = self.batch.end != End::Eof;
                        return self.unfinished(self.taken).filter(|_| false);
                    }
                },
                b'{' | b'[' => match self.document() {
                    Some(start) => self.taken = start,
                    None => return self.value(),
                },
                _ => return self.junk(),
            }
        }
    }

    /// Where the elements of a document of records begin, if one begins here.
    fn document(&mut self) -> Option<usize> {
        if self.framing.in_array {
            return None;
        }
        let start = json::array_start(self.batch.bytes, self.taken)?;
        self.framing.in_array = true;
        Some(start)
    }

    fn value(&mut self) -> Option<Frame> {
        let (bytes, start) = (self.batch.bytes, self.taken);
        // Records of a document may stand on one line, others are torn off at the end of theirs.
        let end = match self.framing.in_array {
            true => element_end(bytes, start),
            false => self.one_line(start).or_else(|| json::value_end(bytes, start)),
        };
        match end {
            Some(end) => self.frame(start, end),
            None => self.unfinished(start),
        }
    }

    /// Where a value ends that has a line to itself, which spares looking for its brackets.
    fn one_line(&self, start: usize) -> Option<usize> {
        let bytes = self.batch.bytes;
        if self.framing.in_array {
            return None;
        }
        let end = start + memchr(b'\n', &bytes[start..])?;
        let next = json::blanks(bytes, end);
        let closed = bytes[start..end].trim_ascii_end().ends_with(b"}");
        (closed && bytes[next..].starts_with(b"{")).then_some(end)
    }

    /// Text between values: a line of it is read as plain text. What a damaged record left
    /// in a document goes to the next record, as all of them may stand on one line.
    fn junk(&mut self) -> Option<Frame> {
        let (bytes, start) = (self.batch.bytes, self.taken);
        let line = lines::next_line(bytes, start);
        let record = if self.framing.in_array {
            memmem::find(&bytes[start..line.unwrap_or(bytes.len())], b"{\"").map(|at| start + at)
        } else {
            None
        };
        match record.or(line) {
            Some(end) => self.frame(start, end),
            None => self.unfinished(start),
        }
    }
}

/// XML: every `<Event>` is a frame.
impl Frames<'_> {
    fn xml(&mut self) -> Option<Frame> {
        if !self.skip(b"</Event>") {
            return None;
        }
        let bytes = self.batch.bytes;
        let Some(start) = event_tag(bytes, self.taken) else {
            let last = bytes.len().saturating_sub("<Event".len()).max(self.taken);
            let opens = memrchr(b'<', &bytes[last..]).filter(|_| self.batch.end != End::Eof);
            self.taken = opens.map_or(bytes.len(), |at| last + at);
            return None;
        };
        match memmem::find(&bytes[start..], b"</Event>") {
            Some(at) => self.frame(start, start + at + "</Event>".len()),
            None => self.unfinished(start),
        }
    }
}

/// CSV: every row is a frame. A row begins with a time; a damaged quote so ends with its row.
impl Frames<'_> {
    fn csv(&mut self) -> Option<Frame> {
        if !self.skip(b"\n") {
            return None;
        }
        let (bytes, start) = (self.batch.bytes, self.taken);
        let mut next = start;
        while let Some(end) = lines::next_line(bytes, next) {
            if lines::has_time(lines::line(bytes, end)) {
                return self.frame(start, end);
            }
            next = end;
        }
        let ended = next == bytes.len() && next > start;
        let whole = memchr::memchr_iter(b'"', &bytes[start..next]).count().is_multiple_of(2);
        match self.batch.end {
            End::More if ended && whole => self.frame(start, next),
            End::Idle if ended => self.frame(start, next),
            _ => self.unfinished(start),
        }
    }
}

/// Where the next `<Event>` or `<Event …>` opens.
fn event_tag(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memmem::find(&bytes[at..], b"<Event")?;
        match bytes.get(at + "<Event".len()) {
            Some(b' ' | b'>' | b'\n' | b'\r' | b'\t') => return Some(at),
            _ => at += 1,
        }
    }
}

/// Whether a chain has opened in this text and not closed.
fn is_open(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let read = shirwatch_parsers::chain::read(&text);
    read.links.last().is_some_and(|it| it.type_name.is_some()) && read.end.is_none()
}

/// Whether the text is an event by itself: a chain that closes at its end.
fn is_whole(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let end = shirwatch_parsers::chain::read(&text).end;
    end.is_some_and(|at| text[at..].trim_matches(['.', '"', '\'', '\r', '\n', ' ']).is_empty())
}

/// The shape of a stream, by its first bytes; `None` when there are too few.
fn sniff(batch: &Batch<'_>) -> Option<Shape> {
    let start = json::blanks(batch.bytes, 0);
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
    let inside = json::blanks(head, 1);
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
