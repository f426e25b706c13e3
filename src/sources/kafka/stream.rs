//! One partition: where reading goes on, and whose it is.

use serde::{Deserialize, Serialize};

use crate::model::batch::Framing;
use crate::model::checkpoint::Checkpoint;
use crate::sources::kafka::group::{Known, Place, Upto};

/// A partition that was read at some time.
pub(super) struct Stream {
    pub(super) place: Place,
    /// The name of the store that keeps its position, by which we know what the group was told by
    /// whoever writes that store.
    by: String,
    pub(super) hold: Hold,
    /// True when our position was compared with that of the group since we got it. Before that
    /// the group must not be told of ours, which may be older.
    pub(super) compared: bool,
    /// Where reading goes on; unknown until it was asked for.
    pub(super) at: Option<At>,
    dirty: bool,
    /// The offset in the checkpoint that is on its way into the store, and in the store.
    on_the_way: Option<u64>,
    stored: Option<u64>,
    /// What the cluster was told.
    pub(super) told: Option<u64>,
    /// Behind the last message, when it was last asked for.
    pub(super) end: u64,
    /// The same as the client hears of it by the way; 0 where all that is there was handed out.
    pub(super) heard: u64,
}

/// Whose a partition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// Somebody else's, or nobody's.
    Away,
    /// Ours, once the store that we share says so.
    Wanted,
    /// Ours, once we know where to go on.
    Asked,
    /// Ours.
    Held,
    /// Ours, until what was read of it is in the store.
    Leaving,
}

/// Where reading goes on: in the message at `offset`, of which so many bytes were taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct At {
    pub(super) offset: u64,
    pub(super) taken: usize,
    pub(super) framing: Framing,
}

/// What a checkpoint says beside the offset.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Identity {
    taken: usize,
    by: String,
}

/// Where a partition is begun, and how many messages before that nobody will read any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Begin {
    pub(super) offset: u64,
    pub(super) missed: u64,
}

impl Stream {
    pub(super) fn new(place: Place, by: &str) -> Self {
        Self {
            place,
            by: by.to_owned(),
            hold: Hold::Away,
            compared: false,
            at: None,
            dirty: false,
            on_the_way: None,
            stored: None,
            told: None,
            end: 0,
            heard: 0,
        }
    }

    /// The partition of a checkpoint; `us` is the name of a store that knows none of its own.
    pub(super) fn restore(checkpoint: &Checkpoint, us: &str) -> Option<Self> {
        let place = Place::read(&checkpoint.stream)?;
        let identity = serde_json::from_str(&checkpoint.identity);
        let Identity { taken, by } = identity.unwrap_or_default();
        let by = if by.is_empty() { us } else { &by };
        let at = At { offset: checkpoint.offset, taken, framing: checkpoint.framing };
        Some(Self { at: Some(at), stored: Some(checkpoint.offset), ..Self::new(place, by) })
    }

    /// Where to begin, by what the cluster knows; `None` when nobody can say.
    ///
    /// ```text
    /// our store   the group                     begin
    /// knows       knows nothing, or by us       where the store says
    /// knows       knows by somebody else        the farther of the two: who had the partition
    ///                                           meanwhile counted up to there
    /// nothing     knows                         where the group says
    /// nothing     nothing                       as `read_from` says
    /// ```
    ///
    /// What is no longer kept is missed. A position behind the end is one of a topic that was
    /// made anew: it is read from its beginning, and nobody can say what was missed.
    pub(super) fn begin(&self, known: &Known, from_end: bool) -> Option<Begin> {
        let stored = self.at.map(|it| it.offset);
        let group = known.committed.as_ref().map(|(offset, by)| (*offset, *by != self.by));
        let wanted = match (stored, group) {
            (Some(stored), Some((offset, true))) => Some(stored.max(offset)),
            (Some(stored), _) => Some(stored),
            (None, group) => group.map(|(offset, _)| offset),
        };
        let Some((low, high)) = known.there else {
            return wanted.map(|offset| Begin { offset, missed: 0 });
        };
        let fresh = if from_end { high } else { low };
        Some(match wanted.unwrap_or(fresh) {
            offset if offset < low => Begin { offset: low, missed: low - offset },
            offset if offset > high => Begin { offset: low, missed: 1 },
            offset => Begin { offset, missed: 0 },
        })
    }

