//! The event log as Windows has it: `wevtapi.dll`, by pull subscription.
//!
//! The one place of the project with foreign calls. Each is wrapped where it stands; a handle is
//! closed by its owner, and each answer of Windows is checked.
//!
//! Calls, flags and their errors: Windows Event Log Reference, learn.microsoft.com/windows/win32/wes.
#![allow(unsafe_code, reason = "Win32 has no other door; see each call")]

mod handle;
mod publishers;
mod render;

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use windows_sys::Win32::Foundation::{
    ERROR_INVALID_OPERATION, ERROR_NO_MORE_ITEMS, ERROR_TIMEOUT, GetLastError, WAIT_OBJECT_0,
};
use windows_sys::Win32::System::EventLog as win;
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, SetEvent, WaitForSingleObject,
};

use crate::sources::Waker;
use crate::sources::windows_event_log::log::{Event, EventLog, LogError, Start, Subscription};
use handle::{Handle, last_error, wide};
use publishers::Publishers;
use render::Renderer;

/// How long one question may take, in milliseconds.
const PATIENCE: u32 = 10_000;

/// The event log of this machine.
pub(super) struct Wevtapi {
    /// Set by Windows when any of our channels has something new.
    signal: Arc<OwnedHandle>,
    signalled: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

impl Wevtapi {
    /// Opens it. `wake` is called from a thread of its own whenever there is something new.
    pub(super) fn open(wake: Option<Waker>) -> io::Result<Self> {
        // SAFETY: no pointer is passed but for null; the handle is checked and owned at once.
        let raw = unsafe { CreateEventW(null(), 0, 0, null()) };
        if raw.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a handle that was just made and that nobody else has.
        let signal = Arc::new(unsafe { OwnedHandle::from_raw_handle(raw) });
        let signalled = Arc::new(AtomicBool::new(true));
        let stop = Arc::new(AtomicBool::new(false));
        let log = Self { signal, signalled, stop };
        let (signal, signalled, stop) =
            (Arc::clone(&log.signal), Arc::clone(&log.signalled), Arc::clone(&log.stop));
        std::thread::Builder::new().name("event log".to_owned()).spawn(move || {
            // SAFETY: the handle lives as long as this thread holds its share of it.
            while unsafe { WaitForSingleObject(signal.as_raw_handle(), INFINITE) } == WAIT_OBJECT_0
            {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                signalled.store(true, Ordering::Release);
                wake.iter().for_each(|wake| wake());
            }
        })?;
        Ok(log)
    }
}

impl Drop for Wevtapi {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // SAFETY: the handle is ours. If this failed, a thread would wait for ever, no more.
        unsafe { SetEvent(self.signal.as_raw_handle()) };
    }
}

impl EventLog for Wevtapi {
    fn channels(&self) -> Result<Vec<String>, LogError> {
        // SAFETY: no pointer is passed; 0 is the local machine.
        let all = Handle::of(unsafe { win::EvtOpenChannelEnum(0, 0) })?;
        let mut names = Vec::new();
        while let Some(name) = handle::next_channel(&all)? {
            names.push(name);
        }
        Ok(names)
    }

    fn time_of(&self, channel: &str, bookmark: &str) -> Result<Option<Timestamp>, LogError> {
        let found = seek(channel, bookmark)?;
        let Some(event) = next(&found, 1)?.into_iter().next() else { return Ok(None) };
        Ok(Some(Renderer::new()?.system(&event)?.time))
    }

    fn oldest(&self, channel: &str) -> Result<Option<u64>, LogError> {
        let path = wide(channel);
        // SAFETY: `path` ends with a null and outlives the call.
        let log = unsafe { win::EvtOpenLog(0, path.as_ptr(), win::EvtOpenChannelPath) };
        let log = Handle::of(log)?;
        if handle::log_info(&log, win::EvtLogNumberOfLogRecords)? == 0 {
            return Ok(None);
        }
        handle::log_info(&log, win::EvtLogOldestRecordNumber).map(Some)
    }

