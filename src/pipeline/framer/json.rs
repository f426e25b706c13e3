//! JSON: every value is a frame, and so is every record of a document that holds many.
//!
//! ```text
//! {"records":[ {…} , {…} ]}      {"tables":[{"name":…,"columns":[…],"rows":[ […] , […] ]}]}
//!              └ frame ┘                                                     └ frame
//! ```
//!
//! A document is never held whole: its wrapper is passed over. Of a table the meaning of
//! its columns is kept, in the framing, until the table ends.

use memchr::{memchr, memmem};
use shirwatch_parsers::framing::{element_end, next_element};
use shirwatch_parsers::table::Columns;

use crate::model::batch::End;
use crate::pipeline::framer::Frame;
use crate::pipeline::framer::Frames;
use crate::pipeline::framer::lines;
use crate::pipeline::framer::values;

/// Bytes that hold the end of one record and the first key of the next.
const JOINT: usize = 512;

impl Frames<'_> {
    /// The next value or record.
    pub(super) fn json(&mut self) -> Option<Frame> {
        if !self.pass_rest() {
            return None;
        }
        let bytes = self.batch.bytes;
        loop {
            self.taken = values::blanks(bytes, self.taken);
            match *bytes.get(self.taken)? {
                b',' => self.taken += 1,
                b']' if self.framing.in_array || self.framing.columns.is_some() => self.close()?,
                b'{' | b'[' => match self.document(self.taken, values::opening) {
                    Some(start) => self.taken = start,
                    None => return self.value(),
                },
                _ => return self.junk(),
            }
        }
    }

    /// Passes over the rest of a value that was cut: to the next record of its document, or
    /// to the next line.
    fn pass_rest(&mut self) -> bool {
        if self.framing.in_array {
            return self.skip_to(|rest| next_element(rest, 0), JOINT);
        }
        self.skip(b"\n")
    }

    /// Passes over what ends an array; `None` when its wrapper is not whole yet.
    fn close(&mut self) -> Option<()> {
        let bytes = self.batch.bytes;
        let behind = values::blanks(bytes, self.taken + 1);
        let waits = behind == bytes.len() && self.batch.end == End::More;
        match values::wrapper_end(bytes, self.taken + 1).filter(|_| !waits) {
            Some(end) => {
                // Behind the rows of a table comes the end of its list, or the next table.
                if !self.framing.in_array {
                    self.framing.columns = None;
                }
                self.framing.in_array = false;
                self.taken = end;
                Some(())
            }
            None => {
                self.framing.in_array &= self.batch.end != End::Eof;
                self.unfinished(self.taken);
                None
            }
        }
    }

    /// Where the records begin, if a document of them begins at `at`.
    fn document(&mut self, at: usize, look: Look) -> Option<usize> {
        if self.framing.in_array {
            return None;
        }
        let opening = look(self.batch.bytes, at)?;
        self.framing.in_array = true;
        if let Some(columns) = opening.columns {
            let text = String::from_utf8_lossy(&self.batch.bytes[columns]);
            self.framing.columns = Some(Columns::read(&text));
        }
        Some(opening.start)
    }

    fn value(&mut self) -> Option<Frame> {
        let (bytes, start) = (self.batch.bytes, self.taken);
        // Records of a document may stand on one line, others are torn off at the end of theirs.
        let end = match self.framing.in_array {
            true => element_end(bytes, start),
            false => self.one_line(start).or_else(|| values::value_end(bytes, start)),
        };
        let Some(end) = end else { return self.long_value(start) };
        let columns =
            self.framing.columns.filter(|_| self.framing.in_array && bytes[start] == b'[');
        self.frame(start, end).map(|frame| Frame { columns, ..frame })
    }

    /// A value that goes on behind the batch may be a document that says other things first.
    fn long_value(&mut self, start: usize) -> Option<Frame> {
        match self.document(start, values::late_opening) {
            Some(records) => {
                self.taken = records;
                self.json()
            }
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
        let next = values::blanks(bytes, end);
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

/// Looks for the opening of a document.
type Look = fn(&[u8], usize) -> Option<values::Opening>;
