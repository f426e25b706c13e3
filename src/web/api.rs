//! `/api/v1`: what the page shows, for programs.
//!
//! Answers are JSON; a failure is `{"error":"…"}` with a status that says whose it is. Texts
//! of logs are redacted before they are stored, and those to be explained before they are
//! answered.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;

use crate::model;
use crate::store::Reader;
use crate::store::StoreError;
use crate::web::asked::Asked;
use crate::web::explain;
use crate::web::rows::{More, Row, RuleRow};
use crate::web::shared::{Command, Shared};

/// Incidents in one answer, unless fewer are asked for.
const PAGE: u64 = 1000;

/// `?state=open|resolved|all&limit=&offset=`, and `rule=ID` for those of one rule, the most
/// frequent first; `brief=true` leaves their samples out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    state: Option<String>,
    rule: Option<String>,
    limit: Option<u64>,
    offset: u64,
    brief: bool,
}

/// `GET /api/v1/incidents`: those that go on, unless others are asked for.
pub async fn incidents(State(shared): State<Arc<Shared>>, Asked(it): Asked<Wanted>) -> Response {
    let state = match it.state.as_deref() {
        None | Some("open") => Some(model::State::Open),
        Some("resolved") => Some(model::State::Resolved),
        Some("all") => None,
        Some(_) => return failed(StatusCode::BAD_REQUEST, "`state` is open, resolved or all"),
    };
    let limit = it.limit.unwrap_or(PAGE).min(PAGE);
    let found = stored(&shared, move |store| {
        let incidents = match &it.rule {
            Some(rule) => store.incidents_of(rule, state, limit)?,
            None => store.incidents(state, limit, it.offset)?,
        };
        let row = if it.brief { Row::listed } else { Row::new };
        let rows: Vec<_> = incidents.iter().map(row).collect();
        Ok(json!({ "incidents": rows }))
    });
    match found.await {
        Ok(body) => Json(body).into_response(),
        Err(response) => response,
    }
}

/// `GET /api/v1/incidents/FINGERPRINT`, or by its key.
pub async fn incident(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let now = clock();
    let found = stored(&shared, move |store| {
        let Some((incident, occurrences)) = store.incident(&name)? else { return Ok(None) };
        let more = More::of(store, &incident, occurrences, now)?;
        Ok(Some(json!(Row::with(&incident, &more))))
    });
    match found.await {
        Ok(Some(body)) => Json(body).into_response(),
        Ok(None) => failed(StatusCode::NOT_FOUND, "there is no such incident"),
        Err(response) => response,
    }
}

/// `POST /api/v1/incidents/FINGERPRINT/resolve`: closes it, and answers with it.
pub async fn resolve(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let (answer, answered) = oneshot::channel();
    let busy = || failed(StatusCode::SERVICE_UNAVAILABLE, "the daemon is busy; try again");
    let command = Command::Resolve { name: name.clone(), answer };
    if shared.commands.try_send(command).is_err() {
        return busy();
    }
    match answered.await {
        Ok(true) => incident(State(shared), Path(name)).await,
        Ok(false) => failed(StatusCode::NOT_FOUND, "there is no such incident"),
        Err(_) => busy(),
    }
}

/// `?search=WORDS`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Search {
    search: String,
}

/// `GET /api/v1/rules`: the catalogue, or the rules that some words speak of.
pub async fn rules(State(shared): State<Arc<Shared>>, Asked(it): Asked<Search>) -> Response {
    let listed = beside(&shared, move |shared| {
        let catalogue = shared.catalogue();
        let rules: Vec<RuleRow<'_>> = match it.search.trim() {
            "" => catalogue.rules().iter().map(RuleRow::from).collect(),
            words => catalogue.search(words).into_iter().map(RuleRow::from).collect(),
        };
        json!({ "rules": rules })
    });
    match listed.await {
        Ok(body) => Json(body).into_response(),
        Err(response) => response,
    }
}

/// `GET /api/v1/rules/ID`: a rule as it is written.
pub async fn rule(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let read = beside(&shared, move |shared| {
        let catalogue = shared.catalogue();
        let rule = catalogue.written(&id).map_err(|it| it.to_string())?;
        Ok::<_, String>(rule.map(Cow::into_owned))
    });
    match read.await {
        Ok(Ok(Some(rule))) => Json(rule).into_response(),
        Ok(Ok(None)) => failed(StatusCode::NOT_FOUND, "there is no such rule"),
        Ok(Err(why)) => failed(StatusCode::INTERNAL_SERVER_ERROR, &why),
        Err(response) => response,
    }
}

/// `POST /api/v1/explain`: a text, answered with its finding.
pub async fn explain(
    State(shared): State<Arc<Shared>>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            return failed(error.status(), "the text is too long; send one error at a time");
        }
    };
    if body.trim_ascii().is_empty() {
        return failed(StatusCode::BAD_REQUEST, "send the text of an error as the body");
    }
    let told = beside(&shared, move |shared| {
        let finding = explain::explain(shared, String::from_utf8_lossy(&body).trim());
        serde_json::to_string(&finding)
    });
    match told.await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Ok(Err(error)) => failed(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        Err(response) => response,
    }
}

/// `GET /api/v1/events`: `incident` on each change. A page that is too slow misses some, and
/// is told `missed`.
pub async fn events(State(shared): State<Arc<Shared>>) -> Response {
    let Ok(place) = Arc::clone(&shared.streams).try_acquire_owned() else {
        return failed(StatusCode::SERVICE_UNAVAILABLE, "too many pages listen; close some");
    };
    let begin = (shared.events.subscribe(), place);
    let stream = unfold(begin, |(mut events, place)| async {
        let event = match events.recv().await {
            Ok(text) => Event::default().event("incident").data(&*text),
            Err(RecvError::Lagged(_)) => Event::default().event("missed").data("{}"),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok::<_, Infallible>(event), (events, place)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

/// No such path.
pub async fn nothing() -> Response {
    failed(StatusCode::NOT_FOUND, "there is nothing at this path; the page is at /")
}

/// No such method.
pub async fn not_so() -> Response {
    failed(StatusCode::METHOD_NOT_ALLOWED, "this path does not take that method")
}

/// A failure as JSON.
pub fn failed(status: StatusCode, why: &str) -> Response {
    #[derive(Serialize)]
    struct Failed<'a> {
        error: &'a str,
    }
    (status, Json(Failed { error: why })).into_response()
}

/// Does something that takes time beside the loop, a few at one time.
pub(super) async fn beside<T, F>(shared: &Arc<Shared>, work: F) -> Result<T, Response>
where
    T: Send + 'static,
    F: FnOnce(&Shared) -> T + Send + 'static,
{
    let broken = || failed(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be worked on");
    let desk = Arc::clone(&shared.desks).acquire_owned().await.map_err(|_| broken())?;
    let shared = Arc::clone(shared);
    let working = tokio::task::spawn_blocking(move || {
        let _desk = desk;
        work(&shared)
    });
    working.await.map_err(|_| broken())
}

/// Asks the store.
pub(super) async fn stored<T, F>(shared: &Arc<Shared>, ask: F) -> Result<T, Response>
where
    T: Send + 'static,
    F: FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
{
    let asked = beside(shared, |shared| shared.readers.ask(ask));
    asked.await?.map_err(|error| {
        tracing::warn!(%error, "the store could not be asked");
        failed(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
    })
}

/// A request is its own clock.
#[expect(clippy::disallowed_methods, reason = "a request is its own clock")]
pub(super) fn clock() -> Timestamp {
    Timestamp::now()
}
