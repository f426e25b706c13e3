//! Runs and integration runtimes of data factories, asked for by their API.
//!
//! For those without diagnostic settings: it costs a request for each run that has ended, and
//! tells of a failure when its pipeline has ended, not before. What is answered goes the way of
//! all texts: activities and runs as the elements of the lists, the state and the load of a
//! runtime as the documents that they are.

mod asking;
pub(crate) mod config;
mod factory;
mod management;
mod page;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
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
use crate::sources::azure_rest::config::AzureRestConfig;
use crate::sources::azure_rest::factory::Factory;
use crate::sources::azure_rest::management::Manager;
use crate::sources::azure_rest::rows::restore;
use crate::sources::passed;

/// Trouble that lasts as long is told as a stall.
const STALLED: Duration = Duration::from_secs(60);

/// Failures in a row after which reading once gives up; more than one run may have.
const TRIES: u32 = 5;

/// Data factories as a source.
pub struct RestSource {
    name: String,
    labels: BTreeMap<String, String>,
    config: AzureRestConfig,
    once: bool,
    manager: Manager,
    factories: Vec<Factory>,
    /// The factory that has its turn, and whether something of it is offered.
    turn: usize,
    offered: bool,
    under_way: usize,
    clock: Clock,
    throttled: u64,
    last_read: Option<Timestamp>,
    asked_at: Option<Timestamp>,
}

/// What is wrong with a configuration, without asking anybody.
pub(super) fn check(name: &str, config: &AzureRestConfig) -> Result<(), SourceError> {
    let fault = |what| SourceError::Azure { name: name.to_owned(), what };
    config.fault().map_or(Ok(()), |what| Err(fault(what)))
}

/// Opens it; nobody is asked before the first `read`.
pub(super) fn open(
    name: &str,
    labels: &BTreeMap<String, String>,
    config: &AzureRestConfig,
    how: &Opening<'_>,
) -> Result<Box<dyn Source>, SourceError> {
    check(name, config)?;
    Ok(Box::new(RestSource::of(name, labels, config, how)?))
}

impl RestSource {
    fn of(
        name: &str,
        labels: &BTreeMap<String, String>,
        config: &AzureRestConfig,
        how: &Opening<'_>,
    ) -> Result<Self, SourceError> {
        let manager = management::start(config, how.wake.clone());
        let manager =
            manager.map_err(|it| SourceError::Azure { name: name.to_owned(), what: it.text })?;
        let mut factories: Vec<_> =
            config.factories.iter().map(|it| Factory::new(name, it)).collect();
        let ours = how.checkpoints.iter().filter(|it| it.source == name);
        for it in ours {
            restore(&mut factories, it);
        }
        Ok(Self {
            name: name.to_owned(),
            labels: labels.clone(),
            config: config.clone(),
            once: how.once,
            manager,
            factories,
            turn: 0,
            offered: false,
            under_way: 0,
            clock: Clock::default(),
            throttled: 0,
            last_read: None,
            asked_at: None,
        })
    }

    fn batch(&self, now: Timestamp) -> Option<Batch<'_>> {
        let offer = self.factories[self.turn].offer.as_ref().filter(|_| self.offered)?;
        Some(Batch {
            source: &self.name,
            labels: &self.labels,
            path: &offer.path,
            bytes: &offer.bytes,
            offset: 0,
            read_at: now,
            // An answer is whole: whatever is taken of it now is all that ever will be.
            end: End::Eof,
            framing: Framing::default(),
            full: true,
        })
    }
}

impl Source for RestSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    fn read(&mut self, now: Timestamp) -> Result<Option<Batch<'_>>, SourceError> {
        self.asked_at = Some(now);
        self.hear(now);
        self.ask(now);
        let all = self.factories.len();
        let turns = (0..all).map(|step| (self.turn + step) % all);
        let next = turns.into_iter().find(|it| self.factories[*it].offer.is_some());
        if let Some(turn) = next {
            (self.turn, self.offered, self.last_read) = (turn, true, Some(now));
        }
        Ok(self.batch(now))
    }

    fn advance(&mut self, _: usize, _: Framing) {
        if std::mem::take(&mut self.offered) {
            self.factories[self.turn].was_taken(&self.config);
            self.turn = (self.turn + 1) % self.factories.len();
        }
    }

    fn checkpoints(&mut self, changes: &mut Changes) {
        let cut = self.rows(changes);
        let throttled = std::mem::take(&mut self.throttled);
        for (metric, count) in [(metrics::SOURCE_THROTTLED, throttled), (metrics::SOURCE_CUT, cut)]
        {
            if count > 0 {
                let mut series = String::new();
                totals::series(&mut series, metric.name, &[&self.name]);
                changes.totals.push((series, count as f64));
            }
        }
    }

    fn status(&self) -> SourceStatus {
        let troubles = self.factories.iter().filter_map(|it| Some((it, it.trouble.as_ref()?)));
        let lasts = |since: Timestamp| {
            self.asked_at.is_some_and(|now| now > since && passed(since, now, STALLED))
        };
        let over = |it: &Factory| it.complete && it.is_idle() || it.pace.failures >= TRIES;
        SourceStatus {
            last_read: self.last_read,
            stalled: troubles.clone().any(|(_, (_, since))| lasts(*since)),
            errors: troubles.map(|(it, (why, _))| (it.name.clone(), why.text.clone())).collect(),
            finished: self.once && self.factories.iter().all(over),
            ..SourceStatus::default()
        }
    }

    fn patience(&self, now: Timestamp) -> Duration {
        let rest = |it: &Factory| {
            if it.offer.is_some() {
                return Duration::ZERO;
            }
            let since = it.begun.map_or(Duration::MAX, |it| now.duration_since(it).unsigned_abs());
            let next = self.config.poll_interval.saturating_sub(since);
            // Answers wake us.
            let next = if it.is_idle() { next } else { self.config.poll_interval };
            it.pace.rests(now).unwrap_or(next)
        };
        self.factories.iter().map(rest).min().unwrap_or(self.config.poll_interval)
    }
}
