//! XML: every `<Event>` is a frame.
//!
//! Events need no root around them, and what stands between two is passed over.

use memchr::{memmem, memrchr};

use crate::model::batch::End;
use crate::pipeline::framer::Frame;
use crate::pipeline::framer::Frames;

impl Frames<'_> {
    /// The next event.
    pub(super) fn xml(&mut self) -> Option<Frame> {
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
