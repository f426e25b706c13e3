//! How each integration runtime and its nodes stand, from what failures and successes say and
//! what the service reports.
//!
//! ```text
//! a rule with `runtime: Offline`           Offline; so does `Limited`, `NeedRegistration`, …
//! any other critical ir-health             Limited
//! any other ir-registration                NeedRegistration
//! a run on it succeeded after that         Online
//! a report of the service                  as it says, and so for each node
//! ```
//!
//! Of runtimes without reports only those are kept of which something bad was heard, so that a
//! success costs nothing while all is well. At most `LIMIT` runtimes are kept and as many
//! nodes; a node whose runtime nobody named stands under the name `""`. News that are older
//! than what is known change nothing.

mod config;
mod fresh;
mod report;
mod silence;
mod troubles;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use shirwatch_parsers::{Format, Record};

pub use crate::pipeline::runtimes::config::RuntimesConfig;
pub(super) use crate::pipeline::runtimes::report::News;

use crate::model::finding::Category;
use crate::model::finding::Severity;
use crate::model::redacted::Redactor;
use crate::model::runtime::Node;
use crate::model::runtime::Runtime;
use crate::model::runtime::Standing;
use crate::pipeline::incidents::Sighting;
use crate::pipeline::runtimes::troubles::OFFLINE;

/// Runtimes that are kept, and nodes of all of them.
const LIMIT: usize = 200;

/// The longest name of a runtime or a node.
const NAME: usize = 200;

/// How each integration runtime stands.
#[derive(Debug, Default)]
pub struct Runtimes {
    config: RuntimesConfig,
    redactor: Arc<Redactor>,
    known: BTreeMap<String, Runtime>,
    changed: Vec<String>,
    /// When we began to wait for silent nodes.
    since: Option<Timestamp>,
}

impl Runtimes {
    /// Goes on with what was stored.
    #[must_use]
    pub fn restore(
        config: RuntimesConfig,
        redactor: Arc<Redactor>,
        stored: Vec<(String, Runtime)>,
    ) -> Self {
        let known = stored.into_iter().take(LIMIT).collect();
        Self { config, redactor, known, ..Self::default() }
    }

    /// Takes in a failure, and what its rule says of where it happened.
    pub(super) fn failed(&mut self, it: &Sighting<'_>, says: Option<Standing>) {
        let Some(status) = says.or_else(|| standing(it)).map(Standing::as_str) else { return };
        let at = &it.record.context;
        let time = it.record.time.unwrap_or(it.read_at);
        if let Some(name) = at.node.as_deref() {
            self.node_failed(name, it, status, time);
        }
        // What the node alone says of itself is no news of the runtime.
        let Some(name) = at.integration_runtime.as_deref() else { return };
        if at.node.is_some() && it.record.format == Format::RuntimeStatus {
            return;
        }
        let Some(runtime) = self.runtime(name).filter(|it| time >= it.at) else { return };
        status.clone_into(&mut runtime.status);
        runtime.at = time;
        runtime.last_connect = runtime.last_connect.max(at.last_connect);
    }

    fn node_failed(&mut self, name: &str, it: &Sighting<'_>, status: &str, time: Timestamp) {
        // What the service reports of a node was taken in with the report.
        if it.record.format == Format::RuntimeStatus {
            return;
        }
        let given = it.record.context.integration_runtime.as_deref().map(str::to_owned);
        let known = || self.runtime_of(name).map(str::to_owned);
        let runtime = given.or_else(known).unwrap_or_default();
        let Some(node) = self.node(&runtime, name) else { return };
        if node.fell.as_ref().is_none_or(|(_, at)| *at <= time) {
            node.fell = Some((status.to_owned(), time));
        }
    }

    /// Takes in a success; it copies nothing while the runtime is known to be well.
    pub(super) fn succeeded(&mut self, record: &Record<'_>, now: Timestamp) {
        if self.known.is_empty() {
            return;
        }
        let Some(name) = record.context.integration_runtime.as_deref() else { return };
        let name = self.redactor.text(name);
        let Some(runtime) = self.known.get_mut(name.as_ref()) else { return };
        let time = record.time.unwrap_or(now);
        if time <= runtime.at {
            return;
        }
        runtime.at = time;
        runtime.last_connect = runtime.last_connect.max(Some(time));
        if runtime.status != "Online" {
            "Online".clone_into(&mut runtime.status);
        }
        let name = name.into_owned();
        self.touch(&name);
    }

