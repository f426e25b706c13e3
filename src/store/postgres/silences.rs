//! The table `silences`, which is the fleet's: written by commands and by the page of any member.

use std::cell::RefCell;

use jiff::{SignedDuration, Timestamp};

use crate::model::silence;
use crate::model::silence::Silence;
use crate::store::PostgresConfig;
use crate::store::error::StoreError;
use crate::store::postgres::rows;
use crate::store::postgres::schema;
use crate::store::postgres::session::Session;

/// How long a silence that is over is still listed.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 7);

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
        lasting(&mut self.0.borrow_mut(), Timestamp::MIN)
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
            let found = lasting(write, now)?.into_iter().find(|it| it.id == id);
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

/// Silences of the fleet that end after `time`, the next to end first.
pub(super) fn lasting(read: &mut Session, time: Timestamp) -> Result<Vec<Silence>, StoreError> {
    let found = read.query(
        "SELECT body FROM silences WHERE ends_at > $1 ORDER BY ends_at, id",
        &[&rows::nanos(time)],
    )?;
    Ok(rows::readable("silences", &found, |row| rows::json(row, 0)))
}
