//! Writes silences beside the daemon: they come from a command or the page.

use jiff::Timestamp;

use crate::model::silence::Silence;
use crate::store::error::StoreError;
use crate::store::place::Place;
#[cfg(feature = "postgres")]
use crate::store::postgres;
use crate::store::sqlite;

/// Writes silences beside the daemon.
#[derive(Debug)]
pub struct Silences(Back);

#[derive(Debug)]
enum Back {
    Sqlite(sqlite::Silences),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Silences>),
}

impl Silences {
    /// Opens the store at `place`, where there is one.
    pub fn open(place: impl Into<Place>) -> Result<Self, StoreError> {
        match place.into() {
            Place::Folder(dir) => sqlite::Silences::open(&dir).map(Back::Sqlite),
            #[cfg(feature = "postgres")]
            Place::Postgres(it) => {
                postgres::Silences::open(&it).map(|it| Back::Postgres(Box::new(it)))
            }
            #[cfg(not(feature = "postgres"))]
            Place::Postgres(_) => Err(StoreError::NotBuilt),
        }
        .map(Self)
    }

    /// All silences, also those that were over lately.
    pub fn list(&self) -> Result<Vec<Silence>, StoreError> {
        ask!(&self.0, it => it.list())
    }

    /// Keeps a silence, and forgets those that were over long ago.
    pub fn add(&mut self, silence: &Silence, now: Timestamp) -> Result<(), StoreError> {
        ask!(&mut self.0, it => it.add(silence, now))
    }

    /// Ends a silence now. False where there is none that goes on or is to come.
    pub fn expire(&mut self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        ask!(&mut self.0, it => it.expire(id, now))
    }
}
