//! Sends a message, once, and says what the other side answered.
//!
//! ```text
//! 2xx                                           sent
//! 408, 425, 429, 5xx, no answer, no connection  retry, not before `Retry-After`
//! 3xx, all other 4xx                            refused: asking again would change nothing
//! ```
//!
//! No redirect is followed: a `POST` would arrive as `GET`, or at a host that nobody
//! configured, and would count as delivered. Of an answer a bounded part is read.
//!
//! What is said of a failure names the door of an address (scheme, host, port) and never its
//! credentials, path or query. When to try again is for others to write down; [`backoff`]
//! says how long to wait.

use std::error::Error;
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::outputs::Message;
use crate::outputs::RenderError;
use crate::outputs::Request;
use crate::outputs::door;

pub(crate) mod event_log;
mod mail;
mod syslog;

/// How long one attempt may take, from the connection to the end of the answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes read of an answer.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Characters of an answer that are shown.
const SHOWN: usize = 200;

/// The first pause after a failure, and the longest that we choose.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// The longest pause that a receiver may ask for.
const ASKED: Duration = Duration::from_secs(3600);

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was taken.
    Sent,
    /// One member of a cluster took it, and another did not and may later.
    Partly {
        /// What happened to the other.
        why: Failure,
    },
    /// It was not taken, and may be later.
    Retry {
        /// How long the other side asks us to wait.
        after: Option<Duration>,
        /// What happened.
        why: Failure,
    },
    /// It will never be taken.
    Refused {
        /// What happened.
        why: Failure,
    },
}

/// Why something was not taken. It is printed as one line without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// What kind of failure, for counters.
    pub kind: FailureKind,
    /// What happened, for people.
    pub text: String,
}

/// The kinds of failure: the label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureKind {
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Connection,
    /// The other side failed (5xx).
    ServerError,
    /// We were asked to wait (429).
    RateLimited,
    /// The other side would not have it (4xx).
    Rejected,
    /// We were sent elsewhere (3xx).
    Redirect,
    /// The alert could not be written.
    Render,
    /// Standard output could not be written.
    Write,
}

impl FailureKind {
    /// The name used in the label `reason`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::ServerError => "server-error",
            Self::RateLimited => "rate-limited",
            Self::Rejected => "rejected",
            Self::Redirect => "redirect",
            Self::Render => "render",
            Self::Write => "write",
        }
    }
}

impl Failure {
    /// The alert could not be written.
    #[must_use]
    pub fn render(error: &RenderError) -> Self {
        Self { kind: FailureKind::Render, text: chain(error) }
    }
}

