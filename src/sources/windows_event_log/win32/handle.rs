//! Handles of the event log, which close themselves, and what is asked of them in one call.

use std::io;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_EVT_CHANNEL_NOT_FOUND, ERROR_EVT_QUERY_RESULT_INVALID_POSITION,
    ERROR_EVT_QUERY_RESULT_STALE, ERROR_INSUFFICIENT_BUFFER, ERROR_NO_MORE_ITEMS, ERROR_NOT_FOUND,
    GetLastError,
};
use windows_sys::Win32::System::EventLog as win;

use crate::sources::windows_event_log::log::LogError;

/// The longest text that Windows is let write, in characters: an event has 64 KiB at most.
const LONGEST: u32 = 4 << 20;

/// "The array bounds are invalid": the answer is larger than a remote call may be.
const RPC_S_INVALID_BOUND: u32 = 1734;

/// A handle of the event log.
pub(super) struct Handle(win::EVT_HANDLE);

// A handle may be used by any thread, by one at a time.
unsafe impl Send for Handle {}

impl Handle {
    /// What a call answered: a handle, or nothing and an error.
    pub(super) fn of(raw: win::EVT_HANDLE) -> Result<Self, LogError> {
        if raw == 0 { Err(last_error()) } else { Ok(Self(raw)) }
    }

    pub(super) fn raw(&self) -> win::EVT_HANDLE {
        self.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and ours, and nobody uses it afterwards.
        unsafe { win::EvtClose(self.0) };
    }
}

/// Why the last call failed.
pub(super) fn last_error() -> LogError {
    // SAFETY: no pointer is passed.
    error(unsafe { GetLastError() })
}

/// What an error of Windows means to us.
pub(super) fn error(code: u32) -> LogError {
    match code {
        ERROR_EVT_CHANNEL_NOT_FOUND => LogError::NoChannel,
        ERROR_ACCESS_DENIED => LogError::Denied,
        ERROR_NOT_FOUND | ERROR_EVT_QUERY_RESULT_INVALID_POSITION => LogError::BookmarkLost,
        RPC_S_INVALID_BOUND => LogError::TooMany,
        ERROR_EVT_QUERY_RESULT_STALE => {
            LogError::Other(io::Error::other("the subscription is stale; it is made again"))
        }
        code => LogError::Other(io::Error::from_raw_os_error(code as i32)),
    }
}

/// A text as Windows takes it.
pub(super) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// A text as Windows gave it, without what follows its null.
pub(super) fn narrow(text: &[u16]) -> String {
    let end = text.iter().position(|it| *it == 0).unwrap_or(text.len());
    String::from_utf16_lossy(&text[..end])
}

/// Lets `call` write a text: it is told the room, in characters, and says how many it needs.
pub(super) fn text(
    buffer: &mut Vec<u16>,
    mut call: impl FnMut(u32, *mut u16, &mut u32) -> i32,
) -> Result<String, LogError> {
    for _ in 0..4 {
        let room = u32::try_from(buffer.len()).unwrap_or(0);
        let mut used = 0;
        if call(room, buffer.as_mut_ptr(), &mut used) != 0 {
            let used = buffer.len().min(used as usize);
            return Ok(narrow(&buffer[..used]));
        }
        // SAFETY: no pointer is passed.
        match unsafe { GetLastError() } {
            ERROR_INSUFFICIENT_BUFFER if used > room && used <= LONGEST => {
                buffer.resize(used as usize, 0);
            }
            code => return Err(error(code)),
        }
    }
    Err(LogError::Other(io::Error::other("the text grows while it is read")))
}

/// A bookmark, from the XML that was kept of it.
pub(super) fn bookmark(xml: &str) -> Result<Handle, LogError> {
    let xml = wide(xml);
    // SAFETY: `xml` ends with a null and outlives the call.
    let raw = unsafe { win::EvtCreateBookmark(xml.as_ptr()) };
    Handle::of(raw).map_err(|_| LogError::BookmarkLost)
}

/// The name of the next channel.
pub(super) fn next_channel(all: &Handle) -> Result<Option<String>, LogError> {
    let mut buffer = vec![0; 256];
    let name = text(&mut buffer, |room, buffer, used| {
        // SAFETY: there is room for so many characters, and `used` outlives the call.
        unsafe { win::EvtNextChannelPath(all.raw(), room, buffer, used) }
    });
    match name {
        Err(LogError::Other(it)) if it.raw_os_error() == Some(ERROR_NO_MORE_ITEMS as i32) => {
            Ok(None)
        }
        name => name.map(Some),
    }
}

/// A number that is known of a log.
pub(super) fn log_info(log: &Handle, what: win::EVT_LOG_PROPERTY_ID) -> Result<u64, LogError> {
    // SAFETY: a union of numbers and pointers, for which all zeros is a value.
    let mut value: win::EVT_VARIANT = unsafe { std::mem::zeroed() };
    let mut used = 0;
    let size = size_of::<win::EVT_VARIANT>() as u32;
    // SAFETY: `value` has room for `size` bytes, which is all that a number takes.
    let done = unsafe { win::EvtGetLogInfo(log.raw(), what, size, &mut value, &mut used) };
    if done == 0 {
        return Err(last_error());
    }
    // SAFETY: both numbers that we ask for are documented as UInt64.
    Ok(unsafe { value.Anonymous.UInt64Val })
}

/// A bookmark that points nowhere yet.
pub(super) fn no_bookmark() -> Result<Handle, LogError> {
    // SAFETY: null asks for a new bookmark.
    Handle::of(unsafe { win::EvtCreateBookmark(null_mut()) })
}
