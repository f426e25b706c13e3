//! Writes an event to the log of Windows, by the program that Windows has for it.
//!
//! ```text
//! %SystemRoot%\System32\eventcreate.exe /L APPLICATION /T ERROR /SO shirwatch /ID 101 /D …
//! ```
//!
//! The program brings the table of messages that an event needs to be shown whole, and
//! spares us foreign calls. It registers the source at its first use, for which the
//! service has the right. Elsewhere this refuses; the configuration did before.

use std::time::Duration;

use crate::delivery::courier::Answer;
use crate::delivery::courier::Failure;
use crate::delivery::courier::FailureKind;
use crate::outputs::windows_event_log::WindowsEvent;

/// Writes one event, once.
#[cfg(windows)]
pub(super) async fn send(event: WindowsEvent, timeout: Duration) -> Answer {
    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    let program = std::path::Path::new(&root).join(r"System32\eventcreate.exe");
    let writing = tokio::task::spawn_blocking(move || {
        std::process::Command::new(program).args(arguments(&event)).output()
    });
    let text = match tokio::time::timeout(timeout, writing).await {
        Ok(Ok(Ok(done))) if done.status.success() => return Answer::Sent,
        Ok(Ok(Ok(done))) => {
            let said = String::from_utf8_lossy(&done.stderr);
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("the event log took nothing: {}", said.chars().take(200).collect::<String>())
        }
        Ok(Ok(Err(error))) => format!("cannot run eventcreate.exe: {error}"),
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

/// What the program is told. It reads an argument that begins with a slash as a switch,
/// so that the text never does.
#[cfg(any(windows, test))]
fn arguments(event: &WindowsEvent) -> Vec<String> {
    use crate::outputs::windows_event_log::EventKind;
    let kind = match event.kind {
        EventKind::Error => "ERROR",
        EventKind::Warning => "WARNING",
        EventKind::Information => "INFORMATION",
    };
    let id = event.id.to_string();
    let text = event.text.replace(['\0', '"'], "'");
    let text = if text.starts_with(['/', '-']) { format!(" {text}") } else { text };
    let fixed = ["/L", "APPLICATION", "/SO", "shirwatch", "/T", kind, "/ID", &id, "/D", &text];
    fixed.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::windows_event_log::EventKind;

    #[test]
    #[rustfmt::skip]
    fn a_text_is_one_argument() {
        // text                 the last argument
        check("firing: a \"b\"", "firing: a 'b'");
        check("/S evil",        " /S evil");
        check("a\0b",           "a'b");
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let event = WindowsEvent { kind: EventKind::Error, id: 101, text: text.to_owned() };
        let arguments = arguments(&event);
        assert_eq!(arguments[..9].join(" "), "/L APPLICATION /SO shirwatch /T ERROR /ID 101 /D");
        assert_eq!(arguments[9..], [expected]);
    }
}
