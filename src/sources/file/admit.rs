//! A file that we have not met: is it new, or one that we have read under another name?
//!
//! ```text
//! content we have read, whose file is gone or was rewritten   goes on at the offset
//! content that another file still holds                       waits: a copy in the making
//! anything else                                               new: read from its start
//! ```
//!
//! So a log that is copied and then cut (`copytruncate`), moved to another disk, or
//! compressed is not read twice. A copy whose original stays as it is is a log of its own
//! after a while. Files without a byte are no files yet: a copy begins as one.

mod stranger;
mod unread;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::io;
use std::time::Duration;

use jiff::Timestamp;

use crate::sources::file::FileSource;
use crate::sources::file::Number;
use crate::sources::file::admit::stranger::Stranger;
use crate::sources::file::admit::stranger::to_len;
use crate::sources::file::admit::unread::Unread;
use crate::sources::file::encoding::Charset;
use crate::sources::file::encoding::Encoding;
use crate::sources::file::find::Found;
use crate::sources::file::identity;
use crate::sources::file::identity::FileId;
use crate::sources::file::identity::Mark;
use crate::sources::file::stream::Handle;
use crate::sources::file::stream::Place;
use crate::sources::file::stream::Stream;
use crate::sources::passed;

/// How long a copy must be quiet, and its original too, until it is read as a log of its
/// own.
const GRACE: Duration = Duration::from_secs(5);

/// A file that waits until we know what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    size: u64,
    head: Mark,
    since: Timestamp,
}

/// What we knew before a look.
struct Known {
    /// The number of the first stream that is younger.
    newest: Number,
    absent: Vec<Number>,
    unread: Unread,
}

/// Each file once, though several paths lead to it: by the path that we know, if it is one
/// of them.
pub(super) fn by_id(
    found: Vec<Found>,
    streams: &BTreeMap<Number, Stream>,
    known: &HashMap<FileId, Number>,
) -> HashMap<FileId, Found> {
    let mut by_id: HashMap<FileId, Found> = HashMap::new();
    for it in found {
        let stream = known.get(&it.id).and_then(|number| streams.get(number));
        let usual = stream.is_some_and(|stream| stream.path == it.path);
        if usual || !by_id.contains_key(&it.id) {
            by_id.insert(it.id, it);
        }
    }
    by_id
}

impl FileSource {
    /// Takes in files that we have not met, the oldest first. Of two that changed in the same
    /// moment `app.log.1` comes before `app.log`.
    pub(super) fn admit_all(&mut self, mut strangers: Vec<Found>, now: Timestamp) {
        strangers.sort_by_cached_key(|it| (it.metadata.modified().ok(), Reverse(it.path.clone())));
        let mut known = Known { newest: self.next, absent: self.absent(), unread: self.unread() };
        let mut pending = std::mem::take(&mut self.pending);
        let (full, empty): (Vec<_>, _) =
            strangers.into_iter().partition(|it| it.metadata.len() > 0);
        self.empty = empty.len() as u64;
        for found in full {
            let (path, id) = (found.path.clone(), found.id);
            match Stranger::meet(found) {
                Ok(it) => self.admit(it, &mut known, pending.remove(&id), now),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.troubles.note_closed(&path, &error),
            }
        }
    }

    fn admit(&mut self, it: Stranger, known: &mut Known, waited: Option<Pending>, now: Timestamp) {
        let number = match self.returning(&it, &known.absent) {
            Some(number) => self.adopt(number, it, now),
            None if self.must_wait(&it, known, waited, now) => return,
            None => {
                known.unread.add(self.next, &it.found.path, &it.head);
                self.welcome(it, now)
            }
        };
        self.queue(number);
    }

    /// Streams whose file is not where it was.
    fn absent(&self) -> Vec<Number> {
        let absent = self.streams.iter().filter(|(_, it)| it.place != Place::Here);
        absent.map(|(number, _)| *number).collect()
    }

    /// Streams of which nothing was read yet.
    fn unread(&self) -> Unread {
        let mut unread = Unread::default();
        let streams = self.streams.iter().filter(|(_, it)| it.is_unread());
        streams.for_each(|(number, it)| unread.add(*number, &it.path, &[]));
        unread
    }

    /// The stream whose content this is, and whose file is gone.
    fn returning(&self, it: &Stranger, absent: &[Number]) -> Option<Number> {
        let fits = |stream: &&Stream| {
            stream.place != Place::Here
                && stream.offset > 0
                && it.may_be(stream)
                && it.holds(stream).unwrap_or(false)
        };
        let streams = absent.iter().filter_map(|it| Some((*it, self.streams.get(it)?)));
        let best = streams.filter(|(_, it)| fits(it)).max_by_key(|(_, it)| it.offset);
        best.map(|(number, _)| number)
    }

