//! One HTTP client for all that asks Azure: bounded in time and bytes, and led nowhere else.
//!
//! No redirect is followed, as a token would go with it. What is said of a failure names the
//! host, and never path or query: a shared access signature stands in the query.

use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Client;
use reqwest::RequestBuilder;
use reqwest::Url;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::redirect;

use crate::sources::azure::trouble::{Kind, Trouble};

/// How long a connection, and a whole request, may take.
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(60);

/// Bytes of an answer that are read; a page of a listing is the longest.
const LONGEST: usize = 32 * 1024 * 1024;

/// A client.
#[derive(Debug, Clone)]
pub(in crate::sources) struct Web {
    client: Client,
    /// One that goes through no proxy: a machine's own identity is found on the machine.
    direct: Client,
}

/// What was answered, whatever it is.
#[derive(Debug, Clone)]
pub(in crate::sources) struct Answer {
    pub(in crate::sources) status: u16,
    pub(in crate::sources) headers: HeaderMap,
    pub(in crate::sources) body: Vec<u8>,
}

impl Web {
    pub(in crate::sources) fn new() -> Result<Self, Trouble> {
        // Whoever was first has installed the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                .redirect(redirect::Policy::none())
                .connect_timeout(CONNECT)
                .timeout(WHOLE)
                .user_agent(concat!("shirwatch/", env!("CARGO_PKG_VERSION")))
        };
        let built = builder().build().and_then(|it| Ok((it, builder().no_proxy().build()?)));
        let (client, direct) = built.map_err(|it| {
            Trouble::new(Kind::Other, format!("no HTTP client can be built: {}", root(&it)))
        })?;
        Ok(Self { client, direct })
    }

    pub(in crate::sources) fn direct(&self) -> &Client {
        &self.direct
    }

    pub(in crate::sources) fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request and reads the answer.
    pub(in crate::sources) async fn send(
        &self,
        request: RequestBuilder,
    ) -> Result<Answer, Trouble> {
        let mut response = request.send().await.map_err(broken)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(broken)? {
            if body.len() + piece.len() > LONGEST {
                return Err(Trouble::new(Kind::Other, "an answer is too long to be true"));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, headers, body })
    }
}

impl Answer {
    /// How long we are asked to wait.
    pub(in crate::sources) fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }

    /// What time it is there.
    pub(in crate::sources) fn clock(&self) -> Option<Timestamp> {
        date(self.headers.get(DATE)?.to_str().ok()?)
    }
}

/// `Retry-After`, in seconds or as a date, which is compared with the clock of who wrote it;
/// some services say it in milliseconds, by a header of their own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let millis = || text("x-ms-retry-after-ms")?.trim().parse().ok().map(Duration::from_millis);
    let Some(asked) = text(RETRY_AFTER.as_str()) else { return millis() };
    if let Ok(seconds) = asked.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let left = date(asked)?.duration_since(date(text(DATE.as_str())?)?);
    Some(Duration::try_from(left).unwrap_or_default())
}

fn date(text: &str) -> Option<Timestamp> {
    // `GMT` is what HTTP writes and what this reader takes for UTC.
    rfc2822::parse(text.trim()).ok().map(|it| it.timestamp())
}

/// The host of an address, for messages.
pub(in crate::sources) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or("the other side")
}

fn broken(error: reqwest::Error) -> Trouble {
    let host = error.url().map(|it| host(it).to_owned()).unwrap_or_default();
    let error = error.without_url();
    let what = if error.is_timeout() {
        format!("`{host}` gave no answer in time")
    } else {
        format!("cannot reach `{host}`: {}", root(&error))
    };
    Trouble::new(Kind::Connection, what)
}

/// The innermost cause, which says most.
fn root(error: &dyn Error) -> String {
    let mut root = error;
    while let Some(it) = root.source() {
        root = it;
    }
    root.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn what_we_are_asked_to_wait_is_read_in_all_its_forms() {
        check(&[("retry-after", "7")],                                                                             Some(7_000));
        check(&[("x-ms-retry-after-ms", "1500")],                                                                  Some(1_500));
        check(&[("retry-after", "Tue, 17 Mar 2026 07:30:30 GMT"), ("date", "Tue, 17 Mar 2026 07:30:00 GMT")],      Some(30_000));
        check(&[("retry-after", "Tue, 17 Mar 2026 07:29:00 GMT"), ("date", "Tue, 17 Mar 2026 07:30:00 GMT")],      Some(0));
        check(&[("retry-after", "Tue, 17 Mar 2026 07:29:00 GMT")],                                                 None);
        check(&[("retry-after", "soon")],                                                                          None);
        check(&[],                                                                                                 None);
    }

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], millis: Option<u64>) {
        let headers = headers.iter().map(|(name, value)| {
            (reqwest::header::HeaderName::from_static(name), value.parse().unwrap())
        });
        assert_eq!(retry_after(&headers.collect()), millis.map(Duration::from_millis));
    }
}
