//! An event log in memory, to test with: it keeps the promises that Windows documents for
//! `EvtSubscribe` and `EvtNext`, and fails as they do when it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::sources::windows_event_log::log::{Event, EventLog, LogError, Start, Subscription};

/// A log that several hands may hold.
#[derive(Clone, Default)]
pub(super) struct FakeLog(Arc<Mutex<Machine>>);

#[derive(Default)]
struct Machine {
    channels: BTreeMap<String, Channel>,
    signalled: bool,
    /// What the next pulls answer instead of events.
    faults: VecDeque<LogError>,
    /// Beyond so many events an answer does not fit.
    bound: Option<usize>,
    /// True when records cannot be looked up.
    mute: bool,
}

#[derive(Default)]
struct Channel {
    records: VecDeque<Event>,
    last: u64,
    /// Subscriptions to another incarnation are stale; bookmarks do not know of it.
    incarnation: u64,
    /// Records that are kept; older ones are overwritten.
    room: Option<usize>,
}

impl FakeLog {
    pub(super) fn with(channels: &[&str]) -> Self {
        let log = Self::default();
        for name in channels {
            log.lock().channels.insert((*name).to_owned(), Channel::default());
        }
        log
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an event, and gives a signal.
    pub(super) fn write(&self, channel: &str, second: i64, text: &str) {
        self.write_unheard(channel, second, text);
        self.lock().signalled = true;
    }

    /// Writes an event whose signal gets lost.
    pub(super) fn write_unheard(&self, channel: &str, second: i64, text: &str) {
        let mut machine = self.lock();
        let it = machine.channels.entry(channel.to_owned()).or_default();
        it.last += 1;
        let time = Timestamp::constant(second, 0);
        let bookmark = format!("{channel}/{}", it.last);
        it.records.push_back(Event { record: it.last, time, xml: text.to_owned(), bookmark });
        while it.room.is_some_and(|room| it.records.len() > room) {
            it.records.pop_front();
        }
    }

    /// Keeps this many records from now on.
    pub(super) fn room(&self, channel: &str, records: usize) {
        self.lock().channels.entry(channel.to_owned()).or_default().room = Some(records);
    }

    /// Clears a channel; numbers go on, or begin again.
    pub(super) fn clear(&self, channel: &str, again: bool) {
        let mut machine = self.lock();
        let it = machine.channels.entry(channel.to_owned()).or_default();
        it.records.clear();
        it.incarnation += 1;
        if again {
            it.last = 0;
        }
    }

    pub(super) fn fail(&self, fault: LogError) {
        self.lock().faults.push_back(fault);
    }

    pub(super) fn bound(&self, events: usize) {
        self.lock().bound = Some(events);
    }

    pub(super) fn mute(&self) {
        self.lock().mute = true;
    }

    pub(super) fn remove(&self, channel: &str) {
        self.lock().channels.remove(channel);
    }
}

impl EventLog for FakeLog {
    fn channels(&self) -> Result<Vec<String>, LogError> {
        Ok(self.lock().channels.keys().cloned().collect())
    }

    fn time_of(&self, channel: &str, bookmark: &str) -> Result<Option<Timestamp>, LogError> {
        let machine = self.lock();
        if machine.mute {
            return Err(LogError::Other(std::io::ErrorKind::Unsupported.into()));
        }
        let there = machine.channels.get(channel).ok_or(LogError::NoChannel)?;
        if !bookmark.starts_with(channel) {
            return Err(LogError::BookmarkLost);
        }
        Ok(there.records.iter().find(|it| it.bookmark == bookmark).map(|it| it.time))
    }

    fn oldest(&self, channel: &str) -> Result<Option<u64>, LogError> {
        let machine = self.lock();
        let there = machine.channels.get(channel).ok_or(LogError::NoChannel)?;
        Ok(there.records.front().map(|it| it.record))
    }

    fn subscribe(
        &self,
        channel: &str,
        start: Start<'_>,
    ) -> Result<Box<dyn Subscription>, LogError> {
        let machine = self.lock();
        let there = machine.channels.get(channel).ok_or(LogError::NoChannel)?;
        let (mut after, mut since) = (0, Timestamp::MIN);
        match start {
            Start::Oldest => {}
            Start::Since(time) => since = time,
            Start::After(bookmark) => {
                let found = there.records.iter().find(|it| it.bookmark == bookmark);
                after = found.ok_or(LogError::BookmarkLost)?.record;
            }
        }
        let (log, channel, incarnation) = (self.clone(), channel.to_owned(), there.incarnation);
        Ok(Box::new(Reader { log, channel, incarnation, after, since }))
    }

    fn signalled(&self) -> bool {
        std::mem::take(&mut self.lock().signalled)
    }
}

struct Reader {
    log: FakeLog,
    channel: String,
    incarnation: u64,
    after: u64,
    since: Timestamp,
}

impl Subscription for Reader {
    fn next(&mut self, most: usize) -> Result<Vec<Event>, LogError> {
        let mut machine = self.log.lock();
        if let Some(fault) = machine.faults.pop_front() {
            return Err(fault);
        }
        let bound = machine.bound;
        let there = machine.channels.get(&self.channel).ok_or(LogError::NoChannel)?;
        if there.incarnation != self.incarnation {
            return Err(LogError::Other(std::io::Error::other("the query result is stale")));
        }
        let new = there.records.iter().filter(|it| it.record > self.after && it.time >= self.since);
        let events: Vec<_> = new.take(most).cloned().collect();
        if bound.is_some_and(|it| events.len() > it) {
            return Err(LogError::TooMany);
        }
        self.after = events.last().map_or(self.after, |it| it.record);
        Ok(events)
    }
}
