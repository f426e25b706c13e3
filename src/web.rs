//! The listener: the page, the API, `/metrics`, and health.
//!
//! ```text
//! GET  /  /incidents/…  /rules  /rules/ID  /explain  /sources     one page (page.rs)
//! GET  /metrics  /livez  /readyz                                  health.rs
//! GET  /api/v1/incidents[/FP]  /rules[/ID]  /events               api.rs
//! GET  /api/v1/errors  /status  /silences                         history.rs, status.rs, silences.rs
//! POST /api/v1/explain  /api/v1/incidents/FP/resolve  /silences   api.rs, silences.rs
//! GET  /api/v1/openapi.json                                       what all of them answer
//! ```
//!
//! The web only reads: what was committed from the store, and all else from [`Shared`],
//! which the service fills. To resolve an incident is sent to the service as a [`Command`],
//! since the store has one writer; silences are written beside it.
//!
//! A request passes, in this order: `serve.rs` (connections, TLS, slow heads), `hurry` (30 s),
//! `guard.rs` (foreign names), `gate.rs` (how often, and who), `guard.rs` (changes from other
//! sites), the limit of bodies, its handler.
//!
//! Everything is bounded: bodies, the time and the number of requests, of connections, and
//! of readers of the store. Whatever takes time runs beside the loop that serves.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware;
use axum::routing::{delete, get, post};

pub mod api;
mod asked;
pub mod config;
mod error;
pub mod explain;
mod gate;
pub mod guard;
pub mod health;
mod history;
mod listener;
pub mod page;
mod rate;
pub mod rows;
mod serve;
pub mod shared;
mod silences;
pub mod status;
mod tls;
mod users;

pub use config::WebConfig;
pub use error::WebError;
pub use serve::Door;
pub use shared::{About, Command, Health, Shared};
pub use users::Users;

/// Bytes of a text to be explained.
const BODY_LIMIT: usize = 1 << 20;

/// How long a request may take, from its first line to its answer.
const PATIENCE: Duration = Duration::from_secs(30);

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
        .route("/api/v1/openapi.json", get(page::description))
        .fallback(api::nothing)
        .method_not_allowed_fallback(api::not_so)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::changes))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), gate::gate))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::hosts))
        .layer(middleware::from_fn(hurry))
        .layer(middleware::from_fn(guard::headers))
        .with_state(shared)
}

/// Gives up on a request that takes too long; its body counts. A stream of events has
/// answered when it begins. A body that says itself that it is too large is not waited for.
async fn hurry(
    request: axum::extract::Request,
    next: middleware::Next,
) -> axum::response::Response {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    if length.and_then(|it| it.parse::<usize>().ok()).is_some_and(|it| it > BODY_LIMIT) {
        return api::failed(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB");
    }
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => api::failed(
            StatusCode::SERVICE_UNAVAILABLE,
            "the answer took too long; try again, or ask for less",
        ),
    }
}

/// Serves until `stop` is done, and lets open requests end.
pub async fn serve(door: Door, shared: Arc<Shared>, stop: impl Future<Output = ()>) {
    door.serve(router(shared), stop).await;
}

#[cfg(test)]
mod tests;
