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

mod beside;
mod counters;
mod incidents;
mod outbox;
mod rows;
mod schema;
mod session;
mod streams;
mod tls;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

pub(super) use crate::store::postgres::beside::Reader;
pub(super) use crate::store::postgres::beside::Silences;

use crate::model::changes::Changes;
use crate::model::checkpoint::Checkpoint;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::silence::Silence;
use crate::store::Loaded;
use crate::store::News;
use crate::store::OutboxRow;
use crate::store::PostgresConfig;
use crate::store::Resumed;
use crate::store::StoreConfig;
use crate::store::error::StoreError;
use crate::store::postgres::session::Session;
use crate::store::postgres::streams::Owned;

/// How long another process of this name is waited for, which may be about to end.
const HANDOVER: Duration = Duration::from_secs(5);

/// How long a database that is away is waited for at the start.
const START: Duration = Duration::from_secs(60);

/// Pauses between attempts to connect.
const PAUSES: [u64; 5] = [1, 2, 5, 10, 15];

/// How long after a connection was lost others are not taken for dead: they may have lost
/// theirs as well.
const GRACE: Duration = Duration::from_secs(15);

/// How often the outbox is looked at when nothing was put there by this member.
const LOOK: SignedDuration = SignedDuration::from_millis(500);

/// Bytes that an incident takes with its sample, its occurrences and its hours, at most.
const INCIDENT_BYTES: u64 = 16 * 1024;

/// Commits after which old rows are looked for.
const PRUNE_EVERY: u64 = 500;

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

/// What became of an alert.
#[derive(Debug)]
enum Settled {
    /// It was sent, or given up.
    Done(i64),
    /// It is due again, and why.
    Later(i64, Timestamp, String),
}

/// The connection, or when to try again.
#[derive(Debug)]
struct Link {
    session: Option<Session>,
    /// The number of this process among those of the fleet.
    number: i64,
    /// Commits of this member, as far as is known.
    commits: i64,
    /// How many alerts the last commit had, where it may have come through.
    doubt: Option<usize>,
    /// True when it did.
    came_through: bool,
    /// Alerts that the workers have.
    handed_out: HashSet<i64>,
    since: Instant,
    retry_at: Instant,
    failures: usize,
    /// Why it was lost.
    why: String,
}

impl Link {
    fn note(&mut self, error: &StoreError) {
        if let StoreError::Away { what } = error {
            self.why.clone_from(what);
        }
    }
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
                incidents: incidents::list(it, Some(State::Open), Loaded::OPEN, 0)?,
                resolved: incidents::list(it, Some(State::Resolved), Loaded::RESOLVED, 0)?,
                checkpoints: streams::checkpoints(it, member, None)?,
                seen: streams::newest(it)?,
                held: streams::held(it, member, None)?,
                runtimes: counters::runtimes(it, member)?,
                queue_lengths: outbox::lengths(it)?,
            })
        })
    }

    /// Writes all of `changes` or nothing, and gives their incidents as they stand now.
    pub(super) fn commit(
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
        streams::remember(it, member, &changes.seen)?;
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

    /// Says that this member is alive, and asks for what others wrote.
    pub(super) fn news(&mut self) -> Result<News, StoreError> {
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
            let incidents = rows::readable("incidents", &found, incidents::incident);
            let seen = streams::changed(it, since, member)?;
            Ok((News { incidents, seen }, horizon))
        })?;
        self.horizon = horizon;
        Ok(news)
    }

    pub(super) fn is_my_turn(&mut self, duty: &str, every: Duration) -> Result<bool, StoreError> {
        const TURN: &str = "INSERT INTO duties (name, done_at) VALUES ($1, clock_timestamp())
            ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at
            WHERE duties.done_at <= clock_timestamp() - make_interval(secs => $2)";
        self.ask(|it| Ok(it.execute(TURN, &[&duty, &every.as_secs_f64()])? > 0))
    }

    /// Takes all streams of `source` for this process, unless their owner is alive.
    pub(super) fn take(&mut self, source: &str) -> Result<Option<Resumed>, StoreError> {
        let (number, since) = (self.link.borrow().number, self.link.borrow().since);
        if since.elapsed() < GRACE && self.done > 0 {
            return Ok(None);
        }
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

    /// Takes one stream for this process, whoever had it.
    pub(super) fn assign(
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
    pub(super) fn release(&mut self, source: &str, stream: &str) {
        self.owned.remove(&(source.to_owned(), stream.to_owned()));
    }

    /// Lets the others go on at once with what this process has taken.
    pub(super) fn leave(&mut self) -> Result<(), StoreError> {
        const LEAVE: &str = "UPDATE members SET alive_at = '-infinity'
            WHERE name = $1 AND session = $2";
        let (member, number) = (self.member.as_str(), self.link.borrow().number);
        self.ask(|it| it.execute(LEAVE, &[&member, &number]).map(drop))
    }

    pub(super) fn incident(&self, name: &str) -> Result<Option<Incident>, StoreError> {
        self.ask(|it| incidents::find(it, name))
    }

    pub(super) fn silences(&self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        self.ask(|it| counters::silences(it, now))
    }

    pub(super) fn due(
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

    pub(super) fn retry(
        &mut self,
        id: i64,
        next_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        self.settle(Settled::Later(id, next_at, error.to_owned()))
    }

    pub(super) fn remove(&mut self, id: i64) -> Result<(), StoreError> {
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

    pub(super) fn queue_lengths(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        self.ask(outbox::lengths)
    }

    /// Forgets what is too old. Where that fails it is tried again later.
    fn prune(&self) {
        let pruned = self.ask(|it| {
            streams::prune(it)?;
            it.transaction(|it| incidents::prune_resolved(it, self.kept))
        });
        if let Err(error) = pruned {
            tracing::warn!(%error, "old rows of the store could not be dropped");
        }
    }

    fn yielded(&self) -> bool {
        self.link.borrow().session.as_ref().is_some_and(|it| it.yielded)
    }

    /// Asks over the connection, which is made again where it was lost.
    fn ask<T>(
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
fn join(place: &PostgresConfig, member: &str) -> Result<(Session, i64, i64), StoreError> {
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
    const BEGIN: &str = "INSERT INTO members (name, session, alive_at, version)
        VALUES ($1, nextval('sessions'), clock_timestamp(), $2)
        ON CONFLICT (name) DO UPDATE SET session = excluded.session,
            alive_at = excluded.alive_at, version = excluded.version
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

/// The oldest transaction that is under way.
fn horizon(it: &mut Session) -> Result<String, StoreError> {
    let found = it.query("SELECT pg_snapshot_xmin(pg_current_snapshot())::text", &[])?;
    Ok(found.first().map_or_else(|| "0".to_owned(), |it| it.get(0)))
}

/// Does something behind our back.
#[cfg(test)]
pub(super) fn run(place: &PostgresConfig, sql: &str) {
    Session::connect(place, "shirwatch test").unwrap().batch(sql).unwrap();
}
