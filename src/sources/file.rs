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
mod cursor;
pub(crate) mod encoding;
mod find;
pub(super) mod identity;
mod look;
mod offer;
mod packed;
mod poll;
mod stream;
mod trouble;
mod turn;
mod watch;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::VecDeque;
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
use crate::sources::file::identity::FileId;
use crate::sources::file::offer::Buffers;
use crate::sources::file::offer::Offer;
use crate::sources::file::stream::Place;
use crate::sources::file::stream::Stream;
use crate::sources::file::trouble::Troubles;
use crate::sources::file::watch::Watch;

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
    /// Bytes that are read of one file in one go.
    piece: usize,
    finder: Finder,
    watch: Watch,
    troubles: Troubles,
    streams: BTreeMap<Number, Stream>,
    by_id: HashMap<FileId, Number>,
    next: Number,
    /// Files that wait until we know whether they are copies.
    pending: HashMap<FileId, Pending>,
    /// Files without a byte, as of the last look.
    empty: u64,
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
    /// How it stands; `None` when something happened since that was asked. With ten thousand
    /// quiet files it is asked often, and the answer is the same.
    standing: RefCell<Option<SourceStatus>>,
    /// True when something happened since checkpoints were asked for.
    stirred: bool,
    looked_at: Option<Timestamp>,
    polled_at: Option<Timestamp>,
    polled_all_at: Option<Timestamp>,
    /// Whether an open file was written a short while ago, or may have been.
    restless: bool,
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
            piece: if how.hasty { stream::HASTY_BUFFER } else { stream::BUFFER },
            finder: Finder::new(config, how.state_dir)?,
            watch: Watch::new(name, how.wake.clone().filter(|_| !how.once)),
            troubles: Troubles::new(name),
            streams: BTreeMap::new(),
            by_id: HashMap::new(),
            next: 0,
            pending: HashMap::new(),
            empty: 0,
            ready: VecDeque::new(),
            packed: VecDeque::new(),
            unpacking: None,
            open: BTreeMap::new(),
            uses: 0,
            buffers: Buffers::default(),
            offered: None,
            forgotten: Vec::new(),
            virgin: true,
            standing: RefCell::new(None),
            stirred: true,
            looked_at: None,
            polled_at: None,
            polled_all_at: None,
            restless: true,
            look_again: false,
            last_read: None,
        };
        for it in how.checkpoints.iter().filter(|it| it.source == name) {
            source.virgin = false;
            source.add(Stream::restore(it));
        }
        Ok(source)
    }

    fn add(&mut self, mut stream: Stream) -> Number {
        stream.want = self.piece;
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
        self.config.max_record_bytes.as_len().saturating_add(SLACK).max(self.piece)
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
        self.poll(now);
        if self.is_due(now) {
            self.look(now);
        }
        while let Some(number) = self.next_ready() {
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
        self.stir();
        let max = self.max();
        let Some(stream) = self.streams.get_mut(&number) else { return };
        stream.took(&mut self.buffers, offer, taken, framing, max);
        if stream.has_more() {
            self.queue(number);
        } else if stream.ended {
            if let Place::Left(since) = stream.place {
                stream.place = Place::Gone(since);
            }
            self.close(number);
        }
    }

    fn checkpoints(&mut self, changes: &mut Changes) {
        if !std::mem::take(&mut self.stirred) {
            return;
        }
        for stream in self.streams.values_mut().filter(|it| it.dirty) {
            stream.dirty = false;
            changes.checkpoints.push(stream.checkpoint(&self.name));
        }
        let forgotten = self.forgotten.drain(..).map(|key| (self.name.clone(), key));
        changes.forgotten.extend(forgotten);
    }

    fn status(&self) -> SourceStatus {
        self.standing.borrow_mut().get_or_insert_with(|| self.stands()).clone()
    }

    fn patience(&self, now: Timestamp) -> Duration {
        if !self.ready.is_empty() || self.look_again {
            return Duration::ZERO;
        }
        self.rests(now)
    }
}

impl FileSource {
    /// Something happens: what was known of the whole source holds no more.
    fn stir(&mut self) {
        self.standing.take();
        (self.stirred, self.restless) = (true, true);
    }

    fn stands(&self) -> SourceStatus {
        let there = || self.streams.values().filter(|it| !matches!(it.place, Place::Gone(_)));
        SourceStatus {
            files: there().count() as u64 + self.empty,
            files_open: self.open.len() as u64,
            lag_bytes: there().map(Stream::lag).sum(),
            lag_messages: None,
            last_read: self.last_read,
            stalled: self.troubles.is_shut_out() || there().any(|it| self.is_stalled(it)),
            errors: self.troubles.by_path(),
            finished: self.once
                && self.looked_at.is_some()
                && !self.look_again
                && self.ready.is_empty()
                && self.packed.is_empty()
                && self.offered.is_none(),
        }
    }

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
