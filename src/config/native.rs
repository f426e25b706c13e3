//! What this machine offers where nothing is configured: on Windows the logs of an integration
//! runtime, and a file in the folder of the service; elsewhere nothing.

use std::path::PathBuf;

use crate::config::default_state_dir;
use crate::sources::SourceConfig;

/// Folders below `%ProgramData%` in which the runtime and its kin write texts.
const FOLDERS: [&str; 1] = ["SSISTelemetry"];

/// The configuration's file when none is named, also before it is there.
#[must_use]
pub fn file() -> Option<PathBuf> {
    cfg!(windows).then(|| default_state_dir().join("shirwatch.yaml"))
}

/// The channels of the integration runtime, and the known folders that are there.
#[must_use]
pub fn sources() -> Vec<SourceConfig> {
    if !cfg!(windows) {
        return Vec::new();
    }
    let channels =
        SourceConfig { windows_event_log: Some(Default::default()), ..Default::default() };
    let beside = default_state_dir().parent().map(PathBuf::from).unwrap_or_default();
    let folders = FOLDERS.iter().map(|it| beside.join(it)).filter(|it| it.is_dir());
    let include: Vec<_> = folders.map(|it| it.join("**/*").display().to_string()).collect();
    let files = SourceConfig::of_files(include.clone());
    if include.is_empty() { vec![channels] } else { vec![channels, files] }
}
