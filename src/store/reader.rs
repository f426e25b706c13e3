//! Reads the store beside the daemon, for the page and for the commands.
//!
//! A reader cannot write. It sees what was committed when each question is asked, and holds up
//! no commit.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::changes::Held;
use crate::model::changes::Occurrence;
use crate::model::checkpoint::Checkpoint;
use crate::model::hour::{Hour, HourCount};
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::silence::Silence;
use crate::model::totals::Totals;
use crate::store::error::StoreError;
use crate::store::place::Place;
#[cfg(feature = "postgres")]
use crate::store::postgres;
use crate::store::rows::IncidentCount;
use crate::store::rows::Member;
use crate::store::rows::OutboxRow;
use crate::store::sqlite;

/// Reads one store.
#[derive(Debug)]
pub struct Reader(Back);

#[derive(Debug)]
enum Back {
    Sqlite(sqlite::Reader),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Reader>),
}

impl Reader {
    /// Opens the store at `place`, where there is one.
    pub fn open(place: impl Into<Place>) -> Result<Self, StoreError> {
        match place.into() {
            Place::Folder(dir) => sqlite::Reader::open(&dir).map(Back::Sqlite),
            #[cfg(feature = "postgres")]
            Place::Postgres(it) => {
                postgres::Reader::open(&it).map(|it| Back::Postgres(Box::new(it)))
            }
            #[cfg(not(feature = "postgres"))]
            Place::Postgres(_) => Err(StoreError::NotBuilt),
        }
        .map(Self)
    }

    /// Whether another question may be asked of it later.
    pub(in crate::store) fn may_be_kept(&self) -> bool {
        match &self.0 {
            Back::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Back::Postgres(it) => it.may_be_kept(),
        }
    }

    /// The number of its connection at the server.
    #[cfg(all(test, feature = "postgres"))]
    pub(in crate::store) fn pid(&self) -> Result<i32, StoreError> {
        match &self.0 {
            Back::Sqlite(_) => Ok(0),
            Back::Postgres(it) => it.pid(),
        }
    }

    /// Whether it still has its connection.
    pub(in crate::store) fn is_there(&self) -> bool {
        match &self.0 {
            Back::Sqlite(_) => true,
            #[cfg(feature = "postgres")]
            Back::Postgres(it) => it.is_there(),
        }
    }

    /// The daemons that share the store, by their names; none for a store of one daemon.
    pub fn members(&self) -> Result<Vec<Member>, StoreError> {
        match &self.0 {
            Back::Sqlite(_) => Ok(Vec::new()),
            #[cfg(feature = "postgres")]
            Back::Postgres(it) => it.members(),
        }
    }

    /// Incidents in `state` (all where `None`), the last seen first.
    pub fn incidents(
        &self,
        state: Option<State>,
        limit: u64,
        offset: u64,
    ) -> Result<Vec<Incident>, StoreError> {
        ask!(&self.0, it => it.incidents(state, limit, offset))
    }

    /// Incidents of one rule in one state, or in any, the most frequent first.
    pub fn incidents_of(
        &self,
        rule: &str,
        state: Option<State>,
        limit: u64,
    ) -> Result<Vec<Incident>, StoreError> {
        ask!(&self.0, it => it.incidents_of(rule, state, limit))
    }

    /// The incident with this key or fingerprint, and its latest occurrences, newest first.
    /// Where several have the fingerprint: an open one, else the last seen.
    pub fn incident(&self, name: &str) -> Result<Option<(Incident, Vec<Occurrence>)>, StoreError> {
        ask!(&self.0, it => it.incident(name))
    }

    /// How often the incident with this key happened in each hour of its last week.
    pub fn hours_of(&self, key: &str) -> Result<BTreeMap<Hour, u64>, StoreError> {
        ask!(&self.0, it => it.hours_of(key))
    }

    /// Errors from the hour `first` to before the hour `end`, by hour and severity.
    pub fn hours(&self, first: Hour, end: Hour) -> Result<Vec<HourCount>, StoreError> {
        ask!(&self.0, it => it.hours(first, end))
    }

    /// The newest hour with an error before the hour `end`.
    pub fn newest_hour(&self, end: Hour) -> Result<Option<Hour>, StoreError> {
        ask!(&self.0, it => it.newest_hour(end))
    }

    /// Silences that are not over at `now`.
    pub fn silences(&self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        ask!(&self.0, it => it.silences(now))
    }

    /// How many incidents there are, by state, category and severity.
    pub fn incident_counts(&self) -> Result<Vec<IncidentCount>, StoreError> {
        ask!(&self.0, it => it.incident_counts())
    }

    /// The committed counters.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        ask!(&self.0, it => it.totals())
    }

    /// Where each stream of each source goes on.
    pub fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        ask!(&self.0, it => it.checkpoints())
    }

    /// Alerts that wait for their receivers, oldest first.
    pub fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        ask!(&self.0, it => it.outbox())
    }

    /// How many alerts wait for each receiver.
    pub fn queue_lengths(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        ask!(&self.0, it => it.queue_lengths())
    }

    /// Runs that wait for word of their failed activities: `pending` in the ledger.
    pub fn held(&self) -> Result<Vec<Held>, StoreError> {
        ask!(&self.0, it => it.held())
    }
}
