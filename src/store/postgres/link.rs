//! The connection of a member: made, watched, and made again where it was lost.
//!
//! A member is known by a lock that its connection holds, and by the number of its process. When a
//! connection is made again, the old one is ended first: then nothing of it can still be written,
//! and it is certain whether the last commit came through.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::store::PostgresConfig;
use crate::store::error::StoreError;
use crate::store::postgres::Store;
use crate::store::postgres::schema;
use crate::store::postgres::session::Session;

/// How long another process of this name is waited for, which may be about to end.
const HANDOVER: Duration = Duration::from_secs(5);

/// How long a database that is away is waited for at the start.
const START: Duration = Duration::from_secs(60);

/// Pauses between attempts to connect.
const PAUSES: [u64; 5] = [1, 2, 5, 10, 15];

/// The connection, or when to try again.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) session: Option<Session>,
    /// The number of this process among those of the fleet.
    pub(super) number: i64,
    /// Commits of this member, as far as is known.
    pub(super) commits: i64,
    /// How many alerts the last commit had, where it may have come through.
    pub(super) doubt: Option<usize>,
    /// True when it did.
    pub(super) came_through: bool,
    /// Alerts that the workers have.
    pub(super) handed_out: HashSet<i64>,
    pub(super) since: Instant,
    pub(super) retry_at: Instant,
    pub(super) failures: usize,
    /// Why it was lost.
    pub(super) why: String,
}

impl Link {
    fn note(&mut self, error: &StoreError) {
        if let StoreError::Away { what } = error {
            self.why.clone_from(what);
        }
    }
}

impl Store {
    pub(super) fn yielded(&self) -> bool {
        self.link.borrow().session.as_ref().is_some_and(|it| it.yielded)
    }

    /// Asks over the connection, which is made again where it was lost.
    pub(super) fn ask<T>(
        &self,
        ask: impl FnOnce(&mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let link = &mut *self.link.borrow_mut();
        if link.session.is_none() {
            self.reconnect(link)?;
        }
        let Some(session) = link.session.as_mut() else {
            return Err(StoreError::Away { what: "is away".to_owned() });
        };
        let answer = ask(session);
        if session.broken {
            link.session = None;
            link.retry_at = Instant::now();
            answer.as_ref().err().inspect(|it| link.note(it));
        }
        answer
    }

    fn reconnect(&self, link: &mut Link) -> Result<(), StoreError> {
        if Instant::now() < link.retry_at {
            return Err(StoreError::Away { what: link.why.clone() });
        }
        let session = self.connect_again(link);
        match session {
            Ok(session) => {
                link.session = Some(session);
                (link.failures, link.since) = (0, Instant::now());
                Ok(())
            }
            Err(error) => {
                let pause = PAUSES[link.failures.min(PAUSES.len() - 1)];
                link.failures += 1;
                link.retry_at = Instant::now() + Duration::from_secs(pause);
                link.note(&error);
                Err(error)
            }
        }
    }

    fn connect_again(&self, link: &mut Link) -> Result<Session, StoreError> {
        const MINE: &str = "SELECT commits FROM members WHERE name = $1 AND session = $2";
        const FREE: &str = "UPDATE outbox SET leased_by = NULL
            WHERE leased_by = $1 AND id <> ALL ($2)";
        let (place, member) = (&self.place, &self.member);
        let mut session = Session::connect(place, &called(place, member, link.number))?;
        schema::check(&mut session, &place.schema)?;
        end_elders(&mut session, place, member, link.number)?;
        lock_member(&mut session, place, member)?;
        // From here on nothing of the old connection can be written.
        let mine = session.query(MINE, &[member, &link.number])?;
        let Some(row) = mine.first() else {
            return Err(StoreError::MemberInUse { member: member.clone() });
        };
        let commits: i64 = row.get(0);
        link.came_through = link.doubt.is_some() && commits > link.commits;
        link.commits = commits;
        // Alerts that were taken and whose numbers were lost on the way.
        let handed_out: Vec<_> = link.handed_out.iter().copied().collect();
        session.execute(FREE, &[&link.number, &handed_out])?;
        Ok(session)
    }
}

/// Makes this process a member of the fleet. A database that is away is waited for: after a
/// power cut it may be the last to come back.
pub(super) fn join(
    place: &PostgresConfig,
    member: &str,
) -> Result<(Session, i64, i64), StoreError> {
    let begun = Instant::now();
    loop {
        match try_join(place, member) {
            Err(error @ StoreError::Away { .. }) if begun.elapsed() < START => {
                tracing::warn!(%error, "waiting for the store");
                std::thread::sleep(Duration::from_secs(1));
            }
            other => return other,
        }
    }
}

fn try_join(place: &PostgresConfig, member: &str) -> Result<(Session, i64, i64), StoreError> {
    let mut session = Session::connect(place, "shirwatch")?;
    schema::migrate(&mut session, &place.schema)?;
    lock_member(&mut session, place, member)?;
    let (number, commits) = begin(&mut session, place, member)?;
    Ok((session, number, commits))
}

/// Makes a row for this process; gives its number, and how many commits its member has done.
fn begin(it: &mut Session, place: &PostgresConfig, member: &str) -> Result<(i64, i64), StoreError> {
    const BEGIN: &str = "INSERT INTO members (name, session, alive_at, version, since)
        VALUES ($1, nextval('sessions'), clock_timestamp(), $2, clock_timestamp())
        ON CONFLICT (name) DO UPDATE SET session = excluded.session,
            alive_at = excluded.alive_at, version = excluded.version, since = excluded.since
        RETURNING session, commits";
    let found = it.query(BEGIN, &[&member, &env!("CARGO_PKG_VERSION")])?;
    let gone = || StoreError::Away { what: "answers nothing".to_owned() };
    let row = found.first().ok_or_else(gone)?;
    let number: i64 = row.get(0);
    let name = called(place, member, number);
    it.query("SELECT set_config('application_name', $1, false)", &[&name])?;
    Ok((number, row.get(1)))
}

/// How a process is called by the server; there, a name has 63 bytes at most.
fn called(place: &PostgresConfig, member: &str, number: i64) -> String {
    format!("shirwatch {:016x} {number}", schema::lock_key(&place.schema, member))
}

/// Ends what is left of lost connections of this process.
fn end_elders(
    it: &mut Session,
    place: &PostgresConfig,
    member: &str,
    number: i64,
) -> Result<(), StoreError> {
    const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = $1 AND pid <> pg_backend_pid()
            AND usename = current_user AND datname = current_database()";
    it.query(END, &[&called(place, member, number)]).map(drop)
}

/// Makes this connection that of the member, as long as it lasts.
fn lock_member(it: &mut Session, place: &PostgresConfig, member: &str) -> Result<(), StoreError> {
    let key = schema::lock_key(&place.schema, member);
    let begun = Instant::now();
    loop {
        let locked = it.query("SELECT pg_try_advisory_lock($1)", &[&key])?;
        if locked.first().is_some_and(|it| it.get(0)) {
            return Ok(());
        }
        if begun.elapsed() > HANDOVER {
            return Err(StoreError::MemberInUse { member: member.to_owned() });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
