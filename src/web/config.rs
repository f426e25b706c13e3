//! `web:` where the page, the API and `/metrics` are served, and to whom.
//!
//! There is no login yet, so that only this machine is served by default. Beyond it only
//! what cannot change anything is served, and only when the configuration says so.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `web:` where the page, the API and `/metrics` are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// Address and port. Port 0 takes a free one, which the log names. An address that other
    /// machines can reach needs `read_only: true`, since there is no login yet.
    pub listen: String,
    /// The address under which people reach the page, such as
    /// `https://shirwatch.contoso.example`. Alerts link to it; without it, to `listen`.
    pub external_url: Option<String>,
    /// Whether nothing can be changed through the page and the API.
    pub read_only: bool,
    /// Not built yet; serve TLS through a reverse proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
    /// Not built yet; ask for passwords in a reverse proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuthConfig>,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:10918".to_owned(),
            external_url: None,
            read_only: false,
            tls: None,
            basic_auth: None,
        }
    }
}

/// `web: tls:` not built yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate and its chain, as PEM.
    pub cert_file: Option<PathBuf>,
    /// The private key, as PEM.
    pub key_file: Option<PathBuf>,
}

impl TlsConfig {
    fn is_set(&self) -> bool {
        self.cert_file.is_some() || self.key_file.is_some()
    }
}

/// `web: basic_auth:` not built yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BasicAuthConfig {
    /// Users and the hashes of their passwords.
    pub users_file: Option<PathBuf>,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// The address is none.
    #[error("`web.listen` is no address and port (found `{found}`); write it as 127.0.0.1:10918")]
    BadAddress {
        /// What was found.
        found: String,
    },
    /// Other machines could change something.
    #[error(
        "`web.listen: {address}` can be reached from other machines, and there is no login; \
         set `web.read_only: true`, or listen on 127.0.0.1 behind a reverse proxy that asks for one"
    )]
    Exposed {
        /// The address.
        address: SocketAddr,
    },
    /// A key that means nothing yet.
    #[error(
        "`web.{key}` is not built yet, so that it would protect nothing; \
         remove it and use a reverse proxy for this"
    )]
    NotBuilt {
        /// The key.
        key: &'static str,
    },
    /// The external address is none.
    #[error(
        "`web.external_url` is no address of the form https://host (found `{found}`); \
         alerts link to it"
    )]
    BadExternalUrl {
        /// What was found.
        found: String,
    },
    /// The address is taken, or not ours.
    #[error(
        "cannot listen on {address}; is another shirwatch running, or is it no address of ours?"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl WebConfig {
    /// All that is wrong with it.
    #[must_use]
    pub fn faults(&self) -> Vec<WebError> {
        let mut faults = Vec::new();
        if self.tls.as_ref().is_some_and(TlsConfig::is_set) {
            faults.push(WebError::NotBuilt { key: "tls" });
        }
        if self.basic_auth.as_ref().is_some_and(|it| it.users_file.is_some()) {
            faults.push(WebError::NotBuilt { key: "basic_auth" });
        }
        if let Some(url) = self.external_url.as_deref().filter(|it| host(it).is_none()) {
            faults.push(WebError::BadExternalUrl { found: url.to_owned() });
        }
        faults.extend(self.checked_address().err());
        faults
    }

    /// The address to listen on, when nothing is wrong.
    pub fn address(&self) -> Result<SocketAddr, WebError> {
        match self.faults().into_iter().next() {
            Some(fault) => Err(fault),
            None => self.checked_address(),
        }
    }

    fn checked_address(&self) -> Result<SocketAddr, WebError> {
        let named = self.listen.replace("localhost:", "127.0.0.1:");
        let address: SocketAddr =
            named.parse().map_err(|_| WebError::BadAddress { found: self.listen.clone() })?;
        if !address.ip().to_canonical().is_loopback() && !self.read_only {
            return Err(WebError::Exposed { address });
        }
        Ok(address)
    }
}

/// Host and port of an http address, as a browser sends them.
pub(super) fn host(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https"))?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn what_cannot_be_served_safely_is_refused() {
        // configuration                                     address, or why not
        check("{}",                                          "127.0.0.1:10918");
        check("listen: 'localhost:80'",                      "127.0.0.1:80");
        check("listen: '[::1]:0'",                           "[::1]:0");
        check("{ listen: '0.0.0.0:1', read_only: true }",    "0.0.0.0:1");
        check("listen: '0.0.0.0:1'",                         "`web.listen: 0.0.0.0:1` can be reached from other machines, and there is no login; set `web.read_only: true`, or listen on 127.0.0.1 behind a reverse proxy that asks for one");
        check("listen: '10918'",                             "`web.listen` is no address and port (found `10918`); write it as 127.0.0.1:10918");
        check("tls: { cert_file: a, key_file: b }",          "`web.tls` is not built yet, so that it would protect nothing; remove it and use a reverse proxy for this");
        check("basic_auth: { users_file: a }",               "`web.basic_auth` is not built yet, so that it would protect nothing; remove it and use a reverse proxy for this");
        check("{ tls: { cert_file: , key_file: }, basic_auth: { users_file: } }", "127.0.0.1:10918");
        check("external_url: 'contoso.example'",             "`web.external_url` is no address of the form https://host (found `contoso.example`); alerts link to it");
        check("external_url: 'https://s.contoso.example/'",  "127.0.0.1:10918");
    }

    #[track_caller]
    fn check(yaml: &str, expected: &str) {
        let config: WebConfig = serde_saphyr::from_str(yaml).unwrap();
        let actual = config.address().map_or_else(|it| it.to_string(), |it| it.to_string());
        assert_eq!(actual, expected);
    }
}
