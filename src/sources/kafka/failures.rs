//! What is wrong, told once, and when it is tried again.

use jiff::Timestamp;

use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::kafka::KafkaSource;

impl KafkaSource {
    /// It does not work now, and is tried again later.
    pub(super) fn fail(&mut self, trouble: Trouble, now: Timestamp) {
        // Of those that failed together the first counts.
        if self.pace.rests(now).is_none() {
            self.pace.failed(&trouble, now);
        }
        self.note(trouble, now);
    }

    pub(super) fn note(&mut self, trouble: Trouble, now: Timestamp) {
        let known = self.trouble.as_ref();
        // That nobody answers says less than why.
        let less = trouble.kind == Kind::Connection
            && known.is_some_and(|(it, _)| it.kind != Kind::Connection);
        if less || known.is_some_and(|(it, _)| it.text == trouble.text) {
            return;
        }
        tracing::warn!(source = self.name, error = trouble.text, "cannot read; will try again");
        let since = known.map_or(now, |(_, since)| *since);
        self.trouble = Some((trouble, since));
    }

    pub(super) fn well(&mut self) {
        self.pace.succeeded();
        if self.trouble.take().is_some() {
            tracing::info!(source = self.name, "can be read again");
        }
    }
}
