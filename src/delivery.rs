//! From the outbox to the receivers.
//!
//! ```text
//! service ──Job──▶ worker of `ops`   ──render, send──▶ Alertmanager
//!         ──Job──▶ worker of `pager` ──render, send──▶ webhook
//!         ◀──────────────Outcome─────────────────────
//! ```
//!
//! Each receiver has a worker with a short queue of its own, so that a dead one delays no
//! other. A worker tries once and says what came of it; whether and when to try again is
//! written down by the service, in the outbox, so that no attempt is forgotten by a crash.
//! What does not fit into a queue stays in the outbox and is offered again.
//!
//! This layer knows no error, no rule and no store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::model::Alert;
use crate::outputs::OutputError;
use crate::outputs::Receiver;
use crate::outputs::ReceiverConfig;
use crate::outputs::build_all;

pub mod courier;
pub mod routes;

pub use courier::{Answer, Courier, CourierError, Failure, FailureKind, backoff};
pub use routes::{RouteConfig, RouteError, Routes};

/// Jobs that wait in front of one worker; the rest waits in the outbox.
const QUEUE: usize = 16;

/// One alert for one receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its row in the outbox.
    pub id: i64,
    /// What to say.
    pub alert: Alert,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its row in the outbox.
    pub id: i64,
    /// The receiver's name.
    pub receiver: String,
    /// What the receiver answered.
    pub result: Answer,
    /// How long that took.
    pub latency: Duration,
}

/// Why a job was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// The queue is full: offer it again when an outcome has come.
    Busy,
    /// No such receiver is configured any more.
    Unknown,
}

/// Why receivers or routes were refused.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// A receiver.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A route.
    #[error(transparent)]
    Route(#[from] RouteError),
}

/// All receivers, and who is told what.
#[derive(Debug)]
pub struct Delivery {
    receivers: Vec<Arc<Receiver>>,
    routes: Routes,
}

impl Delivery {
    /// Builds receivers and routes, and reports all that is wrong with them at once.
    pub fn new(
        receivers: &[ReceiverConfig],
        routes: &[RouteConfig],
    ) -> Result<Self, Vec<DeliveryError>> {
        let names: Vec<_> = receivers.iter().map(|it| it.name.clone()).collect();
        match (build_all(receivers), Routes::new(routes, &names)) {
            (Ok(receivers), Ok(routes)) => {
                Ok(Self { receivers: receivers.into_iter().map(Arc::new).collect(), routes })
            }
            (receivers, routes) => {
                let receivers = receivers.err().into_iter().flatten().map(DeliveryError::from);
                let routes = routes.err().into_iter().flatten().map(DeliveryError::from);
                Err(receivers.chain(routes).collect())
            }
        }
    }

    /// The receivers that are told `alert`: those that its route names and that want it.
    #[must_use]
    pub fn recipients(&self, alert: &Alert) -> Vec<&str> {
        let mut names = self.routes.receivers(&alert.labels);
        names.retain(|name| {
            let receiver = self.receivers.iter().find(|it| it.name == *name);
            receiver.is_some_and(|it| it.wants(alert.status, alert.reason))
        });
        names
    }

    /// The names of all receivers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.receivers.iter().map(|it| it.name.as_str())
    }

    /// The receiver of that name.
    #[must_use]
    pub fn receiver(&self, name: &str) -> Option<&Arc<Receiver>> {
        self.receivers.iter().find(|it| it.name == name)
    }

    /// True when there is nobody to tell.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.receivers.is_empty()
    }

    /// Starts a worker for each receiver. Needs a runtime.
    #[must_use]
    pub fn start(&self, courier: &Courier, outcomes: &mpsc::Sender<Outcome>) -> Workers {
        let mut workers = Workers::default();
        for receiver in &self.receivers {
            let (queue, jobs) = mpsc::channel(QUEUE);
            workers.queues.insert(receiver.name.clone(), queue);
            let (receiver, courier) = (Arc::clone(receiver), courier.clone());
            workers.tasks.spawn(work(receiver, courier, jobs, outcomes.clone()));
        }
        workers
    }
}

/// The workers at work.
#[derive(Debug, Default)]
pub struct Workers {
    queues: BTreeMap<String, mpsc::Sender<Job>>,
    tasks: JoinSet<()>,
}

impl Workers {
    /// Gives a job to the worker of `receiver`, if there is room in its queue.
    pub fn offer(&self, receiver: &str, job: Job) -> Result<(), NotTaken> {
        let queue = self.queues.get(receiver).ok_or(NotTaken::Unknown)?;
        queue.try_send(job).map_err(|_| NotTaken::Busy)
    }

    /// How many more jobs the worker of `receiver` would take now.
    #[must_use]
    pub fn room(&self, receiver: &str) -> usize {
        self.queues.get(receiver).map_or(0, mpsc::Sender::capacity)
    }

    /// Takes no more jobs and waits until those in the queues are done, `within` at most.
    /// Outcomes must be received meanwhile. What is not done stays in the outbox.
    pub async fn finish(mut self, within: Duration) {
        self.queues.clear();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(within, all).await;
    }
}

/// Does one job after the other until no more can come, or nobody wants to know.
async fn work(
    receiver: Arc<Receiver>,
    courier: Courier,
    mut jobs: mpsc::Receiver<Job>,
    outcomes: mpsc::Sender<Outcome>,
) {
    while let Some(job) = jobs.recv().await {
        let begun = Instant::now();
        let result = say(&receiver, &courier, &job.alert).await;
        let latency = begun.elapsed();
        let outcome = Outcome { id: job.id, receiver: receiver.name.clone(), result, latency };
        if outcomes.send(outcome).await.is_err() {
            return;
        }
    }
}

/// Says one alert to one receiver, once.
pub async fn say(receiver: &Receiver, courier: &Courier, alert: &Alert) -> Answer {
    match receiver.output.render(alert) {
        Ok(message) => courier.send(message).await,
        Err(error) => Answer::Refused { why: Failure::render(&error) },
    }
}

#[cfg(test)]
mod tests;
