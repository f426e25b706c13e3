//! Closes an incident because somebody asked for it by a command.
//!
//! A file is held by its daemon; without one the command is the writer. Beside a fleet the
//! incident is closed in the database, and the first daemon that hears of it tells receivers.

use jiff::Timestamp;

use crate::model::changes::Changes;
use crate::model::changes::IncidentChange;
use crate::model::incident::Ended;
use crate::store::Place;
use crate::store::Reader;
use crate::store::Store;
use crate::store::StoreConfig;
use crate::store::error::StoreError;
#[cfg(feature = "postgres")]
use crate::store::postgres;

/// Closes the incident with this key or fingerprint at `place`. False where there is none.
pub fn resolve(place: impl Into<Place>, name: &str, now: Timestamp) -> Result<bool, StoreError> {
    let place = place.into();
    #[cfg(feature = "postgres")]
    if let Place::Postgres(place) = &place {
        return postgres::resolve(place, name, now);
    }
    let mut store = Store::open(place.clone(), &StoreConfig::default(), now)?;
    let found = Reader::open(place)?.incident(name)?;
    let Some((mut incident, _)) = found else { return Ok(false) };
    incident.end(Ended::ByHand, now);
    incident.notified_at = None;
    let (base, occurrences, hours) = (None, Vec::new(), Vec::new());
    let change = IncidentChange { incident, base, occurrences, hours };
    store.commit(&Changes { incidents: vec![change], ..Changes::default() }, now)?;
    Ok(true)
}
