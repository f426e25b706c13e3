//! Log files: a set of globs as one endless stream.
//!
//! ```text
//! look    find files ─ which do we know? ─ which are new, moved, rewritten, gone?
//! turn    one batch of each file that has something, one file after the other
//! ```
//!
//! Looking happens every `poll_interval`, or sooner when the system tells of a change;
//! what a file holds is always found by reading it. A file that was renamed is read on
//! through its handle, also when no glob names it any more. Nothing of a file is kept in
//! memory but where it stands, so ten thousand files cost no more buffers than one.

mod admit;
pub(crate) mod config;
pub(crate) mod encoding;
mod find;
mod gzip;
mod identity;
mod stream;
mod trouble;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::batch::Batch;
use crate::model::batch::Framing;
use crate::model::changes::Changes;
use crate::sources::Opening;
use crate::sources::Source;
use crate::sources::SourceError;
use crate::sources::SourceStatus;
use crate::sources::file::admit::Pending;
use crate::sources::file::config::FileConfig;
use crate::sources::file::config::ReadFrom;
use crate::sources::file::find::Finder;
use crate::sources::file::find::Found;
use crate::sources::file::gzip::Unpacker;
use crate::sources::file::identity::FileId;
use crate::sources::file::stream::Buffers;
use crate::sources::file::stream::Handle;
use crate::sources::file::stream::Look;
use crate::sources::file::stream::Offer;
use crate::sources::file::stream::Place;
use crate::sources::file::stream::Reading;
use crate::sources::file::stream::Stream;
use crate::sources::file::trouble::Troubles;
use crate::sources::file::watch::Watch;
use crate::sources::passed;

/// Files that are held open.
const OPEN: usize = 512;

/// How long a file that left its place must be quiet until its handle is closed.
const LINGER: Duration = Duration::from_secs(30);

/// The least time between two looks, however often the system tells of changes.
const REST: Duration = Duration::from_millis(50);

/// A file that has grown for so long without being read on is stalled.
const STALLED: Duration = Duration::from_secs(60);

/// Bytes that are read beyond the largest record, so that its end is seen.
const SLACK: usize = 64 * 1024;

/// The number of a stream in the order in which files were met.
type Number = u64;

/// Log files as a source.
pub struct FileSource {
    name: String,
    labels: BTreeMap<String, String>,
    config: FileConfig,
    once: bool,
    finder: Finder,
    watch: Watch,
    troubles: Troubles,
    streams: BTreeMap<Number, Stream>,
    by_id: HashMap<FileId, Number>,
    next: Number,
    /// Files that wait until we know whether they are copies.
    pending: HashMap<FileId, Pending>,
    /// Streams whose turn comes.
    ready: VecDeque<Number>,
    /// Compressed files that wait for the one that is open.
    packed: VecDeque<Number>,
    unpacking: Option<Number>,
    /// Streams with an open handle, by when it was used last.
    open: BTreeMap<u64, Number>,
    uses: u64,
    buffers: Buffers,
    offered: Option<(Number, Offer)>,
    forgotten: Vec<String>,
    /// True when no checkpoint was there and no look was made.
    virgin: bool,
    looked_at: Option<Timestamp>,
    look_again: bool,
    last_read: Option<Timestamp>,
}

/// What is wrong with a configuration, without opening anything.
pub(super) fn check(config: &FileConfig) -> Result<(), SourceError> {
    Finder::new(config, None).map(drop)
}

impl FileSource {
    /// Opens the source; no file is looked at before the first `read`.
    pub fn open(
        name: &str,
        labels: &BTreeMap<String, String>,
        config: &FileConfig,
        how: &Opening<'_>,
    ) -> Result<Self, SourceError> {
        let mut source = Self {
            name: name.to_owned(),
            labels: labels.clone(),
            config: config.clone(),
            once: how.once,
            finder: Finder::new(config, how.state_dir)?,
            watch: Watch::new(name, how.wake.clone().filter(|_| !how.once)),
            troubles: Troubles::new(name),
            streams: BTreeMap::new(),
            by_id: HashMap::new(),
            next: 0,
            pending: HashMap::new(),
            ready: VecDeque::new(),
            packed: VecDeque::new(),
            unpacking: None,
            open: BTreeMap::new(),
            uses: 0,
            buffers: Buffers::default(),
            offered: None,
            forgotten: Vec::new(),
            virgin: true,
            looked_at: None,
            look_again: false,
            last_read: None,
        };
        for it in how.checkpoints.iter().filter(|it| it.source == name) {
            source.virgin = false;
            source.add(Stream::restore(it));
        }
        Ok(source)
    }

    fn add(&mut self, stream: Stream) -> Number {
        let number = self.next;
        self.next += 1;
        if !stream.replaced {
            self.by_id.insert(stream.id, number);
        }
        self.streams.insert(number, stream);
        number
    }

