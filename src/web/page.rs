//! The page: one document, its styles and its scripts, all built in.
//!
//! Every path of the page gets the same document; its script looks at the path and asks the
//! API. It loads nothing from elsewhere and writes log texts as text, never as markup.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use xxhash_rust::xxh3::xxh3_64;

use crate::web::api::nothing;
use crate::web::shared::Shared;

const HTML: &str = include_str!("page/index.html");
const API: &str = include_str!("openapi.json");
const ICON: &str = include_str!("page/icon.svg");

/// What stands under `/page/`.
pub(super) const FILES: [(&str, &str); 18] = [
    ("api.js", include_str!("page/api.js")),
    ("app.js", include_str!("page/app.js")),
    ("base.css", include_str!("page/base.css")),
    ("chart.js", include_str!("page/chart.js")),
    ("copy.js", include_str!("page/copy.js")),
    ("dom.js", include_str!("page/dom.js")),
    ("errors.js", include_str!("page/errors.js")),
    ("explain.js", include_str!("page/explain.js")),
    ("finding.js", include_str!("page/finding.js")),
    ("format.js", include_str!("page/format.js")),
    ("incident.js", include_str!("page/incident.js")),
    ("incidents.js", include_str!("page/incidents.js")),
    ("live.js", include_str!("page/live.js")),
    ("overview.js", include_str!("page/overview.js")),
    ("parts.css", include_str!("page/parts.css")),
    ("rules.js", include_str!("page/rules.js")),
    ("silences.js", include_str!("page/silences.js")),
    ("sources.js", include_str!("page/sources.js")),
];

/// The document.
pub async fn index(headers: HeaderMap) -> Response {
    file(&headers, "text/html; charset=utf-8", HTML)
}

/// The runbook of a rule. One that does not exist says so to programs too.
pub async fn rule(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if shared.catalogue().rule(&id).is_some() {
        return index(headers).await;
    }
    (StatusCode::NOT_FOUND, index(HeaderMap::new()).await).into_response()
}

/// A style or a script.
pub async fn part(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some((_, text)) = FILES.iter().find(|(file, _)| *file == name) else {
        return nothing().await;
    };
    let style = name.ends_with(".css");
    let kind = if style { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
    file(&headers, kind, text)
}

/// The picture in the tab.
pub async fn icon(headers: HeaderMap) -> Response {
    file(&headers, "image/svg+xml", ICON)
}

/// The description of the API.
pub async fn description(headers: HeaderMap) -> Response {
    file(&headers, "application/json", API)
}

/// A file that may be kept, but is asked for again, since an upgrade may have changed it.
fn file(headers: &HeaderMap, kind: &'static str, text: &'static str) -> Response {
    let tag = format!("\"{:016x}\"", xxh3_64(text.as_bytes()));
    let known =
        headers.get(header::IF_NONE_MATCH).is_some_and(|it| it.as_bytes() == tag.as_bytes());
    let kept = [(header::CACHE_CONTROL, "no-cache".to_owned()), (header::ETAG, tag)];
    if known {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(header::CONTENT_TYPE, kind)], text).into_response()
}
