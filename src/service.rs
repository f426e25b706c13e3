//! The daemon: everything that can fail or wait, in one order and no other.
//!
//! ```text
//! read → process → commit (counters + incidents + outbox + checkpoints) → deliver
//! ```
//!
//! One thread, the engine, reads, judges and writes; it owns the store. Around it a small
//! runtime serves the page and talks to receivers; the two exchange [`Event`]s. A crash
//! between any two steps loses nothing and repeats at most a delivery.

pub mod engine;
pub mod event;
mod feedback;
mod outbox;
mod rules;
pub mod tally;
mod watchdog;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use shirwatch_parsers::Settings;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::catalogue::Catalogue;
use crate::catalogue::CatalogueError;
use crate::config::Config;
use crate::delivery::Courier;
use crate::delivery::CourierError;
use crate::delivery::Delivery;
use crate::delivery::Outcome;
use crate::delivery::courier;
use crate::model::incident::Incident;
use crate::model::redacted::Redactor;
use crate::service::engine::Engine;
use crate::service::engine::Parts;
use crate::service::event::Alarm;
use crate::service::event::Event;
use crate::service::tally::Tally;
use crate::sources::SourceError;
use crate::store::Store;
use crate::store::StoreError;
use crate::web;
use crate::web::shared::{About, Command, Shared};

/// Called with each incident that opens or counts.
pub type OnIncident = Box<dyn FnMut(&Incident) + Send>;

/// Called with the address of the page.
pub type OnAddress = Box<dyn FnOnce(&str) + Send>;

/// How the daemon is run.
#[derive(Default)]
pub struct Options {
    /// Read all sources to their end, deliver, and end.
    pub once: bool,
    /// How long to wait for receivers before ending.
    pub deadline: Duration,
    /// Whether the page and the metrics are served.
    pub serve: bool,
    /// Called with the address, once it is known.
    pub on_address: Option<OnAddress>,
    /// Called with each incident that opens.
    pub on_incident: Option<OnIncident>,
}

/// How the daemon ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// What was read and found in this run.
    pub tally: Tally,
    /// The incidents that are open.
    pub open: Vec<Incident>,
    /// Alerts that no receiver took.
    pub undelivered: u64,
    /// What could not be read, and why.
    pub unread: BTreeMap<String, String>,
}

