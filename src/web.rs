//! The listener: the page, the API, `/metrics`, and health.
//!
//! ```text
//! GET  /  /incidents/…  /rules  /rules/ID  /explain  /sources     one page (page.rs)
//! GET  /metrics  /livez  /readyz                                  health.rs
//! GET  /api/v1/incidents[/FP]  /rules[/ID]  /status  /events      api.rs
//! POST /api/v1/explain  /api/v1/incidents/FP/resolve              api.rs
//! ```
//!
//! The web only reads: what was committed from the store, and all else from [`Shared`],
//! which the service fills. The one thing that changes anything, to resolve an incident, is
//! sent to the service as a [`Command`], since the store has one writer.
//!
//! Everything is bounded: bodies, the time and the number of requests, of connections, and
//! of readers of the store. Whatever takes time runs beside the loop that serves.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{delete, get, post};
use tokio::net::TcpListener;

pub mod api;
pub mod config;
pub mod explain;
pub mod guard;
pub mod health;
mod history;
pub mod listener;
pub mod page;
pub mod rows;
pub mod shared;
mod silences;
pub mod status;

pub use config::{WebConfig, WebError};
pub use shared::{About, Command, Health, Shared};

/// Bytes of a text to be explained.
const BODY_LIMIT: usize = 1 << 20;

/// How long a request may take, from its first line to its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long open connections may go on once the daemon ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// All paths.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/rules", get(page::index))
        .route("/explain", get(page::index))
        .route("/sources", get(page::index))
        .route("/rules/{id}", get(page::rule))
        .route("/incidents/{name}", get(page::index))
        .route("/page/{name}", get(page::part))
        .route("/icon.svg", get(page::icon))
        .route("/metrics", get(health::metrics))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/api/v1/incidents", get(api::incidents))
        .route("/api/v1/incidents/{name}", get(api::incident))
        .route("/api/v1/incidents/{name}/resolve", post(api::resolve))
        .route("/api/v1/silences", get(silences::list).post(silences::add))
        .route("/api/v1/silences/{id}", delete(silences::expire))
        .route("/api/v1/rules", get(api::rules))
        .route("/api/v1/rules/{id}", get(api::rule))
        .route("/api/v1/explain", post(api::explain))
        .route("/api/v1/errors", get(history::errors))
        .route("/api/v1/status", get(status::status))
        .route("/api/v1/events", get(api::events))
        .fallback(api::nothing)
        .method_not_allowed_fallback(api::not_so)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(hurry))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::hosts))
        .layer(middleware::from_fn(guard::headers))
        .with_state(shared)
}

/// Gives up on a request that takes too long; its body counts. A stream of events has
/// answered when it begins.
async fn hurry(
    request: axum::extract::Request,
    next: middleware::Next,
) -> axum::response::Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => api::failed(
            StatusCode::SERVICE_UNAVAILABLE,
            "the answer took too long; try again, or ask for less",
        ),
    }
}

/// Binds the address of the configuration, once it was checked.
pub async fn bind(config: &WebConfig) -> Result<TcpListener, WebError> {
    let address = config.address()?;
    TcpListener::bind(address).await.map_err(|source| WebError::Listen { address, source })
}

/// Serves until `stop` is done, and lets open requests end.
pub async fn serve<S>(listener: TcpListener, shared: Arc<Shared>, stop: S) -> io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
{
    let (stopping, stopped) = tokio::sync::watch::channel(false);
    let wait = |mut stopped: tokio::sync::watch::Receiver<bool>| async move {
        let _ = stopped.wait_for(|it| *it).await;
    };
    let serving = axum::serve(listener::Bounded::new(listener), router(shared))
        .with_graceful_shutdown(wait(stopped.clone()));
    tokio::spawn(async move {
        stop.await;
        let _ = stopping.send(true);
    });
    let farewell = async {
        wait(stopped).await;
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        done = serving => done,
        () = farewell => Ok(()),
    }
}

/// The address that a listener was given, for the log.
#[must_use]
pub fn local(listener: &TcpListener) -> Option<SocketAddr> {
    listener.local_addr().ok()
}

#[cfg(test)]
mod tests;