    /// Begins there. Where that is where we were, the rest of the message is read.
    pub(super) fn begun(&mut self, offset: u64) {
        if self.at.is_none_or(|it| it.offset != offset) {
            self.at = Some(At { offset, ..At::default() });
            self.dirty = true;
            // What the store has is older than what the group knows, which must not be taken back.
            (self.on_the_way, self.stored) = (None, None);
        }
        (self.told, self.compared) = (None, true);
        if self.hold == Hold::Asked {
            self.hold = Hold::Held;
        }
    }

    /// It is ours now, once that was asked for which `hold` says.
    pub(super) fn given(&mut self, hold: Hold) {
        (self.hold, self.compared) = (hold, false);
    }

    /// Nothing is to be compared, and nobody to be told: it is somebody else's already, or nothing
    /// was read of it.
    pub(super) fn lost(&mut self) {
        self.told = self.at.map(|it| it.offset);
        self.compared = true;
    }

    /// A message has come: how many bytes of it were taken before; `None` if all were.
    pub(super) fn came(&mut self, offset: u64) -> Option<usize> {
        let at = self.at.as_mut().filter(|it| offset >= it.offset)?;
        if offset > at.offset {
            // Offsets have holes, where a topic is compacted or written in transactions.
            *at = At { offset, ..At::default() };
        }
        Some(at.taken)
    }

    /// So much of a message was taken, or all there is.
    pub(super) fn took(&mut self, taken: usize, whole: bool, framing: Framing) {
        let Some(at) = &mut self.at else { return };
        self.dirty |= taken > 0 || whole || framing != at.framing;
        *at = match whole {
            true => At { offset: at.offset + 1, ..At::default() },
            false => At { offset: at.offset, taken: at.taken + taken, framing },
        };
    }

    /// The checkpoint, when it changed since the last call.
    pub(super) fn checkpoint(&mut self, source: &str) -> Option<Checkpoint> {
        let At { offset, taken, framing } = self.at.filter(|_| std::mem::take(&mut self.dirty))?;
        self.on_the_way = Some(offset);
        Some(Checkpoint {
            source: source.to_owned(),
            stream: self.place.to_string(),
            offset,
            framing,
            identity: serde_json::to_string(&Identity { taken, by: self.by.clone() })
                .unwrap_or_default(),
        })
    }

    /// The last checkpoint is in the store.
    pub(super) fn committed(&mut self) {
        self.stored = self.on_the_way.take().or(self.stored);
    }

    /// True when all that was taken is in the store.
    pub(super) fn is_stored(&self) -> bool {
        !self.dirty && self.on_the_way.is_none()
    }

    /// True when the cluster must be asked before it can be begun, or given up.
    pub(super) fn waits(&self) -> bool {
        self.hold == Hold::Asked || (self.hold == Hold::Leaving && !self.compared)
    }

    /// What the cluster is to be told, if it does not know.
    pub(super) fn untold(&self) -> Option<u64> {
        self.stored.filter(|it| self.compared && self.told != Some(*it))
    }

    /// The same, as it is told.
    pub(super) fn upto(&self) -> Option<Upto> {
        let offset = self.untold()?;
        Some(Upto { place: self.place.clone(), offset, by: self.by.clone() })
    }

    /// Messages that are there and were not taken, as far as was heard.
    pub(super) fn lag(&self) -> u64 {
        let ours = self.hold == Hold::Held;
        self.at.filter(|_| ours).map_or(0, |it| self.heard.saturating_sub(it.offset))
    }

    /// True when all that was there when we asked is read.
    pub(super) fn is_at_end(&self) -> bool {
        self.hold == Hold::Held && self.at.is_some_and(|it| it.offset >= self.end)
    }
}
