//! What the sources that ask Azure have in common: who we are, how we ask, and when again.
//!
//! ```text
//! engine ─ Ask ─▶ worker (a thread with its own runtime) ─ Tokens, Web ─▶ Azure
//!        ◀ answer, and the waker is called ─┘
//! ```
//!
//! Sources are asked by one thread and never wait, so requests are made by a worker; what it
//! was told comes back as a value. All that decides (positions, what is new, when to try
//! again) stands in the sources, where a test needs neither a network nor a clock.

mod assertion;
pub(super) mod clock;
pub(super) mod credential;
pub(super) mod pace;
pub(super) mod secret;
pub(super) mod token;
pub(super) mod trouble;
pub(super) mod web;
pub(super) mod worker;

#[cfg(test)]
pub(super) mod server;
#[cfg(test)]
mod tests;

use reqwest::Url;

/// Whether secrets may be sent to this address: it is encrypted, or does not leave the machine.
pub(super) fn is_safe(url: &Url) -> bool {
    let loopback = match url.host_str().unwrap_or_default() {
        "localhost" => true,
        host => {
            host.trim_matches(['[', ']']).parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback())
        }
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

/// An address of the configuration, if it is one that we may talk to.
pub(super) fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    (plain && is_safe(&url)).then_some(url)
}
