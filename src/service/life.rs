//! A life: all that follows from one configuration, from its first event to its last commit.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use shirwatch_parsers::Settings;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::config::faults::chain;
use crate::delivery::Courier;
use crate::delivery::Delivery;
use crate::delivery::Outcome;
use crate::delivery::Workers;
use crate::delivery::courier;
use crate::model::redacted::Redactor;
use crate::service::Ended;
use crate::service::GRACE;
use crate::service::OnAddress;
use crate::service::Options;
use crate::service::ServiceError;
use crate::service::clock;
use crate::service::engine::Engine;
use crate::service::engine::Parts;
use crate::service::event::Alarm;
use crate::service::event::Event;
use crate::sources::Kind;
use crate::store::Store;
use crate::store::StoreError;
use crate::web;
use crate::web::shared::{About, Command, Health, Shared};

/// A configuration and what it names, read and found good.
pub(super) struct Prepared {
    config: Config,
    catalogue: Arc<Catalogue>,
    delivery: Arc<Delivery>,
}

impl Prepared {
    /// Reads the rules and builds the receivers.
    pub(super) fn new(config: Config) -> Result<Self, ServiceError> {
        let catalogue = Catalogue::load(config.catalogue.dir.as_deref())?.without_proof();
        let delivery = Delivery::new(&config.receivers, &config.routes).map_err(|it| {
            let faults: Vec<_> = it.iter().map(ToString::to_string).collect();
            ServiceError::Delivery(faults.join("; "))
        })?;
        Ok(Self { config, catalogue: Arc::new(catalogue), delivery: Arc::new(delivery) })
    }
}

/// The engine after its work, and how that ended.
type Run = (Engine, Result<Ended, ServiceError>);

/// The engine at work, and what serves it.
pub(super) struct Life {
    /// Its configuration.
    pub(super) config: Config,
    events: SyncSender<Event>,
    shared: Arc<Shared>,
    engine: oneshot::Receiver<Run>,
    end: Option<Result<Run, ServiceError>>,
    pulse: Arc<AtomicU64>,
    listener: Option<std::net::TcpListener>,
    serving: Option<(oneshot::Sender<()>, tokio::task::JoinHandle<()>)>,
}

impl Life {
    /// Opens the store and the sources, and lets the engine work. Where it serves the address of
    /// the life before it, it takes over that one's listener, so that no request is refused.
    pub(super) async fn begin(
        prepared: Prepared,
        options: &mut Options,
        before: Option<&std::net::TcpListener>,
    ) -> Result<Self, ServiceError> {
        let Prepared { config, catalogue, delivery } = prepared;
        let state_dir = config.state_dir();
        let door = match options.serve {
            true => Some(web::Door::open(&config.web, before).await?),
            false => None,
        };
        let store = aside(|| Store::open(config.place(), &config.limits, clock()))?;
        let (events, inbox) = sync_channel(1024);
        let (commands, asked) = mpsc::channel(16);
        let (outcomes, done) = mpsc::channel(64);
        let shared = share(&config, &catalogue, commands)?;
        // A courier holds the certificates of the system, a quarter of a MiB.
        let workers = match delivery.is_idle() {
            true => Workers::default(),
            false => delivery.start(&Courier::new(courier::TIMEOUT)?, &outcomes),
        };
        let pulse = Arc::new(AtomicU64::new(0));
        let parts = Parts {
            config: linked(config.clone(), door.as_ref()),
            state_dir,
            store,
            catalogue,
            delivery,
            workers,
            shared: Arc::clone(&shared),
            alarm: Alarm::new(events.clone()),
            pulse: Arc::clone(&pulse),
        };
        let (once, on_incident) = (options.once, options.on_incident.take());
        let mut engine = aside(move || Engine::new(parts, once, on_incident))?;
        carry(&events, asked, Event::Asked);
        carry::<Outcome>(&events, done, Event::Delivered);
        let mut life = Self {
            config,
            events,
            shared: Arc::clone(&shared),
            engine: oneshot::channel().1,
            end: None,
            pulse,
            listener: door.as_ref().map(web::Door::listener).transpose()?,
            serving: None,
        };
        if let Some(door) = door {
            life.serve(door, shared, options.on_address.take());
        }
        let (once, deadline) = (options.once, options.deadline);
        let (ended, engine_ended) = oneshot::channel();
        life.engine = engine_ended;
        thread::Builder::new().name("engine".to_owned()).spawn(move || {
            let how = if once { engine.run_once(&inbox, deadline) } else { engine.run(&inbox) };
            // Nobody listens any more when it did not stop in time.
            let _ = ended.send((engine, how));
        })?;
        Ok(life)
    }

