//! What a storage account does for us, as a trait: the seam between our logic and Azure.

use jiff::Timestamp;

use crate::sources::azure::trouble::Trouble;

/// The containers of an account. What is asked for is answered later.
pub(super) trait Containers: Send {
    /// Asks; false when too much is under way.
    fn ask(&mut self, ask: Ask) -> bool;

    /// An answer that has come.
    fn answer(&mut self) -> Option<Answer>;
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// The folders right below one.
    Folders { container: String, below: String },
    /// All blobs below a folder.
    Blobs { container: String, below: String },
    /// The bytes of a blob from one offset to another, or to its end.
    Piece { container: String, name: String, from: u64, to: u64 },
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) ask: Ask,
    pub(super) said: Result<Said, Trouble>,
    /// What time it is there.
    pub(super) clock: Option<Timestamp>,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Folders(Vec<String>),
    Blobs(Vec<Listed>),
    Piece(Piece),
}

/// A blob as a listing has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) etag: String,
}

/// Bytes of a blob, with what it was as a whole when they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) size: u64,
    pub(super) etag: String,
}

impl Listed {
    pub(super) fn state(&self) -> State {
        State { etag: self.etag.clone(), size: self.size }
    }
}

impl Piece {
    pub(super) fn state(&self) -> State {
        State { etag: self.etag.clone(), size: self.size }
    }
}

/// What a blob was as a whole: another tag or another size is another state.
///
/// The size belongs to it because an answer need not be of one moment: Azurite measures a blob,
/// reads its bytes, and names the tag that it has by then. Who goes by that tag alone passes
/// over what was appended meanwhile. A blob that is replaced in that moment by one as long is not
/// seen to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) etag: String,
    pub(super) size: u64,
}

impl Ask {
    pub(super) fn container(&self) -> &str {
        match self {
            Self::Folders { container, .. }
            | Self::Blobs { container, .. }
            | Self::Piece { container, .. } => container,
        }
    }
}