/// Why the daemon did not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says it")]
pub enum ServiceError {
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Web(#[from] web::WebError),
    #[error(transparent)]
    Courier(#[from] CourierError),
    #[error("the receivers or routes are refused: {0}")]
    Delivery(String),
    #[error("what was read last was not written and is read again at the next start: {0}")]
    Unwritten(String),
    #[error("cannot start the runtime of the daemon")]
    Runtime(#[from] std::io::Error),
    #[error("the engine stopped unexpectedly; its panic stands above, please report it")]
    Panicked,
}

/// The clock of the daemon.
#[expect(clippy::disallowed_methods, reason = "the service is where time enters")]
pub(crate) fn clock() -> Timestamp {
    Timestamp::now()
}

/// Runs the daemon until it is told to stop, or once.
pub fn run(config: Config, options: Options) -> Result<Ended, ServiceError> {
    let state_dir = config.state_dir();
    let store = Store::open(&state_dir, &config.limits, clock())?;
    let catalogue = Arc::new(Catalogue::load(config.catalogue.dir.as_deref())?);
    let delivery = Delivery::new(&config.receivers, &config.routes).map_err(|it| {
        ServiceError::Delivery(it.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended =
        runtime.block_on(serve(config, options, state_dir, store, catalogue, Arc::new(delivery)));
    // A receiver that hangs on a full pipe must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn serve(
    mut config: Config,
    mut options: Options,
    state_dir: PathBuf,
    store: Store,
    catalogue: Arc<Catalogue>,
    delivery: Arc<Delivery>,
) -> Result<Ended, ServiceError> {
    let door = if options.serve { Some(web::Door::open(&config.web).await?) } else { None };
    let (events, inbox) = sync_channel(1024);
    let alarm = Alarm::new(events.clone());
    let (commands, asked) = mpsc::channel(16);
    let (outcomes, done) = mpsc::channel(64);
    let shared =
        Shared::new(config.web.clone(), state_dir.clone(), Arc::clone(&catalogue), commands);
    let shared = Arc::new(shared.admitting(config.web.users()?));
    shared.set_redactor(Redactor::new(&config.redaction));
    shared.set_about(about(&config));
    if let Some(source) = config.sources.first() {
        shared.set_settings(Settings { timezone: source.time_zone()? });
    }
    if config.web.external_url.is_none() {
        config.web.external_url = door.as_ref().and_then(own_address);
    }
    let courier = Courier::new(courier::TIMEOUT)?;
    let workers = delivery.start(&courier, &outcomes);
    let parts = Parts {
        config,
        state_dir,
        store,
        catalogue,
        delivery,
        workers,
        shared: Arc::clone(&shared),
        alarm,
    };
    let mut engine = Engine::new(parts, options.once, options.on_incident.take())?;
    spawn_forwarders(events.clone(), asked, done, options.once);
    let (stopping, stop) = oneshot::channel::<()>();
    let mut serving = None;
    if let Some(door) = door {
        let stop = async move { stop.await.unwrap_or_default() };
        announce(&door, options.on_address.take());
        serving = Some(tokio::spawn(web::serve(door, shared, stop)));
    }
    let deadline = options.deadline;
    let handle = thread::Builder::new().name("engine".to_owned()).spawn(move || {
        let ended = if options.once {
            engine.run_once(&inbox, deadline)
        } else {
            engine.run(&inbox, deadline)
        };
        (engine, ended)
    })?;
    let (engine, ended) = tokio::task::spawn_blocking(move || handle.join())
        .await
        .map_err(|_| ServiceError::Panicked)?
        .map_err(|_| ServiceError::Panicked)?;
    drop(engine);
    drop(stopping);
    if let Some(serving) = serving {
        // Open requests are answered; what lasts longer is cut off.
        let _ = serving.await;
    }
    ended
}

/// Where alerts link to without `web.external_url`: to the address that is listened on,
/// which at least works on this machine. An address that stands for all is no link.
fn own_address(door: &web::Door) -> Option<String> {
    door.url().filter(|_| door.address().is_some_and(|it| !it.ip().is_unspecified()))
}

/// Tells the address, to the log and to who asked for it.
fn announce(door: &web::Door, tell: Option<OnAddress>) {
    let address = door.url().map(|it| format!("{it}/")).unwrap_or_default();
    tracing::info!(%address, "serving the page, the API and /metrics");
    if let Some(tell) = tell {
        tell(&address);
    }
}

fn about(config: &Config) -> About {
    let kind = |it: &crate::sources::SourceConfig| match it.kind() {
        Ok(crate::sources::Kind::File(_)) => "file",
        Ok(crate::sources::Kind::Stdin(_)) => "stdin",
        Ok(crate::sources::Kind::WindowsEventLog(_)) => "windows_event_log",
        Err(_) => "",
    };
    About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: option_env!("SHIRWATCH_REVISION").unwrap_or_default().to_owned(),
        sources: config
            .sources
            .iter()
            .map(|it| (it.name().to_owned(), kind(it).to_owned()))
            .collect(),
        receivers: config
            .receivers
            .iter()
            .map(|it| (it.name.clone(), it.kind().unwrap_or_default().to_owned()))
            .collect(),
    }
}

/// Carries commands, outcomes and signals to the engine.
fn spawn_forwarders(
    events: SyncSender<Event>,
    mut asked: mpsc::Receiver<Command>,
    mut done: mpsc::Receiver<Outcome>,
    once: bool,
) {
    let to_engine = events.clone();
    tokio::spawn(async move {
        while let Some(command) = asked.recv().await {
            forward(&to_engine, Event::Asked(command)).await;
        }
    });
    let to_engine = events.clone();
    tokio::spawn(async move {
        while let Some(outcome) = done.recv().await {
            forward(&to_engine, Event::Delivered(outcome)).await;
        }
    });
    if !once {
        tokio::spawn(async move {
            stopped().await;
            forward(&events, Event::Stop).await;
        });
    }
}

/// Puts an event into the engine's inbox; waits while that is full.
async fn forward(events: &SyncSender<Event>, event: Event) {
    let mut event = Some(event);
    while let Some(it) = event.take() {
        match events.try_send(it) {
            Err(std::sync::mpsc::TrySendError::Full(it)) => {
                event = Some(it);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(()) | Err(std::sync::mpsc::TrySendError::Disconnected(_)) => {}
        }
    }
}

/// Waits until somebody asks the process to end.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
