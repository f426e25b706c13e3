//! Alerts that this member sends: taken from the outbox, and settled there.
//!
//! What became of an alert is remembered until the store has it: one that was sent while the
//! store was away is not sent again when it is back.

use jiff::{SignedDuration, Timestamp};

use crate::store::OutboxRow;
use crate::store::error::StoreError;
use crate::store::postgres::Store;
use crate::store::postgres::outbox;

/// How often the outbox is looked at when nothing was put there by this member.
const LOOK: SignedDuration = SignedDuration::from_millis(500);

/// What became of an alert.
#[derive(Debug)]
pub(super) enum Settled {
    /// It was sent, or given up.
    Done(i64),
    /// It is due again, and why.
    Later(i64, Timestamp, String),
}

impl Store {
    pub(in crate::store) fn due(
        &mut self,
        now: Timestamp,
        receiver: &str,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        if self.looked.get(receiver).is_some_and(|it| (now.duration_since(*it)).abs() < LOOK) {
            return Ok(Vec::new());
        }
        self.write_settled()?;
        let number = self.link.borrow().number;
        let (due, unreadable) = self.ask(|it| outbox::take(it, now, receiver, limit, number))?;
        self.link.borrow_mut().handed_out.extend(due.iter().map(|it| it.id));
        for id in unreadable {
            tracing::warn!(id, receiver, "an alert in the store cannot be read and is dropped");
            self.remove(id)?;
        }
        if due.len() < limit {
            self.looked.insert(receiver.to_owned(), now);
        }
        Ok(due)
    }

    pub(in crate::store) fn retry(
        &mut self,
        id: i64,
        next_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        self.settle(Settled::Later(id, next_at, error.to_owned()))
    }

    pub(in crate::store) fn remove(&mut self, id: i64) -> Result<(), StoreError> {
        self.settle(Settled::Done(id))
    }

    /// Writes what became of an alert, now or as soon as the store is back.
    fn settle(&mut self, it: Settled) -> Result<(), StoreError> {
        self.looked.clear();
        self.settled.push(it);
        match self.write_settled() {
            Err(error) if error.may_pass() => Ok(()),
            other => other,
        }
    }

    fn write_settled(&mut self) -> Result<(), StoreError> {
        while let Some(last) = self.settled.last() {
            let id = match last {
                Settled::Done(id) | Settled::Later(id, ..) => *id,
            };
            self.ask(|it| match last {
                Settled::Done(id) => outbox::remove(it, *id),
                Settled::Later(id, at, why) => outbox::retry(it, *id, *at, why),
            })?;
            self.settled.pop();
            self.link.borrow_mut().handed_out.remove(&id);
        }
        Ok(())
    }
}
