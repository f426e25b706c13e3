//! The operator's rules: laid over ours again whenever their folder changes.
//!
//! A folder that is refused leaves the old catalogue in use, and
//! `shirwatch_config_last_reload_successful` says so until it is mended.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::catalogue::Catalogue;
use crate::service::clock;
use crate::service::engine::Engine;

/// Files of a folder that are looked at; more are no folder of rules.
const LIMIT: usize = 10_000;

/// The operator's folder of rules.
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    seen: Vec<(PathBuf, u64, Option<SystemTime>)>,
}

impl Folder {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), seen: look(dir) }
    }

    /// Whether a file came, went or changed since the last call.
    fn changed(&mut self) -> bool {
        let now = look(&self.dir);
        let changed = now != self.seen;
        self.seen = now;
        changed
    }
}

/// The files of a folder, each with its length and the time of its last change.
fn look(dir: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().take(LIMIT);
    let mut files: Vec<_> = entries
        .filter_map(|it| {
            let about = it.metadata().ok()?;
            Some((it.path(), about.len(), about.modified().ok()))
        })
        .collect();
    files.sort();
    files
}

impl Engine {
    /// Takes in the operator's rules again if their folder changed.
    pub(super) fn reload_rules(&mut self) {
        let Some(folder) = self.rules.as_mut() else { return };
        if !folder.changed() {
            return;
        }
        let loaded = Catalogue::load(Some(&folder.dir));
        self.refused.rules = loaded.as_ref().err().map(ToString::to_string);
        match loaded {
            Ok(catalogue) => {
                let catalogue = Arc::new(catalogue.without_proof());
                tracing::info!(rules = catalogue.rules().len(), "the rules were taken in again");
                self.shared.snapshot_mut().reloaded_at = Some(clock());
                self.shared.set_catalogue(Arc::clone(&catalogue));
                self.pipeline.replace_catalogue(catalogue);
            }
            Err(error) => {
                let dir = folder.dir.display();
                tracing::error!(%dir, %error, "the new rules are refused; the old ones stay in use");
            }
        }
    }
}
