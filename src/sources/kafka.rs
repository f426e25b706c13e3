//! Topics of Kafka, and event hubs by their Kafka endpoint: each partition is a stream.
//!
//! ```text
//! the group gives us partitions ─ ask: how far is the group, what is there? ─ start: where our
//!                                 store says, else where the group says      (`stream.rs`)
//! a message                     ─ one document, offered whole or in windows, up to its end
//! the store has it              ─ the group is told, once a second at most
//! the group takes one back      ─ nothing more is taken of it; when all that was taken is in the
//!                                 store the group is told, and it is given up
//! ```
//!
//! Nothing is committed by the client itself. The position is a checkpoint like any other, in one
//! transaction with what was found before it; what the group is told follows it, and serves
//! those who show lag, and another daemon that gets the partition.
//!
//! Where daemons share a store, it says where a partition goes on, whoever read it last
//! ([`Claim`]), and is asked as soon as the group gives us one. What is read of a partition that
//! another has taken meanwhile cannot be written.
//!
//! The client has threads of its own, with a bounded queue of messages; we take one when it is
//! our turn, so who cannot write its store does not read on. Questions are asked by another
//! thread (`client/questions.rs`).

mod begin;
#[cfg(feature = "kafka")]
mod client;
pub(crate) mod config;
mod failures;
#[cfg(test)]
mod fake;
mod group;
mod login;
mod share;
mod stream;
mod tell;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::batch::Batch;
use crate::model::batch::End;
use crate::model::batch::Framing;
use crate::model::changes::Changes;
use crate::model::checkpoint::Checkpoint;
use crate::model::metrics;
use crate::model::totals;
use crate::sources::Claim;
use crate::sources::Opening;
use crate::sources::Source;
use crate::sources::SourceError;
use crate::sources::SourceStatus;
use crate::sources::azure::pace::Pace;
use crate::sources::azure::trouble::Trouble;
use crate::sources::kafka::config::KafkaConfig;
use crate::sources::kafka::group::{Group, Message, Place};
use crate::sources::kafka::share::Share;
use crate::sources::kafka::stream::{Hold, Stream};
use crate::sources::passed;

/// Trouble that lasts as long is told as a stall.
const STALLED: Duration = Duration::from_secs(60);

/// Failures in a row after which reading once gives up, and how long it waits for more.
const TRIES: u32 = 4;
const QUIET: Duration = Duration::from_secs(10);

/// Bytes that are offered beyond the largest record, so that its end is seen.
const SLACK: usize = 64 * 1024;

/// How often we ask to be called while nothing happens: a member must show that it lives.
const IDLE: Duration = Duration::from_secs(1);

/// The mark that may stand before a text in UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Topics as a source.
pub(super) struct KafkaSource {
    name: String,
    labels: BTreeMap<String, String>,
    config: KafkaConfig,
    once: bool,
    group: Box<dyn Group>,
    streams: BTreeMap<Place, Stream>,
    share: Share,
    /// The message that is being offered.
    message: Option<Offer>,
    offered: bool,
    pace: Pace,
    trouble: Option<(Trouble, Timestamp)>,
    last_read: Option<Timestamp>,
    /// When we were asked for more, at first and at last.
    began_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    /// Messages that nobody will read any more, since the last commit.
    missed: u64,
    /// Whether the store is shared, and what is to be asked of it.
    shared: bool,
    claims: Vec<Claim>,
}

/// A message in hand.
struct Offer {
    place: Place,
    /// The place and the offset, as they are shown.
    path: String,
    bytes: Vec<u8>,
    taken: usize,
    now: Timestamp,
}

/// What is wrong with a configuration, without asking anybody.
pub(super) fn check(name: &str, config: &KafkaConfig) -> Result<(), SourceError> {
    if !cfg!(feature = "kafka") {
        return Err(SourceError::NoKafka { name: name.to_owned() });
    }
    let fault = |what| SourceError::Kafka { name: name.to_owned(), what };
    config.fault().map_or(Ok(()), |what| Err(fault(what)))
}

/// Joins the group.
#[cfg(feature = "kafka")]
pub(super) fn open(
    name: &str,
    labels: &BTreeMap<String, String>,
    config: &KafkaConfig,
    how: &Opening<'_>,
) -> Result<Box<dyn Source>, SourceError> {
    check(name, config)?;
    let client = client::Client::open(config, how.wake.clone())
        .map_err(|it| SourceError::Kafka { name: name.to_owned(), what: it.text })?;
    Ok(Box::new(KafkaSource::of(Box::new(client), name, labels, config, how)))
}

/// There is no client in this build.
#[cfg(not(feature = "kafka"))]
pub(super) fn open(
    name: &str,
    _: &BTreeMap<String, String>,
    _: &KafkaConfig,
    _: &Opening<'_>,
) -> Result<Box<dyn Source>, SourceError> {
    Err(SourceError::NoKafka { name: name.to_owned() })
}

impl KafkaSource {
    fn of(
        group: Box<dyn Group>,
        name: &str,
        labels: &BTreeMap<String, String>,
        config: &KafkaConfig,
        how: &Opening<'_>,
    ) -> Self {
        let share = Share::new();
        let ours = how.checkpoints.iter().filter(|it| it.source == name && !how.shared);
        let streams = ours.filter_map(|it| Stream::restore(it, &share.us));
        let streams = streams.map(|it| (it.place.clone(), it));
        Self {
            name: name.to_owned(),
            labels: labels.clone(),
            config: config.clone(),
            once: how.once,
            group,
            streams: streams.collect(),
            share,
            message: None,
            offered: false,
            pace: Pace::new(name),
            trouble: None,
            last_read: None,
            began_at: None,
            asked_at: None,
            missed: 0,
            shared: how.shared,
            claims: Vec::new(),
        }
    }

