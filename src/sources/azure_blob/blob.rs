//! One blob that is followed: where reading goes on, and whether it still is what we read.
//!
//! ```text
//!          window offset              offset + piece       size
//! … taken  ├─────┤ … … … … … … … … … … … │ … … … … … … … … │
//!          └──────── one request ────────┘
//! ```
//!
//! Each request begins with the window before the offset, so a blob that was replaced is
//! noticed before one byte of it is taken for the old one. A listing is a hint only: it may be
//! older than what was read meanwhile. What is so, the answer with the bytes says.

use std::ops::Range;

use serde::Deserialize;
use serde::Serialize;

use crate::model::batch::Framing;
use crate::model::checkpoint::Checkpoint;
use crate::sources::azure_blob::containers::{Piece, State};
use crate::sources::azure_blob::hours;
use crate::sources::azure_blob::hours::Hour;
use crate::sources::file::identity::Mark;

/// Bytes before the offset that are compared: a record and more, so that its ids are in it.
const WINDOW: usize = 4096;

/// What some writers put before the first character.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// One blob that is followed.
#[derive(Debug)]
pub(super) struct Blob {
    pub(super) container: String,
    pub(super) name: String,
    /// Both, as they are shown, and the name in checkpoints.
    pub(super) key: String,
    pub(super) hour: Hour,
    pub(super) offset: u64,
    pub(super) framing: Framing,
    window: Mark,
    /// As it is known to be.
    state: State,
    /// The state of it that was read to its end.
    seen: Option<State>,
    /// True while it is not there.
    pub(super) gone: bool,
    /// True while bytes of it are under way, or wait for their turn.
    pub(super) asked: bool,
    dirty: bool,
}

/// What a checkpoint keeps of a blob, as JSON.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Identity {
    container: String,
    name: String,
    window: Mark,
    /// The tag of the state that was read to its end.
    seen: Option<String>,
    seen_size: u64,
}

/// What came of bytes that were asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// It is another blob than the one we read.
    Replaced,
    /// Nothing is new.
    Nothing,
    /// Bytes to offer, behind so many that we know.
    Bytes { start: usize, last: bool },
}

impl Blob {
    /// A blob that nobody has read; `None` when it is not one of an hour.
    pub(super) fn new(container: &str, name: &str) -> Option<Self> {
        let (_, hour) = hours::split(name)?;
        Some(Self {
            container: container.to_owned(),
            name: name.to_owned(),
            key: format!("{container}/{name}"),
            hour,
            offset: 0,
            framing: Framing::default(),
            window: Mark::of(&[]),
            state: State::default(),
            seen: None,
            gone: false,
            asked: false,
            dirty: false,
        })
    }

    /// The blob as its checkpoint tells it.
    pub(super) fn restore(it: &Checkpoint) -> Option<Self> {
        let known: Identity = serde_json::from_str(&it.identity).ok()?;
        let new = Self::new(&known.container, &known.name)?;
        let (offset, framing, window) = (it.offset, it.framing, known.window);
        let seen = known.seen.map(|etag| State { etag, size: known.seen_size });
        // Whether it is there the first listing says.
        Some(Self { offset, framing, window, seen, gone: true, ..new })
    }

    /// Where reading goes on after a restart, when that changed.
    pub(super) fn checkpoint(&mut self, source: &str) -> Option<Checkpoint> {
        if !std::mem::take(&mut self.dirty) {
            return None;
        }
        let identity = Identity {
            container: self.container.clone(),
            name: self.name.clone(),
            window: self.window,
            seen: self.seen.as_ref().map(|it| it.etag.clone()),
            seen_size: self.seen.as_ref().map_or(0, |it| it.size),
        };
        Some(Checkpoint {
            source: source.to_owned(),
            stream: self.key.clone(),
            offset: self.offset,
            framing: self.framing,
            identity: serde_json::to_string(&identity).unwrap_or_default(),
        })
    }

    /// A listing has it.
    pub(super) fn listed(&mut self, state: State) {
        (self.state, self.gone) = (state, false);
    }

    /// True when something of it may be new. An empty one says nothing yet: who writes a blob in
    /// blocks makes it empty first, and its first bytes tell whether it is the one that we read.
    pub(super) fn is_due(&self) -> bool {
        let new = self.seen.as_ref() != Some(&self.state);
        !self.gone && !self.asked && new && self.state.size > 0
    }

    /// What to ask for next: what we know, and so many bytes more.
    pub(super) fn wanted(&self, more: usize) -> Range<u64> {
        self.offset - self.window.bytes..self.offset + more as u64
    }

    /// Bytes that are there and were not taken.
    pub(super) fn lag(&self) -> u64 {
        if self.gone { 0 } else { self.state.size.saturating_sub(self.offset) }
    }

    /// What was wanted has come.
    pub(super) fn came(&mut self, piece: &Piece) -> Came {
        if !self.window.begins(&piece.bytes) {
            return Came::Replaced;
        }
        let mut start = usize::try_from(self.window.bytes).unwrap_or(usize::MAX);
        if self.offset == 0 && piece.bytes.starts_with(MARK) {
            start = MARK.len();
            (self.offset, self.window) = (start as u64, Mark::of(MARK));
        }
        self.state = piece.state();
        let last = self.offset + (piece.bytes.len() - start) as u64 >= piece.size;
        if piece.bytes.len() > start {
            return Came::Bytes { start, last };
        }
        self.read_to_end(piece.state());
        Came::Nothing
    }

    /// The pipeline took `taken` of the bytes from `start`.
    pub(super) fn took(&mut self, bytes: &[u8], start: usize, taken: usize, framing: Framing) {
        let upto = start + taken;
        self.window = Mark::of(&bytes[upto.saturating_sub(WINDOW)..upto]);
        self.offset += taken as u64;
        self.dirty |= taken > 0 || framing != self.framing;
        self.framing = framing;
    }

    /// All that was there in this state was offered: until it has another nothing is to be
    /// read. A listing may have told of another meanwhile.
    pub(super) fn read_to_end(&mut self, state: State) {
        self.dirty |= self.seen.as_ref() != Some(&state);
        self.seen = Some(state);
    }

    /// It is another blob: it is read from its beginning.
    pub(super) fn begin_again(&mut self) {
        (self.offset, self.framing, self.window) = (0, Framing::default(), Mark::of(&[]));
        (self.seen, self.dirty) = (None, true);
    }
}
