//! The engine: the one thread that reads, judges and writes.
//!
//! ```text
//! turn     read a batch of each source in turn, process it, advance
//! commit   all that follows from it, in one transaction
//! deliver  what waits in the outbox, as far as receivers have room
//! wait     for an event, or until a source wants to be asked again
//! ```
//!
//! While the store cannot be written nothing is read: what was processed waits in memory,
//! and is written as soon as that works again. Reading on would only lengthen what a crash
//! repeats.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::delivery::Delivery;
use crate::delivery::Workers;
use crate::model::changes::Changes;
use crate::model::incident::State;
use crate::model::redacted::Redactor;
use crate::outputs::wording::Wording;
use crate::pipeline::Each;
use crate::pipeline::Pipeline;
use crate::pipeline::incidents::Incidents;
use crate::pipeline::joins::Joins;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::runtimes::Runtimes;
use crate::service::Ended;
use crate::service::OnIncident;
use crate::service::ServiceError;
use crate::service::clock;
use crate::service::event::Alarm;
use crate::service::event::Event;
use crate::service::feedback::Refused;
use crate::service::fleet::Wanted;
use crate::service::footprint::Footprint;
use crate::service::members::Missed;
use crate::service::pace::Pace;
use crate::service::rules::Folder;
use crate::service::tally::Tally;
use crate::service::tap::Tap;
use crate::sources::Opening;
use crate::sources::SourceConfig;
use crate::store::Store;
use crate::web::shared::Command;
use crate::web::shared::Shared;

/// Batches that are taken of one source before the next has its turn.
const BATCHES: usize = 16;

/// How often incidents are looked at for being quiet or due, and how often where nothing was
/// read for a while and nothing is to be sent.
const TICK: Duration = Duration::from_secs(1);
const TICK_AT_REST: Duration = Duration::from_secs(5);

/// What the engine is made of.
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// The state folder.
    pub state_dir: PathBuf,
    /// The store.
    pub store: Store,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// Receivers and routes.
    pub delivery: Arc<Delivery>,
    /// The workers of the receivers.
    pub workers: Workers,
    /// What is shared with the page.
    pub shared: Arc<Shared>,
    /// What wakes the engine.
    pub alarm: Alarm,
    /// Counts the rounds of the engine, for who watches whether it goes on.
    pub pulse: Arc<AtomicU64>,
}

/// Reads, judges and writes.
pub struct Engine {
    pub(super) store: Store,
    pub(super) pipeline: Pipeline,
    pub(super) taps: Vec<Tap>,
    /// Sources that another of the fleet reads.
    pub(super) waiting: Vec<SourceConfig>,
    /// Streams that were given to sources here, and that the store was not asked for.
    pub(super) wanted: Wanted,
    pub(super) once: bool,
    pub(super) state_dir: PathBuf,
    pub(super) delivery: Arc<Delivery>,
    pub(super) workers: Workers,
    pub(super) shared: Arc<Shared>,
    pub(super) wording: Wording,
    pub(super) changes: Changes,
    pub(super) on_incident: Option<OnIncident>,
    /// The operator's rules.
    pub(super) rules: Option<Folder>,
    /// Why the store cannot be written at the moment.
    pub(super) blocked: Option<String>,
    /// Since when.
    pub(super) blocked_since: Option<Instant>,
    pub(super) refreshed: Instant,
    /// Attempts so far of the alerts that are on their way.
    pub(super) attempts: HashMap<i64, u32>,
    /// Receivers of which a member was away.
    pub(super) missed: HashMap<String, Missed>,
    /// What was to be taken in anew and is not used.
    pub(super) refused: Refused,
    pub(super) alarm: Alarm,
    pub(super) tally: Tally,
    pub(super) pace: Pace,
    ticked: Instant,
    footprint: Footprint,
    pulse: Arc<AtomicU64>,
    /// Told to end, and how long receivers are waited for.
    stop: Option<Duration>,
}

