//! Reads the store beside the daemon, for the page and for the commands.
//!
//! A reader has a connection of its own that cannot write. It sees what was committed when
//! each question is asked, and holds up no commit.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use crate::model::changes::Held;
use crate::model::changes::Occurrence;
use crate::model::checkpoint::Checkpoint;
use crate::model::hour::{Hour, HourCount};
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::silence::Silence;
use crate::model::totals::Totals;
use crate::store::IncidentCount;
use crate::store::OutboxRow;
use crate::store::error::StoreError;
use crate::store::sqlite::checkpoints;
use crate::store::sqlite::hours;
use crate::store::sqlite::incidents;
use crate::store::sqlite::open;
use crate::store::sqlite::outbox;
use crate::store::sqlite::seen;
use crate::store::sqlite::silences;
use crate::store::sqlite::totals;

/// Reads the store of one state folder.
#[derive(Debug)]
pub(in crate::store) struct Reader {
    pub(super) database: Connection,
}

impl Reader {
    /// Opens the store in the state folder `dir`, where there is one.
    pub(in crate::store) fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = open::database_path(dir);
        if !path.exists() {
            return Err(StoreError::Absent { dir: dir.to_owned() });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags)?;
        open::prepare(&database)?;
        match open::schema(&database)? {
            0 => Err(StoreError::Absent { dir: dir.to_owned() }),
            open::SCHEMA => {
                database.pragma_update(None, "cache_size", -open::READER_CACHE)?;
                Ok(Self { database })
            }
            found => Err(StoreError::Schema { found, known: open::SCHEMA }),
        }
    }

    /// Incidents in `state` (all where `None`), the last seen first.
    pub(in crate::store) fn incidents(
        &self,
        state: Option<State>,
        limit: u64,
        offset: u64,
    ) -> Result<Vec<Incident>, StoreError> {
        Ok(incidents::list(&self.database, state, limit, offset)?)
    }

    /// Incidents of one rule in one state, or in any, the most frequent first.
    pub(in crate::store) fn incidents_of(
        &self,
        rule: &str,
        state: Option<State>,
        limit: u64,
    ) -> Result<Vec<Incident>, StoreError> {
        Ok(incidents::of_rule(&self.database, rule, state, limit)?)
    }

    /// The incident with this key or fingerprint, and its latest occurrences, newest first.
    /// Where several have the fingerprint: an open one, else the last seen.
    pub(in crate::store) fn incident(
        &self,
        name: &str,
    ) -> Result<Option<(Incident, Vec<Occurrence>)>, StoreError> {
        let Some(incident) = incidents::find(&self.database, name)? else { return Ok(None) };
        let occurrences = incidents::occurrences(&self.database, &incident.key)?;
        Ok(Some((incident, occurrences)))
    }

    /// How often the incident with this key happened in each hour of its last week.
    pub(in crate::store) fn hours_of(&self, key: &str) -> Result<BTreeMap<Hour, u64>, StoreError> {
        Ok(hours::of_incident(&self.database, key)?)
    }

    /// Errors from the hour `first` to before the hour `end`, by hour and severity.
    pub(in crate::store) fn hours(
        &self,
        first: Hour,
        end: Hour,
    ) -> Result<Vec<HourCount>, StoreError> {
        Ok(hours::between(&self.database, first, end)?)
    }

    /// The newest hour with an error before the hour `end`.
    pub(in crate::store) fn newest_hour(&self, end: Hour) -> Result<Option<Hour>, StoreError> {
        Ok(hours::newest(&self.database, end)?)
    }

    /// Silences that are not over at `now`.
    pub(in crate::store) fn silences(&self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        Ok(silences::after(&self.database, now)?)
    }

    /// How many incidents there are, by state, category and severity.
    pub(in crate::store) fn incident_counts(&self) -> Result<Vec<IncidentCount>, StoreError> {
        Ok(incidents::counts(&self.database)?)
    }

    /// The committed counters.
    pub(in crate::store) fn totals(&self) -> Result<Totals, StoreError> {
        Ok(totals::all(&self.database)?)
    }

    /// Where each stream of each source goes on.
    pub(in crate::store) fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        Ok(checkpoints::all(&self.database)?)
    }

    /// Alerts that wait for their receivers, oldest first.
    pub(in crate::store) fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        Ok(outbox::all(&self.database)?)
    }

    /// How many alerts wait for each receiver.
    pub(in crate::store) fn queue_lengths(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        Ok(outbox::lengths(&self.database)?)
    }

    /// Runs that wait for word of their failed activities: `pending` in the ledger.
    pub(in crate::store) fn held(&self) -> Result<Vec<Held>, StoreError> {
        Ok(seen::held(&self.database)?)
    }
}
