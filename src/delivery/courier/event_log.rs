//! Writes an event to the log of Windows.
//!
//! ```text
//! Application · source shirwatch · id 101 · Error · the text
//! ```
//!
//! Whoever runs may write to that log. `shirwatch service install` registers the source, with the
//! texts of `eventcreate.exe`, so that viewers show an event whole; without that they say that
//! its description is missing, and show it all the same. Elsewhere than on Windows this refuses;
//! the configuration did before.

#[cfg(windows)]
pub(crate) mod win32;

use std::time::Duration;

use crate::delivery::courier::Answer;
use crate::delivery::courier::Failure;
use crate::delivery::courier::FailureKind;
use crate::outputs::windows_event_log::WindowsEvent;

/// Writes one event, once.
#[cfg(windows)]
pub(super) async fn send(event: WindowsEvent, timeout: Duration) -> Answer {
    let writing = tokio::task::spawn_blocking(move || win32::report(&event));
    let text = match tokio::time::timeout(timeout, writing).await {
        Ok(Ok(Ok(()))) => return Answer::Sent,
        Ok(Ok(Err(error))) => format!("the event log took nothing: {error}"),
        Ok(Err(_)) | Err(_) => format!("the event log took nothing within {timeout:?}"),
    };
    Answer::Retry { after: None, why: Failure { kind: FailureKind::Write, text } }
}

/// There is no such log here.
#[cfg(not(windows))]
pub(super) async fn send(_: WindowsEvent, _: Duration) -> Answer {
    let text = "there is a Windows event log on Windows only".to_owned();
    Answer::Refused { why: Failure { kind: FailureKind::Write, text } }
}
