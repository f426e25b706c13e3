//! Run records that diagnostic settings write to a storage account: one blob an hour and resource.
//!
//! ```text
//! look   list days ─ which blobs are new, longer, other, gone?      today each `poll_interval`,
//!                                                                   all of `look_back` each 10 min
//! read   a piece of each blob that has something, from its offset   several under way at once
//! ```
//!
//! Lines come late, into hours that are long over, so every hour that is looked back to is
//! followed at once. What is older than that is never read again: the *floor* below which
//! nothing is looked for is kept beside the positions, and moves only when all above it was
//! read. So a daemon that was away for a week goes on where it was.
//!
//! Hours are told by the clock of the account, which stands in each answer, not by ours.

mod account;
mod blob;
pub(crate) mod config;
mod containers;
mod failures;
#[cfg(test)]
mod fake;
mod floor;
mod hours;
mod key;
mod look;
mod pieces;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::batch::Batch;
use crate::model::batch::End;
use crate::model::batch::Framing;
use crate::model::changes::Changes;
use crate::model::metrics;
use crate::model::totals;
use crate::sources::Opening;
use crate::sources::Source;
use crate::sources::SourceError;
use crate::sources::SourceStatus;
use crate::sources::azure::clock::Clock;
use crate::sources::azure::pace::Pace;
use crate::sources::azure::trouble::Trouble;
use crate::sources::azure_blob::blob::Blob;
use crate::sources::azure_blob::config::AzureBlobConfig;
use crate::sources::azure_blob::containers::Containers;
use crate::sources::azure_blob::floor::FLOOR;
use crate::sources::azure_blob::hours::Hour;
use crate::sources::azure_blob::look::Look;
use crate::sources::azure_blob::pieces::Offer;
use crate::sources::passed;

/// Trouble that lasts as long is told as a stall.
const STALLED: Duration = Duration::from_secs(60);

/// Failures in a row after which reading once gives up.
const TRIES: u32 = 4;

/// Bytes that are asked for beyond the largest record, so that its end is seen.
const SLACK: usize = 64 * 1024;

/// Containers as a source.
pub struct BlobSource {
    name: String,
    labels: BTreeMap<String, String>,
    config: AzureBlobConfig,
    once: bool,
    account: Box<dyn Containers>,
    /// The blobs that are followed, by container and name: the oldest of a resource first.
    blobs: BTreeMap<String, Blob>,
    /// Hours before this one are never read again.
    floor: Option<Hour>,
    floor_moved: bool,
    look: Look,
    /// Questions that are under way.
    under_way: usize,
    /// Bytes that have come and wait for their turn.
    offers: VecDeque<Offer>,
    offered: Option<Offer>,
    pace: Pace,
    clock: Clock,
    trouble: Option<(Trouble, Timestamp)>,
    last_read: Option<Timestamp>,
    /// When we were asked for more.
    asked_at: Option<Timestamp>,
    /// Blobs that were replaced, and answers that asked us to wait, since the last commit.
    replaced: u64,
    throttled: u64,
    forgotten: Vec<String>,
}

/// What is wrong with a configuration, without asking anybody.
pub(super) fn check(name: &str, config: &AzureBlobConfig) -> Result<(), SourceError> {
    let fault = |what| SourceError::Azure { name: name.to_owned(), what };
    config.fault().map_or(Ok(()), |what| Err(fault(what)))
}

/// Opens it; nobody is asked before the first `read`.
pub(super) fn open(
    name: &str,
    labels: &BTreeMap<String, String>,
    config: &AzureBlobConfig,
    how: &Opening<'_>,
) -> Result<Box<dyn Source>, SourceError> {
    check(name, config)?;
    let account = account::Account::open(config, how.wake.clone());
    let account =
        account.map_err(|it| SourceError::Azure { name: name.to_owned(), what: it.text })?;
    Ok(Box::new(BlobSource::of(Box::new(account), name, labels, config, how)))
}

