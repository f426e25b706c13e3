//! Readers for many questions: opened when they are needed, and kept for the next question.
//!
//! A file is opened in no time and may be put aside, so its readers end with their question. A
//! connection to a database takes a handshake, which costs more than most questions: a few are
//! kept for a minute. One that was kept is asked first whether it is still there.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::store::Place;
use crate::store::Reader;
use crate::store::error::StoreError;

/// Readers that are kept.
const KEPT: usize = 4;

/// How long a reader is kept since it was opened: then the address is read again, which may have
/// changed.
const AGE: Duration = Duration::from_secs(60);

/// Readers of one store.
#[derive(Debug)]
pub struct Readers {
    place: Place,
    idle: Mutex<Vec<(Instant, Reader)>>,
}

impl Readers {
    /// Readers of the store at `place`. None is opened yet.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self { place, idle: Mutex::default() }
    }

    /// Where the store is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Asks one of them. It waits for the answer.
    pub fn ask<T>(
        &self,
        ask: impl FnOnce(&Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let kept = self.take();
        let (opened, reader) = match kept {
            Some(it) => it,
            None => (Instant::now(), Reader::open(&self.place)?),
        };
        let answer = ask(&reader);
        if reader.may_be_kept() {
            self.keep(opened, reader);
        }
        answer
    }

    /// One that was kept and is still there.
    fn take(&self) -> Option<(Instant, Reader)> {
        loop {
            let (opened, reader) =
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if opened.elapsed() < AGE && reader.is_there() {
                return Some((opened, reader));
            }
        }
    }

    fn keep(&self, opened: Instant, reader: Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push((opened, reader));
        }
    }
}
