//! The turn: one look into one file, through a handle that may have to be opened first.
//!
//! Handles stay open, so that a file is read to its end though it was renamed or deleted;
//! at most [`OPEN`] of them, and the one that was not used for longest is closed first.

use std::fs::File;
use std::io;
use std::time::Duration;

use jiff::Timestamp;

use crate::sources::file::FileSource;
use crate::sources::file::Number;
use crate::sources::file::identity;
use crate::sources::file::offer::Look;
use crate::sources::file::offer::Offer;
use crate::sources::file::offer::Reading;
use crate::sources::file::packed::Unpacker;
use crate::sources::file::stream::Handle;
use crate::sources::file::stream::Place;
use crate::sources::file::stream::Stream;
use crate::sources::passed;

/// Files that are held open.
const OPEN: usize = 512;

/// How long a file that left its place must be quiet until its handle is closed.
const LINGER: Duration = Duration::from_secs(30);

/// How long a file in its place must be quiet, where an open file is in the way of others: on
/// Windows its folder cannot be renamed, and not every file system frees the name of a deleted
/// file. It is opened again when it grows.
const HOLD: Option<Duration> = if cfg!(windows) { Some(Duration::from_secs(10)) } else { None };

impl FileSource {
    /// Opens the file of a stream, where it is not open. False when another file has its
    /// path now; the next look will tell.
    pub(super) fn hold(&mut self, number: Number) -> io::Result<bool> {
        let Some(stream) = self.streams.get_mut(&number) else { return Ok(false) };
        if stream.handle.is_none() {
            let file = File::open(&stream.path)?;
            let (id, metadata) = identity::look_at(&file)?;
            if id != stream.id {
                return Ok(false);
            }
            if stream.compressed {
                (stream.size, stream.modified) = (metadata.len(), metadata.modified().ok());
                (stream.done, stream.ended, stream.verified) = (None, false, true);
                stream.handle = Some(Handle::Packed(Box::new(Unpacker::new(file))));
            } else {
                stream.handle = Some(Handle::Plain(file));
            }
        }
        self.touch(number);
        Ok(true)
    }

    /// Notes that a handle is used, and closes the one that was not for longest when too
    /// many are open. A file that left its place could not be opened again, and one that is not
    /// read to its end may leave it: its handle is closed only if there is no other.
    fn touch(&mut self, number: Number) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        self.open.remove(&stream.used);
        self.uses += 1;
        stream.used = self.uses;
        self.open.insert(self.uses, number);
        if self.open.len() <= OPEN {
            return;
        }
        let may_close = |it: &Stream| it.place == Place::Here && !it.compressed;
        let may_close = |it: &Number| self.streams.get(it).is_none_or(may_close);
        let is_read = |it: &Number| self.streams.get(it).is_none_or(|it| it.size <= it.offset);
        let old = || self.open.values().copied().filter(|it| may_close(it) && *it != number);
        let oldest = old().find(is_read).or_else(|| old().next());
        oldest.into_iter().for_each(|it| self.close(it));
    }

    pub(super) fn close(&mut self, number: Number) {
        if let Some(stream) = self.streams.get_mut(&number) {
            stream.handle = None;
            self.open.remove(&stream.used);
        }
        if self.unpacking == Some(number) {
            self.unpacking = None;
            let packed = std::mem::take(&mut self.packed);
            packed.into_iter().for_each(|it| self.queue(it));
        }
    }

    /// Looks into one file; true when something of it is offered.
    pub(super) fn turn(&mut self, number: Number, now: Timestamp) -> Option<Offer> {
        let stream = self.streams.get(&number)?;
        if matches!(stream.place, Place::Gone(_)) || (stream.ended && stream.handle.is_none()) {
            return None;
        }
        if stream.compressed && self.unpacking.is_some_and(|it| it != number) {
            self.packed.push_back(number);
            return None;
        }
        let closing = self.is_over(number, now);
        let look = self.look_into(number, now, closing);
        match look {
            Ok(Look::Offer(offer)) => {
                self.well(number);
                return Some(offer);
            }
            Ok(Look::Nothing | Look::Again) => self.rest(number, closing, now),
            Ok(Look::Replaced) => self.replaced(number, now),
            Err(error) => self.fail(number, &error),
        }
        None
    }

    /// True when a file that left its place was quiet for long.
    fn is_over(&self, number: Number, now: Timestamp) -> bool {
        let Some(stream) = self.streams.get(&number) else { return false };
        let Place::Left(since) = stream.place else { return false };
        let since = stream.grew_at.map_or(since, |it| it.max(since));
        passed(since, now, LINGER) || stream.is_deleted()
    }

    /// Closes files that were quiet for so long that nothing more is expected soon.
    pub(super) fn close_quiet(&mut self, now: Timestamp) {
        let Some(hold) = HOLD else { return };
        let quiet = |number: &Number| {
            self.streams.get(number).is_some_and(|it| {
                let read = it.place == Place::Here && it.lag() == 0 && !it.has_more();
                read && it.grew_at.is_none_or(|since| passed(since, now, hold))
            })
        };
        let over: Vec<_> = self.open.values().copied().filter(quiet).collect();
        over.into_iter().for_each(|it| self.close(it));
    }

    fn look_into(&mut self, number: Number, now: Timestamp, closing: bool) -> io::Result<Look> {
        if !self.hold(number)? {
            self.look_again = true;
            return Ok(Look::Nothing);
        }
        let how = Reading {
            now,
            idle: self.config.idle,
            charset: self.config.encoding,
            max: self.max(),
            last: self.once || closing,
        };
        let Some(stream) = self.streams.get_mut(&number) else { return Ok(Look::Nothing) };
        if stream.compressed {
            self.unpacking = Some(number);
        }
        let mut look = stream.look(&mut self.buffers, how);
        while matches!(look, Ok(Look::Again)) {
            look = stream.look(&mut self.buffers, how);
        }
        if let Some(damage) = stream.damage.take() {
            self.troubles.note_damage(&stream.path, &damage);
        }
        look
    }

    /// A file could be read.
    fn well(&mut self, number: Number) {
        if let Some(stream) = self.streams.get(&number) {
            self.troubles.end_reading(&stream.path);
        }
    }

    /// A file has nothing to offer now.
    fn rest(&mut self, number: Number, closing: bool, now: Timestamp) {
        self.well(number);
        let Some(stream) = self.streams.get_mut(&number) else { return };
        if self.once {
            stream.end();
        }
        if closing {
            (stream.place, stream.dirty) = (Place::Gone(now), true);
        }
        if closing || stream.compressed || self.once {
            self.close(number);
        }
    }

    /// A file cannot be read. It is tried again when it changes.
    fn fail(&mut self, number: Number, error: &io::Error) {
        if let Some(stream) = self.streams.get_mut(&number) {
            self.troubles.note_reading(&stream.path, error);
            stream.offered = stream.size;
        }
        self.close(number);
    }
}