/// Why there is no courier.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the HTTP client; check that the machine has its CA certificates installed")]
pub struct CourierError(#[source] reqwest::Error);

/// Sends messages. Clones share their connections.
#[derive(Clone)]
pub struct Courier {
    client: reqwest::Client,
    timeout: Duration,
    /// Held while something writes, so that a stuck pipe holds one thread and no more.
    stdout: Arc<Mutex<Writer>>,
}

type Writer = Box<dyn Write + Send>;

impl fmt::Debug for Courier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Courier").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Courier {
    /// A courier that waits for at most `timeout` and writes lines to standard output.
    pub fn new(timeout: Duration) -> Result<Self, CourierError> {
        Self::writing_to(timeout, Box::new(std::io::stdout()))
    }

    /// A courier that writes lines to `out`.
    pub fn writing_to(timeout: Duration, out: Writer) -> Result<Self, CourierError> {
        // Fails only where somebody has chosen a provider before us, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("shirwatch/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .build()
            .map_err(CourierError)?;
        Ok(Self { client, timeout, stdout: Arc::new(Mutex::new(out)) })
    }

    /// Sends `message` once.
    pub async fn send(&self, message: Message) -> Answer {
        match message {
            Message::Http(requests) => self.send_all(requests).await,
            Message::Text(text) => self.write(text).await,
            Message::Mail(it) => mail::send(&it, self.timeout).await,
            Message::Syslog(it) => syslog::send(&it, self.timeout).await,
            Message::Event(it) => event_log::send(it, self.timeout).await,
        }
    }

    /// Sends all requests at the same time. It is delivered when one was taken, though who
    /// was away is to be told again.
    async fn send_all(&self, requests: Vec<Request>) -> Answer {
        let mut tasks = JoinSet::new();
        for request in requests {
            let courier = self.clone();
            tasks.spawn(async move { courier.post(request).await });
        }
        let mut answers = Vec::new();
        while let Some(joined) = tasks.join_next().await {
            answers.extend(joined);
        }
        best(answers)
    }

    /// Sends one request.
    async fn post(&self, request: Request) -> Answer {
        let mut sending = self.client.post(&request.url).body(request.body);
        for (name, value) in &request.headers {
            sending = sending.header(name, value);
        }
        match sending.send().await {
            Ok(response) => self.judge(&request.url, response).await,
            Err(error) if error.is_builder() => {
                let text = format!(
                    "cannot be sent to `{}`: {}",
                    door(&request.url),
                    root(&error.without_url())
                );
                Answer::Refused { why: Failure { kind: FailureKind::Render, text } }
            }
            Err(error) => Answer::Retry { after: None, why: self.broken(&request.url, error) },
        }
    }

    /// What the other side meant.
    async fn judge(&self, url: &str, mut response: reqwest::Response) -> Answer {
        let status = response.status();
        let after = retry_after(response.headers());
        let body = beginning(&mut response).await;
        let said = shown(&body, url);
        let colon = if said.is_empty() { "" } else { ": " };
        let text = format!("`{}` answered {status}{colon}{said}", door(url));
        let failure = |kind, text| Failure { kind, text };
        match status {
            _ if status.is_success() => Answer::Sent,
            StatusCode::TOO_MANY_REQUESTS => {
                Answer::Retry { after, why: failure(FailureKind::RateLimited, text) }
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => {
                Answer::Retry { after, why: failure(FailureKind::Timeout, text) }
            }
            _ if status.is_server_error() => {
                Answer::Retry { after, why: failure(FailureKind::ServerError, text) }
            }
            _ if status.is_redirection() => {
                let text =
                    format!("{text}; redirects are not followed, configure the final address");
                Answer::Refused { why: failure(FailureKind::Redirect, text) }
            }
            _ => Answer::Refused { why: failure(FailureKind::Rejected, text) },
        }
    }

    /// What broke on the way.
    fn broken(&self, url: &str, error: reqwest::Error) -> Failure {
        let door = door(url);
        if error.is_timeout() {
            let text = format!("no answer from `{door}` within {:?}", self.timeout);
            return Failure { kind: FailureKind::Timeout, text };
        }
        let text = format!("cannot reach `{door}`: {}", root(&error.without_url()));
        Failure { kind: FailureKind::Connection, text }
    }

    /// Writes lines to standard output. A reader that does not read delays nobody else.
    async fn write(&self, text: String) -> Answer {
        let failed = |text: String| Answer::Retry {
            after: None,
            why: Failure { kind: FailureKind::Write, text },
        };
        let stuck = || failed("standard output takes nothing; its reader does not read".to_owned());
        let Ok(mut out) = Arc::clone(&self.stdout).try_lock_owned() else { return stuck() };
        let writing = tokio::task::spawn_blocking(move || {
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        });
        match tokio::time::timeout(self.timeout, writing).await {
            Ok(Ok(Ok(()))) => Answer::Sent,
            Ok(Ok(Err(error))) => failed(format!("cannot write to standard output: {error}")),
            Ok(Err(_)) | Err(_) => stuck(),
        }
    }
}

/// How long to wait after so many failed attempts: 1 s, 2 s, 4 s … 5 min, a fifth more or
/// less, so that many alerts do not come back all at once. `seed` tells them apart.
#[must_use]
pub fn backoff(attempts: u32, seed: u64) -> Duration {
    let doubled = 2u32.saturating_pow(attempts.saturating_sub(1).min(16));
    let pause = FIRST.saturating_mul(doubled).min(LONGEST);
    let mut bytes = seed.to_le_bytes().to_vec();
    bytes.extend(attempts.to_le_bytes());
    let dice = xxhash_rust::xxh3::xxh3_64(&bytes) % 401;
    pause.mul_f64(0.8 + dice as f64 / 1000.0)
}

/// When to try again: what the receiver asked for, but not sooner than [`backoff`].
#[must_use]
pub fn pause(attempts: u32, seed: u64, after: Option<Duration>) -> Duration {
    backoff(attempts, seed).max(after.unwrap_or_default())
}

/// One answer for all doors of a system: the best of them.
fn best(answers: Vec<Answer>) -> Answer {
    let away = answers.iter().find_map(|it| match it {
        Answer::Retry { why, .. } => Some(why.clone()),
        _ => None,
    });
    if let Some(why) = away.filter(|_| answers.contains(&Answer::Sent)) {
        return Answer::Partly { why };
    }
    let rank = |it: &Answer| match it {
        Answer::Sent | Answer::Partly { .. } => 0,
        Answer::Retry { .. } => 1,
        Answer::Refused { .. } => 2,
    };
    let nobody = || {
        let text = "there was no address to send to".to_owned();
        Answer::Refused { why: Failure { kind: FailureKind::Render, text } }
    };
    answers.into_iter().min_by_key(rank).unwrap_or_else(nobody)
}

/// `Retry-After`, in seconds or as a date. A date is read against the date of the answer
/// itself, so that no clock is asked and none must agree with ours.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(ASKED));
    }
    let date = |text: &str| rfc2822::parse(text).ok().map(|it| it.timestamp());
    let said = date(headers.get(DATE)?.to_str().ok()?)?;
    let wait = date(text)?.as_second().saturating_sub(said.as_second());
    Some(Duration::from_secs(wait.max(0).unsigned_abs()).min(ASKED))
}

/// The beginning of the answer. An answer that breaks off is shown as far as it came.
async fn beginning(response: &mut reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ANSWER_LIMIT - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == ANSWER_LIMIT {
            break;
        }
    }
    body
}

/// The answer as one short line. An answer that repeats our address does not give it away.
fn shown(body: &[u8], url: &str) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.replace(url, "[our address]");
    let secret = url.strip_prefix(&door(url)).unwrap_or_default();
    let text = if secret.len() > 1 { text.replace(secret, "[our path]") } else { text };
    text.chars().filter(|it| !it.is_control()).take(SHOWN).collect()
}

/// The innermost cause of an error, which says most.
fn root(error: &dyn Error) -> String {
    let mut it = error;
    while let Some(source) = it.source() {
        it = source;
    }
    it.to_string()
}

/// An error and its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(it) = next {
        text = format!("{text}: {it}");
        next = it.source();
    }
    text
}

#[cfg(test)]
pub(super) mod tests;