    /// The most bytes of one file that are read in one go.
    fn max(&self) -> usize {
        self.config.max_record_bytes.as_len().saturating_add(SLACK).max(stream::BUFFER)
    }

    /// True when it is time to look for files again.
    fn is_due(&self, now: Timestamp) -> bool {
        let Some(last) = self.looked_at else { return true };
        if self.once {
            return self.look_again;
        }
        let told = self.watch.has_changed() && passed(last, now, REST);
        self.look_again || told || passed(last, now, self.config.poll_interval)
    }

    /// Finds what there is, and says whose turn comes.
    fn look(&mut self, now: Timestamp) {
        self.watch.take_changed();
        self.look_again = false;
        self.watch.follow(&self.name, self.finder.folders());
        self.troubles.begin_look();
        let found = self.finder.find(&mut self.troubles);
        let found = admit::by_id(found, &self.streams, &self.by_id);
        let strangers = self.recognise(found, now);
        self.admit_all(strangers, now);
        self.troubles.end_look();
        self.forget(now);
        self.looked_at = Some(now);
        self.virgin = false;
    }

    /// Takes in the files that we know; gives back those that we do not.
    fn recognise(&mut self, found: HashMap<FileId, Found>, now: Timestamp) -> Vec<Found> {
        let mut strangers = Vec::new();
        let mut here = HashMap::new();
        for (id, file) in found {
            match self.by_id.get(&id).copied() {
                Some(number) => {
                    here.insert(number, file);
                }
                None => strangers.push(file),
            }
        }
        let numbers: Vec<_> = self.streams.keys().copied().collect();
        for number in numbers {
            match here.remove(&number) {
                Some(file) => strangers.extend(self.meet(number, file, now)),
                None => self.miss(number, now),
            }
        }
        strangers
    }

    /// The file of a stream was found. Gives it back when its content is another.
    fn meet(&mut self, number: Number, file: Found, now: Timestamp) -> Option<Found> {
        let stream = self.streams.get_mut(&number)?;
        if self.once && stream.ended {
            return None;
        }
        stream.moved_to(&file.path);
        if stream.place != Place::Here {
            stream.dirty |= stream.place != Place::Gone(Timestamp::MAX);
            (stream.place, stream.ended) = (Place::Here, false);
        }
        let size = file.metadata.len();
        let modified = file.metadata.modified().ok();
        if stream.done == Some(size) {
            return None;
        }
        let changed = size != stream.size || modified != stream.modified;
        if changed || !stream.verified {
            return match self.verify(number, now) {
                Ok(true) => {
                    self.ready.push_back(number);
                    None
                }
                Ok(false) => Some(file),
                Err(error) => {
                    self.troubles.note(&file.path, &error);
                    None
                }
            };
        }
        let waits = stream.size > stream.offset && !stream.idle_offered && !stream.compressed;
        if waits || stream.has_more() {
            self.ready.push_back(number);
        }
        None
    }

    /// True when the file of a stream still holds what we have read of it.
    fn verify(&mut self, number: Number, now: Timestamp) -> io::Result<bool> {
        if !self.hold(number)? {
            self.look_again = true;
            return Ok(true);
        }
        let Some(stream) = self.streams.get_mut(&number) else { return Ok(true) };
        let same = stream.verify()?;
        if !same {
            self.replaced(number, now);
        }
        Ok(same)
    }

    /// The content that we have read is gone; its number belongs to another now.
    fn replaced(&mut self, number: Number, now: Timestamp) {
        self.close(number);
        let Some(stream) = self.streams.get_mut(&number) else { return };
        (stream.place, stream.replaced, stream.dirty) = (Place::Gone(now), true, true);
        if self.by_id.get(&stream.id) == Some(&number) {
            self.by_id.remove(&stream.id);
        }
        self.look_again = true;
    }

