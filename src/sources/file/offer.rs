//! What of one file is offered next, and how it comes into the buffer.
//!
//! Each read begins with the window before the offset, so a file that was rewritten
//! meanwhile is noticed before one byte of it is taken for the old one.

use std::io;
use std::time::Duration;
use std::time::SystemTime;

use jiff::Timestamp;

use crate::model::batch::End;
use crate::model::batch::Framing;
use crate::sources::file::encoding::Charset;
use crate::sources::file::encoding::Encoding;
use crate::sources::file::identity;
use crate::sources::file::identity::Mark;
use crate::sources::file::stream::Handle;
use crate::sources::file::stream::Stream;
use crate::sources::passed;

/// The buffers that all streams of a source share.
#[derive(Default)]
pub(super) struct Buffers {
    /// Bytes of the file; `raw[..length]` is valid.
    pub(super) raw: Vec<u8>,
    pub(super) length: usize,
    /// The same in UTF-8, where the file is not.
    pub(super) text: String,
}

/// When and how to read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) now: Timestamp,
    pub(super) idle: Duration,
    pub(super) charset: Charset,
    /// The most bytes that are read in one go.
    pub(super) max: usize,
    /// True when nothing will come behind what is there.
    pub(super) last: bool,
}

/// What a look into a file gave.
pub(super) enum Look {
    /// Nothing to offer now.
    Nothing,
    /// Nothing to offer now, and more behind it.
    Again,
    /// It is not the file that we have read.
    Replaced,
    /// The bytes from `start` in the buffer.
    Offer(Offer),
}

/// Bytes in the buffer that are to be offered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    pub(super) start: usize,
    pub(super) encoding: Encoding,
    pub(super) end: End,
    pub(super) full: bool,
    pub(super) now: Timestamp,
}

impl Stream {
    /// Reads what comes next, where there is something to offer.
    pub(super) fn look(&mut self, buffers: &mut Buffers, how: Reading) -> io::Result<Look> {
        match &self.handle {
            None => Ok(Look::Nothing),
            Some(Handle::Packed(_)) => self.unpack(buffers, how),
            Some(Handle::Plain(file)) => {
                let metadata = file.metadata()?;
                let changed = self.notice(metadata.len(), metadata.modified().ok(), how.now);
                self.look_plain(buffers, how, changed)
            }
        }
    }

    /// Takes in size and time of change; says whether one of them is new.
    fn notice(&mut self, size: u64, modified: Option<SystemTime>, now: Timestamp) -> bool {
        let changed = size != self.size || modified != self.modified;
        self.moved_at.get_or_insert(now);
        if size != self.size {
            self.grew_at = Some(now);
            self.idle_offered = false;
        }
        (self.size, self.modified) = (size, modified);
        changed
    }

    fn look_plain(
        &mut self,
        buffers: &mut Buffers,
        how: Reading,
        changed: bool,
    ) -> io::Result<Look> {
        if changed && !self.verify()? || self.size < self.offset {
            return Ok(Look::Replaced);
        }
        let untaken = self.size > self.offset;
        let quiet = self.grew_at.is_none_or(|since| passed(since, how.now, how.idle));
        let idle = untaken && quiet && !self.idle_offered;
        if !untaken || !(self.size > self.offered || idle || how.last) {
            return Ok(Look::Nothing);
        }
        let Some(start) = self.read(buffers)? else { return Ok(Look::Replaced) };
        let reached = self.offset + (buffers.length - start) as u64 >= self.size;
        let end = match reached {
            true if how.last => End::Eof,
            true if idle => End::Idle,
            _ => End::More,
        };
        self.idle_offered |= end == End::Idle;
        Ok(self.offer(buffers, start, end, how))
    }

    /// Reads the window and what comes behind it; says where that begins. `None` when the
    /// window is not what we have read.
    fn read(&mut self, buffers: &mut Buffers) -> io::Result<Option<usize>> {
        let Some(Handle::Plain(file)) = &self.handle else { return Ok(None) };
        let start = usize::try_from(self.window.bytes).unwrap_or(0);
        let length = start + self.want;
        if buffers.raw.len() < length {
            // To the byte: by default it would double, for the few that the window adds.
            buffers.raw.reserve_exact(length - buffers.raw.len());
            buffers.raw.resize(length, 0);
        }
        let from = self.offset - self.window.bytes;
        buffers.length = identity::read_at(file, &mut buffers.raw[..length], from)?;
        let same = self.window.begins(&buffers.raw[..buffers.length]);
        Ok(same.then_some(start))
    }

