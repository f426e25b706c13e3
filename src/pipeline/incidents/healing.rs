//! Which activities failed and may succeed: the index that a success is looked up in.
//!
//! ```text
//! Copy orders failed 02:00    incident a waits for Copy orders
//! Copy orders succeeded 02:10 a waits for nobody: over
//! ```
//!
//! Successes come by the million and failures do not. So a success costs nothing while no
//! incident is open, and else the hash of three names and one lookup; nothing is copied.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use shirwatch_parsers::{Format, Record};

/// From activities to the open incidents that wait for their success.
#[derive(Debug, Default)]
pub(super) struct Healing(HashMap<u64, Vec<u64>, RandomState>);

impl Healing {
    /// True when no incident waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The incident at `slot` waits for this activity.
    pub(super) fn wait(&mut self, activity: u64, slot: u64) {
        let slots = self.0.entry(activity).or_default();
        if !slots.contains(&slot) {
            slots.push(slot);
        }
    }

    /// The incidents that wait for this activity.
    pub(super) fn waiting(&self, activity: u64) -> &[u64] {
        self.0.get(&activity).map_or(&[], Vec::as_slice)
    }

    /// The incident at `slot` waits for these no more.
    pub(super) fn forget(&mut self, activities: impl IntoIterator<Item = u64>, slot: u64) {
        for activity in activities {
            let Some(slots) = self.0.get_mut(&activity) else { continue };
            slots.retain(|it| *it != slot);
            if slots.is_empty() {
                self.0.remove(&activity);
            }
        }
    }
}

/// The number of what ran: an activity of a pipeline, or a pipeline by itself. `None` where
/// the record does not tell of a run, or not of which.
pub(super) fn activity(record: &Record<'_>) -> Option<u64> {
    record.run.as_ref()?;
    let at = &record.context;
    let pipeline = at.pipeline.as_deref()?;
    let activity = match record.format {
        Format::ActivityRun => at.activity.as_deref()?,
        Format::PipelineRun => "",
        _ => return None,
    };
    Some(hash([at.factory.as_deref().unwrap_or_default(), pipeline, activity]))
}

/// FNV-1a without regard to ASCII case: the carriers do not agree on it.
fn hash(names: [&str; 3]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for name in names {
        for byte in name.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}
