//! One channel: where reading goes on, and what to do when that place is gone.
//!
//! ```text
//! the record read last …          subscribe              missed
//! is there, of the same time      after its bookmark     0
//!   and the bookmark is refused   by its time            0; what was read is passed over
//! is gone, newer ones are there   at the oldest          those between the two
//! is gone, or of another time     at the oldest          nobody can say: counted as 1
//! ```
//!
//! A bookmark alone would not do: it names a record by its number, and a channel that was
//! cleared begins again at 1. Numbers of a channel have no holes, so a jump in them is what
//! was overwritten before we read it.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::batch::Framing;
use crate::model::checkpoint::Checkpoint;
use crate::sources::windows_event_log::log::{Event, EventLog, LogError, Start, Subscription};
use crate::sources::windows_event_log::names;

/// Events that are pulled in one go, at first.
const MOST: usize = 100;

/// How long to wait after a failure, doubled after each up to the last.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// How much earlier than the last event reading by time begins: events are numbered in the
/// order in which they were written, which is not quite that of their times.
const MARGIN: Duration = Duration::from_secs(60);

/// A channel.
pub(super) struct Channel {
    /// The name that was asked for.
    asked: String,
    /// The name as the machine writes it.
    name: Option<String>,
    subscription: Option<Box<dyn Subscription>>,
    /// The event that was taken last.
    place: Option<Place>,
    /// Events to be offered, each with how many before it nobody will read any more.
    waiting: VecDeque<(u64, Event)>,
    /// How many that is before the next one.
    gap: u64,
    /// Events up to this number and time were read before, and come again.
    passed_over: Option<(u64, Timestamp)>,
    /// The number read last since we subscribed.
    reached: Option<u64>,
    most: usize,
    more: bool,
    failures: u32,
    retry_at: Option<Timestamp>,
    trouble: Option<String>,
    missed: u64,
    dirty: bool,
    at_end: bool,
}

/// The event that was taken last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    record: u64,
    time: Timestamp,
    bookmark: String,
}

impl Channel {
    /// A channel that goes on where its checkpoint says.
    pub(super) fn new(asked: String, checkpoints: &[&Checkpoint]) -> Self {
        let ours = checkpoints.iter().find(|it| it.stream == asked);
        let place = ours.and_then(|it| match serde_json::from_str(&it.identity) {
            Ok(place) => Some(place),
            Err(error) => {
                tracing::warn!(channel = asked, %error, "the checkpoint is damaged; reading all");
                None
            }
        });
        Self {
            asked,
            name: None,
            subscription: None,
            place,
            waiting: VecDeque::new(),
            gap: 0,
            passed_over: None,
            reached: None,
            most: MOST,
            more: true,
            failures: 0,
            retry_at: None,
            trouble: None,
            missed: 0,
            dirty: false,
            at_end: false,
        }
    }

    /// Asks for more events, when the last were taken: if there may be `new` ones, or the last
    /// answer did not hold all.
    pub(super) fn pull(&mut self, log: &dyn EventLog, new: bool, now: Timestamp) {
        let due = self.retry_at.is_none_or(|at| at <= now);
        if !self.waiting.is_empty() || !due || !(new || self.more) {
            return;
        }
        match self.try_pull(log) {
            Ok(()) => self.succeeded(),
            Err(LogError::TooMany) if self.most > 1 => {
                self.most /= 2;
                (self.subscription, self.more) = (None, true);
            }
            Err(error) => self.failed(&error, now),
        }
    }

    fn try_pull(&mut self, log: &dyn EventLog) -> Result<(), LogError> {
        if self.subscription.is_none() {
            self.subscription = Some(self.subscribe(log)?);
        }
        let Some(subscription) = &mut self.subscription else { return Ok(()) };
        let events = subscription.next(self.most)?;
        self.more = !events.is_empty();
        self.at_end = events.is_empty();
        events.into_iter().for_each(|it| self.receive(it));
        Ok(())
    }

