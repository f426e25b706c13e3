//! What Windows does for us, as a trait: the seam between our logic and Win32.

use std::io;

use jiff::Timestamp;

/// The event log of a machine.
pub(super) trait EventLog: Send {
    /// The names of all channels.
    fn channels(&self) -> Result<Vec<String>, LogError>;

    /// When the event of a bookmark was written; `None` where it is gone. A bookmark tells
    /// an event by its number alone, so this may be another one of that number.
    fn time_of(&self, channel: &str, bookmark: &str) -> Result<Option<Timestamp>, LogError>;

    /// The number of the oldest record; `None` where the channel is empty.
    fn oldest(&self, channel: &str) -> Result<Option<u64>, LogError>;

    /// Subscribes to a channel.
    fn subscribe(&self, channel: &str, start: Start<'_>)
    -> Result<Box<dyn Subscription>, LogError>;

    /// True when a channel may have something new since the last call. It may say so
    /// needlessly, and it may fail to.
    fn signalled(&self) -> bool;
}

/// One channel that is read on.
pub(super) trait Subscription: Send {
    /// The next events, at most so many; none when nothing is new.
    fn next(&mut self, most: usize) -> Result<Vec<Event>, LogError>;
}

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start<'a> {
    /// At the oldest event there is.
    Oldest,
    /// Behind the event of a bookmark, and nowhere else: where that event is gone this is
    /// an error.
    After(&'a str),
    /// At the first event that was written at or after a time.
    Since(Timestamp),
}

/// An event of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Its number in the channel.
    pub(super) record: u64,
    /// When it was written.
    pub(super) time: Timestamp,
    /// The event as XML; empty when Windows could not render it.
    pub(super) xml: String,
    /// A bookmark of it, as XML that only Windows reads.
    pub(super) bookmark: String,
}

/// Why the event log cannot be read.
#[cfg_attr(not(any(windows, test)), allow(dead_code, reason = "built and tested everywhere"))]
#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    #[error("there is no such channel; install the integration runtime, or correct `channels`")]
    NoChannel,
    #[error("it may not be read; add the account of the service to the group Event Log Readers")]
    Denied,
    #[error("the event that was read last is gone")]
    BookmarkLost,
    #[error("that many events do not fit into one answer")]
    TooMany,
    #[error("the event log cannot be read: {0}")]
    Other(#[from] io::Error),
}
