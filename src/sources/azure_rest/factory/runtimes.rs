//! Integration runtimes: their list, and the documents of each that is self-hosted.
//!
//! ```text
//! integrationRuntimes                          page by page
//!   <name>/getStatus, <name>/monitoringData    told as they are
//!   <name>/getConnectionInfo                   told without the token and the keys in it
//! ```

use reqwest::Url;
use serde_json::{Value, json};

use crate::sources::azure_rest::config::AzureRestConfig;
use crate::sources::azure_rest::factory::Factory;
use crate::sources::azure_rest::page::Page;

/// The list of the runtimes.
pub(super) const LIST: &str = "integrationRuntimes";

/// What tells of the certificate of a runtime.
const CONNECTION: &str = "getConnectionInfo";

/// Documents that wait to be asked for: some hundreds of runtimes.
const DOCUMENTS: usize = 600;

impl Factory {
    pub(super) fn take_runtimes(&mut self, config: &AzureRestConfig, page: &Page<'_>) {
        for element in &page.value {
            let it: Value = serde_json::from_str(element.get()).unwrap_or_default();
            if it["properties"]["type"] == "SelfHosted"
                && let Some(name) = it["name"].as_str().filter(|it| !it.contains(['/', '?']))
                && self.documents.len() < DOCUMENTS
            {
                let asks = ["getStatus", "monitoringData", CONNECTION];
                let asks = asks.iter().filter(|it| config.certificates || **it != CONNECTION);
                self.documents.extend(asks.map(|it| format!("{LIST}/{name}/{it}")));
            }
        }
        // Only what is asked for is taken of the address, so it leads to no other host.
        let next = page.link.as_deref().and_then(|it| Url::parse(it).ok());
        if let Some(query) = next.as_ref().and_then(Url::query)
            && self.documents.len() < DOCUMENTS
        {
            self.documents.push_back(format!("{LIST}?{query}"));
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

/// What may be told of a document.
pub(super) fn tellable(path: &str, bytes: Vec<u8>) -> Vec<u8> {
    const EXPIRED: &str = "isIdentityCertExprired";
    let Some(name) = path.strip_suffix(CONNECTION).and_then(|it| it.split('/').nth(1)) else {
        return bytes;
    };
    let it: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    json!({ "name": name, EXPIRED: it[EXPIRED] }).to_string().into_bytes()
}
