//! The daemon: everything that can fail or wait, in one order and no other.
//!
//! ```text
//! read → process → commit (counters + incidents + outbox + checkpoints) → deliver
//! ```
//!
//! One thread, the engine, reads, judges and writes; it owns the store. Around it a small
//! runtime serves the page and talks to receivers; the two exchange events. A crash
//! between any two steps loses nothing and repeats at most a delivery.
//!
//! All that follows from one configuration is a `Life`. A new configuration begins a new one
//! when the old has written what it knows: a reload is a restart without a new process. So it is
//! where another daemon of a fleet has taken over what was read here.

mod commit;
pub mod engine;
pub mod event;
mod feedback;
mod fleet;
pub(crate) mod footprint;
mod life;
pub mod log;
mod members;
pub mod orders;
mod outbox;
mod pace;
mod rules;
#[cfg(windows)]
pub mod scm;
mod standing;
mod systemd;
pub mod tally;
mod tap;
mod watchdog;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::catalogue::CatalogueError;
use crate::config::Config;
use crate::delivery::CourierError;
use crate::model::incident::Incident;
use crate::service::life::Life;
use crate::service::life::Prepared;
use crate::service::orders::Order;
use crate::service::orders::Orders;
use crate::service::systemd::Systemd;
use crate::service::tally::Tally;
use crate::sources::SourceError;
use crate::store::StoreError;
use crate::web;

/// Called with each incident that opens or counts.
pub type OnIncident = Box<dyn FnMut(&Incident) + Send>;

/// Called with the address of the page.
pub type OnAddress = Box<dyn FnOnce(&str) + Send>;

/// Reads the configuration anew.
pub type Reread = Box<dyn FnMut() -> Result<Config, Box<dyn Error + Send + Sync>> + Send>;

/// How long the receivers are waited for when a new configuration takes over. What they did not
/// answer is told once more.
const HANDOVER: Duration = Duration::from_secs(1);

/// How long beyond its deadline the engine may take to write what it knows.
const GRACE: Duration = Duration::from_secs(20);

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
    /// Reads the configuration anew; without it there is nothing to reload.
    pub reread: Option<Reread>,
    /// The configuration's file, whose change is an order to reload.
    pub config_file: Option<PathBuf>,
    /// Called when logs are followed.
    pub on_ready: Option<Box<dyn FnOnce() + Send>>,
    /// What is ordered beside the signals of the system; by a service manager, say.
    pub orders: Option<mpsc::Receiver<Order>>,
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
    /// True when the program failed on a text, and passed it over.
    pub gave_up: bool,
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
    #[error("a pipe is read, which cannot be opened again; restart to use the new configuration")]
    Piped,
    #[error(
        "the engine did not stop in time; what it had not written is read again at the next start"
    )]
    Stuck,
}

/// The clock of the daemon.
#[expect(clippy::disallowed_methods, reason = "the service is where time enters")]
pub(crate) fn clock() -> Timestamp {
    Timestamp::now()
}

/// Runs the daemon until it is told to stop, or once.
pub fn run(config: Config, options: Options) -> Result<Ended, ServiceError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(live(config, options));
    // A receiver that hangs on a full pipe must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// One life after the other, until one is told to stop.
async fn live(config: Config, mut options: Options) -> Result<Ended, ServiceError> {
    let file = options.config_file.take();
    let mut orders = Orders::listen(options.orders.take(), file, options.once);
    let mut systemd = Systemd::found();
    let prepared = Prepared::new(config)?;
    footprint::give_back();
    let mut life = Life::begin(prepared, &mut options, None).await?;
    footprint::give_back();
    systemd.ready();
    if let Some(tell) = options.on_ready.take() {
        tell();
    }
    loop {
        let order = tokio::select! {
            () = life.over() => {
                if options.once || !life.is_taken_over() {
                    return life.ended().await;
                }
                life = anew(life, &mut options).await?;
                continue;
            }
            order = orders.next() => order,
            () = systemd.wait() => {
                if !systemd.feel(life.pulse()) {
                    life.hangs();
                }
                continue;
            }
        };
        match order {
            Order::Stop => {
                systemd.stopping();
                return life.stop(options.deadline).await;
            }
            Order::Reload => {
                systemd.reloading();
                life = reload(life, &mut options).await?;
                systemd.ready();
            }
        }
    }
}

/// Begins again from the store, which knows what others have written meanwhile.
async fn anew(life: Life, options: &mut Options) -> Result<Life, ServiceError> {
    let prepared = Prepared::new(life.config.clone())?;
    let listener = life.give_way(options)?;
    Life::begin(prepared, options, listener.as_ref()).await
}

/// Takes in the configuration anew. Where it is refused the old life goes on, or begins again.
async fn reload(life: Life, options: &mut Options) -> Result<Life, ServiceError> {
    let Some(reread) = &mut options.reread else { return Ok(life) };
    let piped = life.config.sources.iter().any(|it| it.stdin.is_some());
    let read = match piped {
        true => Err(ServiceError::Piped.into()),
        false => reread().and_then(|it| Ok(Prepared::new(it)?)),
    };
    let prepared = match read {
        Ok(it) => it,
        Err(error) => {
            life.refuse(&*error).await;
            return Ok(life);
        }
    };
    let old = life.config.clone();
    let listener = life.hand_over(HANDOVER, options).await?;
    match Life::begin(prepared, options, listener.as_ref()).await {
        Ok(life) => {
            log::set_level(life.config.log.level);
            footprint::give_back();
            tracing::info!("the configuration was taken in again");
            Ok(life)
        }
        Err(error) => {
            let life = Life::begin(Prepared::new(old)?, options, listener.as_ref()).await?;
            life.refuse(&error).await;
            Ok(life)
        }
    }
}
