//! The group is told how far we are, and partitions are given up when it knows.
//!
//! Where the store is shared the group need not know: who gets a partition asks the store.

use std::time::Duration;

use crate::sources::Claim;
use crate::sources::kafka::KafkaSource;
use crate::sources::kafka::group::{Place, Taken, Upto};
use crate::sources::kafka::stream::{Hold, Stream};
use crate::sources::passed;

/// How long a partition is kept that was taken back, while the group does not take how far we are.
const LEAVE: Duration = Duration::from_secs(20);

impl KafkaSource {
    /// Gives up what was taken back, once all that was taken of it is in the store, and the group
    /// knows.
    pub(super) fn leave(&mut self) {
        let Some(since) = self.share.leaving else { return };
        let leaving = || self.streams.values().filter(|it| it.hold == Hold::Leaving);
        if leaving().any(|it| it.waits() || !it.is_stored()) {
            return;
        }
        if !self.shared && leaving().any(|it| it.untold().is_some()) {
            let late = self.asked_at.is_some_and(|now| passed(since, now, LEAVE));
            match (self.share.refused, late || self.share.expelled) {
                (false, _) => return self.tell(),
                // It is told again in a while.
                (true, false) => return,
                (true, true) => {}
            }
            tracing::warn!(
                source = self.name,
                "the group does not take how far we are; who reads on may count some of it again"
            );
        }
        let mut places = Vec::new();
        for stream in self.streams.values_mut().filter(|it| it.hold == Hold::Leaving) {
            stream.hold = Hold::Away;
            places.push(stream.place.clone());
        }
        tracing::debug!(source = self.name, ?places, "giving up");
        self.group.give_up(&places);
        self.release(places);
        self.share.leaving = None;
    }

    /// These may be another's in the shared store.
    pub(super) fn release(&mut self, places: impl IntoIterator<Item = Place>) {
        if self.shared {
            let release = |it: Place| Claim::Release(it.to_string());
            self.claims.extend(places.into_iter().map(release));
        }
    }

    /// Tells the group how far we are: as far as the store is.
    pub(super) fn tell(&mut self) {
        if self.share.telling.is_empty() {
            self.tell_at_once();
        }
    }

    /// The same, also while it is being told of something else.
    pub(super) fn tell_at_once(&mut self) {
        let ours = self.streams.values();
        let ours = ours.filter(|it| matches!(it.hold, Hold::Held | Hold::Leaving));
        let upto: Vec<_> = ours.filter_map(Stream::upto).collect();
        if !upto.is_empty() {
            tracing::debug!(source = self.name, ?upto, "telling the group");
            self.group.commit(&upto);
            self.share.telling = upto;
        }
    }

    /// The group has taken what it was told, or has not: then it is told again.
    pub(super) fn was_told(&mut self, taken: Taken) {
        for Upto { place, offset, .. } in std::mem::take(&mut self.share.telling) {
            if let Some(stream) = self.streams.get_mut(&place).filter(|_| taken == Taken::Yes) {
                stream.told = Some(offset);
            }
        }
        // What was said before the shares changed is answered as to somebody else.
        let overtaken = std::mem::take(&mut self.share.overtaken);
        self.share.refused = taken != Taken::Yes && !overtaken;
        self.share.expelled = taken == Taken::Never && !overtaken;
        if taken != Taken::Later || overtaken {
            self.leave();
        }
    }
}