    /// Subscribes where reading has to go on.
    fn subscribe(&mut self, log: &dyn EventLog) -> Result<Box<dyn Subscription>, LogError> {
        let there = log.channels().unwrap_or_default();
        let name = names::written(&self.asked, &there).unwrap_or(&self.asked).to_owned();
        let name: &str = self.name.insert(name);
        (self.passed_over, self.reached, self.gap) = (None, None, 0);
        let Some(place) = &self.place else { return log.subscribe(name, Start::Oldest) };
        let written = log.time_of(name, &place.bookmark);
        if matches!(&written, Ok(Some(at)) if *at == place.time) || written.is_err() {
            self.reached = Some(place.record);
            match log.subscribe(name, Start::After(&place.bookmark)) {
                Err(LogError::BookmarkLost) => {}
                answer => return answer,
            }
            tracing::warn!(channel = name, "the bookmark is refused; going on by time");
            let since = place.time.checked_sub(MARGIN).unwrap_or(place.time);
            let until = place.time.checked_add(MARGIN).unwrap_or(place.time);
            self.passed_over = Some((place.record, until));
            return log.subscribe(name, Start::Since(since));
        }
        // What was overwritten shows as a jump of the numbers, and so does a new beginning that
        // is still empty.
        self.reached = Some(place.record);
        if matches!(log.oldest(name), Ok(Some(oldest)) if oldest <= place.record) {
            self.begin_again();
        }
        let name = self.name.as_deref().unwrap_or(&self.asked);
        log.subscribe(name, Start::Oldest)
    }

    /// The channel was cleared, or is another one of that name.
    fn begin_again(&mut self) {
        tracing::warn!(channel = self.asked, "the channel was cleared; events may be missing");
        (self.reached, self.gap) = (None, self.gap + 1);
    }

    /// Keeps an event to be offered.
    fn receive(&mut self, event: Event) {
        if self.passed_over.is_some_and(|(record, at)| event.record <= record && event.time <= at) {
            return;
        }
        match self.reached {
            Some(last) if event.record <= last => self.begin_again(),
            Some(last) => self.gap += event.record - last - 1,
            None => {}
        }
        self.reached = Some(event.record);
        self.gap += u64::from(event.xml.is_empty());
        self.waiting.push_back((std::mem::take(&mut self.gap), event));
    }

    fn succeeded(&mut self) {
        (self.failures, self.retry_at) = (0, None);
        if self.trouble.take().is_some() {
            tracing::info!(channel = self.asked, "the channel can be read again");
        }
    }

    fn failed(&mut self, error: &LogError, now: Timestamp) {
        let text = error.to_string();
        if self.trouble.as_ref() != Some(&text) {
            tracing::warn!(channel = self.asked, error = text, "cannot read; will try again");
        }
        let wait = (WAITS[0] * 2u32.pow(self.failures.min(6))).min(WAITS[1]);
        self.failures += 1;
        self.retry_at = now.checked_add(wait).ok();
        (self.subscription, self.trouble) = (None, Some(text));
        (self.more, self.at_end) = (true, true);
    }

    /// The event that is offered next.
    pub(super) fn event(&self) -> Option<&Event> {
        self.waiting.front().map(|(_, event)| event)
    }

    /// It was taken.
    pub(super) fn take(&mut self) {
        let Some((gap, event)) = self.waiting.pop_front() else { return };
        if gap > 0 {
            tracing::warn!(channel = self.asked, gap, "events were gone before they were read");
        }
        self.missed += gap;
        let Event { record, time, bookmark, .. } = event;
        self.place = Some(Place { record, time, bookmark });
        self.dirty = true;
    }

    /// Events that nobody will read any more, since the last call.
    pub(super) fn missed(&mut self) -> u64 {
        std::mem::take(&mut self.missed)
    }

    /// The checkpoint, when it changed since the last call.
    pub(super) fn checkpoint(&mut self, source: &str) -> Option<Checkpoint> {
        let place = self.place.as_ref().filter(|_| std::mem::take(&mut self.dirty))?;
        Some(Checkpoint {
            source: source.to_owned(),
            stream: self.asked.clone(),
            offset: place.record,
            framing: Framing::default(),
            identity: serde_json::to_string(place).unwrap_or_default(),
        })
    }

    /// The name that is shown.
    pub(super) fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.asked)
    }

    /// What is wrong, by the name.
    pub(super) fn trouble(&self) -> Option<(String, String)> {
        self.trouble.clone().map(|it| (self.asked.clone(), it))
    }

    /// True when all that was there is read, or cannot be.
    pub(super) fn is_at_end(&self) -> bool {
        self.at_end && self.waiting.is_empty()
    }

    /// How long until this channel wants to be asked; `None` where a signal or the timer will do.
    pub(super) fn retry_in(&self, now: Timestamp) -> Option<Duration> {
        match self.retry_at {
            Some(at) => Some(Duration::try_from(at.duration_since(now)).unwrap_or_default()),
            None => self.more.then_some(Duration::ZERO),
        }
    }
}
