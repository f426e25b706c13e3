//! `/livez`, `/readyz` and `/metrics`: for machines that watch the watcher.
//!
//! `/livez` fails when a restart would help, `/readyz` when the work is not done at this
//! moment; both say why, one reason a line. `/metrics` shows what was committed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::outputs::prometheus::{CONTENT_TYPE, exposition};
use crate::web::api::{beside, failed};
use crate::web::shared::Shared;

/// Whether the daemon is alive.
pub async fn livez(State(shared): State<Arc<Shared>>) -> Response {
    verdict(&shared, &shared.health().dead, &[])
}

/// Whether the daemon does its work.
pub async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let health = shared.health();
    verdict(&shared, &[health.dead, health.not_ready].concat(), &health.notes)
}

/// What was counted.
pub async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let written = beside(&shared, |shared| exposition(&shared.totals(), &shared.snapshot())).await;
    match written {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Ok(Err(error)) => failed(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        Err(response) => response,
    }
}

/// Reasons and notes name files and receivers: who was not asked for a password is not told them.
fn verdict(shared: &Shared, reasons: &[String], notes: &[String]) -> Response {
    let (status, word) = match reasons.is_empty() {
        true => (StatusCode::OK, Some("ok")),
        false if shared.gate.asks() => (StatusCode::SERVICE_UNAVAILABLE, Some("not well")),
        false => (StatusCode::SERVICE_UNAVAILABLE, None),
    };
    let told = reasons.iter().chain(notes).map(String::as_str).filter(|_| !shared.gate.asks());
    let lines: Vec<&str> = word.into_iter().chain(told).collect();
    (status, lines.join("\n") + "\n").into_response()
}