    /// Goes on with a stream in this file.
    fn adopt(&mut self, number: Number, it: Stranger, now: Timestamp) -> Number {
        if let Some(left) = self.left_behind(number, &it, now) {
            let left = self.add(left);
            self.queue(left);
        }
        self.close(number);
        if let Some(stream) = self.streams.get_mut(&number) {
            if self.by_id.get(&stream.id) == Some(&number) {
                self.by_id.remove(&stream.id);
            }
            self.by_id.insert(it.found.id, number);
            stream.moved_to(&it.found.path);
            stream.id = it.found.id;
            (stream.place, stream.replaced) = (Place::Here, false);
            (stream.compressed, stream.done) = (it.compressed, None);
            (stream.verified, stream.ended, stream.dirty) = (true, false, true);
            (stream.size, stream.modified, stream.offered) = (0, None, stream.offset);
        }
        number
    }

    /// The file that was copied here and deleted, as a stream of its own: a writer that has it
    /// open writes on behind what was copied.
    fn left_behind(&self, number: Number, it: &Stranger, now: Timestamp) -> Option<Stream> {
        let stream = self.streams.get(&number).filter(|stream| stream.id != it.found.id)?;
        let Some(Handle::Plain(file)) = &stream.handle else { return None };
        let file = file.try_clone().ok().filter(|_| !it.compressed)?;
        let window = identity::before(&file, it.size).ok()?;
        Some(Stream {
            key: format!("{:x}-{:x}", now.as_nanosecond(), self.next),
            shown: stream.shown.clone(),
            path: stream.path.clone(),
            id: stream.id,
            place: Place::Left(now),
            encoding: stream.encoding,
            offset: it.size,
            framing: stream.framing,
            head: stream.head,
            window: Mark::of(&window),
            offered: it.size,
            verified: true,
            handle: Some(Handle::Plain(file)),
            ..Stream::default()
        })
    }

    /// True while this may be a copy in the making, or is still being compressed.
    fn must_wait(
        &mut self,
        it: &Stranger,
        known: &Known,
        waited: Option<Pending>,
        now: Timestamp,
    ) -> bool {
        if self.once || self.begins_at_end() {
            return false;
        }
        let wait = match self.unread_original(it, &known.unread) {
            Some(original) if original.queued => Duration::MAX,
            Some(_) => GRACE,
            None if it.compressed => self.config.poll_interval,
            None if self.is_copy(it, known) => GRACE,
            None => return false,
        };
        let (size, head) = (it.size, Mark::of(&it.head));
        let waited = waited.filter(|before| (before.size, before.head) == (size, head));
        if waited.is_some_and(|before| passed(before.since, now, wait)) {
            return false;
        }
        let since = waited.map_or(now, |before| before.since);
        self.pending.insert(it.found.id, Pending { size, head, since });
        true
    }

    /// True when a file that we met before this look holds the same.
    fn is_copy(&self, it: &Stranger, known: &Known) -> bool {
        self.streams
            .range(..known.newest)
            .map(|(_, stream)| stream)
            .filter(|stream| !matches!(stream.place, Place::Gone(_)) && stream.offset > 0)
            .filter(|stream| stream.path != it.found.path)
            .any(|stream| it.copies(stream).unwrap_or(false))
    }

    /// The file of which nothing was read yet, and which holds the same and has a name like
    /// this one: a log that was begun and copied between two looks. Of several one whose turn
    /// is still to come.
    fn unread_original(&self, it: &Stranger, unread: &Unread) -> Option<&Stream> {
        let kin = unread.kin(&it.found.path, &it.head).filter_map(|it| self.streams.get(&it));
        kin.filter(|stream| stream.is_unread() && stream.path != it.found.path)
            .filter(|stream| stream.reopen().is_ok_and(|file| it.repeats(&file)))
            .max_by_key(|stream| stream.queued)
    }

    /// Begins a stream for a file that is new.
    fn welcome(&mut self, it: Stranger, now: Timestamp) -> Number {
        let charset = match self.config.encoding {
            Charset::Auto => Encoding::of(&it.head),
            Charset::Fixed(encoding) => encoding,
        };
        let at_end = self.begins_at_end();
        let covered = it.compressed && (at_end || !self.once && self.is_covered(&it));
        let unit = charset.unit() as u64;
        let offset = if at_end && !it.compressed { it.size - it.size % unit } else { 0 };
        let window = identity::before(&it.file, offset).unwrap_or_default();
        let head = if it.compressed { it.head.len() } else { to_len(offset).min(it.head.len()) };
        let stream = Stream {
            key: format!("{:x}-{:x}", now.as_nanosecond(), self.next),
            shown: it.found.path.display().to_string(),
            path: it.found.path,
            id: it.found.id,
            compressed: it.compressed,
            encoding: (offset > 0).then_some(charset),
            offset,
            head: Mark::of(&it.head[..head]),
            window: Mark::of(&window),
            offered: offset,
            done: covered.then_some(it.size),
            ended: covered,
            verified: true,
            dirty: true,
            ..Stream::default()
        };
        self.add(stream)
    }

    /// True when a compressed file holds what is read from a file that is still there.
    fn is_covered(&self, it: &Stranger) -> bool {
        self.streams
            .values()
            .filter(|stream| stream.place == Place::Here && stream.offset > 0)
            .any(|stream| it.holds(stream).unwrap_or(false))
    }
}
