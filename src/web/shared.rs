//! What the service and the web share.
//!
//! ```text
//! service ──totals, snapshot, health, catalogue──▶ Shared ──▶ requests
//!         ◀──────────────Command──────────────────
//!         ──announce(incident)──▶ events ──▶ open pages
//! ```
//!
//! The service writes after each commit, so that what is shown is what was committed. Locks
//! are held for a copy or for one answer, never across a wait.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use shirwatch_parsers::Settings;
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot};

use crate::catalogue::Catalogue;
use crate::model::Incident;
use crate::model::Redactor;
use crate::model::Totals;
use crate::outputs::prometheus::Snapshot;
use crate::store::Place;
use crate::store::Readers;
use crate::web::WebConfig;
use crate::web::config::host;
use crate::web::gate::Gate;
use crate::web::rows::Row;
use crate::web::users::Users;

/// Events that wait for a slow page before it misses some.
const EVENTS: usize = 256;

/// Streams of events at one time; they must not take all connections.
const STREAMS: usize = 100;

/// Requests that work beside the loop at one time.
const DESKS: usize = 4;

/// What a request asks of the service.
#[derive(Debug)]
pub enum Command {
    /// Closes an incident, named by its key or fingerprint.
    Resolve {
        /// Which one.
        name: String,
        /// True when there is such an incident, open or not.
        answer: oneshot::Sender<bool>,
    },
}

/// What does not change while a configuration is in use.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The version of this build.
    pub version: String,
    /// The commit of this build; empty where unknown.
    pub revision: String,
    /// The sources: name and kind.
    pub sources: Vec<(String, String)>,
    /// The receivers: name and kind.
    pub receivers: Vec<(String, String)>,
}

/// Why the daemon is not well; empty when it is.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Why it should be restarted.
    pub dead: Vec<String>,
    /// Why it does not do its work at this moment.
    pub not_ready: Vec<String>,
    /// What somebody should know, though all work is done.
    pub notes: Vec<String>,
}

/// What the service and the web share.
#[derive(Debug)]
pub struct Shared {
    pub(super) config: WebConfig,
    pub(super) readers: Readers,
    pub(super) started: Instant,
    pub(super) external_host: Option<String>,
    /// Whether only this machine can reach us.
    pub(super) local: bool,
    pub(super) gate: Gate,
    /// Streams of events that may still be opened.
    pub(super) streams: Arc<Semaphore>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) desks: Arc<Semaphore>,
    pub(super) events: broadcast::Sender<Arc<str>>,
    catalogue: RwLock<Arc<Catalogue>>,
    redactor: RwLock<Arc<Redactor>>,
    settings: RwLock<Settings>,
    totals: RwLock<Totals>,
    snapshot: RwLock<Snapshot>,
    about: RwLock<About>,
    health: RwLock<Health>,
    failures: RwLock<BTreeMap<String, String>>,
    source_errors: RwLock<BTreeMap<String, String>>,
}

impl Shared {
    /// For the store at `place`; commands arrive at the receiver of `commands`. Until the
    /// service says otherwise it is alive, and not ready.
    #[must_use]
    pub fn new(
        config: WebConfig,
        place: Place,
        catalogue: Arc<Catalogue>,
        commands: mpsc::Sender<Command>,
    ) -> Self {
        let external_host = config.external_url.as_deref().and_then(host);
        let local = config.is_local();
        let starting = Health { not_ready: vec!["starting".to_owned()], ..Health::default() };
        Self {
            config,
            readers: Readers::new(place),
            started: Instant::now(),
            external_host,
            local,
            gate: Gate::new(None),
            streams: Arc::new(Semaphore::new(STREAMS)),
            commands,
            desks: Arc::new(Semaphore::new(DESKS)),
            events: broadcast::channel(EVENTS).0,
            catalogue: RwLock::new(catalogue),
            redactor: RwLock::default(),
            settings: RwLock::default(),
            totals: RwLock::default(),
            snapshot: RwLock::default(),
            about: RwLock::default(),
            health: RwLock::new(starting),
            failures: RwLock::default(),
            source_errors: RwLock::default(),
        }
    }

    /// Asks for a name and a password from now on, where there are users.
    #[must_use]
    pub fn admitting(self, users: Option<Users>) -> Self {
        Self { gate: Gate::new(users), ..self }
    }

    /// The catalogue in use.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&read(&self.catalogue))
    }

    /// Uses another catalogue from now on.
    pub fn set_catalogue(&self, it: Arc<Catalogue>) {
        *write(&self.catalogue) = it;
    }

    /// The redactor in use.
    #[must_use]
    pub fn redactor(&self) -> Arc<Redactor> {
        Arc::clone(&read(&self.redactor))
    }

    /// Uses another redactor from now on.
    pub fn set_redactor(&self, it: Redactor) {
        *write(&self.redactor) = Arc::new(it);
    }

    /// What texts to be explained do not tell of themselves.
    #[must_use]
    pub fn settings(&self) -> Settings {
        read(&self.settings).clone()
    }

    /// Uses other settings from now on.
    pub fn set_settings(&self, it: Settings) {
        *write(&self.settings) = it;
    }

    /// The committed totals, to be looked at.
    pub fn totals(&self) -> RwLockReadGuard<'_, Totals> {
        read(&self.totals)
    }

    /// Adds what was committed.
    pub fn committed(&self, totals: impl IntoIterator<Item = (String, f64)>) {
        write(&self.totals).merge(totals);
    }

    /// The gauges, to be looked at.
    pub fn snapshot(&self) -> RwLockReadGuard<'_, Snapshot> {
        read(&self.snapshot)
    }

    /// The gauges, to be changed.
    pub fn snapshot_mut(&self) -> RwLockWriteGuard<'_, Snapshot> {
        write(&self.snapshot)
    }

    /// What is configured.
    #[must_use]
    pub fn about(&self) -> About {
        read(&self.about).clone()
    }

    /// Says what is configured.
    pub fn set_about(&self, it: About) {
        *write(&self.about) = it;
    }

    /// How the daemon is.
    #[must_use]
    pub fn health(&self) -> Health {
        read(&self.health).clone()
    }

    /// Says how the daemon is.
    pub fn set_health(&self, it: Health) {
        *write(&self.health) = it;
    }

    /// Why the last attempt of each receiver failed that failed.
    #[must_use]
    pub fn failures(&self) -> BTreeMap<String, String> {
        read(&self.failures).clone()
    }

    /// Says how the last attempt of a receiver went.
    pub fn set_failure(&self, receiver: &str, failure: Option<String>) {
        match failure {
            Some(text) => write(&self.failures).insert(receiver.to_owned(), text),
            None => write(&self.failures).remove(receiver),
        };
    }

    /// Why something of a source cannot be read, by source.
    #[must_use]
    pub fn source_errors(&self) -> BTreeMap<String, String> {
        read(&self.source_errors).clone()
    }

    /// Says what cannot be read, by source.
    pub fn set_source_errors(&self, it: BTreeMap<String, String>) {
        *write(&self.source_errors) = it;
    }

    /// Tells the open pages that an incident changed.
    pub fn announce(&self, incident: &Incident) {
        if self.events.receiver_count() == 0 {
            return;
        }
        if let Ok(text) = serde_json::to_string(&Row::brief(incident)) {
            let _ = self.events.send(text.into());
        }
    }
}

// A lock is poisoned when its holder panicked; what it holds is whole all the same, since
// each change is one assignment.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
