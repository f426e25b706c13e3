//! One file that is followed: where reading goes on, and what its checkpoint says.
//!
//! ```text
//! head                window offset            offered        size
//! ├──────┤  …  taken  ├─────┤ … untaken … … …  │ not read yet │
//! ```
//!
//! Nothing of a file is kept in memory: what the pipeline did not take is read again from
//! the offset. What is offered next is [decided elsewhere](crate::sources::file::offer).

use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use jiff::Timestamp;

use crate::model::batch::Framing;
use crate::model::checkpoint::Checkpoint;
use crate::sources::file::encoding::Charset;
use crate::sources::file::encoding::Encoding;
use crate::sources::file::identity;
use crate::sources::file::identity::FileId;
use crate::sources::file::identity::Identity;
use crate::sources::file::identity::Mark;
use crate::sources::file::packed::Unpacker;

/// Bytes that are read in one go, unless an event is longer.
pub(super) const BUFFER: usize = 256 * 1024;

/// The same where somebody waits for the end: the two threads that read then wait for each other at
/// the end of each, which takes a tenth longer with 1 MiB.
pub(super) const HASTY_BUFFER: usize = 4 * 1024 * 1024;

/// One file that is followed.
#[derive(Default)]
pub(super) struct Stream {
    /// Its name in checkpoints; never given to another file.
    pub(super) key: String,
    pub(super) path: PathBuf,
    /// The path as it is shown.
    pub(super) shown: String,
    pub(super) id: FileId,
    /// True when the number belongs to other content now.
    pub(super) replaced: bool,
    pub(super) place: Place,
    pub(super) compressed: bool,
    /// What is wrong with a packed file that is read as far as it goes.
    pub(super) damage: Option<String>,
    pub(super) encoding: Option<Encoding>,
    pub(super) offset: u64,
    pub(super) framing: Framing,
    pub(super) head: Mark,
    pub(super) window: Mark,
    /// Size and time of change when it was last read.
    pub(super) size: u64,
    pub(super) modified: Option<SystemTime>,
    /// The end of what was read and shown to the pipeline.
    pub(super) offered: u64,
    /// How many bytes to read in one go.
    pub(super) want: usize,
    /// When it grew last, and when the offset moved last.
    pub(super) grew_at: Option<Timestamp>,
    pub(super) moved_at: Option<Timestamp>,
    pub(super) idle_offered: bool,
    /// Of a packed file that was read to its end: its size.
    pub(super) done: Option<u64>,
    /// True when nothing more is expected: read once to the end.
    pub(super) ended: bool,
    /// True when the content was compared since we started.
    pub(super) verified: bool,
    pub(super) handle: Option<Handle>,
    /// When the handle was used last, in the order of use.
    pub(super) used: u64,
    /// True while its turn is to come.
    pub(super) queued: bool,
    /// True when the checkpoint must be written.
    pub(super) dirty: bool,
}

/// Whether the file is where we look for files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// It is.
    #[default]
    Here,
    /// It was renamed or deleted, and is read through its handle until it stays quiet.
    Left(Timestamp),
    /// It is gone, and remembered.
    Gone(Timestamp),
}

/// An open file.
pub(super) enum Handle {
    Plain(File),
    Packed(Box<Unpacker>),
}

impl Stream {
    /// The stream as its checkpoint tells it. Whether it is still there is seen at the first
    /// look.
    pub(super) fn restore(it: &Checkpoint) -> Self {
        let identity: Identity = serde_json::from_str(&it.identity).unwrap_or_default();
        let encoding = identity.encoding.and_then(|name| match name.parse() {
            Ok(Charset::Fixed(encoding)) => Some(encoding),
            _ => None,
        });
        Self {
            key: it.stream.clone(),
            shown: identity.path.clone(),
            path: identity.path.into(),
            id: identity.id,
            replaced: identity.replaced,
            place: Place::Gone(identity.gone_since.unwrap_or(Timestamp::MAX)),
            encoding,
            offset: it.offset,
            framing: it.framing,
            head: identity.head,
            window: identity.window,
            compressed: identity.compressed,
            done: identity.done,
            ..Self::default()
        }
    }

    /// Where reading goes on after a restart.
    pub(super) fn checkpoint(&self, source: &str) -> Checkpoint {
        let identity = Identity {
            path: self.shown.clone(),
            id: self.id,
            replaced: self.replaced,
            head: self.head,
            window: self.window,
            encoding: self.encoding.map(Encoding::name),
            compressed: self.compressed,
            done: self.done,
            gone_since: match self.place {
                Place::Here => None,
                Place::Left(since) | Place::Gone(since) => Some(since),
            },
        };
        Checkpoint {
            source: source.to_owned(),
            stream: self.key.clone(),
            offset: self.offset,
            framing: self.framing,
            identity: serde_json::to_string(&identity).unwrap_or_default(),
        }
    }

    /// The file goes by this path now.
    pub(super) fn moved_to(&mut self, path: &Path) {
        if self.path != path {
            self.path = path.to_owned();
            self.shown = path.display().to_string();
            self.dirty = true;
        }
    }

    /// True when the open file is the one that we have read, and as long.
    pub(super) fn verify(&mut self) -> io::Result<bool> {
        let Some(Handle::Plain(file)) = &self.handle else { return Ok(true) };
        let size = file.metadata()?.len();
        let head = identity::head(file)?;
        let same = size >= self.offset
            && self.head.begins(&head)
            && self.window.begins(&identity::before(file, self.offset)?);
        self.verified |= same;
        Ok(same)
    }

    /// True when the file was deleted, and our handle is what keeps its name taken.
    pub(super) fn is_deleted(&self) -> bool {
        matches!(&self.handle, Some(Handle::Plain(file)) if identity::blocks_its_name(file))
    }

    /// True when nothing of a plain text that is there was read yet.
    pub(super) fn is_unread(&self) -> bool {
        !matches!(self.place, Place::Gone(_)) && self.offset == 0 && !self.compressed
    }

    /// The file once more: as it is open, though it may have left its place, or at its path.
    pub(super) fn reopen(&self) -> io::Result<File> {
        match &self.handle {
            Some(Handle::Plain(file)) => file.try_clone(),
            _ => File::open(&self.path),
        }
    }

    /// Bytes that the pipeline has not taken.
    pub(super) fn lag(&self) -> u64 {
        match self.done {
            Some(_) => 0,
            None if self.compressed => self.size,
            None => self.size.saturating_sub(self.offset),
        }
    }

    /// It was read to its end.
    pub(super) fn end(&mut self) {
        self.ended = true;
        if self.compressed {
            self.done = Some(self.size);
            self.handle = None;
            self.dirty = true;
        }
    }

    /// True when bytes are there that were not offered yet.
    pub(super) fn has_more(&self) -> bool {
        match &self.handle {
            None => false,
            Some(Handle::Packed(_)) => !self.ended,
            Some(Handle::Plain(_)) => !self.ended && self.size > self.offered,
        }
    }
}
