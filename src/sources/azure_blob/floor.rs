//! The floor: the hour before which nothing is ever looked for again.
//!
//! It moves up when all above it was read, and never down: the positions of older hours are
//! forgotten, so that a longer `look_back` would count them twice.

use crate::model::batch::Framing;
use crate::model::checkpoint::Checkpoint;
use crate::sources::azure_blob::BlobSource;

/// The name of the floor in checkpoints; no blob is named so.
pub(super) const FLOOR: &str = "floor";

impl BlobSource {
    /// Moves it to where the last sweep put it.
    pub(super) fn raise_floor(&mut self) {
        let Some(next) = self.look.next_floor.take() else { return };
        let floor = self.floor.map_or(next, |it| it.max(next));
        self.floor_moved |= self.floor != Some(floor);
        self.floor = Some(floor);
        let forgotten = &mut self.forgotten;
        self.blobs.retain(|key, blob| {
            if blob.hour >= floor {
                return true;
            }
            if blob.lag() > 0 {
                let bytes = blob.lag();
                tracing::warn!(blob = key, bytes, "the last line has no end and is given up");
            }
            forgotten.push(key.clone());
            false
        });
    }

    /// Its checkpoint, when it moved since the last call.
    pub(super) fn floor(&mut self) -> Option<Checkpoint> {
        let floor = self.floor.filter(|_| std::mem::take(&mut self.floor_moved))?;
        Some(Checkpoint {
            source: self.name.clone(),
            stream: FLOOR.to_owned(),
            offset: u64::try_from(floor).unwrap_or(0),
            framing: Framing::default(),
            identity: String::new(),
        })
    }
}
