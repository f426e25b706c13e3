//! Who comes in, and how often.
//!
//! ```text
//! 429   a peer that asks too often; what changes or costs something weighs more
//! 401   where `web.basic_auth` is set: a name and a password that are not right
//! ```
//!
//! `/livez` and `/readyz` ask for no password, since probes have none; then they say no reason.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::web::api::failed;
use crate::web::rate::Rate;
use crate::web::shared::Shared;
use crate::web::users::Users;

/// Requests of one peer at once, and in a second. A page asks for 25 files, and then for four
/// answers a second while much happens; many pages may come through one proxy.
const REQUESTS: (f64, f64) = (500.0, 100.0);

/// What a request weighs that changes something or takes long.
const HEAVY: f64 = 10.0;

/// Wrong passwords of one peer at once, and in a second.
const LOGINS: (f64, f64) = (10.0, 0.1);

/// Who asks; the listener says it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// See the module.
#[derive(Debug)]
pub(super) struct Gate {
    users: Option<Users>,
    requests: Rate,
    logins: Rate,
}

impl Gate {
    /// A gate for these users, or for everybody.
    pub(super) fn new(users: Option<Users>) -> Self {
        let rate = |(size, per_second)| Rate::new(size, per_second);
        Self { users, requests: rate(REQUESTS), logins: rate(LOGINS) }
    }

    /// Whether a password is asked for.
    pub(super) fn asks(&self) -> bool {
        self.users.is_some()
    }
}

/// Lets a request in, or says why not.
pub(super) async fn gate(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let peer = request.extensions().get::<Peer>().map_or(here, |it| it.0);
    let weight = if request.method().is_safe() { 1.0 } else { HEAVY };
    if let Err(wait) = shared.gate.requests.take(peer, weight, Instant::now()) {
        return later("too many requests", wait);
    }
    if let Some(users) = shared.gate.users.as_ref().filter(|_| !is_probe(&request)) {
        let header = request.headers().get(header::AUTHORIZATION);
        let header = header.and_then(|it| it.to_str().ok()).map(str::to_owned);
        if let Err(refusal) = admit(&shared.gate, users, peer, header.as_deref()).await {
            return refusal;
        }
    }
    next.run(request).await
}

async fn admit(
    gate: &Gate,
    users: &Users,
    peer: IpAddr,
    header: Option<&str>,
) -> Result<(), Response> {
    let Some(header) = header else { return Err(who()) };
    if users.knows(header) {
        return Ok(());
    }
    // Taken before the check, so that many at once cannot pass.
    gate.logins
        .take(peer, 1.0, Instant::now())
        .map_err(|wait| later("too many wrong passwords", wait))?;
    if users.admits(header).await {
        gate.logins.give(peer, 1.0);
        return Ok(());
    }
    tracing::warn!(%peer, "a wrong name or password was refused");
    Err(who())
}

/// A probe asks for health alone.
pub(super) fn is_probe(request: &Request) -> bool {
    matches!(request.uri().path(), "/livez" | "/readyz")
}

fn who() -> Response {
    let refusal = failed(StatusCode::UNAUTHORIZED, "give a name and its password");
    let ask = HeaderValue::from_static("Basic realm=\"shirwatch\", charset=\"UTF-8\"");
    ([(header::WWW_AUTHENTICATE, ask)], refusal).into_response()
}

fn later(what: &str, wait: Duration) -> Response {
    let seconds = wait.as_secs().saturating_add(1);
    let refusal =
        failed(StatusCode::TOO_MANY_REQUESTS, &format!("{what}; try again in {seconds} s"));
    ([(header::RETRY_AFTER, seconds.to_string())], refusal).into_response()
}
