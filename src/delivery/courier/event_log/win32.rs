//! One event, by the two calls that Windows has for it.

use std::io;
use std::ptr::null;
use std::ptr::null_mut;

use windows_sys::Win32::System::EventLog::DeregisterEventSource;
use windows_sys::Win32::System::EventLog::EVENTLOG_ERROR_TYPE;
use windows_sys::Win32::System::EventLog::EVENTLOG_INFORMATION_TYPE;
use windows_sys::Win32::System::EventLog::EVENTLOG_WARNING_TYPE;
use windows_sys::Win32::System::EventLog::RegisterEventSourceW;
use windows_sys::Win32::System::EventLog::ReportEventW;

use crate::outputs::windows_event_log::EventKind;
use crate::outputs::windows_event_log::WindowsEvent;

/// Writes `event` to the Application log, as one of our source.
pub(crate) fn report(event: &WindowsEvent) -> io::Result<()> {
    let kind = match event.kind {
        EventKind::Error => EVENTLOG_ERROR_TYPE,
        EventKind::Warning => EVENTLOG_WARNING_TYPE,
        EventKind::Information => EVENTLOG_INFORMATION_TYPE,
    };
    let (source, text) = (wide("shirwatch"), wide(&event.text));
    let texts = [text.as_ptr()];
    #[expect(
        unsafe_code,
        reason = "calls Windows: each text ends with a nul and outlives the call"
    )]
    let done = unsafe {
        let log = RegisterEventSourceW(null(), source.as_ptr());
        if log.is_null() {
            return Err(io::Error::last_os_error());
        }
        let id = u32::from(event.id);
        let done = ReportEventW(log, kind, 0, id, null_mut(), 1, 0, texts.as_ptr(), null());
        let done = if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) };
        DeregisterEventSource(log);
        done
    };
    done
}

/// UTF-16 up to its nul; one in the text would end it.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().filter(|it| *it != 0).chain([0]).collect()
}
