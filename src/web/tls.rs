//! `web: tls:` the certificate, and a renewed one without a restart.
//!
//! The files are looked at again at most once a minute, when somebody connects. Where the new
//! ones cannot be used, the old ones go on and the log says why.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::web::config::TlsConfig;
use crate::web::error::WebError;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// A certificate that follows its files.
#[derive(Debug)]
pub(super) struct Tls {
    cert: PathBuf,
    key: PathBuf,
    current: Mutex<Current>,
}

struct Current {
    acceptor: TlsAcceptor,
    changed: Option<SystemTime>,
    looked: Instant,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current").field("changed", &self.changed).finish_non_exhaustive()
    }
}

impl Tls {
    /// The certificate of the configuration; `None` where none is configured.
    pub(super) fn new(config: &TlsConfig) -> Result<Option<Self>, WebError> {
        let (cert, key) = match (&config.cert_file, &config.key_file) {
            (None, None) => return Ok(None),
            (Some(cert), Some(key)) => (cert.clone(), key.clone()),
            _ => return Err(WebError::HalfTls),
        };
        let current = Current {
            acceptor: acceptor(&cert, &key)?,
            changed: changed(&cert, &key),
            looked: Instant::now(),
        };
        Ok(Some(Self { cert, key, current: Mutex::new(current) }))
    }

    /// What accepts a connection at this moment.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor_after(LOOK)
    }

    fn acceptor_after(&self, look: Duration) -> TlsAcceptor {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked.elapsed() < look {
            return current.acceptor.clone();
        }
        current.looked = Instant::now();
        let changed = changed(&self.cert, &self.key);
        if changed != current.changed {
            match acceptor(&self.cert, &self.key) {
                Ok(acceptor) => {
                    current.acceptor = acceptor;
                    current.changed = changed;
                    tracing::info!("the certificate of the page was renewed");
                }
                Err(error) => {
                    tracing::warn!(%error, "the renewed certificate cannot be used; the old one goes on");
                }
            }
        }
        current.acceptor.clone()
    }
}

fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, WebError> {
    let fault = |file: &Path, why: String| WebError::Tls { file: file.to_owned(), why };
    let chain: Vec<_> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .map_err(|error| fault(cert, error.to_string()))?;
    if chain.is_empty() {
        return Err(fault(cert, "it holds no certificate".to_owned()));
    }
    let key_der =
        PrivateKeyDer::from_pem_file(key).map_err(|error| fault(key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|it| it.with_no_client_auth().with_single_cert(chain, key_der))
        .map_err(|error| fault(key, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// When the files were changed last.
fn changed(cert: &Path, key: &Path) -> Option<SystemTime> {
    let time = |file: &Path| fs::metadata(file).and_then(|it| it.modified()).ok();
    time(cert).max(time(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERT: &str = include_str!("../../tests/golden/tls/cert.pem");
    const KEY: &str = include_str!("../../tests/golden/tls/key.pem");

    fn files(dir: &Path) -> TlsConfig {
        let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
        fs::write(&cert, CERT).unwrap();
        fs::write(&key, KEY).unwrap();
        TlsConfig { cert_file: Some(cert), key_file: Some(key) }
    }

    fn config(it: &TlsAcceptor) -> *const ServerConfig {
        Arc::as_ptr(it.config())
    }

    #[test]
    fn a_renewed_certificate_is_taken_and_a_broken_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let tls = Tls::new(&files(dir.path())).unwrap().unwrap();
        let first = tls.acceptor();
        assert_eq!(config(&first), config(&tls.acceptor_after(Duration::ZERO)));
        let renew = |text: &str, second: u64| {
            let file = fs::File::create(dir.path().join("cert.pem")).unwrap();
            std::io::Write::write_all(&mut &file, text.as_bytes()).unwrap();
            let later = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000 + second);
            file.set_modified(later).unwrap();
            tls.acceptor_after(Duration::ZERO)
        };
        assert_eq!(config(&first), config(&renew("none", 0)), "the old one goes on");
        assert_ne!(config(&first), config(&renew(CERT, 1)), "the new one is used");
        assert_eq!(config(&tls.acceptor()), config(&tls.acceptor_after(LOOK)));
    }

    #[test]
    fn files_that_are_no_certificate_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let whole = files(dir.path());
        let half = TlsConfig { key_file: None, ..whole.clone() };
        assert!(matches!(Tls::new(&half), Err(WebError::HalfTls)));
        assert!(Tls::new(&TlsConfig::default()).unwrap().is_none());
        fs::write(dir.path().join("cert.pem"), KEY).unwrap();
        let error = Tls::new(&whole).unwrap_err().to_string();
        assert!(error.contains("cert.pem") && error.contains("no certificate"), "{error}");
        fs::write(dir.path().join("cert.pem"), CERT).unwrap();
        fs::write(dir.path().join("key.pem"), "").unwrap();
        assert!(Tls::new(&whole).unwrap_err().to_string().contains("key.pem"));
    }
}
