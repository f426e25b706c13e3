//! One commit: all that follows from a batch, or nothing of it.
//!
//! It counts itself in the row of its member, so that after a connection was lost with the answer
//! on its way it is known whether it came through; then it is not done again.

use jiff::Timestamp;

use crate::model::changes::Changes;
use crate::model::incident::Incident;
use crate::store::error::StoreError;
use crate::store::postgres::Store;
use crate::store::postgres::counters;
use crate::store::postgres::incidents;
use crate::store::postgres::outbox;
use crate::store::postgres::seen;
use crate::store::postgres::session::Session;
use crate::store::postgres::streams;

/// Commits after which old rows are looked for.
const PRUNE_EVERY: u64 = 500;

impl Store {
    /// Writes all of `changes` or nothing, and gives their incidents as they stand now.
    pub(in crate::store) fn commit(
        &mut self,
        changes: &Changes,
        now: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut done = self.try_commit(changes, now);
        if done.is_err() && self.yielded() {
            done = self.try_commit(changes, now);
        }
        let done = done?;
        self.looked.clear();
        self.done += 1;
        if self.done.is_multiple_of(PRUNE_EVERY) {
            self.prune();
        }
        Ok(done)
    }

    fn try_commit(&self, changes: &Changes, now: Timestamp) -> Result<Vec<Incident>, StoreError> {
        // What was lost with the connection is looked for first.
        self.ask(|_| Ok(()))?;
        if let Some(alerts) = self.came_through() {
            return self.take_up(changes, alerts, now);
        }
        let number = self.link.borrow().number;
        self.link.borrow_mut().doubt = Some(changes.outbox.len());
        let done = self.ask(|it| {
            it.transaction(|it| {
                self.count_commit(it, number)?;
                streams::fence(it, &self.owned, number)?;
                self.write_all(it, changes, now)
            })
        });
        let mut link = self.link.borrow_mut();
        if done.is_ok() {
            link.commits += 1;
        }
        if link.session.is_some() {
            link.doubt = None;
        }
        done
    }

    fn write_all(
        &self,
        it: &mut Session,
        changes: &Changes,
        now: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        let member = self.member.as_str();
        let mut stand = Vec::new();
        if changes.incidents.is_empty() {
            outbox::put(it, &changes.outbox.iter().collect::<Vec<_>>(), now)?;
        } else {
            let before = incidents::lock(it, &changes.incidents)?;
            let (wanted, said) = outbox::wanted(changes, &before);
            stand = incidents::write(it, &changes.incidents, (&before, &said), member)?;
            outbox::put(it, &wanted, now)?;
        }
        counters::add_totals(it, member, &changes.totals)?;
        counters::add_hours(it, member, &changes.hours)?;
        counters::write_runtimes(it, member, &changes.runtimes)?;
        streams::write(it, member, &self.owned, changes)?;
        seen::remember(it, member, &changes.seen, now)?;
        Ok(stand)
    }

    /// Counts the commit in the row of this member, which must still be that of this process.
    fn count_commit(&self, it: &mut Session, number: i64) -> Result<(), StoreError> {
        const COUNT: &str = "UPDATE members
            SET commits = commits + 1, alive_at = clock_timestamp()
            WHERE name = $1 AND session = $2";
        match it.execute(COUNT, &[&self.member, &number])? {
            0 => Err(StoreError::MemberInUse { member: self.member.clone() }),
            _ => Ok(()),
        }
    }

    /// Whether the commit that was under way when the connection was lost came through, and how
    /// many alerts it had.
    fn came_through(&self) -> Option<usize> {
        let mut link = self.link.borrow_mut();
        let alerts = link.doubt.take();
        std::mem::take(&mut link.came_through).then_some(alerts).flatten()
    }

    /// After a commit that came through unheard: how its incidents stand, and what was put
    /// beside it since.
    fn take_up(
        &self,
        changes: &Changes,
        alerts: usize,
        now: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        let late: Vec<_> = changes.outbox.iter().skip(alerts).collect();
        let keys: Vec<_> = changes.incidents.iter().map(|it| it.incident.key.as_str()).collect();
        let done = self.ask(|it| {
            let stand = incidents::by_keys(it, &keys)?;
            outbox::put(it, &late, now)?;
            Ok(stand)
        });
        if done.is_err() {
            let mut link = self.link.borrow_mut();
            (link.came_through, link.doubt) = (true, Some(alerts));
        }
        done
    }

    /// Forgets what is too old. Where that fails it is tried again later.
    fn prune(&self) {
        let pruned = self.ask(|it| {
            seen::prune(it)?;
            it.transaction(|it| incidents::prune_resolved(it, self.kept))
        });
        if let Err(error) = pruned {
            tracing::warn!(%error, "old rows of the store could not be dropped");
        }
    }
}
