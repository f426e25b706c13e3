//! What must outlive the process: counters, incidents, alerts on their way, checkpoints.
//!
//! ```text
//! Store::commit(changes)   totals + hours + incidents + outbox + checkpoints + seen + held
//!                          └──────────────────── one transaction ────────────────────┘
//! ```
//!
//! All that follows from a batch is written at once, or nothing of it: a checkpoint never
//! runs ahead of what was found before it, and no crash counts an error twice or loses it.
//! There is one writer, [`Store`], held by one thread, and any number of [`Reader`]s. Only
//! silences are written beside it, by [`Silences`]: they come from commands and the page.
//!
//! There are two back ends, and the tests here hold for both:
//!
//! ```text
//! sqlite/     one file in the state folder, of one daemon
//! postgres/   one database, of a fleet of daemons with one list of incidents
//! ```
//!
//! This module keeps what it is given. It judges nothing, asks no clock, and sends nothing.

/// Asks the back end, whichever it is.
macro_rules! ask {
    ($back:expr, $it:ident => $ask:expr) => {
        match $back {
            Back::Sqlite($it) => $ask,
            #[cfg(feature = "postgres")]
            Back::Postgres($it) => $ask,
        }
    };
}

mod by_hand;
mod columns;
mod error;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod reader;
mod readers;
mod rows;
mod silences;
mod sqlite;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::store::by_hand::resolve;
pub use crate::store::error::StoreError;
pub use crate::store::place::BackEndConfig;
pub use crate::store::place::Place;
pub use crate::store::place::PostgresConfig;
pub use crate::store::reader::Reader;
pub use crate::store::readers::Readers;
pub use crate::store::rows::IncidentCount;
pub use crate::store::rows::Member;
pub use crate::store::rows::OutboxRow;
pub use crate::store::silences::Silences;
pub use crate::store::sqlite::folder;

use crate::model::changes::Changes;
use crate::model::changes::Held;
use crate::model::checkpoint::Checkpoint;
use crate::model::incident::Incident;
use crate::model::runtime::Runtime;
use crate::model::silence::Silence;
use crate::model::size::ByteSize;
use crate::model::totals::Totals;

/// `limits:` how much the store may keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// How large the database may become; its journal takes some 16MiB more. Near that, resolved
    /// incidents are dropped, the oldest first; counters and open incidents never. At least 1MiB.
    pub store_bytes: ByteSize,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { store_bytes: ByteSize::gib(1) }
    }
}

/// What the store knew when the process began.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The counters.
    pub totals: Totals,
    /// Open incidents without their samples, the last seen first, at most [`Loaded::OPEN`].
    pub incidents: Vec<Incident>,
    /// Resolved incidents, likewise, at most [`Loaded::RESOLVED`], so that they
    /// reopen and count on. For others ask [`Store::incident`].
    pub resolved: Vec<Incident>,
    /// Where each stream of each source goes on.
    pub checkpoints: Vec<Checkpoint>,
    /// Keys of occurrences that were counted, the newest first. One may stand there again.
    pub seen: Vec<u64>,
    /// Runs that wait for word of their failed activities.
    pub held: Vec<Held>,
    /// How each integration runtime stood.
    pub runtimes: Vec<(String, Runtime)>,
    /// How many alerts wait for each receiver.
    pub queue_lengths: BTreeMap<String, u64>,
}

impl Loaded {
    /// Open incidents that are taken into memory.
    pub const OPEN: u64 = 10_000;
    /// Resolved incidents that are taken into memory.
    pub const RESOLVED: u64 = 2_000;
}

/// The one writer of a state folder, or of one member of a fleet.
#[derive(Debug)]
pub struct Store(Back);

#[derive(Debug)]
enum Back {
    Sqlite(sqlite::Store),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Store>),
}

/// What others of a fleet have written since it was asked last.
#[derive(Debug, Default)]
pub struct News {
    /// Incidents as they stand now.
    pub incidents: Vec<Incident>,
    /// Keys of occurrences that were counted.
    pub seen: Vec<u64>,
}

/// Where a source goes on that any member of a fleet may read.
#[derive(Debug, Default)]
pub struct Resumed {
    /// Where each of its streams goes on.
    pub checkpoints: Vec<Checkpoint>,
    /// Its runs that wait for word of their failed activities.
    pub held: Vec<Held>,
}

impl Store {
    /// Opens the store at `place`, and makes it where it is missing. A file that cannot be
    /// used is put aside under a name that ends in `now`; a shared database never is.
    pub fn open(
        place: impl Into<Place>,
        limits: &StoreConfig,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        match place.into() {
            Place::Folder(dir) => sqlite::Store::open(&dir, limits, now).map(Back::Sqlite),
            #[cfg(feature = "postgres")]
            Place::Postgres(it) => {
                postgres::Store::open(it, limits).map(|it| Back::Postgres(Box::new(it)))
            }
            #[cfg(not(feature = "postgres"))]
            Place::Postgres(_) => Err(StoreError::NotBuilt),
        }
        .map(Self)
    }