    /// The most bytes of a message that are offered at once.
    fn most(&self) -> usize {
        self.config.max_record_bytes.as_len().saturating_add(SLACK)
    }

    /// Takes a message in hand, unless it is not ours or was taken before.
    fn came(&mut self, message: Message, now: Timestamp) {
        let Message { place, offset, mut bytes } = message;
        let Some(stream) = self.streams.get_mut(&place) else { return };
        // What comes of a member that is given up comes again to the next.
        if stream.hold != Hold::Held || self.share.is_broken() {
            return;
        }
        let Some(taken) = stream.came(offset) else { return };
        self.last_read = Some(now);
        if bytes.starts_with(BOM) {
            bytes.drain(..BOM.len());
        }
        // Without a body, as where a topic is compacted, there is nothing to offer.
        if taken >= bytes.len() {
            return stream.took(0, true, Framing::default());
        }
        let path = format!("{place}@{offset}");
        self.message = Some(Offer { place, path, bytes, taken, now });
    }

    fn batch(&self) -> Option<Batch<'_>> {
        let offer = self.message.as_ref()?;
        let rest = offer.bytes.get(offer.taken..)?;
        let bytes = &rest[..rest.len().min(self.most())];
        let whole = bytes.len() == rest.len();
        let framing = self.streams.get(&offer.place).and_then(|it| it.at).map(|it| it.framing);
        Some(Batch {
            source: &self.name,
            labels: &self.labels,
            path: &offer.path,
            bytes,
            offset: offer.taken as u64,
            read_at: offer.now,
            // A message is a document: whatever is taken of its end now is all that ever will be.
            end: if whole { End::Eof } else { End::More },
            framing: framing.unwrap_or_default(),
            full: !whole,
        })
    }
}

impl Source for KafkaSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    fn read(&mut self, now: Timestamp) -> Result<Option<Batch<'_>>, SourceError> {
        self.began_at.get_or_insert(now);
        self.asked_at = Some(now);
        self.tend(now);
        while self.message.is_none()
            && let Some(news) = self.group.next()
        {
            self.hear(news, now);
            self.tend(now);
        }
        self.offered = self.message.is_some();
        Ok(self.batch())
    }

    fn advance(&mut self, taken: usize, framing: Framing) {
        let Some((bytes, full)) = self.batch().map(|it| (it.bytes.len(), it.full)) else { return };
        let stuck = full && taken == 0;
        if stuck {
            tracing::error!(source = self.name, "an event that fills the buffer was not taken");
        }
        let taken = if stuck { bytes } else { taken };
        let Some(mut offer) = self.message.take().filter(|_| self.offered) else { return };
        self.offered = false;
        if let Some(stream) = self.streams.get_mut(&offer.place) {
            stream.took(taken, !full, framing);
        }
        if full {
            offer.taken += taken;
            self.message = Some(offer);
        }
    }

    fn checkpoints(&mut self, changes: &mut Changes) {
        for stream in self.streams.values_mut() {
            changes.checkpoints.extend(stream.checkpoint(&self.name));
        }
        let missed = std::mem::take(&mut self.missed);
        if missed > 0 {
            let mut series = String::new();
            totals::series(&mut series, metrics::SOURCE_MISSED.name, &[&self.name]);
            changes.totals.push((series, missed as f64));
        }
    }

    fn committed(&mut self) {
        self.streams.values_mut().for_each(Stream::committed);
        self.leave();
    }

    fn claims(&mut self) -> Vec<Claim> {
        std::mem::take(&mut self.claims)
    }

    fn resume(&mut self, stream: &str, at: Option<&Checkpoint>) {
        self.resumed(stream, at);
    }

    fn status(&self) -> SourceStatus {
        let trouble = self.trouble.as_ref();
        let lasts = |since: Timestamp| {
            self.asked_at.is_some_and(|now| now > since && passed(since, now, STALLED))
        };
        SourceStatus {
            last_read: self.last_read,
            lag_messages: Some(self.streams.values().map(Stream::lag).sum()),
            stalled: trouble.is_some_and(|(_, since)| lasts(*since)),
            errors: trouble.map(|(it, _)| (self.shown(), it.text.clone())).into_iter().collect(),
            finished: self.once && self.is_finished(),
            ..SourceStatus::default()
        }
    }

    fn patience(&self, now: Timestamp) -> Duration {
        if self.message.is_some() {
            return Duration::ZERO;
        }
        // News wakes us.
        self.pace.rests(now).unwrap_or(IDLE).min(IDLE)
    }
}

impl KafkaSource {
    /// The cluster, as it is shown.
    fn shown(&self) -> String {
        self.config.brokers.first().cloned().unwrap_or_else(|| self.name.clone())
    }

    /// Whether reading once is over.
    fn is_finished(&self) -> bool {
        if self.message.is_some() {
            return false;
        }
        let since = self.last_read.max(self.share.joined_at);
        let quiet =
            || since.zip(self.asked_at).is_some_and(|(since, now)| passed(since, now, QUIET));
        let ours = || self.streams.values().filter(|it| it.hold != Hold::Away);
        let read = self.share.joined_at.is_some() && ours().all(Stream::is_at_end);
        // Behind the last message there may be marks of a transaction, which nobody gives out.
        read || quiet() || (self.share.joined_at.is_none() && self.pace.failures >= TRIES)
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        // Who gets our partitions goes on there. What was not stored is not told.
        self.tell_at_once();
    }
}
