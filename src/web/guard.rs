//! What a browser may be made to do against its user's will, and is refused.
//!
//! A page of another site can send requests to `127.0.0.1`, and a name of its own that leads
//! there makes its scripts read the answers. So a listener on this machine answers only when
//! it is called by a name of this machine or by the external address, and nothing is changed
//! for a request that another site began. Programs send no `Origin` and are served. Beyond this
//! machine nobody knows our names; there a password is asked for, or nothing can be changed.
//!
//! Every answer says that nothing from elsewhere is loaded, and that no other site frames us.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::web::api::failed;
use crate::web::shared::Shared;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Adds the headers that every answer has.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses a call by a foreign name. Scrapes and probes are let through: they tell no log.
pub async fn hosts(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let open = matches!(request.uri().path(), "/metrics" | "/livez" | "/readyz");
    if open || !shared.local || known(&shared, request.headers()) {
        return next.run(request).await;
    }
    failed(
        StatusCode::FORBIDDEN,
        "called by a name that is not ours; use 127.0.0.1, or set `web.external_url`",
    )
}

/// Refuses what changes something when another site began it, or when nothing may be changed.
/// To explain a text changes nothing.
pub async fn changes(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    if is_foreign(&shared, request.headers()) {
        return failed(StatusCode::FORBIDDEN, "the request comes from another site");
    }
    if shared.config.read_only && request.uri().path() != "/api/v1/explain" {
        return failed(
            StatusCode::FORBIDDEN,
            "nothing can be changed here: `web.read_only` is set",
        );
    }
    next.run(request).await
}

/// Whether a browser says that the page of another site began this.
fn is_foreign(shared: &Shared, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|it: &HeaderValue| it.to_str().unwrap_or_default());
    let site = text(HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|it| !matches!(it, "same-origin" | "none")) {
        return true;
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    let named = origin.split_once("://").map(|(_, host)| host);
    let ours = |host: &str| named.is_some_and(|it| it.eq_ignore_ascii_case(host));
    !(text(header::HOST).is_some_and(ours) || shared.external_host.as_deref().is_some_and(ours))
}

/// Whether the request calls us by a name of this machine. A program of old names none.
fn known(shared: &Shared, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let external = shared.external_host.as_deref();
    external.is_some_and(|it| it.eq_ignore_ascii_case(host)) || local(host)
}

/// `localhost`, or an address of this machine, with or without a port.
fn local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|it| it.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn only_names_of_this_machine_are_local() {
        // host                              local
        check("localhost",                   true);
        check("LOCALHOST:10918",             true);
        check("127.0.0.1:10918",             true);
        check("127.8.8.8",                   true);
        check("[::1]:10918",                 true);
        check("[::ffff:127.0.0.1]:1",        true);
        check("127.0.0.1.contoso.example",   false);
        check("localhost.contoso.example",   false);
        check("192.0.2.7:10918",             false);
        check("contoso.example",             false);
        check("",                            false);
    }

    #[track_caller]
    fn check(host: &str, expected: bool) {
        assert_eq!(local(host), expected);
    }
}
