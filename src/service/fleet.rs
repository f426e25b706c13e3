//! What an engine does that shares its store with others.
//!
//! ```text
//! each second   a sign of life; incidents and keys that others wrote; sources whose reader died,
//!               and runs that waited for one
//! each commit   incidents as they stand now, with what others wrote; then streams that a group
//!               gave to a source here, each with the position that its last reader wrote
//! ```
//!
//! While the store is away nothing is decided: what is quiet may be so for this daemon only.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::incident::Incident;
use crate::service::ServiceError;
use crate::service::engine::Engine;
use crate::service::tap::Tap;
use crate::sources::Claim;
use crate::sources::Opening;

/// Streams that sources want to read, by source and stream.
pub(super) type Wanted = BTreeSet<(String, String)>;

impl Engine {
    /// Keeps up with the others. False while the store is away.
    pub(super) fn keep_up(&mut self, now: Timestamp) -> Result<bool, ServiceError> {
        // What was said here so far was said before the others were heard.
        self.commit()?;
        if self.blocked.is_some() && !self.changes.is_empty() {
            return Ok(false);
        }
        let news = match self.store.news() {
            Ok(news) => news,
            Err(error) if error.may_pass() => {
                self.block(&error);
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        self.unblock();
        self.pipeline.joins.take_in(&news.seen);
        self.take_in(news.incidents, now);
        self.take_sources()?;
        self.adopt_held()?;
        Ok(true)
    }

    /// Takes in how incidents stand, and says what nobody else will say.
    pub(super) fn take_in(&mut self, stand: Vec<Incident>, now: Timestamp) {
        let mut notices = Vec::new();
        for it in stand {
            self.shared.announce(&it);
            notices.extend(self.pipeline.incidents.take_in(it, now));
        }
        self.say(notices);
    }

    /// Reads sources from now on that no other of the fleet reads.
    fn take_sources(&mut self) -> Result<(), ServiceError> {
        for source in std::mem::take(&mut self.waiting) {
            let resumed = match self.store.take(source.name()) {
                Ok(resumed) => resumed,
                Err(error) if error.may_pass() => None,
                Err(error) => return Err(error.into()),
            };
            let Some(resumed) = resumed else {
                self.waiting.push(source);
                continue;
            };
            self.learn()?;
            self.pipeline.joins.take_over(resumed.held);
            let how = Opening {
                checkpoints: &resumed.checkpoints,
                once: self.once,
                state_dir: Some(&self.state_dir),
                wake: Some(self.alarm.waker()),
                shared: true,
                ..Opening::default()
            };
            self.taps.push(Tap::open(&source, &how)?);
            tracing::info!(source = source.name(), "this daemon reads the source now");
        }
        Ok(())
    }

    /// Goes on with runs that wait for a member which is gone, so that they are counted.
    fn adopt_held(&mut self) -> Result<(), ServiceError> {
        let sources: Vec<_> = self.taps.iter().map(|it| it.source.name()).collect();
        match self.store.adopt(&sources) {
            Ok(held) => self.pipeline.take_over(held),
            Err(error) if error.may_pass() => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Hears what sources ask of the store, and gives up at once what may be another's: from here
    /// on that one writes it.
    pub(super) fn hear_claims(&mut self) {
        for tap in &mut self.taps {
            let source = tap.source.name().to_owned();
            for claim in tap.source.claims() {
                match claim {
                    Claim::Take(stream) => drop(self.wanted.insert((source.clone(), stream))),
                    Claim::Release(stream) => {
                        let stream = (source.clone(), stream);
                        if !self.wanted.remove(&stream) {
                            self.store.release(&stream.0, &stream.1);
                        }
                    }
                }
            }
        }
    }

    /// Takes streams over that were given to sources here, when all that was read so far is
    /// written. While the store is away they wait.
    pub(super) fn take_streams(&mut self) -> Result<(), ServiceError> {
        self.hear_claims();
        while let Some((source, stream)) = self.wanted.first().cloned() {
            match self.take_stream(&source, &stream) {
                Err(ServiceError::Store(error)) if error.may_pass() => return Ok(()),
                taken => taken?,
            }
            self.wanted.remove(&(source, stream));
        }
        Ok(())
    }

    fn take_stream(&mut self, source: &str, stream: &str) -> Result<(), ServiceError> {
        let at = self.store.assign(source, stream)?;
        self.learn()?;
        let mut taps = self.taps.iter_mut();
        if let Some(tap) = taps.find(|it| it.source.name() == source) {
            tracing::debug!(source, stream, ?at, "this daemon reads the stream now");
            tap.source.resume(stream, at.as_ref());
        }
        Ok(())
    }

    /// Learns what the last reader counted of a stream that was taken over.
    fn learn(&mut self) -> Result<(), ServiceError> {
        let news = self.store.news()?;
        self.pipeline.joins.take_in(&news.seen);
        self.take_in(news.incidents, crate::service::clock());
        Ok(())
    }

    /// Whether this daemon is to do what one of the fleet does each `every`.
    pub(super) fn is_my_turn(&mut self, duty: &str, every: Duration) -> bool {
        let mine = self.store.is_my_turn(duty, every);
        mine.inspect_err(|error| tracing::warn!(%error, duty, "cannot take a turn"))
            .unwrap_or(false)
    }
}
