//! Channels of the Windows event log, by pull subscription.
//!
//! ```text
//! signal or timer → pull → one event, one batch → advance → checkpoint { record, time, bookmark }
//! ```
//!
//! The logic is the same on every platform and stands in `channel`; what Windows does for it
//! is behind the trait `EventLog`, with one implementation by Win32 and one to test with. The
//! configuration is accepted everywhere, so that one file serves a mixed estate when it is
//! checked; it opens on Windows only.
//!
//! An event is offered as the XML that Windows renders, with the message in it where its
//! publisher is installed and with the plain data where not.

mod channel;
#[cfg(test)]
mod fake;
mod log;
pub(crate) mod names;
#[cfg(test)]
mod tests;
#[cfg(windows)]
mod win32;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

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
use crate::sources::passed;
use crate::sources::windows_event_log::channel::Channel;
use crate::sources::windows_event_log::log::EventLog;

/// How often channels are asked though no signal came: signals may get lost.
const PULL_EVERY: Duration = Duration::from_secs(5);

/// `- windows_event_log:` the channels to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WindowsEventLogConfig {
    /// Names of channels, as the event viewer shows them; by default those of the
    /// integration runtime. Case, and which dash is written, do not matter.
    pub channels: Vec<String>,
}

/// What is wrong with it here.
pub(super) fn check(config: &WindowsEventLogConfig) -> Result<(), SourceError> {
    if !cfg!(windows) {
        return Err(SourceError::WindowsOnly);
    }
    let wrong = config.channels.iter().find(|it| !names::may_be(it));
    wrong.map_or(Ok(()), |it| Err(SourceError::Channel { name: it.clone() }))
}

/// Opens it, where there is one.
#[cfg(windows)]
pub(super) fn open(
    name: &str,
    labels: &BTreeMap<String, String>,
    config: &WindowsEventLogConfig,
    how: &Opening<'_>,
) -> Result<Box<dyn Source>, SourceError> {
    let log = win32::Wevtapi::open(how.wake.clone())
        .map_err(|source| SourceError::Read { name: name.to_owned(), source })?;
    Ok(Box::new(EventLogSource::of(Box::new(log), name, labels, config, how)))
}

/// There is none.
#[cfg(not(windows))]
pub(super) fn open(
    _: &str,
    _: &BTreeMap<String, String>,
    _: &WindowsEventLogConfig,
    _: &Opening<'_>,
) -> Result<Box<dyn Source>, SourceError> {
    Err(SourceError::WindowsOnly)
}

/// Channels as a source.
#[cfg_attr(not(windows), allow(dead_code, reason = "built and tested everywhere"))]
struct EventLogSource {
    name: String,
    labels: BTreeMap<String, String>,
    log: Box<dyn EventLog>,
    channels: Vec<Channel>,
    /// The channel that has its turn.
    turn: usize,
    once: bool,
    pulled_at: Option<Timestamp>,
    last_read: Option<Timestamp>,
}

#[cfg_attr(not(windows), allow(dead_code, reason = "built and tested everywhere"))]
impl EventLogSource {
    fn of(
        log: Box<dyn EventLog>,
        name: &str,
        labels: &BTreeMap<String, String>,
        config: &WindowsEventLogConfig,
        how: &Opening<'_>,
    ) -> Self {
        let ours = how.checkpoints.iter().filter(|it| it.source == name);
        let ours: Vec<_> = ours.collect();
        let asked = names::asked(&config.channels);
        let channels = asked.into_iter().map(|it| Channel::new(it, &ours)).collect();
        Self {
            name: name.to_owned(),
            labels: labels.clone(),
            log,
            channels,
            turn: 0,
            once: how.once,
            pulled_at: None,
            last_read: None,
        }
    }

    /// Asks the channels for more, when there may be some.
    fn pull(&mut self, now: Timestamp) {
        let timer = self.pulled_at.is_none_or(|it| passed(it, now, PULL_EVERY));
        let all = self.log.signalled() || timer;
        if all {
            self.pulled_at = Some(now);
        }
        for channel in &mut self.channels {
            channel.pull(&*self.log, all, now);
        }
    }

    /// The next channel in turn that has an event.
    fn next(&mut self) -> Option<usize> {
        let all = self.channels.len();
        let next = (0..all).map(|step| (self.turn + step) % all);
        next.into_iter().find(|it| self.channels[*it].event().is_some())
    }
}

impl Source for EventLogSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    fn read(&mut self, now: Timestamp) -> Result<Option<Batch<'_>>, SourceError> {
        self.pull(now);
        let Some(turn) = self.next() else { return Ok(None) };
        (self.turn, self.last_read) = (turn, Some(now));
        let channel = &self.channels[turn];
        Ok(channel.event().map(|event| Batch {
            source: &self.name,
            labels: &self.labels,
            path: channel.shown(),
            bytes: event.xml.as_bytes(),
            offset: event.record,
            read_at: now,
            // An event is whole: whatever is taken of it now is all that ever will be.
            end: End::Eof,
            framing: Framing::default(),
            full: true,
        }))
    }

    fn advance(&mut self, _: usize, _: Framing) {
        self.channels[self.turn].take();
        self.turn += 1;
    }

    fn checkpoints(&mut self, changes: &mut Changes) {
        let mut missed = 0;
        for channel in &mut self.channels {
            missed += channel.missed();
            changes.checkpoints.extend(channel.checkpoint(&self.name));
        }
        if missed > 0 {
            let mut series = String::new();
            totals::series(&mut series, metrics::SOURCE_MISSED.name, &[&self.name]);
            changes.totals.push((series, missed as f64));
        }
    }

    fn status(&self) -> SourceStatus {
        let errors = self.channels.iter().filter_map(Channel::trouble);
        let errors: BTreeMap<_, _> = errors.collect();
        SourceStatus {
            last_read: self.last_read,
            stalled: !errors.is_empty(),
            errors,
            finished: self.once && self.channels.iter().all(Channel::is_at_end),
            ..SourceStatus::default()
        }
    }

    fn patience(&self, now: Timestamp) -> Duration {
        let retry = self.channels.iter().filter_map(|it| it.retry_in(now)).min();
        retry.unwrap_or(PULL_EVERY).min(PULL_EVERY)
    }
}