    /// True where others write incidents as well. Then [`commit`](Self::commit) adds what is
    /// new to what they wrote, and gives back how the incidents stand.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !matches!(self.0, Back::Sqlite(_))
    }

    /// The name of this member, where the store is shared.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        match &self.0 {
            Back::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Back::Postgres(it) => Some(it.member()),
        }
    }

    /// All that is needed to go on where the last process ended.
    pub fn load(&self) -> Result<Loaded, StoreError> {
        ask!(&self.0, it => it.load())
    }

    /// Writes all of `changes`, or on an error nothing. In a shared store the incidents come
    /// back as they stand now, with what others wrote.
    pub fn commit(
        &mut self,
        changes: &Changes,
        now: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        match &mut self.0 {
            Back::Sqlite(it) => it.commit(changes, now).map(|()| Vec::new()),
            #[cfg(feature = "postgres")]
            Back::Postgres(it) => it.commit(changes, now),
        }
    }

    /// What others wrote since the last call. Says too that this member is alive.
    pub fn news(&mut self) -> Result<News, StoreError> {
        ask!(&mut self.0, it => it.news())
    }

    /// Whether this member is to do now what one of the fleet does each `every` seconds.
    pub fn is_my_turn(&mut self, duty: &str, every: Duration) -> Result<bool, StoreError> {
        ask!(&mut self.0, it => it.is_my_turn(duty, every))
    }

    /// Takes a source that only one of the fleet may read at a time; `None` while another that
    /// is alive has it. From then on a [`commit`](Self::commit) fails whole once another has
    /// taken it over. In a store of one daemon there is nothing to take.
    pub fn take(&mut self, source: &str) -> Result<Option<Resumed>, StoreError> {
        ask!(&mut self.0, it => it.take(source))
    }

    /// Takes the runs of these sources that wait for members which gave no sign of life; they are
    /// this member's from then on. In a store of one daemon there are none.
    pub fn adopt(&mut self, sources: &[&str]) -> Result<Vec<Held>, StoreError> {
        ask!(&mut self.0, it => it.adopt(sources))
    }

    /// Takes one stream that a group gave to this member, at once and whoever had it; gives
    /// where the fleet goes on in it. Until [`release`](Self::release) its checkpoints are the
    /// fleet's, and a [`commit`](Self::commit) fails whole once it was given to another. What
    /// another counted of it is known after the next [`news`](Self::news).
    pub fn assign(&mut self, source: &str, stream: &str) -> Result<Option<Checkpoint>, StoreError> {
        ask!(&mut self.0, it => it.assign(source, stream))
    }

    /// Gives a stream up that the group took back, once all that was read of it is committed.
    pub fn release(&mut self, source: &str, stream: &str) {
        ask!(&mut self.0, it => it.release(source, stream));
    }

    /// Lets others go on with what this member has taken; called before it ends.
    pub fn leave(&mut self) -> Result<(), StoreError> {
        ask!(&mut self.0, it => it.leave())
    }

    /// The incident with this key, whether it is in memory or not.
    pub fn incident(&self, key: &str) -> Result<Option<Incident>, StoreError> {
        ask!(&self.0, it => it.incident(key))
    }

    /// Silences that are not over at `now`, whoever made them.
    pub fn silences(&self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        ask!(&self.0, it => it.silences(now))
    }

    /// Up to `limit` alerts that `receiver` may be told now. Each is handed out once, until
    /// [`sent`](Self::sent), [`retry`](Self::retry) or [`drop`](Self::drop) settles it or
    /// the process ends. Of one incident only the oldest is handed out.
    pub fn due(
        &mut self,
        now: Timestamp,
        receiver: &str,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        ask!(&mut self.0, it => it.due(now, receiver, limit))
    }

    /// The receiver has it.
    pub fn sent(&mut self, id: i64) -> Result<(), StoreError> {
        self.drop(id)
    }

    /// The receiver could not take it; it is due again at `next_at`.
    pub fn retry(&mut self, id: i64, next_at: Timestamp, error: &str) -> Result<(), StoreError> {
        ask!(&mut self.0, it => it.retry(id, next_at, error))
    }

    /// It is given up: refused, too old, or its receiver is gone.
    pub fn drop(&mut self, id: i64) -> Result<(), StoreError> {
        ask!(&mut self.0, it => it.remove(id))
    }

    /// How many alerts wait for each receiver; receivers for which none waits are missing.
    pub fn queue_lengths(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        ask!(&self.0, it => it.queue_lengths())
    }
}