    fn subscribe(
        &self,
        channel: &str,
        start: Start<'_>,
    ) -> Result<Box<dyn Subscription>, LogError> {
        let (query, flags) = match start {
            Start::Oldest => ("*".to_owned(), win::EvtSubscribeStartAtOldestRecord),
            Start::Since(at) => (since(at), win::EvtSubscribeStartAtOldestRecord),
            Start::After(_) => {
                ("*".to_owned(), win::EvtSubscribeStartAfterBookmark | win::EvtSubscribeStrict)
            }
        };
        let bookmark = match start {
            Start::After(bookmark) => Some(handle::bookmark(bookmark)?),
            _ => None,
        };
        let (path, query) = (wide(channel), wide(&query));
        // SAFETY: both texts end with a null and outlive the call, as do event and bookmark;
        // a pull subscription has neither context nor callback.
        let subscription = unsafe {
            win::EvtSubscribe(
                0,
                self.signal.as_raw_handle(),
                path.as_ptr(),
                query.as_ptr(),
                bookmark.as_ref().map_or(0, Handle::raw),
                null(),
                None,
                flags,
            )
        };
        let subscription = Handle::of(subscription)?;
        let signal = Arc::clone(&self.signal);
        Ok(Box::new(Pull {
            subscription,
            _signal: signal,
            renderer: Renderer::new()?,
            publishers: Publishers::default(),
        }))
    }

    fn signalled(&self) -> bool {
        self.signalled.swap(false, Ordering::AcqRel)
    }
}

/// A channel that is read on.
struct Pull {
    subscription: Handle,
    /// Windows sets it as long as the subscription lives.
    _signal: Arc<OwnedHandle>,
    renderer: Renderer,
    publishers: Publishers,
}

impl Subscription for Pull {
    fn next(&mut self, most: usize) -> Result<Vec<Event>, LogError> {
        let found = next(&self.subscription, most)?;
        found.iter().map(|it| self.event(it)).collect()
    }
}

impl Pull {
    fn event(&mut self, event: &Handle) -> Result<Event, LogError> {
        let system = self.renderer.system(event)?;
        let publisher = self.publishers.of(&system.provider);
        let xml = publisher.and_then(|it| self.renderer.rendered(it, event).ok());
        let xml = xml.or_else(|| self.renderer.plain(event).ok()).unwrap_or_default();
        let bookmark = self.renderer.bookmark(event)?;
        Ok(Event { record: system.record, time: system.time, xml, bookmark })
    }
}

/// All events of a channel, from that of a bookmark on.
fn seek(channel: &str, bookmark: &str) -> Result<Handle, LogError> {
    let bookmark = handle::bookmark(bookmark)?;
    let (path, query) = (wide(channel), wide("*"));
    let flags = win::EvtQueryChannelPath | win::EvtQueryForwardDirection;
    // SAFETY: both texts end with a null and outlive the call.
    let all = Handle::of(unsafe { win::EvtQuery(0, path.as_ptr(), query.as_ptr(), flags) })?;
    let flags = win::EvtSeekRelativeToBookmark | win::EvtSeekStrict;
    // SAFETY: both handles are open; 0 is the event of the bookmark itself.
    match unsafe { win::EvtSeek(all.raw(), 0, bookmark.raw(), 0, flags as u32) } {
        0 => match last_error() {
            // The event is gone: nothing can be found behind the end of an empty answer.
            LogError::BookmarkLost => empty(channel),
            error => Err(error),
        },
        _ => Ok(all),
    }
}

/// An answer without events.
fn empty(channel: &str) -> Result<Handle, LogError> {
    let (path, query) = (wide(channel), wide("*[System[EventRecordID=0]]"));
    // SAFETY: both texts end with a null and outlive the call.
    Handle::of(unsafe { win::EvtQuery(0, path.as_ptr(), query.as_ptr(), win::EvtQueryChannelPath) })
}

/// The next events of an answer or a subscription.
fn next(of: &Handle, most: usize) -> Result<Vec<Handle>, LogError> {
    let mut events = vec![0_isize; most];
    let mut returned = 0_u32;
    let size = u32::try_from(most).unwrap_or(1);
    // SAFETY: there is room for `size` handles, and `returned` outlives the call.
    let done =
        unsafe { win::EvtNext(of.raw(), size, events.as_mut_ptr(), PATIENCE, 0, &mut returned) };
    // SAFETY: no pointer is passed.
    let error = if done == 0 { unsafe { GetLastError() } } else { 0 };
    events.truncate(returned as usize);
    let events: Vec<_> = events.into_iter().filter_map(|it| Handle::of(it).ok()).collect();
    match error {
        0 | ERROR_NO_MORE_ITEMS | ERROR_TIMEOUT => Ok(events),
        // What a subscription says that has nothing new.
        ERROR_INVALID_OPERATION => Ok(events),
        error => Err(handle::error(error)),
    }
}

/// The events that were written at `at` or later.
fn since(at: Timestamp) -> String {
    format!("*[System[TimeCreated[@SystemTime>='{at:.9}']]]")
}
