//! Connections that do not wear us out: so many at one time, so many of one peer, and none
//! that idles.
//!
//! A connection over which nothing moves for `IDLE` is closed. A stream of events says
//! something more often than that.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

use crate::web::rate::network;

/// Connections at one time; more wait to be accepted.
const CONNECTIONS: usize = 256;

/// Connections of one peer at one time.
const OF_ONE: usize = 64;

/// How long a connection may idle.
const IDLE: Duration = Duration::from_secs(60);

/// The places for connections.
#[derive(Debug, Clone)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(CONNECTIONS)), taken: Arc::default() }
    }
}

/// The place of one connection, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    peer: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _free: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// Waits for a free place. The semaphore is never closed, so that one is had in the end.
    pub(super) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// Gives a free place to a peer; `None` where it has as many as it may.
    pub(super) fn of(&self, peer: IpAddr, free: Option<OwnedSemaphorePermit>) -> Option<Place> {
        let peer = network(peer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(peer).or_default();
        if *count >= OF_ONE {
            return None;
        }
        *count += 1;
        Some(Place { peer, taken: Arc::clone(&self.taken), _free: free })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.peer);
            }
        }
    }
}

/// A stream that fails when nothing moves for too long.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    idle: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    /// Around a stream.
    pub(super) fn new(stream: S) -> Self {
        Self::idling(stream, IDLE)
    }

    fn idling(stream: S, idle: Duration) -> Self {
        Self { stream, idle, deadline: Box::pin(sleep(idle)) }
    }

    /// Something moved, or else the deadline counts.
    fn watch<T>(
        &mut self,
        moved: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            let deadline = Instant::now() + self.idle;
            self.deadline.as_mut().reset(deadline);
            return moved;
        }
        match self.deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.watch(read, cx)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(written, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_connection_that_idles_is_closed() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let mut watched = Watched::idling(ours, Duration::from_millis(10));
        let error = watched.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn what_moves_goes_on() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut watched = Watched::new(ours);
        theirs.write_all(b"ab").await.unwrap();
        assert_eq!(watched.read_u16().await.unwrap(), u16::from_be_bytes(*b"ab"));
        watched.write_all(b"c").await.unwrap();
        assert_eq!(theirs.read_u8().await.unwrap(), b'c');
    }

    #[test]
    fn one_peer_has_so_many_places_and_leaves_others_room() {
        let places = Places::default();
        let peer = |last| IpAddr::from([192, 0, 2, last]);
        let mut kept: Vec<_> = (0..OF_ONE).map(|_| places.of(peer(1), None).unwrap()).collect();
        assert!(places.of(peer(1), None).is_none());
        assert!(places.of(peer(2), None).is_some());
        kept.pop();
        assert!(places.of(peer(1), None).is_some(), "a place that is free is given again");
        drop(kept);
        assert!(places.taken.lock().unwrap().is_empty(), "nothing is kept of who is gone");
    }
}
