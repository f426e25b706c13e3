//! Closes an incident beside the daemons, under the lock of its row.
//!
//! The row is written by nobody of the fleet, so that all its members hear of it. That receivers
//! know of it stays noted there: the first member that hears of it tells them, and notes that.

use jiff::Timestamp;

use crate::model::incident::Ended;
use crate::model::incident::State;
use crate::store::PostgresConfig;
use crate::store::error::StoreError;
use crate::store::postgres::incidents;
use crate::store::postgres::schema;
use crate::store::postgres::session::Session;

/// Who changes an incident and is no member.
const NOBODY: &str = "";

/// Closes the incident with this key or fingerprint. False where there is none.
pub(in crate::store) fn resolve(
    place: &PostgresConfig,
    name: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut session = Session::connect(place, "shirwatch resolve")?;
    schema::check(&mut session, &place.schema)?;
    session.transaction(|it| {
        let Some(found) = incidents::find(it, name)? else { return Ok(false) };
        let Some(mut incident) = incidents::lock_one(it, &found.key)? else { return Ok(false) };
        if incident.state == State::Open {
            incident.end(Ended::ByHand, now);
            incident.sample = None;
            incidents::put(it, &[incident], NOBODY)?;
        }
        Ok(true)
    })
}
