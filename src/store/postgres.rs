//! A PostgreSQL database that a fleet of daemons shares: one list of incidents, no leader.
//!
//! ```text
//! the member's   totals, hours, runtimes; checkpoints and held runs of files
//! the fleet's    incidents, outbox, silences, seen; checkpoints and held runs of streams that
//!                any member may read
//! ```
//!
//! *Exactly once.* A commit is one transaction that counts itself in the member's row, so that
//! after a lost connection it is known whether the last one came through. It begins by asking
//! whether this process is still its member, and still owns the streams that it took: what a
//! member writes that was given up by the others fails whole.
//!
//! *One list.* A commit locks the incidents that it touches in the order of their keys, lays
//! what this member knows over what it finds (`model/merge.rs`), and gives the result back.
//! What others wrote is asked for once a second ([`Store::news`]), by the number of the
//! transaction that wrote it, from the oldest that was still under way when it was asked last.
//!
//! *One notice.* Whether an alert is still to be said is decided under the lock of its incident.
//! It is sent by whoever takes its row; the row is free again when that process has said nothing
//! for 15 seconds. A member that dies between sending and settling repeats one alert, under the
//! same identity.
//!
//! *No leader.* Members share nothing but the database, and watch each other's sign of life
//! there, by its clock.
//!
//! What a member does, and the tables it does it to:
//!
//! ```text
//! commit news claims deliver    a commit; what others wrote; who does what; alerts to be sent
//! link session address tls      the connection: made again, asked, found, encrypted
//! incidents history outbox      the statements of the tables of the same names
//! streams seen counters members
//! reader silences by_hand       what is asked and written beside the daemon
//! ```

mod address;
mod by_hand;
mod claims;
mod commit;
mod counters;
mod deliver;
mod history;
mod incidents;
mod link;
mod members;
mod news;
mod outbox;
mod reader;
mod rows;
mod schema;
mod seen;
mod session;
mod silences;
mod streams;
mod tls;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use jiff::Timestamp;

pub(super) use crate::store::postgres::by_hand::resolve;
pub(super) use crate::store::postgres::reader::Reader;
pub(super) use crate::store::postgres::silences::Silences;

use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::silence::Silence;
use crate::store::Loaded;
use crate::store::PostgresConfig;
use crate::store::StoreConfig;
use crate::store::error::StoreError;
use crate::store::postgres::deliver::Settled;
use crate::store::postgres::link::Link;
use crate::store::postgres::link::join;
use crate::store::postgres::news::horizon;
use crate::store::postgres::streams::Owned;

/// Bytes that an incident takes with its sample, its occurrences and its hours, at most.
const INCIDENT_BYTES: u64 = 16 * 1024;

/// The one writer of a member.
#[derive(Debug)]
pub(super) struct Store {
    place: PostgresConfig,
    member: String,
    /// Resolved incidents that are kept.
    kept: i64,
    link: RefCell<Link>,
    /// Streams that this process owns.
    owned: Owned,
    /// When the outbox was looked at last for each receiver.
    looked: HashMap<String, Timestamp>,
    /// The oldest transaction that was under way when others were asked for last.
    horizon: String,
    /// Commits of this process.
    done: u64,
    /// What became of alerts and is not written yet; no more than workers have.
    settled: Vec<Settled>,
}

/// The name of this daemon.
fn member(place: &PostgresConfig) -> Result<String, StoreError> {
    let unnamed = || StoreError::Shared { what: "knows no name of this machine".to_owned() };
    place.member().ok_or_else(unnamed)
}

impl Store {
    /// Opens the database as one member of the fleet.
    pub(super) fn open(place: PostgresConfig, limits: &StoreConfig) -> Result<Self, StoreError> {
        let member = member(&place)?;
        let (mut session, number, commits) = join(&place, &member)?;
        let horizon = horizon(&mut session)?;
        let now = Instant::now();
        let kept = rows::clamp((limits.store_bytes.0 / INCIDENT_BYTES).max(100));
        let link = Link {
            session: Some(session),
            number,
            commits,
            doubt: None,
            came_through: false,
            handed_out: HashSet::new(),
            since: now,
            retry_at: now,
            failures: 0,
            why: String::new(),
        };
        Ok(Self {
            place,
            member,
            kept,
            link: RefCell::new(link),
            owned: Owned::new(),
            looked: HashMap::new(),
            horizon,
            done: 0,
            settled: Vec::new(),
        })
    }

    pub(super) fn member(&self) -> &str {
        &self.member
    }

    pub(super) fn load(&self) -> Result<Loaded, StoreError> {
        let member = &self.member;
        self.ask(|it| {
            Ok(Loaded {
                totals: counters::totals(it, member)?,
                incidents: incidents::known(it, State::Open, Loaded::OPEN)?,
                resolved: incidents::known(it, State::Resolved, Loaded::RESOLVED)?,
                checkpoints: streams::checkpoints(it, member, None)?,
                seen: seen::newest(it)?,
                held: streams::held(it, member, None)?,
                runtimes: counters::runtimes(it, member)?,
                queue_lengths: outbox::lengths(it)?,
            })
        })
    }

    pub(super) fn incident(&self, key: &str) -> Result<Option<Incident>, StoreError> {
        self.ask(|it| Ok(incidents::by_keys(it, &[key])?.pop()))
    }

    pub(super) fn silences(&self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        self.ask(|it| silences::lasting(it, now))
    }

    pub(super) fn queue_lengths(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        self.ask(outbox::lengths)
    }
}

/// Does something behind our back.
#[cfg(test)]
pub(super) fn run(place: &PostgresConfig, sql: &str) {
    session::Session::connect(place, "shirwatch test").unwrap().batch(sql).unwrap();
}