    fn serve(&mut self, door: web::Door, shared: Arc<Shared>, tell: Option<OnAddress>) {
        let (stopping, stop) = oneshot::channel::<()>();
        let stop = async move { stop.await.unwrap_or_default() };
        announce(&door, tell);
        self.serving = Some((stopping, tokio::spawn(web::serve(door, shared, stop))));
    }

    /// Waits until the engine has ended.
    pub(super) async fn over(&mut self) {
        if self.end.is_none() {
            self.end = Some((&mut self.engine).await.map_err(|_| ServiceError::Panicked));
        }
    }

    /// How it ended.
    pub(super) async fn ended(mut self) -> Result<Ended, ServiceError> {
        self.over().await;
        let (engine, ended) = self.end.take().unwrap_or(Err(ServiceError::Panicked))?;
        drop(engine);
        // Open requests are answered; what lasts longer is cut off.
        if let Some((stopping, serving)) = self.serving.take() {
            drop(stopping);
            let _ = serving.await;
        }
        // The process ends as well: to take a thousand rules apart would be in vain.
        std::mem::forget(self.shared.catalogue());
        ended
    }

    /// Ends: what is known is written, and receivers are waited for to the deadline.
    pub(super) async fn stop(mut self, within: Duration) -> Result<Ended, ServiceError> {
        self.told_to_stop(within).await?;
        self.ended().await
    }

    /// Ends for another life; gives it the listener.
    pub(super) async fn hand_over(
        mut self,
        within: Duration,
        options: &mut Options,
    ) -> Result<Option<std::net::TcpListener>, ServiceError> {
        self.told_to_stop(within).await?;
        let listener = self.listener.take();
        self.laid_down(options)?.map(|_| listener)
    }

    /// Whether it ended since another daemon of the fleet took over what it read, so that it may
    /// not write any more. A pipe cannot be opened again.
    pub(super) fn is_taken_over(&self) -> bool {
        let piped = self.config.sources.iter().any(|it| it.stdin.is_some());
        let ended = self.end.as_ref().and_then(|it| it.as_ref().ok()).map(|it| &it.1);
        !piped && matches!(ended, Some(Err(ServiceError::Store(StoreError::TakenOver { .. }))))
    }

    /// After it was taken over: what it had not written is forgotten. Gives the listener.
    pub(super) fn give_way(
        mut self,
        options: &mut Options,
    ) -> Result<Option<std::net::TcpListener>, ServiceError> {
        let listener = self.listener.take();
        let why = self.laid_down(options)?.err().map(|it| it.to_string()).unwrap_or_default();
        tracing::warn!(why, "what was read and not written is forgotten; beginning again");
        Ok(listener)
    }

    /// Closes all that the engine had, and gives how it ended.
    fn laid_down(
        &mut self,
        options: &mut Options,
    ) -> Result<Result<Ended, ServiceError>, ServiceError> {
        let (mut engine, ended) = self.end.take().unwrap_or(Err(ServiceError::Panicked))?;
        options.on_incident = engine.on_incident.take();
        // Open requests are answered while the next life begins.
        drop(self.serving.take());
        Ok(ended)
    }

    async fn told_to_stop(&mut self, within: Duration) -> Result<(), ServiceError> {
        forward(&self.events, Event::Stop { within }).await;
        let over = tokio::time::timeout(within + GRACE, self.over()).await;
        over.map_err(|_| ServiceError::Stuck)
    }