    /// The runtime of this name, which changes now; `None` where there is no room for it.
    fn runtime(&mut self, name: &str) -> Option<&mut Runtime> {
        let name = self.redactor.text(name).into_owned();
        let room = self.known.len() < LIMIT || self.known.contains_key(&name);
        if !room || name.len() > NAME {
            return None;
        }
        self.touch(&name);
        let fresh = || Runtime { at: Timestamp::MIN, ..Runtime::default() };
        Some(self.known.entry(name).or_insert_with(fresh))
    }

    /// The name under which a node is kept. Its events name the machine with its domain, the
    /// service without.
    fn key(&self, name: &str) -> String {
        let whole = name.starts_with(|it: char| it.is_ascii_digit());
        let short = name.split('.').next().filter(|it| !whole && !it.is_empty());
        self.redactor.alias(short.unwrap_or(name)).into_owned()
    }

    /// The node of this name, which changes now; `None` where there is no room for it.
    fn node(&mut self, runtime: &str, name: &str) -> Option<&mut Node> {
        let name = self.key(name);
        let known = |it: &Runtime| it.nodes.contains_key(&name);
        let count: usize = self.known.values().map(|it| it.nodes.len()).sum();
        if name.len() > NAME || (count >= LIMIT && !self.known.values().any(known)) {
            return None;
        }
        // Its runtime may be named only now.
        let orphan = self.known.get_mut("").filter(|_| !runtime.is_empty());
        let orphan = orphan.and_then(|it| it.nodes.remove(&name));
        if orphan.is_some() {
            self.touch("");
        }
        let fresh = || Node { heard: Timestamp::MIN, ..Node::default() };
        let owner = self.runtime(runtime)?;
        Some(owner.nodes.entry(name).or_insert_with(|| orphan.unwrap_or_else(fresh)))
    }

    /// The runtime that a node is known to belong to.
    fn runtime_of(&self, node: &str) -> Option<&str> {
        let node = self.key(node);
        let mut owners = self.known.iter().filter(|(name, _)| !name.is_empty());
        owners.find(|(_, it)| it.nodes.contains_key(&node)).map(|(name, _)| name.as_str())
    }

    /// The runtimes and nodes with which a rule's trouble goes on.
    pub(super) fn troubled(&self, rule: &str) -> Vec<(&str, Option<&str>)> {
        let mut all = Vec::new();
        for (name, it) in &self.known {
            let told = it.troubles.contains_key(rule) && it.status != "Online";
            if told || (rule == OFFLINE && it.status == Standing::Offline.as_str()) {
                all.push((name.as_str(), None));
            }
            let nodes = it.nodes.iter().filter(|(_, node)| node.troubles.contains_key(rule));
            all.extend(nodes.map(|(node, _)| (name.as_str(), Some(node.as_str()))));
        }
        all
    }

    fn touch(&mut self, name: &str) {
        if !self.changed.iter().any(|it| it == name) {
            self.changed.push(name.to_owned());
        }
    }

    /// All that are known.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Runtime)> {
        self.known.iter()
    }

    /// What changed since the last call.
    pub(super) fn drain(&mut self) -> Vec<(String, Runtime)> {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .filter_map(|name| self.known.get(&name).cloned().map(|it| (name, it)))
            .collect()
    }
}

/// What is wrong by one report alone, as the records that a pipeline would judge; any other
/// record as it is.
#[must_use]
pub fn told(record: Record<'static>, now: Timestamp) -> Vec<Record<'static>> {
    if record.report.is_none() {
        return vec![record];
    }
    let news = Runtimes::default().reported(&record, "", now).into_iter();
    let told: Vec<_> = news
        .filter_map(|it| match it {
            News::Told(record) => Some(*record),
            News::Over(_) => None,
        })
        .collect();
    if told.is_empty() { vec![record] } else { told }
}

/// What the kind of a failure says of its runtime, where its rule does not.
fn standing(it: &Sighting<'_>) -> Option<Standing> {
    match it.category {
        Category::IrHealth if it.severity == Severity::Critical => Some(Standing::Limited),
        Category::IrRegistration => Some(Standing::NeedRegistration),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