    /// The file of a stream was not found. While its handle is open it is read on.
    fn miss(&mut self, number: Number, now: Timestamp) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        match stream.place {
            Place::Gone(since) if since <= now => {}
            Place::Here if stream.handle.is_some() => stream.place = Place::Left(now),
            Place::Here | Place::Gone(_) => {
                (stream.place, stream.dirty) = (Place::Gone(now), true);
                self.troubles.clear(&stream.path);
            }
            Place::Left(_) => {}
        }
        if matches!(stream.place, Place::Left(_)) {
            self.ready.push_back(number);
        }
    }

    /// Forgets what was gone for long.
    fn forget(&mut self, now: Timestamp) {
        let over = |it: &Stream| match it.place {
            Place::Gone(since) => now > since && passed(since, now, self.config.forget_after),
            _ => false,
        };
        let gone: Vec<_> =
            self.streams.iter().filter(|(_, it)| over(it)).map(|(number, _)| *number).collect();
        for number in gone {
            self.close(number);
            let Some(stream) = self.streams.remove(&number) else { continue };
            if self.by_id.get(&stream.id) == Some(&number) {
                self.by_id.remove(&stream.id);
            }
            self.forgotten.push(stream.key);
        }
    }

    /// Opens the file of a stream, where it is not open. False when another file has its
    /// path now; the next look will tell.
    fn hold(&mut self, number: Number) -> io::Result<bool> {
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
    /// many are open. A file that left its place could not be opened again.
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
        let oldest = self.open.values().copied().find(|it| may_close(it) && *it != number);
        oldest.into_iter().for_each(|it| self.close(it));
    }

    fn close(&mut self, number: Number) {
        if let Some(stream) = self.streams.get_mut(&number) {
            stream.handle = None;
            self.open.remove(&stream.used);
        }
        if self.unpacking == Some(number) {
            self.unpacking = None;
            self.ready.extend(self.packed.drain(..));
        }
    }

    /// Looks into one file; true when something of it is offered.
    fn turn(&mut self, number: Number, now: Timestamp) -> Option<Offer> {
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
            Ok(Look::Nothing) => self.rest(number, closing, now),
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
        passed(since, now, LINGER)
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
        stream.look(&mut self.buffers, how)
    }

    /// A file could be read.
    fn well(&mut self, number: Number) {
        if let Some(stream) = self.streams.get(&number) {
            self.troubles.clear(&stream.path);
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

    fn is_stalled(&self, stream: &Stream) -> bool {
        stream.lag() > 0
            && stream.moved_at.zip(stream.grew_at).is_some_and(|(moved, grew)| {
                grew > moved && grew.duration_since(moved).unsigned_abs() >= STALLED
            })
    }
}

impl Source for FileSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    fn read(&mut self, now: Timestamp) -> Result<Option<Batch<'_>>, SourceError> {
        if let Some((number, _)) = self.offered {
            let framing = self.streams.get(&number).map(|it| it.framing).unwrap_or_default();
            self.advance(0, framing);
        }
        if self.ready.is_empty() && self.is_due(now) {
            self.look(now);
        }
        while let Some(number) = self.ready.pop_front() {
            if let Some(offer) = self.turn(number, now) {
                self.offered = Some((number, offer));
                self.last_read = Some(now);
                return Ok(self.batch());
            }
        }
        Ok(None)
    }

    fn advance(&mut self, taken: usize, framing: Framing) {
        let Some((number, offer)) = self.offered.take() else { return };
        let max = self.max();
        let Some(stream) = self.streams.get_mut(&number) else { return };
        stream.took(&mut self.buffers, offer, taken, framing, max);
        if stream.has_more() {
            self.ready.push_back(number);
        } else if stream.ended {
            if let Place::Left(since) = stream.place {
                stream.place = Place::Gone(since);
            }
            self.close(number);
        }
    }

    fn checkpoints(&mut self, changes: &mut Changes) {
        for stream in self.streams.values_mut().filter(|it| it.dirty) {
            stream.dirty = false;
            changes.checkpoints.push(stream.checkpoint(&self.name));
        }
        let forgotten = self.forgotten.drain(..).map(|key| (self.name.clone(), key));
        changes.forgotten.extend(forgotten);
    }

    fn status(&self) -> SourceStatus {
        let there = || self.streams.values().filter(|it| !matches!(it.place, Place::Gone(_)));
        SourceStatus {
            files: there().count() as u64,
            files_open: self.open.len() as u64,
            lag_bytes: there().map(Stream::lag).sum(),
            last_read: self.last_read,
            stalled: there().any(|it| self.is_stalled(it)),
            errors: self.troubles.by_path(),
            finished: self.once
                && self.looked_at.is_some()
                && !self.look_again
                && self.ready.is_empty()
                && self.packed.is_empty()
                && self.offered.is_none(),
        }
    }

    fn patience(&self, now: Timestamp) -> Duration {
        if !self.ready.is_empty() || self.look_again {
            return Duration::ZERO;
        }
        let wait = if self.watch.has_changed() { REST } else { self.config.poll_interval };
        let since = self.looked_at.unwrap_or(now).min(now);
        wait.saturating_sub(now.duration_since(since).unsigned_abs())
    }
}

impl FileSource {
    /// What is offered, as a batch.
    fn batch(&self) -> Option<Batch<'_>> {
        let (number, offer) = self.offered.as_ref()?;
        let stream = self.streams.get(number)?;
        let raw = self.buffers.raw.get(offer.start..self.buffers.length)?;
        let is_utf_8 = offer.encoding == encoding::Encoding::UTF_8;
        Some(Batch {
            source: &self.name,
            labels: &self.labels,
            path: &stream.shown,
            bytes: if is_utf_8 { raw } else { self.buffers.text.as_bytes() },
            offset: stream.offset,
            read_at: offer.now,
            end: offer.end,
            framing: stream.framing,
            full: offer.full,
        })
    }

    /// True when a file that nobody has read is passed over as it is now.
    fn begins_at_end(&self) -> bool {
        self.virgin && self.config.read_from == ReadFrom::End
    }
}
