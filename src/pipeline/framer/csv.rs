//! CSV: every row is a frame. A row begins with a time; a damaged quote so ends with its row.

use memchr::memchr_iter;

use crate::model::batch::End;
use crate::pipeline::framer::Frame;
use crate::pipeline::framer::Frames;
use crate::pipeline::framer::lines;

impl Frames<'_> {
    /// The next row.
    pub(super) fn csv(&mut self) -> Option<Frame> {
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
        let whole = memchr_iter(b'"', &bytes[start..next]).count().is_multiple_of(2);
        match self.batch.end {
            End::More if ended && whole => self.frame(start, next),
            End::Idle if ended => self.frame(start, next),
            _ => self.unfinished(start),
        }
    }
}