    /// Like `look_plain`, for a file in which one cannot go back. What it keeps is lent to
    /// the buffers until [`took`](Self::took).
    fn unpack(&mut self, buffers: &mut Buffers, how: Reading) -> io::Result<Look> {
        let Some(Handle::Packed(unpacker)) = &mut self.handle else { return Ok(Look::Nothing) };
        let start = usize::try_from(self.window.bytes).unwrap_or(0);
        let damage = unpacker.fill(self.offset - self.window.bytes, start + self.want).err();
        if !self.window.begins(&unpacker.kept) {
            return damage.map_or(Ok(Look::Replaced), Err);
        }
        if let Some(damage) = damage {
            self.damage = Some(format!("it is damaged, and read as far as it goes: {damage}"));
        }
        if unpacker.ended && unpacker.kept.len() == start {
            return Ok(if self.next_text() { Look::Again } else { Look::Nothing });
        }
        let length = unpacker.kept.len().min(start + self.want);
        let end =
            if unpacker.ended && length == unpacker.kept.len() { End::Eof } else { End::More };
        std::mem::swap(&mut buffers.raw, &mut unpacker.kept);
        buffers.length = length;
        let look = self.offer(buffers, start, end, how);
        if !matches!(look, Look::Offer(_)) {
            self.give_back(buffers);
        }
        Ok(look)
    }

    /// Goes on to the next text of a packed file; false when it is read to its end. What was
    /// known of one text does not hold for the next.
    fn next_text(&mut self) -> bool {
        let Some(Handle::Packed(unpacker)) = &mut self.handle else { return false };
        if !unpacker.next() {
            self.end();
            return false;
        }
        (self.framing, self.encoding, self.window) = (Framing::default(), None, Mark::of(&[]));
        self.dirty = true;
        true
    }

    fn give_back(&mut self, buffers: &mut Buffers) {
        if let Some(Handle::Packed(unpacker)) = &mut self.handle {
            std::mem::swap(&mut buffers.raw, &mut unpacker.kept);
        }
    }

    fn offer(&mut self, buffers: &mut Buffers, start: usize, end: End, how: Reading) -> Look {
        let data = &buffers.raw[start..buffers.length];
        self.offered = self.offset + data.len() as u64;
        if self.encoding.is_none() && end == End::More && !Encoding::is_told_by(data) {
            return Look::Nothing;
        }
        let (encoding, start) = self.encode(data, start, how.charset);
        let data = &buffers.raw[start..buffers.length];
        let full = self.want >= how.max * encoding.unit() && data.len() >= self.want;
        let empty = encoding.decode(data, &mut buffers.text).is_empty();
        if empty && end != End::Eof {
            return Look::Nothing;
        }
        Look::Offer(Offer { start, encoding, end, full, now: how.now })
    }

    /// Settles the encoding at the start of a file, and passes over its mark.
    fn encode(&mut self, data: &[u8], start: usize, charset: Charset) -> (Encoding, usize) {
        if let Some(encoding) = self.encoding {
            return (encoding, start);
        }
        let encoding = match charset {
            Charset::Auto => Encoding::of(data),
            Charset::Fixed(encoding) => encoding,
        };
        self.encoding = Some(encoding);
        self.dirty = true;
        let begins = self.offset == 0 || self.compressed && self.window.bytes == 0;
        let mark = if begins { encoding.mark(data) } else { 0 };
        if mark > 0 {
            self.offset += mark as u64;
            self.window = Mark::of(&data[..mark]);
        }
        (encoding, start + mark)
    }

    /// The pipeline took the first `taken` bytes of what was offered.
    pub(super) fn took(
        &mut self,
        buffers: &mut Buffers,
        offer: Offer,
        taken: usize,
        framing: Framing,
        max: usize,
    ) {
        let data = &buffers.raw[offer.start..buffers.length];
        let mut raw = offer.encoding.raw_len(data, &buffers.text, taken);
        if raw == 0 && offer.full && !data.is_empty() {
            tracing::error!(path = self.shown, "an event that fills the buffer was not taken");
            raw = data.len();
        }
        if raw == 0 && data.len() >= self.want {
            self.want = (self.want * 2).min(max * offer.encoding.unit());
        }
        let known = &buffers.raw[..offer.start + raw];
        self.offset += raw as u64;
        self.extend_head(known);
        self.window = Mark::window(known);
        self.dirty |= raw > 0 || framing != self.framing;
        self.framing = framing;
        if raw > 0 {
            self.moved_at = Some(offer.now);
        }
        self.give_back(buffers);
        if offer.end == End::Eof && !self.next_text() {
            self.end();
        }
    }

    /// The head covers what was taken, up to its limit: a copy that was made before the file
    /// grew has the same. `known` are the bytes before the offset that are in the buffer. The
    /// file is asked only for those that are not, and believed if it begins as before: it may
    /// have been rewritten since it was read.
    fn extend_head(&mut self, known: &[u8]) {
        let length = identity::HEAD.min(usize::try_from(self.offset).unwrap_or(usize::MAX));
        let Some(Handle::Plain(file)) = &self.handle else { return };
        if self.head.bytes >= length as u64 {
            return;
        }
        if known.len() as u64 == self.offset {
            self.head = Mark::of(&known[..length]);
            return;
        }
        let same = |it: &Vec<u8>| it.len() >= length && self.head.begins(it);
        if let Some(head) = identity::head(file).ok().filter(same) {
            self.head = Mark::of(&head[..length]);
        }
    }
}
