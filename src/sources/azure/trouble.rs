//! Why a request was not answered as it should be; nothing in it is secret.

use std::time::Duration;

/// What kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sources) enum Kind {
    /// It is not there (404).
    Gone,
    /// It ends before what we asked for (416).
    Shorter,
    /// We may not (401, 403).
    Denied,
    /// We ask too often (429, 503).
    Throttled,
    /// The other side failed (other 5xx).
    Server,
    /// No connection, or no answer in time.
    Connection,
    /// A secret cannot be read, or an answer makes no sense.
    Other,
}

/// Why a request was not answered as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(in crate::sources) struct Trouble {
    /// What kind.
    pub(in crate::sources) kind: Kind,
    /// What happened, for people: never a query, a header or a body that we sent.
    pub(in crate::sources) text: String,
    /// How long the other side asks us to wait.
    pub(in crate::sources) after: Option<Duration>,
}

impl Trouble {
    pub(in crate::sources) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), after: None }
    }

    /// What an answer with this status means.
    pub(in crate::sources) fn of_status(
        status: u16,
        code: &str,
        who: &str,
        after: Option<Duration>,
    ) -> Self {
        let kind = match status {
            404 => Kind::Gone,
            409 | 412 | 416 => Kind::Shorter,
            401 | 403 => Kind::Denied,
            429 | 503 => Kind::Throttled,
            408 | 500.. => Kind::Server,
            _ => Kind::Other,
        };
        let gap = if code.is_empty() { "" } else { " " };
        let remedy = remedy(kind);
        Self { kind, text: format!("{who} answered {status}{gap}{code}{remedy}"), after }
    }
}

fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::Denied => "; check the credential, its role and the network rules of the resource",
        Kind::Throttled => "; it asks us to ask less often",
        _ => "",
    }
}
