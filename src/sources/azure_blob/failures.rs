//! What is wrong, told once, and what follows from it.

use jiff::Timestamp;

use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::azure_blob::BlobSource;

impl BlobSource {
    /// What was asked for is not to be had now: the look is given up, and begins again later.
    pub(super) fn fail(&mut self, trouble: Trouble, now: Timestamp) {
        self.throttled += u64::from(trouble.kind == Kind::Throttled);
        // Of those that failed together the first counts.
        if self.pace.rests(now).is_none() || trouble.after.is_some() {
            self.pace.failed(&trouble, now);
        }
        self.look.queue.clear();
        (self.look.begun, self.look.sweep_begun) = (None, None);
        self.note(trouble, now);
    }

    pub(super) fn note(&mut self, trouble: Trouble, now: Timestamp) {
        let same = self.trouble.as_ref().is_some_and(|(it, _)| it.text == trouble.text);
        if !same {
            tracing::warn!(source = self.name, error = trouble.text, "cannot read; will try again");
        }
        let since = self.trouble.as_ref().map_or(now, |(_, since)| *since);
        self.trouble = Some((trouble, since));
    }

    pub(super) fn well(&mut self) {
        if self.trouble.take().is_some() {
            tracing::info!(source = self.name, "can be read again");
        }
    }
}
