//! Why nothing is served: each fault of `web:` with its remedy.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

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
        "`web.listen: {address}` can be reached from other machines, and everybody could change \
         something; set `web.basic_auth.users_file` or `web.read_only: true`, or listen on \
         127.0.0.1"
    )]
    Exposed {
        /// The address.
        address: SocketAddr,
    },
    /// One file of two.
    #[error("`web.tls` needs both `cert_file` and `key_file`; name the other one, too")]
    HalfTls,
    /// The certificate or the key is of no use.
    #[error("`web.tls` cannot use `{}`: {why}; give a certificate and its key as PEM", file.display())]
    Tls {
        /// Which file.
        file: PathBuf,
        /// Why; no part of a key.
        why: String,
    },
    /// The users cannot be read.
    #[error("`web.basic_auth` cannot use `{}`{}: {why}", file.display(), at(*line))]
    Users {
        /// Which file.
        file: PathBuf,
        /// The line, or 0.
        line: usize,
        /// Why; no part of a hash.
        why: String,
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

fn at(line: usize) -> String {
    if line == 0 { String::new() } else { format!(", line {line}") }
}
