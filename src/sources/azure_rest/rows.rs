//! What is remembered of factories, as checkpoints.
//!
//! ```text
//! stream        offset               identity
//! FACTORY       end of the window    {}
//! FACTORY/RUN   its last update      {"run":…,"status":…}
//! ```

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::model::batch::Framing;
use crate::model::changes::Changes;
use crate::model::checkpoint::Checkpoint;
use crate::sources::azure_rest::RestSource;
use crate::sources::azure_rest::factory::{Factory, Row};

/// What a checkpoint keeps of a run, as JSON.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Identity {
    run: Option<String>,
    status: String,
}

impl RestSource {
    /// Adds what changed since the last call; says how many runs had too many activities.
    pub(super) fn rows(&mut self, changes: &mut Changes) -> u64 {
        let mut factories = std::mem::take(&mut self.factories);
        let mut cut = 0;
        for factory in &mut factories {
            let name = &factory.name;
            for (id, row) in factory.rows.iter_mut().filter(|(_, row)| row.dirty) {
                row.dirty = false;
                let identity = Identity { run: Some(id.clone()), status: row.status.clone() };
                let stream = format!("{name}/{id}");
                changes.checkpoints.push(self.checkpoint(stream, row.updated, &identity));
            }
            if let Some(cursor) =
                factory.cursor.filter(|_| std::mem::take(&mut factory.cursor_moved))
            {
                changes.checkpoints.push(self.checkpoint(
                    name.clone(),
                    cursor,
                    &Identity::default(),
                ));
            }
            let gone =
                factory.forgotten.drain(..).map(|id| (self.name.clone(), format!("{name}/{id}")));
            changes.forgotten.extend(gone);
            cut += std::mem::take(&mut factory.cut);
        }
        self.factories = factories;
        cut
    }

    fn checkpoint(&self, stream: String, at: Timestamp, identity: &Identity) -> Checkpoint {
        Checkpoint {
            source: self.name.clone(),
            stream,
            offset: u64::try_from(at.as_second()).unwrap_or(0),
            framing: Framing::default(),
            identity: serde_json::to_string(identity).unwrap_or_default(),
        }
    }
}

/// Gives back to its factory what a checkpoint says: a cursor, or a run that was told.
pub(super) fn restore(factories: &mut [Factory], it: &Checkpoint) {
    let (name, _) = it.stream.split_once('/').unwrap_or((&it.stream, ""));
    let Some(factory) = factories.iter_mut().find(|it| it.name == name) else { return };
    let seconds = i64::try_from(it.offset).unwrap_or(0);
    let updated = Timestamp::from_second(seconds).unwrap_or_default();
    let identity: Identity = serde_json::from_str(&it.identity).unwrap_or_default();
    match identity.run {
        Some(run) => {
            let row = Row { status: identity.status, updated, dirty: false };
            factory.rows.insert(run, row);
        }
        None => factory.cursor = Some(updated),
    }
}