impl Engine {
    /// An engine that goes on where the store ends.
    pub fn new(
        parts: Parts,
        once: bool,
        on_incident: Option<OnIncident>,
    ) -> Result<Self, ServiceError> {
        let loaded = parts.store.load()?;
        let config = &parts.config;
        let redactor = Arc::new(Redactor::new(&config.redaction));
        let mut pipeline = Pipeline::new(Arc::clone(&parts.catalogue), Arc::clone(&redactor));
        let tally = Tally::redacting(Arc::clone(&redactor));
        pipeline.ledger =
            Ledger::restore(config.metrics.clone(), Arc::clone(&redactor), &loaded.totals);
        pipeline.joins = Joins::restore(&loaded.seen, loaded.held);
        let stored = loaded.incidents.into_iter().chain(loaded.resolved).collect();
        pipeline.incidents =
            Incidents::restore(config.incidents.clone(), config.alerts.clone(), stored)
                .redacting(Arc::clone(&redactor));
        if parts.store.is_shared() {
            pipeline.incidents = pipeline.incidents.sharing();
        }
        pipeline.incidents.silence(parts.store.silences(clock())?);
        pipeline.runtimes = Runtimes::restore(config.runtimes.clone(), redactor, loaded.runtimes);
        pipeline.count_lines = once;
        let opening = Opening {
            checkpoints: &loaded.checkpoints,
            once,
            state_dir: Some(&parts.state_dir),
            wake: Some(parts.alarm.waker()),
            shared: parts.store.is_shared(),
            ..Opening::default()
        };
        let any = |it: &&SourceConfig| parts.store.is_shared() && it.is_for_one_of_a_fleet();
        let waiting = config.sources.iter().filter(any).cloned().collect();
        let mut taps = Vec::new();
        for source in config.sources.iter().filter(|it| !any(it)) {
            taps.push(Tap::open(source, &opening)?);
        }
        parts.shared.committed(loaded.totals.iter().map(|(name, labels, value)| {
            let mut key = String::new();
            crate::model::totals::series(&mut key, name, &labels);
            (key, value)
        }));
        let now = Instant::now();
        Ok(Self {
            pipeline,
            taps,
            waiting,
            wanted: Wanted::new(),
            once,
            state_dir: parts.state_dir,
            wording: Wording::new(config.web.external_url.as_deref()),
            store: parts.store,
            delivery: parts.delivery,
            workers: parts.workers,
            shared: parts.shared,
            alarm: parts.alarm,
            changes: Changes::default(),
            on_incident,
            rules: config.catalogue.dir.as_deref().map(Folder::new),
            blocked: None,
            blocked_since: None,
            tally,
            pace: Pace::new(),
            ticked: now,
            footprint: Footprint::new(),
            refreshed: now,
            attempts: HashMap::new(),
            missed: HashMap::new(),
            refused: Refused::default(),
            pulse: parts.pulse,
            stop: None,
        })
    }

    /// Works until it is told to stop.
    pub fn run(&mut self, inbox: &Receiver<Event>) -> Result<Ended, ServiceError> {
        let mut first = true;
        let deadline = loop {
            if let Some(deadline) = self.stop {
                break deadline;
            }
            self.pulse.fetch_add(1, Ordering::Relaxed);
            self.alarm.rearm();
            // Before anything is read: a silence may have begun while we rested.
            self.tick(false)?;
            let busy = self.turn(clock());
            self.footprint.shrink(busy);
            self.commit_when_due(busy)?;
            self.deliver();
            // All sources were asked: whether we are ready is known, and not only at the next tick.
            if std::mem::take(&mut first) {
                self.show();
            }
            self.wait(inbox, busy);
        };
        self.finish(inbox, deadline)
    }

    /// Reads all there is, and ends.
    pub fn run_once(
        &mut self,
        inbox: &Receiver<Event>,
        deadline: Duration,
    ) -> Result<Ended, ServiceError> {
        while self.turn(clock()) || !self.all_read() {
            self.pulse.fetch_add(1, Ordering::Relaxed);
            self.footprint.shrink(true);
            self.commit_when_due(true)?;
            if self.blocked_since.is_some_and(|it| it.elapsed() >= deadline) {
                return Err(self.unwritten());
            }
            self.wait(inbox, self.blocked.is_none());
        }
        let tally = &mut self.tally;
        let notices =
            self.pipeline.settle(Timestamp::MAX, Some(&mut |it, full| tally.count(it, full)));
        self.say(notices);
        self.tick(true)?;
        self.finish(inbox, deadline)
    }

    fn all_read(&self) -> bool {
        self.blocked.is_none() && self.taps.iter().all(|it| it.source.status().finished)
    }

    /// Reads from each source in turn. True when there may be more at once.
    fn turn(&mut self, now: Timestamp) -> bool {
        if self.blocked.is_some() {
            return false;
        }
        let mut busy = false;
        let mut said = Vec::new();
        for tap in &mut self.taps {
            for _ in 0..BATCHES {
                let batch = match tap.source.read(now) {
                    Ok(Some(batch)) => batch,
                    Ok(None) => {
                        tap.note(None);
                        break;
                    }
                    Err(error) => {
                        tap.note(Some(error.to_string()));
                        break;
                    }
                };
                let tally = &mut self.tally;
                let count: Each<'_> = &mut |it, full| tally.count(it, full);
                let taken = self.pipeline.process(&batch, &tap.settings, Some(count));
                said.extend(taken.notices);
                tap.give_up(&taken.given_up);
                busy |= taken.bytes > 0;
                tap.source.advance(taken.bytes, taken.framing);
                if self.pipeline.is_full_of_news() {
                    break;
                }
            }
        }
        self.say(said);
        busy
    }

