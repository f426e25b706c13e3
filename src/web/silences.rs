//! `/api/v1/silences`: what is not to be told for a while.
//!
//! ```text
//! GET                {"silences":[{"id","matchers","starts_at","ends_at","comment"}]}
//! POST               {"matchers":["category=dns"],"ends_at":"2026-03-01T02:00:00Z"}
//! DELETE …/ID        ends it now
//! ```
//!
//! They are written to the store, where the service finds them within a second. What may
//! change them is what may close an incident.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::model::silence::Silence;
use crate::store::Silences;
use crate::store::StoreError;
use crate::web::api::beside;
use crate::web::api::clock;
use crate::web::api::failed;
use crate::web::shared::Shared;

/// The body of a `POST`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    matchers: Vec<String>,
    starts_at: Option<Timestamp>,
    ends_at: Timestamp,
    #[serde(default)]
    comment: String,
}

/// `GET /api/v1/silences`: those that hold, are to come, or were over lately.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Response {
    match asked(&shared, |store| store.list()).await {
        Ok(found) => Json(json!({ "silences": found })).into_response(),
        Err(response) => response,
    }
}

/// `POST /api/v1/silences`: makes one, and answers with it.
pub(super) async fn add(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let wanted: Wanted = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => return failed(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let now = clock();
    let times = (wanted.starts_at.unwrap_or(now), wanted.ends_at);
    let it = match Silence::new(&wanted.matchers, times, &wanted.comment, now) {
        Ok(it) => it,
        Err(error) => return failed(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let kept = it.clone();
    match asked(&shared, move |store| store.add(&kept, now)).await {
        Ok(()) => (StatusCode::CREATED, Json(json!(it))).into_response(),
        Err(response) => response,
    }
}

/// `DELETE /api/v1/silences/ID`: ends it now.
pub(super) async fn expire(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let now = clock();
    match asked(&shared, move |store| store.expire(&id, now)).await {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => failed(StatusCode::NOT_FOUND, "there is no such silence that could end"),
        Err(response) => response,
    }
}

async fn asked<T, F>(shared: &Arc<Shared>, ask: F) -> Result<T, Response>
where
    T: Send + 'static,
    F: FnOnce(&mut Silences) -> Result<T, StoreError> + Send + 'static,
{
    let asked = beside(shared, |shared| {
        Silences::open(shared.readers.place()).and_then(|mut it| ask(&mut it))
    });
    asked.await?.map_err(|error| failed(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()))
}
