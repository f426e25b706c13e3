//! Which runtimes and nodes are down, so that what follows from it is not told as well.
//!
//! A critical `ir-health` incident names the runtime or the node that is down. While it is
//! open, connectivity errors of the same runtime or node are counted and told to nobody. Where
//! the service reports that a node is down, its runtime is named beside it and is not down.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::finding::Category;
use crate::model::finding::Severity;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::names::Names;

/// The rule of a node that is down while its runtime need not be.
const NODE_DOWN: &str = "runtime-node-offline";

/// Names of what is down, each with the incidents that say so.
#[derive(Debug, Default)]
pub(super) struct Down(BTreeMap<String, BTreeSet<u64>>);

impl Down {
    /// Takes in how an incident stands.
    pub(super) fn note(&mut self, slot: u64, it: &Incident) {
        if it.category != Category::IrHealth || it.severity != Severity::Critical {
            return;
        }
        if it.state == State::Resolved {
            self.forget(slot);
            return;
        }
        let of_node = it.rule == NODE_DOWN;
        let runtimes = it.places.integration_runtimes.iter().filter(|_| !of_node);
        for name in runtimes.chain(it.places.nodes.iter()) {
            if !self.0.get(name).is_some_and(|slots| slots.contains(&slot)) {
                self.0.entry(name.to_owned()).or_default().insert(slot);
            }
        }
    }

    /// The incident at `slot` is over.
    pub(super) fn forget(&mut self, slot: u64) {
        self.0.retain(|_, slots| {
            slots.remove(&slot);
            !slots.is_empty()
        });
    }

    /// Whether an incident follows from what is down: all runtimes, or else all nodes, that
    /// it names are down.
    pub(super) fn inhibits(&self, it: &Incident) -> bool {
        let all =
            |names: &Names| !names.is_empty() && names.iter().all(|name| self.0.contains_key(name));
        !self.0.is_empty()
            && it.category == Category::Connectivity
            && (all(&it.places.integration_runtimes) || all(&it.places.nodes))
    }
}
