//! Channels of the Windows event log. The configuration is accepted everywhere, so that
//! one file serves a mixed estate when it is checked; it opens on Windows only.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::sources::Source;
use crate::sources::SourceError;

/// `- windows_event_log:` the channels to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WindowsEventLogConfig {
    /// Names of channels, as the event viewer shows them.
    pub channels: Vec<String>,
}

/// What is wrong with it here.
pub(super) fn check(_: &WindowsEventLogConfig) -> Result<(), SourceError> {
    if cfg!(windows) { Ok(()) } else { Err(SourceError::WindowsOnly) }
}

/// Opens it, where there is one.
pub(super) fn open(_: &WindowsEventLogConfig) -> Result<Box<dyn Source>, SourceError> {
    Err(SourceError::WindowsOnly)
}
