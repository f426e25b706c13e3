//! Plain text: only what stands around a needle becomes a frame.
//!
//! ```text
//! 2026-11-20 02:14:22 Error Exception:'Type=A.B,Message=one     ┐ from the line that begins
//! two,Source=s,'                                                │ the event to the one that
//! Job ID: 97e70903-46b5-5348-b59b-9889a708b8e4                  ┘ begins the next
//! ```
//!
//! Which lines begin an event is known by [`lines`].

use memchr::memrchr;
use shirwatch_parsers::chain::Reading;
use shirwatch_parsers::chain::read;

use crate::model::batch::End;
use crate::pipeline::framer::Frame;
use crate::pipeline::framer::Frames;
use crate::pipeline::framer::lines;
#[cfg(test)]
use crate::pipeline::guard;
use crate::pipeline::guard::guarded;

/// Lines that are looked at backwards for the beginning of an event.
const LOOK_BACK: usize = 64;

/// Bytes of a batch without a line end that are kept for a needle across its border.
const OVERLAP: usize = 4096;

impl Frames<'_> {
    /// The next event around a needle.
    pub(super) fn text(&mut self) -> Option<Frame> {
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
                return self.behind_rule(earliest, at);
            }
            start = earliest;
            earliest = lines::line_start(bytes, start - 1).max(self.taken);
        }
        lines::line_start(bytes, at).max(self.taken)
    }

    /// Behind the line of dashes that an event may begin with.
    fn behind_rule(&self, start: usize, at: usize) -> usize {
        let rule = lines::is_rule(lines::line(self.batch.bytes, start));
        let next = lines::next_line(self.batch.bytes, start).filter(|next| rule && *next <= at);
        next.unwrap_or(start)
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

/// Whether a chain has opened in this text and not closed. Where we fail on the text we shall when
/// it is read, which counts it.
fn is_open(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let open = guarded(|| {
        let read = chain(&text);
        read.links.last().is_some_and(|it| it.type_name.is_some()) && read.end.is_none()
    });
    open.unwrap_or(false)
}

/// Whether the text is an event by itself: a chain that closes at its end.
fn is_whole(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let end = guarded(|| chain(&text).end).flatten();
    end.is_some_and(|at| text[at..].trim_matches(['.', '"', '\'', '\r', '\n', ' ']).is_empty())
}

fn chain(text: &str) -> Reading<'_> {
    #[cfg(test)]
    guard::stumble(text, guard::UNREADABLE);
    read(text)
}
