//! What others of the fleet wrote since they were asked for last, and the sign of life.
//!
//! A row carries the number of the transaction that wrote it, and those are not committed in the
//! order of their numbers. So all are asked for from the oldest transaction that was still under
//! way the last time; what comes twice does no harm.

use crate::store::News;
use crate::store::columns::incident;
use crate::store::error::StoreError;
use crate::store::postgres::Store;
use crate::store::postgres::incidents;
use crate::store::postgres::rows;
use crate::store::postgres::seen;
use crate::store::postgres::session::Session;

impl Store {
    /// Says that this member is alive, and asks for what others wrote.
    pub(in crate::store) fn news(&mut self) -> Result<News, StoreError> {
        const ALIVE: &str = "UPDATE members SET alive_at = clock_timestamp()
            WHERE name = $1 AND session = $2";
        let number = self.link.borrow().number;
        let (member, since) = (self.member.as_str(), self.horizon.as_str());
        let (news, horizon) = self.ask(|it| {
            if it.execute(ALIVE, &[&member, &number])? == 0 {
                return Err(StoreError::MemberInUse { member: member.to_owned() });
            }
            let horizon = horizon(it)?;
            let found = incidents::changed(it, since, member)?;
            let incidents = rows::readable("incidents", &found, incident);
            let seen = seen::changed(it, since, member)?;
            Ok((News { incidents, seen }, horizon))
        })?;
        self.horizon = horizon;
        Ok(news)
    }
}

/// The oldest transaction that is under way.
pub(super) fn horizon(it: &mut Session) -> Result<String, StoreError> {
    let found = it.query("SELECT pg_snapshot_xmin(pg_current_snapshot())::text", &[])?;
    Ok(found.first().map_or_else(|| "0".to_owned(), |it| it.get(0)))
}
