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

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::sources::file::FileSource;
use crate::sources::file::Number;
use crate::sources::file::encoding::Charset;
use crate::sources::file::encoding::Encoding;
use crate::sources::file::find::Found;
use crate::sources::file::identity;
use crate::sources::file::identity::FileId;
use crate::sources::file::identity::HEAD;
use crate::sources::file::identity::Mark;
use crate::sources::file::packed;
use crate::sources::file::packed::Unpacker;
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
    since: Timestamp,
}

/// What we knew before a look.
struct Known {
    /// The number of the first stream that is younger.
    newest: Number,
    absent: Vec<Number>,
    unread: Unread,
}

/// Files of which nothing was read yet: by their folder and the stem of their name, each with
/// how it begins, as far as we know.
#[derive(Default)]
struct Unread(HashMap<(PathBuf, Vec<u8>), Vec<Beginning>>);

/// A stream, and the first bytes of its file.
type Beginning = (Number, Vec<u8>);

/// A file that we have not met, opened.
struct Stranger {
    found: Found,
    file: File,
    size: u64,
    /// Its first bytes, unpacked.
    head: Vec<u8>,
    compressed: bool,
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
        if self.once || self.begins_at_end() || !(it.compressed || self.is_copy(it, known)) {
            return false;
        }
        let wait = if it.compressed { self.config.poll_interval } else { GRACE };
        let waited = waited.filter(|before| before.size == it.size);
        if waited.is_some_and(|before| passed(before.since, now, wait)) {
            return false;
        }
        let since = waited.map_or(now, |before| before.since);
        self.pending.insert(it.found.id, Pending { size: it.size, since });
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
            || self.is_copy_of_unread(it, &known.unread)
    }

    /// True when a file of which nothing was read yet holds the same, and has a name like this
    /// one: a log that was begun and copied between two looks.
    fn is_copy_of_unread(&self, it: &Stranger, unread: &Unread) -> bool {
        let kin = unread.kin(&it.found.path, &it.head).filter_map(|it| self.streams.get(&it));
        kin.filter(|stream| stream.is_unread() && stream.path != it.found.path)
            .any(|stream| File::open(&stream.path).is_ok_and(|file| it.repeats(&file)))
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

impl Unread {
    /// Bytes of a beginning that are kept: enough for a time, which tells most logs apart.
    const HEAD: usize = 64;

    fn add(&mut self, number: Number, path: &Path, head: &[u8]) {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let stem = path.file_stem().unwrap_or_default().as_encoded_bytes().to_owned();
        let head = head[..head.len().min(Self::HEAD)].to_owned();
        self.0.entry((folder, stem)).or_default().push((number, head));
    }

    /// Those whose name a copy at `path` may be made from, and that may begin like it.
    fn kin(&self, path: &Path, head: &[u8]) -> impl Iterator<Item = Number> {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let stems = (1..=name.len()).map(move |end| (folder.clone(), name[..end].to_owned()));
        let kin = stems.filter_map(|stem| self.0.get(&stem)).flatten();
        kin.filter(|(_, known)| {
            let length = known.len().min(head.len());
            known[..length] == head[..length]
        })
        .map(|(number, _)| *number)
    }
}

impl Stranger {
    fn meet(found: Found) -> io::Result<Self> {
        let file = File::open(&found.path)?;
        let raw = identity::head(&file)?;
        let compressed = packed::is_compressed(&raw);
        let head = if compressed { packed::head(file.try_clone()?, HEAD)? } else { raw };
        let size = file.metadata()?.len();
        Ok(Self { found, file, size, head, compressed })
    }

    /// Whether content that is gone may have come back here. Content that was rewritten in
    /// place does not come back in that place, unless it is packed there, and a deleted file
    /// left its number to the packed one; and a short text at the same path under
    /// another number is more likely written again than moved.
    fn may_be(&self, stream: &Stream) -> bool {
        if stream.replaced && stream.id == self.found.id && !self.compressed {
            return false;
        }
        let strong = stream.head.bytes >= HEAD as u64 || stream.id.inode == self.found.id.inode;
        strong || stream.path != self.found.path
    }

    /// True when this file holds what was read of `stream`: its head, and the window before
    /// its offset.
    fn holds(&self, stream: &Stream) -> io::Result<bool> {
        if stream.head.bytes == 0 || !stream.head.begins(&self.head) {
            return Ok(false);
        }
        if !self.compressed {
            let before = identity::before(&self.file, stream.offset)?;
            return Ok(self.size >= stream.offset && stream.window == Mark::of(&before));
        }
        let mut unpacker = Unpacker::new(File::open(&self.found.path)?);
        unpacker.fill(stream.offset - stream.window.bytes, to_len(stream.window.bytes))?;
        Ok(stream.window.begins(&unpacker.kept))
    }

    /// True when all that is in this file stands in the file of `stream` too, as far as
    /// that is read.
    fn copies(&self, stream: &Stream) -> io::Result<bool> {
        if self.size >= stream.offset || stream.head.bytes == 0 {
            return self.holds(stream);
        }
        let likely = match self.size < stream.head.bytes {
            true => is_kin(&self.found.path, &stream.path),
            false => stream.head.begins(&self.head),
        };
        if !likely {
            return Ok(false);
        }
        let original = match &stream.handle {
            Some(Handle::Plain(file)) => file.try_clone()?,
            Some(Handle::Packed(_)) => return Ok(false),
            None => File::open(&stream.path)?,
        };
        Ok(self.repeats(&original))
    }

    /// True when another file begins with all that is in this one.
    fn repeats(&self, original: &File) -> bool {
        let tail = |file: &File| identity::before(file, self.size).ok();
        identity::head(original).is_ok_and(|head| head.starts_with(&self.head))
            && tail(original) == tail(&self.file)
    }
}

fn to_len(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// True when a name is made from another: `app.log` and `app.log.1`, `app-2026.log`.
fn is_kin(copy: &Path, original: &Path) -> bool {
    let stem = original.file_stem().unwrap_or_default().as_encoded_bytes();
    let name = copy.file_name().unwrap_or_default().as_encoded_bytes();
    copy.parent() == original.parent() && name.starts_with(stem)
}