    /// Says that the engine does not go on; a restart may help.
    pub(super) fn hangs(&self) {
        let why = "the engine does not go on".to_owned();
        let health = Health { dead: vec![why], ..self.shared.health() };
        self.shared.set_health(health);
    }

    /// Says that a new configuration is not used.
    pub(super) async fn refuse(&self, error: &(dyn Error + 'static)) {
        let why = chain(error);
        tracing::error!(error = why, "the new configuration is refused; the old one stays in use");
        forward(&self.events, Event::Refused(why)).await;
    }

    /// Rounds of the engine so far.
    pub(super) fn pulse(&self) -> u64 {
        self.pulse.load(Ordering::Relaxed)
    }
}

/// Does something that waits on a thread of its own: a shared store may not be asked on one
/// that others are served by.
fn aside<T: Send, E: Send>(work: impl FnOnce() -> Result<T, E> + Send) -> Result<T, ServiceError>
where
    ServiceError: From<E>,
{
    let done = thread::scope(|scope| scope.spawn(work).join());
    Ok(done.map_err(|_| ServiceError::Panicked)??)
}

fn share(
    config: &Config,
    catalogue: &Arc<Catalogue>,
    commands: mpsc::Sender<Command>,
) -> Result<Arc<Shared>, ServiceError> {
    let shared = Shared::new(config.web.clone(), config.place(), Arc::clone(catalogue), commands);
    let shared = shared.admitting(config.web.users()?);
    shared.set_redactor(Redactor::new(&config.redaction));
    shared.set_about(about(config));
    if let Some(source) = config.sources.first() {
        shared.set_settings(Settings { timezone: source.time_zone()? });
    }
    Ok(Arc::new(shared))
}

/// Where alerts link to without `web.external_url`: to the address that is listened on,
/// which at least works on this machine. An address that stands for all is no link.
fn linked(mut config: Config, door: Option<&web::Door>) -> Config {
    if config.web.external_url.is_none() {
        let reached = |it: &&web::Door| it.address().is_some_and(|it| !it.ip().is_unspecified());
        config.web.external_url = door.filter(reached).and_then(web::Door::url);
    }
    config
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
        Ok(Kind::File(_)) => "file",
        Ok(Kind::Stdin(_)) => "stdin",
        Ok(Kind::WindowsEventLog(_)) => "windows_event_log",
        Ok(Kind::AzureBlob(_)) => "azure_blob",
        Ok(Kind::AzureRest(_)) => "azure_rest",
        Ok(Kind::Kafka(_)) => "kafka",
        Err(_) => "",
    };
    let sources = config.sources.iter().map(|it| (it.name().to_owned(), kind(it).to_owned()));
    let receivers = config.receivers.iter();
    let receivers = receivers.map(|it| (it.name.clone(), it.kind().unwrap_or_default().to_owned()));
    About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: option_env!("SHIRWATCH_REVISION").unwrap_or_default().to_owned(),
        sources: sources.collect(),
        receivers: receivers.collect(),
    }
}

/// Carries what comes in to the engine, as long as both are there.
fn carry<T: Send + 'static>(
    events: &SyncSender<Event>,
    mut from: mpsc::Receiver<T>,
    event: fn(T) -> Event,
) {
    let events = events.clone();
    tokio::spawn(async move {
        while let Some(it) = from.recv().await {
            forward(&events, event(it)).await;
        }
    });
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A life that is told to stop before it begins makes one round, and no tick.
    #[tokio::test]
    async fn whether_it_is_ready_is_known_after_one_look_at_its_sources() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().display();
        let yaml = format!(
            "state_dir: '{at}/state'\nsources: [ {{ name: a, file: {{ include: ['{at}/*.log'] }} }} ]\n"
        );
        let config = Config::from_yaml(Path::new("a.yaml"), &yaml).expect("a configuration");
        let prepared = Prepared::new(config).expect("rules and receivers");
        let life = Life::begin(prepared, &mut Options::default(), None).await.expect("a life");
        let shared = Arc::clone(&life.shared);
        life.stop(Duration::from_secs(10)).await.expect("an end");
        assert!(shared.health().not_ready.is_empty(), "{:?}", shared.health().not_ready);
    }
}