    /// Looks after incidents, held runs and the gauges.
    fn tick(&mut self, at_once: bool) -> Result<(), ServiceError> {
        if !at_once && self.ticked.elapsed() < TICK {
            return Ok(());
        }
        self.ticked = Instant::now();
        let now = clock();
        if self.store.is_shared() && !self.keep_up(now)? {
            return Ok(());
        }
        match self.store.silences(now) {
            Ok(silences) => self.pipeline.incidents.silence(silences),
            Err(error) => tracing::warn!(%error, "cannot read the silences"),
        }
        let tally = &mut self.tally;
        let mut notices = self.pipeline.settle(now, Some(&mut |it, full| tally.count(it, full)));
        if !at_once {
            notices.extend(self.watch_sources(now));
        }
        notices.extend(self.pipeline.tick(now));
        self.say(notices);
        self.refresh(now);
        self.reload_rules();
        self.show();
        Ok(())
    }

    fn wait(&mut self, inbox: &Receiver<Event>, busy: bool) {
        let now = clock();
        let patience = self.taps.iter().map(|it| it.source.patience(now)).min();
        let patience = match (busy, &self.blocked) {
            (true, None) => Duration::ZERO,
            (false, None) => patience.unwrap_or(TICK).min(self.until_tick()),
            (_, Some(_)) => TICK,
        };
        match inbox.recv_timeout(patience) {
            Ok(event) => self.handle(event),
            Err(RecvTimeoutError::Timeout) => return,
            Err(RecvTimeoutError::Disconnected) => self.stop = Some(Duration::ZERO),
        }
        while let Ok(event) = inbox.try_recv() {
            self.handle(event);
        }
    }

    /// How long we may rest where nothing wakes us. A fleet is asked for news each second.
    fn until_tick(&self) -> Duration {
        let rests =
            self.footprint.is_at_rest() && self.missed.is_empty() && !self.store.is_shared();
        let queued = || self.shared.snapshot().queues.values().any(|it| *it > 0);
        if rests && !queued() { TICK_AT_REST } else { TICK }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Wake => {}
            Event::Delivered(outcome) => self.settle(&outcome),
            Event::Asked(Command::Resolve { name, answer }) => {
                let known = self.resolve(&name);
                let _ = answer.send(known);
            }
            Event::Refused(why) => {
                self.refused.config = Some(why);
                self.show();
            }
            Event::Stop { within } => self.stop = Some(within),
        }
    }

    /// Writes what is left and waits until receivers have answered, to the deadline.
    fn finish(
        &mut self,
        inbox: &Receiver<Event>,
        deadline: Duration,
    ) -> Result<Ended, ServiceError> {
        let begun = Instant::now();
        loop {
            self.commit()?;
            self.deliver();
            let waiting: u64 = self.store.queue_lengths()?.values().sum();
            let late = begun.elapsed() >= deadline;
            if late && !self.changes.is_empty() {
                return Err(self.unwritten());
            }
            if late || (self.changes.is_empty() && waiting == 0) {
                if let Err(error) = self.store.leave() {
                    tracing::warn!(%error, "the others take over a little later");
                }
                return Ok(self.ended(waiting));
            }
            if let Ok(event) = inbox.recv_timeout(Duration::from_millis(50)) {
                self.handle(event);
            }
        }
    }

    fn unwritten(&self) -> ServiceError {
        ServiceError::Unwritten(self.blocked.clone().unwrap_or_default())
    }

    fn ended(&mut self, undelivered: u64) -> Ended {
        let unread = self.taps.iter().flat_map(|it| it.source.status().errors).collect();
        let mut tally = std::mem::take(&mut self.tally);
        tally.files = self.taps.iter().map(|it| it.source.status().files).sum();
        tally.lines = self.pipeline.lines;
        let open = self.pipeline.incidents.iter().filter(|it| it.state == State::Open);
        let mut open: Vec<_> = open.cloned().collect();
        open.sort_by(|left, right| {
            right.severity.cmp(&left.severity).then(right.count.cmp(&left.count))
        });
        let gave_up = self.taps.iter().any(|it| it.gave_up);
        Ended { tally, open, undelivered, unread, gave_up }
    }
}
