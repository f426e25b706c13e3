//! What is one incident: a fingerprint, and a group where one is set.
//!
//! ```text
//! 9f86d081884c7d65                     no group
//! 9f86d081884c7d65-00c0ffee00c0ffee    with labels, or fields of incidents.group_by
//! ```

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::model::fingerprint::Fingerprint;
use crate::model::redacted::Redactor;
use crate::pipeline::incidents::config::GroupBy;
use crate::pipeline::incidents::sighting::Sighting;

/// What tells this failure apart beside its fingerprint.
pub(super) fn group(
    group_by: &[GroupBy],
    it: &Sighting<'_>,
    redactor: &Redactor,
) -> BTreeMap<String, String> {
    let at = &it.record.context;
    let mut group = it.labels.clone();
    for field in group_by {
        let (name, value) = match field {
            GroupBy::Factory => ("factory", &at.factory),
            GroupBy::Pipeline => ("pipeline", &at.pipeline),
            GroupBy::Activity => ("activity", &at.activity),
            GroupBy::IntegrationRuntime => ("integration_runtime", &at.integration_runtime),
            GroupBy::Node => ("node", &at.node),
        };
        let value = value.as_deref().unwrap_or_default();
        // The names that the context of a sample loses at the level `name`.
        let value = match field {
            GroupBy::Factory | GroupBy::Node => redactor.alias(value),
            _ => redactor.text(value),
        };
        group.insert(name.to_owned(), value.into_owned());
    }
    group
}

/// The number of an incident in memory.
pub(super) fn slot(print: Fingerprint, group: &BTreeMap<String, String>) -> u64 {
    if group.is_empty() { print.0 } else { print.0 ^ group_hash(group) }
}

/// The key of an incident in the store.
pub(super) fn name(print: Fingerprint, group: &BTreeMap<String, String>) -> String {
    if group.is_empty() { print.to_string() } else { format!("{print}-{:016x}", group_hash(group)) }
}

fn group_hash(group: &BTreeMap<String, String>) -> u64 {
    let text: Vec<_> = group.iter().map(|(name, value)| format!("{name}\0{value}\0")).collect();
    xxh3_64(text.concat().as_bytes())
}