impl BlobSource {
    fn of(
        account: Box<dyn Containers>,
        name: &str,
        labels: &BTreeMap<String, String>,
        config: &AzureBlobConfig,
        how: &Opening<'_>,
    ) -> Self {
        let ours = || how.checkpoints.iter().filter(|it| it.source == name);
        let known = ours().filter_map(Blob::restore).map(|it| (it.key.clone(), it));
        let floor = ours().find(|it| it.stream == FLOOR).map(|it| it.offset as Hour);
        Self {
            name: name.to_owned(),
            labels: labels.clone(),
            config: config.clone(),
            once: how.once,
            account,
            blobs: known.collect(),
            floor,
            floor_moved: false,
            look: Look::default(),
            under_way: 0,
            offers: VecDeque::new(),
            offered: None,
            pace: Pace::new(name),
            clock: Clock::default(),
            trouble: None,
            last_read: None,
            asked_at: None,
            replaced: 0,
            throttled: 0,
            forgotten: Vec::new(),
        }
    }

    /// The most bytes of one blob that are asked for beyond what is known of it.
    fn most(&self) -> usize {
        self.config.max_record_bytes.as_len().saturating_add(SLACK)
    }

    /// True when nothing is under way and nothing is left to read.
    fn is_idle(&self) -> bool {
        let nothing = self.under_way == 0 && self.offers.is_empty() && self.offered.is_none();
        nothing && self.look.is_over() && !self.blobs.values().any(Blob::is_due)
    }

    fn batch(&self) -> Option<Batch<'_>> {
        let offer = self.offered.as_ref()?;
        let blob = self.blobs.get(&offer.key)?;
        let bytes = offer.bytes.get(offer.start..)?;
        Some(Batch {
            source: &self.name,
            labels: &self.labels,
            path: &blob.key,
            bytes,
            offset: blob.offset,
            read_at: offer.now,
            end: match (offer.last, self.once) {
                (true, true) => End::Eof,
                (true, false) => End::Idle,
                (false, _) => End::More,
            },
            framing: blob.framing,
            full: bytes.len() >= self.most(),
        })
    }
}

impl Source for BlobSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    fn read(&mut self, now: Timestamp) -> Result<Option<Batch<'_>>, SourceError> {
        if self.offered.is_some() {
            self.advance(0, Framing::default());
        }
        self.asked_at = Some(now);
        self.hear(now);
        self.look(now);
        self.ask(now);
        self.offered = self.next_offer();
        if self.offered.is_some() {
            self.last_read = Some(now);
        }
        Ok(self.batch())
    }

    fn advance(&mut self, taken: usize, framing: Framing) {
        let Some(offer) = self.offered.take() else { return };
        let most = self.most();
        if let Some(blob) = self.blobs.get_mut(&offer.key) {
            offer.was_taken(blob, taken, framing, most);
        }
    }

    fn checkpoints(&mut self, changes: &mut Changes) {
        for blob in self.blobs.values_mut() {
            changes.checkpoints.extend(blob.checkpoint(&self.name));
        }
        changes.checkpoints.extend(self.floor());
        let forgotten = self.forgotten.drain(..).map(|key| (self.name.clone(), key));
        changes.forgotten.extend(forgotten);
        let counts = [
            (metrics::SOURCE_REPLACED, std::mem::take(&mut self.replaced)),
            (metrics::SOURCE_THROTTLED, std::mem::take(&mut self.throttled)),
        ];
        for (metric, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            let mut series = String::new();
            totals::series(&mut series, metric.name, &[&self.name]);
            changes.totals.push((series, count as f64));
        }
    }

    fn status(&self) -> SourceStatus {
        let trouble = self.trouble.as_ref();
        let lasts = |since: Timestamp| {
            self.asked_at.is_some_and(|now| now > since && passed(since, now, STALLED))
        };
        let told = trouble.map(|(it, _)| (self.shown(), it.text.clone()));
        let there = self.blobs.values().filter(|it| !it.gone);
        SourceStatus {
            files: there.count() as u64,
            files_open: 0,
            lag_bytes: self.blobs.values().map(Blob::lag).sum(),
            lag_messages: None,
            last_read: self.last_read,
            stalled: trouble.is_some_and(|(_, since)| lasts(*since)),
            errors: told.into_iter().collect(),
            finished: self.once
                && (self.is_idle() && self.look.swept || self.pace.failures >= TRIES),
        }
    }

    fn patience(&self, now: Timestamp) -> Duration {
        if !self.offers.is_empty() {
            return Duration::ZERO;
        }
        // Answers wake us.
        self.pace.rests(now).unwrap_or_else(|| self.look.rests(now, self.config.poll_interval))
    }
}

impl BlobSource {
    /// The account, as it is shown.
    fn shown(&self) -> String {
        self.config.account.clone().unwrap_or_else(|| self.name.clone())
    }
}
