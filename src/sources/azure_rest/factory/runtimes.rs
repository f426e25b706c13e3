//! Integration runtimes: their list, and two documents of each that is self-hosted.

use crate::sources::azure_rest::factory::Factory;
use crate::sources::azure_rest::page::Page;

/// Runtimes that are asked for.
const RUNTIMES: usize = 200;

impl Factory {
    pub(super) fn take_runtimes(&mut self, page: &Page<'_>) {
        for element in page.value.iter().take(RUNTIMES) {
            let it: serde_json::Value = serde_json::from_str(element.get()).unwrap_or_default();
            if it["properties"]["type"] == "SelfHosted"
                && let Some(name) = it["name"].as_str().filter(|it| !it.contains('/'))
            {
                let asks = ["getStatus", "monitoringData"];
                let asks = asks.map(|it| format!("integrationRuntimes/{name}/{it}"));
                self.documents.extend(asks);
            }
        }
        self.end_documents();
    }

    /// A poll is over when the last document was told.
    pub(super) fn end_documents(&mut self) {
        if self.documents.is_empty() {
            self.complete = true;
            self.healed |= !self.harmed;
        }
    }
}
