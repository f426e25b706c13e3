//! What one of the fleet does at a time: a duty, a source, a stream of a group.
//!
//! ```text
//! is_my_turn   a duty that is due, by the clock of the server
//! take         all of a source, once its owner has given no sign of life for 15 seconds
//! adopt        runs that wait for such a member, of a source that is read by several
//! assign       one stream, at once: the group that gave it took it from its last owner
//! ```
//!
//! A claim is kept by `streams::fence` in each commit, which fails whole once it is another's; so
//! does one that settles what another has adopted.

use std::time::Duration;

use crate::model::changes::Held;
use crate::model::checkpoint::Checkpoint;
use crate::store::Resumed;
use crate::store::error::StoreError;
use crate::store::postgres::Store;
use crate::store::postgres::streams;

/// How long after a connection was lost others are not taken for dead: they may have lost
/// theirs as well.
const GRACE: Duration = Duration::from_secs(15);

impl Store {
    pub(in crate::store) fn is_my_turn(
        &mut self,
        duty: &str,
        every: Duration,
    ) -> Result<bool, StoreError> {
        const TURN: &str = "INSERT INTO duties (name, done_at) VALUES ($1, clock_timestamp())
            ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at
            WHERE duties.done_at <= clock_timestamp() - make_interval(secs => $2)";
        self.ask(|it| Ok(it.execute(TURN, &[&duty, &every.as_secs_f64()])? > 0))
    }

    /// Takes all streams of `source` for this process, unless their owner is alive.
    pub(in crate::store) fn take(&mut self, source: &str) -> Result<Option<Resumed>, StoreError> {
        if self.was_away() {
            return Ok(None);
        }
        let number = self.link.borrow().number;
        let resumed = self.ask(|it| {
            if !streams::take(it, source, number)? {
                return Ok(None);
            }
            let checkpoints = streams::checkpoints(it, "", Some(source))?;
            let held = streams::held(it, "", Some(source))?;
            Ok(Some(Resumed { checkpoints, held }))
        })?;
        if resumed.is_some() {
            self.owned.insert((source.to_owned(), String::new()));
        }
        Ok(resumed)
    }

    /// Takes what waits for members that are gone, of these sources. Who comes back all the same
    /// has the commit refused that settles it.
    pub(in crate::store) fn adopt(&mut self, sources: &[&str]) -> Result<Vec<Held>, StoreError> {
        if self.was_away() {
            return Ok(Vec::new());
        }
        self.ask(|it| it.transaction(|it| streams::adopt(it, &self.member, sources)))
    }

    /// Whether the connection was lost so lately that others may seem dead and are not.
    fn was_away(&self) -> bool {
        self.link.borrow().since.elapsed() < GRACE && self.done > 0
    }

    /// Takes one stream for this process, whoever had it.
    pub(in crate::store) fn assign(
        &mut self,
        source: &str,
        stream: &str,
    ) -> Result<Option<Checkpoint>, StoreError> {
        let number = self.link.borrow().number;
        let at = self.ask(|it| streams::assign(it, source, stream, number))?;
        self.owned.insert((source.to_owned(), stream.to_owned()));
        Ok(at)
    }

    /// Gives one stream up, with all that was read of it in the store.
    pub(in crate::store) fn release(&mut self, source: &str, stream: &str) {
        self.owned.remove(&(source.to_owned(), stream.to_owned()));
    }

    /// Lets the others go on at once with what this process has taken.
    pub(in crate::store) fn leave(&mut self) -> Result<(), StoreError> {
        const LEAVE: &str = "UPDATE members SET alive_at = '-infinity'
            WHERE name = $1 AND session = $2";
        let (member, number) = (self.member.as_str(), self.link.borrow().number);
        self.ask(|it| it.execute(LEAVE, &[&member, &number]).map(drop))
    }
}
