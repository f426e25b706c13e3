//! The page: one document, one style, one script, all built in.
//!
//! Every path of the page gets the same document; its script looks at the path and asks the
//! API. It loads nothing from elsewhere and writes log texts as text, never as markup.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::web::shared::Shared;

const HTML: &str = include_str!("page/index.html");
const CSS: &str = include_str!("page/app.css");
const JS: &str = include_str!("page/app.js");
const ICON: &str = include_str!("page/icon.svg");

/// The document.
pub async fn index() -> Response {
    file("text/html; charset=utf-8", HTML)
}

/// The runbook of a rule. One that does not exist says so to programs too.
pub async fn rule(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let known = shared.catalogue().rule(&id).is_some();
    let status = if known { StatusCode::OK } else { StatusCode::NOT_FOUND };
    (status, index().await).into_response()
}

/// The style.
pub async fn style() -> Response {
    file("text/css; charset=utf-8", CSS)
}

/// The script.
pub async fn script() -> Response {
    file("text/javascript; charset=utf-8", JS)
}

/// The picture in the tab.
pub async fn icon() -> Response {
    file("image/svg+xml", ICON)
}

/// A file that may be kept, but is asked for again after an upgrade.
fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}
