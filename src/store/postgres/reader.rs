//! Reads the store beside the daemon, for the page and for the commands.
//!
//! Each has a connection of its own, which ends with it; `store/readers.rs` keeps some.

use std::cell::RefCell;
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
use crate::store::IncidentCount;
use crate::store::Member;
use crate::store::OutboxRow;
use crate::store::PostgresConfig;
use crate::store::error::StoreError;
use crate::store::postgres::counters;
use crate::store::postgres::history;
use crate::store::postgres::incidents;
use crate::store::postgres::member;
use crate::store::postgres::members;
use crate::store::postgres::outbox;
use crate::store::postgres::schema;
use crate::store::postgres::session::Session;
use crate::store::postgres::silences;
use crate::store::postgres::streams;

/// Reads the store of a fleet: its incidents, and what one member counted.
#[derive(Debug)]
pub(in crate::store) struct Reader {
    session: RefCell<Session>,
    member: String,
}

impl Reader {
    pub(in crate::store) fn open(place: &PostgresConfig) -> Result<Self, StoreError> {
        let mut session = Session::connect(place, "shirwatch reader")?;
        session.batch("SET default_transaction_read_only = on")?;
        schema::check(&mut session, &place.schema)?;
        Ok(Self { session: RefCell::new(session), member: member(place)? })
    }

    /// Whether nothing speaks against another question.
    pub(in crate::store) fn may_be_kept(&self) -> bool {
        !self.session.borrow().broken
    }

    #[cfg(test)]
    pub(in crate::store) fn pid(&self) -> Result<i32, StoreError> {
        self.ask(|it| Ok(it.query("SELECT pg_backend_pid()", &[])?[0].get(0)))
    }

    /// Whether the server answers on this connection.
    pub(in crate::store) fn is_there(&self) -> bool {
        self.session.borrow_mut().batch("").is_ok()
    }

    pub(in crate::store) fn members(&self) -> Result<Vec<Member>, StoreError> {
        self.ask(members::all)
    }

    fn ask<T>(
        &self,
        ask: impl FnOnce(&mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        ask(&mut self.session.borrow_mut())
    }

    pub(in crate::store) fn incidents(
        &self,
        state: Option<State>,
        limit: u64,
        offset: u64,
    ) -> Result<Vec<Incident>, StoreError> {
        self.ask(|it| incidents::list(it, state, limit, offset))
    }

    pub(in crate::store) fn incidents_of(
        &self,
        rule: &str,
        state: Option<State>,
        limit: u64,
    ) -> Result<Vec<Incident>, StoreError> {
        self.ask(|it| incidents::of_rule(it, rule, state, limit))
    }

    pub(in crate::store) fn incident(
        &self,
        name: &str,
    ) -> Result<Option<(Incident, Vec<Occurrence>)>, StoreError> {
        self.ask(|it| {
            let Some(incident) = incidents::find(it, name)? else { return Ok(None) };
            let occurrences = history::occurrences(it, &incident.key)?;
            Ok(Some((incident, occurrences)))
        })
    }

    pub(in crate::store) fn hours_of(&self, key: &str) -> Result<BTreeMap<Hour, u64>, StoreError> {
        self.ask(|it| history::hours_of(it, key))
    }

    pub(in crate::store) fn hours(
        &self,
        first: Hour,
        end: Hour,
    ) -> Result<Vec<HourCount>, StoreError> {
        self.ask(|it| counters::hours(it, first, end))
    }

    pub(in crate::store) fn newest_hour(&self, end: Hour) -> Result<Option<Hour>, StoreError> {
        self.ask(|it| counters::newest_hour(it, end))
    }

    pub(in crate::store) fn silences(&self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        self.ask(|it| silences::lasting(it, now))
    }

    pub(in crate::store) fn incident_counts(&self) -> Result<Vec<IncidentCount>, StoreError> {
        self.ask(incidents::counts)
    }

    pub(in crate::store) fn totals(&self) -> Result<Totals, StoreError> {
        self.ask(|it| counters::totals(it, &self.member))
    }

    pub(in crate::store) fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        self.ask(|it| streams::checkpoints(it, &self.member, None))
    }

    pub(in crate::store) fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        self.ask(outbox::all)
    }

    pub(in crate::store) fn queue_lengths(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        self.ask(outbox::lengths)
    }

    pub(in crate::store) fn held(&self) -> Result<Vec<Held>, StoreError> {
        self.ask(|it| streams::held(it, &self.member, None))
    }
}
