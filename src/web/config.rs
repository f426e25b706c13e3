//! `web:` where the page, the API and `/metrics` are served, and to whom.
//!
//! Only this machine is served by default. Beyond it, who wants to change anything must log in,
//! or nothing can be changed at all.

use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::web::error::WebError;
use crate::web::tls::Tls;
use crate::web::users::Users;

/// `web:` where the page, the API and `/metrics` are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// Address and port. Port 0 takes a free one, which the log names. An address that other
    /// machines can reach needs `basic_auth` or `read_only: true`.
    pub listen: String,
    /// The address under which people reach the page, such as
    /// `https://shirwatch.contoso.example`. Alerts link to it; without it, to `listen`.
    pub external_url: Option<String>,
    /// Whether nothing can be changed through the page and the API.
    pub read_only: bool,
    /// Serves https: `{ cert_file: /etc/shirwatch/page.crt, key_file: /etc/shirwatch/page.key }`,
    /// both as PEM. A renewed certificate is taken without a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
    /// Asks for a name and a password, but for `/livez` and `/readyz`:
    /// `{ users_file: /etc/shirwatch/users }`, a line `NAME: HASH` for each user, as
    /// `htpasswd -nB -C 12 NAME` writes it.
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

/// `web: tls:` the certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate and its chain, as PEM.
    pub cert_file: Option<PathBuf>,
    /// The private key, as PEM.
    pub key_file: Option<PathBuf>,
}

/// `web: basic_auth:` who may come in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BasicAuthConfig {
    /// A file with a line for each user: `NAME: HASH`, the hash by bcrypt, as
    /// `htpasswd -nB -C 12 NAME` writes it.
    pub users_file: Option<PathBuf>,
}

impl WebConfig {
    /// All that is wrong with it.
    #[must_use]
    pub fn faults(&self) -> Vec<WebError> {
        let mut faults = Vec::new();
        faults.extend(self.tls().err());
        faults.extend(self.users().err());
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
        if !is_loopback(address) && !self.read_only && !self.asks() {
            return Err(WebError::Exposed { address });
        }
        Ok(address)
    }

    /// Whether a name and a password are asked for.
    fn asks(&self) -> bool {
        self.basic_auth.as_ref().is_some_and(|it| it.users_file.is_some())
    }

    /// Who may come in; everybody where `None`.
    pub fn users(&self) -> Result<Option<Users>, WebError> {
        let file = self.basic_auth.as_ref().and_then(|it| it.users_file.as_deref());
        file.map(Users::read).transpose()
    }

    /// The certificate; http is served where `None`.
    pub(super) fn tls(&self) -> Result<Option<Tls>, WebError> {
        self.tls.as_ref().map_or(Ok(None), Tls::new)
    }

    /// Whether only this machine can reach the address.
    pub(super) fn is_local(&self) -> bool {
        self.checked_address().is_ok_and(is_loopback)
    }

    /// Whether passwords would cross a network for all to read.
    pub(super) fn tells_passwords(&self) -> bool {
        self.asks() && self.tls.as_ref().is_none_or(|it| it.cert_file.is_none()) && !self.is_local()
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
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
        check("listen: '0.0.0.0:1'",                         "`web.listen: 0.0.0.0:1` can be reached from other machines, and everybody could change something; set `web.basic_auth.users_file` or `web.read_only: true`, or listen on 127.0.0.1");
        check("listen: '[::]:1'",                            "`web.listen: [::]:1` can be reached from other machines, and everybody could change something; set `web.basic_auth.users_file` or `web.read_only: true`, or listen on 127.0.0.1");
        check("{ listen: '0.0.0.0:1', basic_auth: { users_file: tests/golden/users } }", "0.0.0.0:1");
        check("listen: '10918'",                             "`web.listen` is no address and port (found `10918`); write it as 127.0.0.1:10918");
        check("tls: { cert_file: a }",                       "`web.tls` needs both `cert_file` and `key_file`; name the other one, too");
        check("tls: { cert_file: tests/golden/tls/cert.pem, key_file: tests/golden/tls/key.pem }", "127.0.0.1:10918");
        check("{ listen: '0.0.0.0:1', tls: { cert_file: tests/golden/tls/cert.pem, key_file: tests/golden/tls/key.pem } }", "`web.listen: 0.0.0.0:1` can be reached from other machines, and everybody could change something; set `web.basic_auth.users_file` or `web.read_only: true`, or listen on 127.0.0.1");
        check("basic_auth: { users_file: tests/golden/tls/cert.pem }", "`web.basic_auth` cannot use `tests/golden/tls/cert.pem`, line 1: write NAME: HASH");
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
