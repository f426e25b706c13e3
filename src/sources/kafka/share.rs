//! Our share of the partitions: how it comes and goes, and what is wrong meanwhile.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::batch::Framing;
use crate::model::checkpoint::Checkpoint;
use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::kafka::KafkaSource;
use crate::sources::kafka::group::News;
use crate::sources::kafka::group::{Place, Taken};
use crate::sources::kafka::stream::{Hold, Stream};
use crate::sources::passed;

/// The stream under which our own name is kept; no partition can have it.
const US: &str = "store";

/// How often the group is told how far we are. Event Hubs takes four a second and partition.
const TELL: Duration = Duration::from_secs(1);

/// How long a partition is kept that was taken back, while the group does not take how far we are.
const LEAVE: Duration = Duration::from_secs(20);

/// How long the group may let us wait for partitions until that is told.
const JOIN: Duration = Duration::from_secs(90);

/// How we stand in the group.
pub(super) struct Share {
    /// The name of our store, by which we know what we told the group ourselves.
    pub(super) us: String,
    /// True until that name is in the store.
    fresh: bool,
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
    leaving: Option<Timestamp>,
    /// True when the group did not take the last that it was told.
    refused: bool,
    /// True when it does not know us any more.
    expelled: bool,
    /// What the group is being told, and whether that began before the shares changed.
    telling: Vec<(Place, u64)>,
    overtaken: bool,
    told_at: Option<Timestamp>,
}

impl Share {
    /// With the name that the store knows, or a new one.
    pub(super) fn restore<'a>(mut known: impl Iterator<Item = &'a Checkpoint>) -> Self {
        let known = known.find(|it| it.stream == US).map(|it| it.identity.clone());
        let fresh = known.is_none();
        Self {
            us: known.unwrap_or_else(name),
            fresh,
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

    /// The checkpoint that keeps the name, once.
    pub(super) fn checkpoint(&mut self, source: &str) -> Option<Checkpoint> {
        std::mem::take(&mut self.fresh).then(|| Checkpoint {
            source: source.to_owned(),
            stream: US.to_owned(),
            offset: 0,
            framing: Framing::default(),
            identity: self.us.clone(),
        })
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
            tracing::debug!(source = self.name, store = self.share.us, ?news, "the group");
        }
        match news {
            News::Message(message) => self.came(message, now),
            News::Assigned(places) => self.assigned(places, now),
            News::Revoked(places) => self.revoked(&places, now),
            News::Lost(places) => self.lost(&places, now),
            News::Known(known, trouble) => self.answered(&known, trouble, now),
            News::OutOfRange => self.share.doubt = true,
            News::Told(taken) => self.was_told(taken),
            News::Trouble(trouble) => self.fail(trouble, now),
            News::Broken(trouble) => {
                self.share.broken = true;
                self.fail(trouble, now);
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
            let stream = self.streams.entry(place);
            let stream = stream.or_insert_with_key(|place| Stream::new(place.clone()));
            stream.given();
        }
    }

    /// The group wants these back.
    fn revoked(&mut self, places: &[Place], now: Timestamp) {
        for place in places {
            if let Some(stream) = self.streams.get_mut(place) {
                stream.hold = Hold::Leaving;
            }
        }
        let share = &mut self.share;
        (share.leaving, share.refused, share.expelled) = (Some(now), false, false);
        share.overtaken = !share.telling.is_empty();
        self.leave();
    }

    /// The group does not know us any more: it cannot be told how far we are.
    fn lost(&mut self, places: &[Place], now: Timestamp) {
        tracing::warn!(
            source = self.name,
            "the group gave our partitions to others while it did not hear of us; what was read \
             last may be counted by them too"
        );
        for place in places {
            if let Some(stream) = self.streams.get_mut(place) {
                stream.lost();
            }
        }
        self.revoked(places, now);
    }

    /// Gives up what was taken back, once all that was taken of it is in the store, and the group
    /// knows.
    pub(super) fn leave(&mut self) {
        let Some(since) = self.share.leaving else { return };
        let leaving = || self.streams.values().filter(|it| it.hold == Hold::Leaving);
        if leaving().any(|it| it.waits() || !it.is_stored()) {
            return;
        }
        if leaving().any(|it| it.untold().is_some()) {
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
        tracing::debug!(source = self.name, store = self.share.us, ?places, "giving up");
        self.group.give_up(&places);
        self.share.leaving = None;
    }

    /// Tells the group how far we are: as far as the store is.
    fn tell(&mut self) {
        if self.share.telling.is_empty() {
            self.tell_at_once();
        }
    }

    /// The same, also while it is being told of something else.
    pub(super) fn tell_at_once(&mut self) {
        let ours = self.streams.values();
        let ours = ours.filter(|it| matches!(it.hold, Hold::Held | Hold::Leaving));
        let upto = ours.filter_map(|it| Some((it.place.clone(), it.untold()?)));
        let upto: Vec<_> = upto.collect();
        if !upto.is_empty() {
            tracing::debug!(source = self.name, store = self.share.us, ?upto, "telling the group");
            self.group.commit(&upto, &self.share.us);
            self.share.telling = upto;
        }
    }

    /// The group has taken what it was told, or has not: then it is told again.
    fn was_told(&mut self, taken: Taken) {
        for (place, offset) in std::mem::take(&mut self.share.telling) {
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

    /// Begins again as a new member, once all that was taken is in the store: whoever gets our
    /// partitions then goes on behind it.
    fn reopen(&mut self, now: Timestamp) {
        if self.message.is_some() || !self.streams.values().all(Stream::is_stored) {
            return;
        }
        self.tell_at_once();
        match self.group.reopen() {
            Ok(()) => {
                self.streams.values_mut().for_each(|it| it.hold = Hold::Away);
                let share = &mut self.share;
                (share.broken, share.doubt, share.leaving) = (false, true, None);
                share.stale = share.asked;
            }
            Err(trouble) => self.fail(trouble, now),
        }
    }

    /// It does not work now, and is tried again later.
    pub(super) fn fail(&mut self, trouble: Trouble, now: Timestamp) {
        // Of those that failed together the first counts.
        if self.pace.rests(now).is_none() {
            self.pace.failed(&trouble, now);
        }
        self.note(trouble, now);
    }

    fn note(&mut self, trouble: Trouble, now: Timestamp) {
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
