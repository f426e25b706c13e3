//! What Windows tells of one event: its XML, its bookmark, its number and time.

use std::ptr::null;

use jiff::{SignedDuration, Timestamp};
use windows_sys::Win32::System::EventLog as win;

use crate::sources::windows_event_log::log::LogError;
use crate::sources::windows_event_log::win32::handle::{self, Handle};

/// Seconds from 1601, where Windows begins to count, to 1970.
const EPOCH: i64 = 11_644_473_600;

/// Renders events, with a buffer that is used again.
pub(super) struct Renderer {
    /// Asks for the values of `<System>`.
    system: Handle,
    bookmark: Handle,
    buffer: Vec<u16>,
}

/// What stands in `<System>`.
pub(super) struct System {
    pub(super) provider: String,
    pub(super) record: u64,
    pub(super) time: Timestamp,
}

impl Renderer {
    pub(super) fn new() -> Result<Self, LogError> {
        // SAFETY: this context is for a fixed set of values, so that none is named.
        let raw = unsafe { win::EvtCreateRenderContext(0, null(), win::EvtRenderContextSystem) };
        let (system, bookmark) = (Handle::of(raw)?, handle::no_bookmark()?);
        Ok(Self { system, bookmark, buffer: vec![0; 8 << 10] })
    }

    /// Number, time and provider.
    pub(super) fn system(&mut self, event: &Handle) -> Result<System, LogError> {
        // As variants, since the buffer must stand where a variant may.
        let mut room = vec![win::EVT_VARIANT::default(); 512];
        let size = (room.len() * size_of::<win::EVT_VARIANT>()) as u32;
        let (mut used, mut count) = (0, 0);
        let (context, flags) = (self.system.raw(), win::EvtRenderEventValues);
        let buffer = room.as_mut_ptr().cast();
        // SAFETY: there is room for `size` bytes; values and their texts are written into it.
        let done = unsafe {
            win::EvtRender(context, event.raw(), flags, size, buffer, &mut used, &mut count)
        };
        if done == 0 {
            return Err(handle::last_error());
        }
        let value = |id: i32| room[..count as usize].get(id as usize);
        let number = |id| value(id).filter(|it| it.Type != win::EvtVarTypeNull as u32);
        // SAFETY: the types of these two are documented as UInt64 and FileTime, both 64 bits.
        let record =
            number(win::EvtSystemEventRecordId).map_or(0, |it| unsafe { it.Anonymous.UInt64Val });
        let ticks =
            number(win::EvtSystemTimeCreated).map_or(0, |it| unsafe { it.Anonymous.FileTimeVal });
        // SAFETY: a text that ends with a null and lies in `room`.
        let provider = number(win::EvtSystemProviderName)
            .map_or_else(String::new, |it| unsafe { text(it.Anonymous.StringVal) });
        Ok(System { provider, record, time: time(ticks) })
    }

    /// The event with its message.
    pub(super) fn rendered(
        &mut self,
        publisher: &Handle,
        event: &Handle,
    ) -> Result<String, LogError> {
        let (publisher, event, flags) = (publisher.raw(), event.raw(), win::EvtFormatMessageXml);
        handle::text(&mut self.buffer, |room, buffer, used| {
            // SAFETY: there is room for so many characters, and `used` outlives the call.
            unsafe {
                win::EvtFormatMessage(publisher, event, 0, 0, null(), flags, room, buffer, used)
            }
        })
    }

    /// The event without a message, but with all its data.
    pub(super) fn plain(&mut self, event: &Handle) -> Result<String, LogError> {
        self.render(event.raw(), win::EvtRenderEventXml)
    }

    /// A bookmark of the event.
    pub(super) fn bookmark(&mut self, event: &Handle) -> Result<String, LogError> {
        // SAFETY: both handles are open.
        if unsafe { win::EvtUpdateBookmark(self.bookmark.raw(), event.raw()) } == 0 {
            return Err(handle::last_error());
        }
        self.render(self.bookmark.raw(), win::EvtRenderBookmark)
    }

    fn render(&mut self, what: win::EVT_HANDLE, flags: u32) -> Result<String, LogError> {
        handle::text(&mut self.buffer, |room, buffer, used| {
            let (mut bytes, mut count) = (0, 0);
            // SAFETY: there is room for twice as many bytes as characters, and both numbers
            // outlive the call.
            let done = unsafe {
                win::EvtRender(0, what, flags, room * 2, buffer.cast(), &mut bytes, &mut count)
            };
            *used = bytes.div_ceil(2);
            done
        })
    }
}

/// A text that ends with a null.
///
/// # Safety
/// `start` is null, or points to such a text.
unsafe fn text(start: *const u16) -> String {
    if start.is_null() {
        return String::new();
    }
    // SAFETY: by the promise above, all up to the null may be read.
    let length = (0..).take_while(|at| unsafe { *start.add(*at) } != 0).count();
    // SAFETY: the same.
    handle::narrow(unsafe { std::slice::from_raw_parts(start, length) })
}

/// A time from steps of 100 nanoseconds since 1601.
fn time(ticks: u64) -> Timestamp {
    let seconds = i64::try_from(ticks / 10_000_000).unwrap_or(i64::MAX) - EPOCH;
    let nanos = i32::try_from(ticks % 10_000_000).unwrap_or(0) * 100;
    Timestamp::from_duration(SignedDuration::new(seconds, nanos)).unwrap_or(Timestamp::UNIX_EPOCH)
}
