//! Our share of the partitions: how it comes and goes, and what is wrong meanwhile.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::checkpoint::Checkpoint;
use crate::sources::Claim;
use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::kafka::KafkaSource;
use crate::sources::kafka::group::{News, Place, Upto};
use crate::sources::kafka::stream::{Hold, Stream};
use crate::sources::passed;

/// How often the group is told how far we are. Event Hubs takes four a second and partition.
const TELL: Duration = Duration::from_secs(1);

/// How long the group may let us wait for partitions until that is told.
const JOIN: Duration = Duration::from_secs(90);

/// How we stand in the group.
pub(super) struct Share {
    /// The name of our store for partitions that nobody has read so far.
    pub(super) us: String,
    /// When the group told us our share; it may be none.
    pub(super) joined_at: Option<Timestamp>,
    /// True while an answer is awaited, and when our share changed since it was asked for.
    asked: bool,
    stale: bool,
    /// True when positions have to be looked at again.
    doubt: bool,
    /// True when the client has to be opened anew.
    broken: bool,
    /// Since when something that was taken back is not given up.
    pub(super) leaving: Option<Timestamp>,
    /// True when the group did not take the last that it was told.
    pub(super) refused: bool,
    /// True when it does not know us any more.
    pub(super) expelled: bool,
    /// What the group is being told, and whether that began before the shares changed.
    pub(super) telling: Vec<Upto>,
    pub(super) overtaken: bool,
    told_at: Option<Timestamp>,
}

impl Share {
    /// None so far.
    pub(super) fn new() -> Self {
        Self {
            us: name(),
            joined_at: None,
            asked: false,
            stale: false,
            doubt: false,
            broken: false,
            leaving: None,
            refused: false,
            expelled: false,
            telling: Vec::new(),
            overtaken: false,
            told_at: None,
        }
    }

    /// True when nothing that comes is of any use.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// An answer has come; false when it says nothing of our share as it is now.
    pub(super) fn heard(&mut self) -> bool {
        self.asked = false;
        !std::mem::take(&mut self.stale)
    }
}

/// A name that no other store has.
fn name() -> String {
    let random = RandomState::new();
    format!("shirwatch-{:016x}", random.hash_one(std::process::id()))
}

impl KafkaSource {
    /// Does what is due.
    pub(super) fn tend(&mut self, now: Timestamp) {
        if self.share.told_at.is_none_or(|it| passed(it, now, TELL)) {
            self.share.told_at = Some(now);
            self.leave();
            self.tell();
        }
        let late = self.began_at.is_some_and(|it| passed(it, now, JOIN));
        if late && self.share.joined_at.is_none() && self.trouble.is_none() {
            let what = "the group does not give out partitions; check `group`, and whether a \
                        member that is gone is still waited for";
            self.note(Trouble::new(Kind::Other, what), now);
        }
        if self.pace.rests(now).is_some() {
            return;
        }
        if self.share.broken {
            return self.reopen(now);
        }
        let due = self.share.doubt || self.trouble.is_some();
        if !self.share.asked && (due || self.streams.values().any(Stream::waits)) {
            (self.share.asked, self.share.doubt) = (true, false);
            let ours = self.streams.values();
            let ours = ours.filter(|it| it.waits() || it.hold == Hold::Held);
            let ours = ours.map(|it| it.place.clone()).collect();
            self.group.ask(ours);
        }
    }

    /// Takes in what happened.
    pub(super) fn hear(&mut self, news: News, now: Timestamp) {
        if !matches!(news, News::Message(_)) {
            tracing::debug!(source = self.name, ?news, "the group");
        }
        match news {
            News::Message(message) => self.came(message, now),
            News::Assigned(places) => self.assigned(places, now),
            News::Revoked(places) => self.revoked(&places, now),
            News::Lost(places) => self.lost(&places, now),
            News::Known(known, trouble) => self.answered(&known, trouble, now),
            News::Ends(ends) => self.heard(ends),
            News::OutOfRange => self.share.doubt = true,
            News::Told(taken) => self.was_told(taken),
            News::Trouble(trouble) => self.fail(trouble, now),
            News::Broken(trouble) => {
                self.share.broken = true;
                self.fail(trouble, now);
            }
        }
    }

    /// The client has heard what else is there.
    fn heard(&mut self, ends: Vec<(Place, u64)>) {
        for (place, end) in ends {
            if let Some(stream) = self.streams.get_mut(&place) {
                stream.heard = end;
            }
        }
    }

    /// The group gives us more, or says that there is nothing for us.
    fn assigned(&mut self, places: Vec<Place>, now: Timestamp) {
        self.share.joined_at = Some(now);
        self.share.stale = self.share.asked;
        if places.is_empty() {
            let begun = self.group.start(&[]);
            return begun.unwrap_or_else(|trouble| self.fail(trouble, now));
        }
        for place in places {
            if self.shared {
                self.claims.push(Claim::Take(place.to_string()));
            }
            let stream = self.streams.entry(place);
            let us = &self.share.us;
            let stream = stream.or_insert_with_key(|place| Stream::new(place.clone(), us));
            stream.given(if self.shared { Hold::Wanted } else { Hold::Asked });
        }
    }

    /// The shared store says where a partition goes on.
    pub(super) fn resumed(&mut self, stream: &str, at: Option<&Checkpoint>) {
        let Some(place) = Place::read(stream) else { return };
        let known = at.and_then(|it| Stream::restore(it, &self.share.us));
        let known = known.unwrap_or_else(|| Stream::new(place.clone(), &self.share.us));
        // It may have been taken back meanwhile.
        if let Some(stream) = self.streams.get_mut(&place).filter(|it| it.hold == Hold::Wanted) {
            *stream = known;
            stream.given(Hold::Asked);
        }
    }

    /// The group wants these back.
    fn revoked(&mut self, places: &[Place], now: Timestamp) {
        for place in places {
            if let Some(stream) = self.streams.get_mut(place) {
                stream.hold = Hold::Leaving;
                if self.shared && !stream.compared {
                    stream.lost();
                }
            }
        }
        let share = &mut self.share;
        (share.leaving, share.refused, share.expelled) = (Some(now), false, false);
        share.overtaken = !share.telling.is_empty();
        self.leave();
    }

    /// The group does not know us any more: it cannot be told how far we are.
    fn lost(&mut self, places: &[Place], now: Timestamp) {
        let counted = match self.shared {
            true => "what was read last is counted by them, unless it is in the store",
            false => "what was read last may be counted by them too",
        };
        tracing::warn!(
            source = self.name,
            "the group gave our partitions to others while it did not hear of us; {counted}"
        );
        for place in places {
            if let Some(stream) = self.streams.get_mut(place) {
                stream.lost();
            }
        }
        self.revoked(places, now);
    }

    /// Begins again as a new member, once all that was taken is in the store: whoever gets our
    /// partitions then goes on behind it.
    fn reopen(&mut self, now: Timestamp) {
        if self.message.is_some() || !self.streams.values().all(Stream::is_stored) {
            return;
        }
        self.tell_at_once();
        match self.group.reopen() {
            Ok(()) => {
                let ours = self.streams.values_mut().filter(|it| it.hold != Hold::Away);
                let ours = ours.map(|it| (it.hold = Hold::Away, it.place.clone()).1);
                let ours: Vec<_> = ours.collect();
                self.release(ours);
                let share = &mut self.share;
                (share.broken, share.doubt, share.leaving) = (false, true, None);
                share.stale = share.asked;
            }
            Err(trouble) => self.fail(trouble, now),
        }
    }
}
