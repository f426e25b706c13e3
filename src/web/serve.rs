//! The listener: accepts, takes off TLS, and serves, within bounds.
//!
//! ```text
//! 256 connections at one time, 64 of one peer      more wait, or are closed
//! 30 s for the TLS handshake, 30 s for a head      a slow client is cut off
//! 60 s without a byte moving                       the same
//! ```
//!
//! How long an answer may take is decided in `web.rs`, how large a body may be, too.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::web::config::WebConfig;
use crate::web::error::WebError;
use crate::web::gate::Peer;
use crate::web::listener::{Places, Watched};
use crate::web::tls::Tls;

/// How long a client may take for its half of the handshake, and for the head of a request;
/// so long, since a connection that is kept for the next request waits for its head.
const GREETING: Duration = Duration::from_secs(30);

/// Bytes of the head of a request.
const HEAD: usize = 32 * 1024;

/// How long open connections may go on once the daemon ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// An address that is listened on, and how.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    kept: std::net::TcpListener,
    tls: Option<Tls>,
    greeting: Duration,
}

impl Door {
    /// Binds the address of the configuration, once it was checked. A listener that is there
    /// already is used where its address is the same.
    pub async fn open(
        config: &WebConfig,
        before: Option<&std::net::TcpListener>,
    ) -> Result<Self, WebError> {
        let address = config.address()?;
        let tls = config.tls()?;
        if config.tells_passwords() {
            tracing::warn!("passwords cross the network in the clear; set `web.tls`");
        }
        let same = |it: &&std::net::TcpListener| it.local_addr().is_ok_and(|it| fits(it, address));
        let listener = match before.filter(same) {
            Some(it) => it.try_clone(),
            None => TcpListener::bind(address).await.and_then(TcpListener::into_std),
        };
        let twice = listener.and_then(|it| Ok((it.try_clone()?, TcpListener::from_std(it)?)));
        let (kept, listener) = twice.map_err(|source| WebError::Listen { address, source })?;
        Ok(Self { listener, kept, tls, greeting: GREETING })
    }

    /// The listener for a door after this one.
    pub(crate) fn listener(&self) -> std::io::Result<std::net::TcpListener> {
        self.kept.try_clone()
    }

    /// For tests that cannot wait.
    #[cfg(test)]
    pub(super) fn hasty(self, greeting: Duration) -> Self {
        Self { greeting, ..self }
    }

    /// The address that was given.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// The same for a browser, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.address().map(|it| format!("{scheme}://{it}"))
    }

    /// Serves until `stop` is done, and lets open requests end.
    pub async fn serve(mut self, router: Router, stop: impl Future<Output = ()>) {
        let places = Places::default();
        let (stopping, stopped) = watch::channel(false);
        let mut stop = pin!(stop);
        loop {
            let free = places.free();
            let (stream, peer, free) = tokio::select! {
                () = &mut stop => break,
                (free, (stream, peer)) = async { (free.await, Listener::accept(&mut self.listener).await) } => {
                    (stream, peer.ip(), free)
                }
            };
            // A peer that has all its places is closed the door to.
            let Some(place) = places.of(peer, free) else { continue };
            let tls = self.tls.as_ref().map(Tls::acceptor);
            let visit = Visit {
                peer,
                greeting: self.greeting,
                router: router.clone(),
                stopped: stopped.clone(),
            };
            tokio::spawn(async move {
                let _place = place;
                // A client that goes away, or that says no HTTP, is no news.
                let _ = match tls {
                    None => visit.converse(stream).await,
                    Some(tls) => match timeout(visit.greeting, tls.accept(stream)).await {
                        Ok(Ok(stream)) => visit.converse(stream).await,
                        Ok(Err(_)) | Err(_) => Ok(()),
                    },
                };
            });
        }
        drop((self.listener, self.kept));
        let _ = stopping.send(true);
        drop(stopped);
        let _ = timeout(FAREWELL, stopping.closed()).await;
    }
}

/// Whether an address is the one that is wanted; port 0 is any.
fn fits(has: SocketAddr, wanted: SocketAddr) -> bool {
    has.ip() == wanted.ip() && (has.port() == wanted.port() || wanted.port() == 0)
}

/// One connection.
struct Visit {
    peer: IpAddr,
    greeting: Duration,
    router: Router,
    stopped: watch::Receiver<bool>,
}

impl Visit {
    async fn converse<S>(self, stream: S) -> hyper::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, greeting, router, mut stopped } = self;
        let service = TowerToHyperService::new(router);
        let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
            let mut request: Request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(Peer(peer));
            service.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(greeting)
            .max_buf_size(HEAD)
            .serve_connection(TokioIo::new(Watched::new(stream)), service);
        let mut connection = pin!(connection);
        tokio::select! {
            done = connection.as_mut() => return done,
            _ = stopped.wait_for(|it| *it) => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    }
}
