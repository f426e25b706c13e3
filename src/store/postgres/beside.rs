//! What is asked beside the daemon: by the page, by commands, and the silences they write.
//!
//! Each has a connection of its own, which ends with it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::changes::Held;
use crate::model::changes::Occurrence;
use crate::model::checkpoint::Checkpoint;
use crate::model::hour::{Hour, HourCount};
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::silence;
use crate::model::silence::Silence;
use crate::model::totals::Totals;
use crate::store::IncidentCount;
use crate::store::OutboxRow;
use crate::store::PostgresConfig;
use crate::store::error::StoreError;
use crate::store::postgres::counters;
use crate::store::postgres::incidents;
use crate::store::postgres::member;
use crate::store::postgres::outbox;
use crate::store::postgres::rows;
use crate::store::postgres::schema;
use crate::store::postgres::session::Session;
use crate::store::postgres::streams;

/// How long a silence that is over is still listed.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 7);

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
            let occurrences = incidents::occurrences(it, &incident.key)?;
            Ok(Some((incident, occurrences)))
        })
    }

    pub(in crate::store) fn hours_of(&self, key: &str) -> Result<BTreeMap<Hour, u64>, StoreError> {
        self.ask(|it| incidents::hours_of(it, key))
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
        self.ask(|it| counters::silences(it, now))
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

/// Writes silences beside the daemons.
#[derive(Debug)]
pub(in crate::store) struct Silences(RefCell<Session>);

impl Silences {
    pub(in crate::store) fn open(place: &PostgresConfig) -> Result<Self, StoreError> {
        let mut session = Session::connect(place, "shirwatch silences")?;
        schema::check(&mut session, &place.schema)?;
        Ok(Self(RefCell::new(session)))
    }

    pub(in crate::store) fn list(&self) -> Result<Vec<Silence>, StoreError> {
        counters::silences(&mut self.0.borrow_mut(), Timestamp::MIN)
    }

    pub(in crate::store) fn add(&mut self, it: &Silence, now: Timestamp) -> Result<(), StoreError> {
        self.0.get_mut().transaction(|write| {
            let past = rows::nanos(now.checked_sub(KEPT).unwrap_or(Timestamp::MIN));
            write.execute("DELETE FROM silences WHERE ends_at < $1", &[&past])?;
            let kept = write.query("SELECT count(*) FROM silences", &[])?;
            let kept: i64 = kept.first().map_or(0, |it| it.get(0));
            if kept >= silence::LIMIT as i64 {
                return Err(StoreError::TooManySilences);
            }
            put(write, it)
        })
    }

    pub(in crate::store) fn expire(
        &mut self,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.0.get_mut().transaction(|write| {
            let found = counters::silences(write, now)?.into_iter().find(|it| it.id == id);
            let Some(mut it) = found else { return Ok(false) };
            it.ends_at = now;
            put(write, &it)?;
            Ok(true)
        })
    }
}

fn put(write: &mut Session, it: &Silence) -> Result<(), StoreError> {
    let body = serde_json::to_string(it)?;
    write.execute(
        "INSERT INTO silences (id, ends_at, body) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at, body = excluded.body",
        &[&it.id, &rows::nanos(it.ends_at), &body],
    )?;
    Ok(())
}
