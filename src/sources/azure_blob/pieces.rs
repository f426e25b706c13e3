//! Bytes of blobs: asked for, compared with what we know, and offered.

use jiff::Timestamp;

use crate::model::batch::Framing;
use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::azure::worker::AT_ONCE;
use crate::sources::azure_blob::BlobSource;
use crate::sources::azure_blob::blob::{Blob, Came};
use crate::sources::azure_blob::containers::{Ask, Piece, Said, State};

/// Bytes of a blob that wait for their turn, or are offered.
pub(super) struct Offer {
    pub(super) key: String,
    pub(super) bytes: Vec<u8>,
    pub(super) start: usize,
    /// The state of the blob in which they were read.
    pub(super) state: State,
    /// True when nothing was behind them.
    pub(super) last: bool,
    pub(super) now: Timestamp,
}

impl BlobSource {
    /// Asks for more of blobs, as far as there is room for it.
    pub(super) fn ask_pieces(&mut self) {
        let most = self.most();
        let room = AT_ONCE.saturating_sub(self.under_way + self.offers.len());
        if room == 0 {
            return;
        }
        for blob in self.blobs.values_mut().filter(|it| it.is_due()).take(room) {
            let range = blob.wanted(most);
            let (container, name) = (blob.container.clone(), blob.name.clone());
            let ask = Ask::Piece { container, name, from: range.start, to: range.end };
            if !self.account.ask(ask) {
                return;
            }
            blob.asked = true;
            self.under_way += 1;
        }
    }

    /// Bytes of a blob have come, or why not.
    pub(super) fn came(&mut self, key: &str, said: Result<Said, Trouble>, now: Timestamp) {
        let Some(blob) = self.blobs.get_mut(key) else { return };
        blob.asked = false;
        let came = match said {
            Ok(Said::Piece(piece)) => (blob.came(&piece), piece),
            Err(it) if it.kind == Kind::Shorter => (Came::Replaced, Piece::default()),
            // The next listing says whether it is there.
            Err(it) if it.kind == Kind::Gone => {
                blob.gone = true;
                return;
            }
            Err(trouble) => return self.fail(trouble, now),
            Ok(_) => return,
        };
        match came {
            (Came::Nothing, _) => {}
            (Came::Replaced, _) => {
                tracing::warn!(blob = key, "the blob was replaced; it is read from its beginning");
                blob.begin_again();
                self.replaced += 1;
            }
            (Came::Bytes { start, last }, piece) => {
                blob.asked = true;
                let (key, state, bytes) = (key.to_owned(), piece.state(), piece.bytes);
                self.offers.push_back(Offer { key, bytes, start, state, last, now });
            }
        }
    }

    /// What is offered next.
    pub(super) fn next_offer(&mut self) -> Option<Offer> {
        self.offers.pop_front()
    }
}

impl Offer {
    /// The pipeline took `taken` bytes of it.
    pub(super) fn was_taken(self, blob: &mut Blob, taken: usize, framing: Framing, most: usize) {
        blob.asked = false;
        let offered = self.bytes.len() - self.start;
        let stuck = taken == 0 && offered >= most;
        if stuck {
            tracing::error!(blob = blob.key, "an event that fills the buffer was not taken");
        }
        let taken = if stuck { offered } else { taken };
        blob.took(&self.bytes, self.start, taken, framing);
        if self.last {
            blob.read_to_end(self.state);
        }
    }
}
