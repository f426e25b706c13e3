//! Where the database is: read from its file at each connection, so that a password can change
//! while the daemon runs.

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::store::error::StoreError;
use crate::store::place::PostgresConfig;

/// The address, with encryption wherever a network is between.
pub(super) fn address(place: &PostgresConfig) -> Result<Config, StoreError> {
    let named = |what: &str| {
        let what = format!("has no address: `url_file: {}` {what}", place.url_file.display());
        StoreError::Shared { what }
    };
    let text = std::fs::read_to_string(&place.url_file)
        .map_err(|it| named(&format!("cannot be read: {it}")))?;
    // Why it is refused may quote it, and it holds a password.
    let mut config: Config =
        text.trim().parse().map_err(|_| named("holds no address like postgres://HOST/NAME"))?;
    if config.get_ssl_mode() == SslMode::Prefer {
        let here = config.get_hosts().iter().all(is_here);
        config.ssl_mode(if here { SslMode::Disable } else { SslMode::Require });
    }
    Ok(config)
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(it) => {
            it == "localhost" || it.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}
