//! When and what the engine writes: all that follows from what was read, in one transaction.
//!
//! ```text
//! drain     pipeline and sources give what changed
//! commit    the store has it, or nothing of it
//! shown     counters, incidents and the page follow, and never run ahead
//! ```

use std::time::Instant;

use crate::model::incident::State;
use crate::service::ServiceError;
use crate::service::clock;
use crate::service::engine::Engine;

impl Engine {
    /// Writes where nothing is left to read, where it is time, or where much is new.
    pub(super) fn commit_when_due(&mut self, busy: bool) -> Result<(), ServiceError> {
        if busy && !self.pace.is_due() && !self.pipeline.is_full_of_news() {
            return Ok(());
        }
        self.commit()
    }

    /// Writes all that follows from what was read, in one transaction.
    pub(super) fn commit(&mut self) -> Result<(), ServiceError> {
        let begun = Instant::now();
        let written = self.write();
        self.pace.wrote(begun);
        written
    }

    fn write(&mut self) -> Result<(), ServiceError> {
        self.hear_claims();
        if self.blocked.is_none() {
            if !self.store.is_shared() {
                self.adopt()?;
            }
            self.pipeline.drain(&mut self.changes);
            for tap in &mut self.taps {
                tap.source.checkpoints(&mut self.changes);
            }
        }
        if self.changes.is_empty() {
            return self.take_streams();
        }
        match self.store.commit(&self.changes, clock()) {
            Ok(stand) => {
                self.unblock();
                self.committed();
                self.take_in(stand, clock());
                self.take_streams()
            }
            Err(error) if error.may_pass() => {
                self.block(&error);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes in what the store knows of incidents that memory had forgotten.
    fn adopt(&mut self) -> Result<(), ServiceError> {
        for key in self.pipeline.incidents.created() {
            if let Some(stored) = self.store.incident(&key)? {
                self.pipeline.incidents.adopt(stored);
            }
        }
        Ok(())
    }

    /// After a commit: what was written may be shown.
    fn committed(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        self.taps.iter_mut().for_each(|it| it.source.committed());
        self.tally.take_in(&changes.totals);
        for change in &changes.incidents {
            self.shared.announce(&change.incident);
            if let Some(tell) = &mut self.on_incident
                && change.incident.state == State::Open
            {
                tell(&change.incident);
            }
        }
        let moved = !changes.incidents.is_empty();
        self.shared.committed(changes.totals);
        if moved {
            self.show();
        }
    }
}
