//! What the engine shows of itself: gauges, health, and one line of log for each change.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use crate::model::incident::{Incident, State};
use crate::model::metrics::OPEN_INCIDENTS_SHOWN;
use crate::outputs::prometheus::OpenIncident;
use crate::outputs::prometheus::SourceGauges;
use crate::service::clock;
use crate::service::engine::Engine;
use crate::service::standing;
use crate::store::StoreError;
use crate::web::shared::Health;

/// What was to be taken in anew and is not used; the old goes on.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// Why the configuration is not.
    pub(super) config: Option<String>,
    /// Why the operator's rules are not.
    pub(super) rules: Option<String>,
}

impl Refused {
    fn notes(&self) -> Vec<String> {
        let note = |what, why: &Option<String>| {
            why.as_ref().map(|it| format!("the new {what} is not used: {it}"))
        };
        [note("configuration", &self.config), note("folder of rules", &self.rules)]
            .into_iter()
            .flatten()
            .collect()
    }
}

impl Engine {
    /// Writes gauges and health anew.
    pub(super) fn show(&mut self) {
        let mut incidents = HashMap::new();
        let mut last_error = BTreeMap::new();
        for it in self.pipeline.incidents.iter() {
            *incidents.entry((it.state, it.category, it.severity)).or_insert(0) += 1;
            let last = last_error.entry(it.category).or_insert(it.last_seen);
            *last = it.last_seen.max(*last);
        }
        let open = worst(self.pipeline.incidents.iter());
        let mut sources = BTreeMap::new();
        let mut not_ready = Vec::new();
        let mut errors = BTreeMap::new();
        for tap in &self.taps {
            let status = tap.source.status();
            not_ready.extend(tap.trouble.clone());
            let unread =
                status.errors.first_key_value().map(|(path, why)| format!("{path}: {why}"));
            if let Some(error) = tap.trouble.clone().or(unread) {
                errors.insert(tap.source.name().to_owned(), error);
            }
            let gauges = SourceGauges {
                lag_bytes: status.lag_bytes,
                lag_messages: status.lag_messages,
                files_open: status.files_open,
                last_read: status.last_read,
                stalled: status.stalled,
            };
            sources.insert(tap.source.name().to_owned(), gauges);
        }
        not_ready.extend(self.blocked.clone());
        let mut queues = self.store.queue_lengths().unwrap_or_default();
        for (receiver, _) in self.shared.about().receivers {
            queues.entry(receiver).or_insert(0);
        }
        let now = clock();
        let runtimes = self.pipeline.runtimes.iter();
        let runtimes = runtimes.map(|(name, it)| (name.clone(), standing::runtime(it, now)));
        let runtimes = runtimes.collect();
        let mut snapshot = self.shared.snapshot_mut();
        snapshot.version = env!("CARGO_PKG_VERSION").to_owned();
        snapshot.revision = option_env!("SHIRWATCH_REVISION").unwrap_or_default().to_owned();
        snapshot.incidents = incidents;
        snapshot.open = open;
        snapshot.last_error = last_error;
        snapshot.sources = sources;
        snapshot.queues = queues;
        snapshot.runtimes = runtimes;
        snapshot.reloaded_at.get_or_insert_with(clock);
        let notes = self.refused.notes();
        snapshot.reload_successful = notes.is_empty();
        drop(snapshot);
        self.shared.set_source_errors(errors);
        self.shared.set_health(Health { dead: Vec::new(), not_ready, notes });
    }

    /// The store cannot be written: reading stops until it can.
    pub(super) fn block(&mut self, error: &StoreError) {
        let why = error.to_string();
        if self.blocked.as_deref() != Some(&why) {
            tracing::error!(error = why, "reading stops until the store can be written");
            self.blocked = Some(why);
            self.blocked_since.get_or_insert_with(Instant::now);
            self.show();
        }
    }

    /// The store was written.
    pub(super) fn unblock(&mut self) {
        self.blocked_since = None;
        if self.blocked.take().is_some() {
            tracing::info!("the store can be written again; reading goes on");
            self.show();
        }
    }
}

/// The open incidents that have a series of their own: the worst, and of those the latest.
fn worst<'a>(all: impl Iterator<Item = &'a Incident>) -> Vec<OpenIncident> {
    let mut open: Vec<_> = all.filter(|it| it.state == State::Open).collect();
    open.sort_by_key(|it| Reverse((it.severity, it.last_seen)));
    let shown = open.into_iter().take(OPEN_INCIDENTS_SHOWN).map(|it| OpenIncident {
        fingerprint: it.fingerprint.to_string(),
        rule: it.rule.clone(),
        category: it.category,
        severity: it.severity,
        first_seen: it.first_seen,
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::model::finding::{Category, Fault, Severity};
    use crate::model::fingerprint::Fingerprint;
    use crate::model::incident::Course;

    #[test]
    #[rustfmt::skip]
    fn the_worst_open_incidents_are_shown_and_of_those_the_latest() {
        use Severity::{Critical, Error};
        use State::{Open, Resolved};
        // incidents                                            rules of those that are shown
        check(&[("a", Open, Error, 1), ("b", Open, Error, 2)],       "b a");
        check(&[("a", Open, Critical, 1), ("b", Open, Error, 2)],    "a b");
        check(&[("a", Resolved, Critical, 1)],                       "");
    }

    #[test]
    fn a_storm_of_incidents_makes_a_bounded_number_of_series() {
        let storm: Vec<_> =
            (0..500).map(|at| incident(("a", State::Open, Severity::Error, at))).collect();
        assert_eq!(worst(storm.iter()).len(), OPEN_INCIDENTS_SHOWN);
    }

    #[track_caller]
    fn check(given: &[(&str, State, Severity, i64)], expected: &str) {
        let all: Vec<_> = given.iter().map(|it| incident(*it)).collect();
        let rules: Vec<_> = worst(all.iter()).into_iter().map(|it| it.rule).collect();
        assert_eq!(rules.join(" "), expected);
    }

    fn incident((rule, state, severity, second): (&str, State, Severity, i64)) -> Incident {
        let at = Timestamp::from_second(second).unwrap();
        Incident {
            key: rule.to_owned(),
            fingerprint: Fingerprint(second as u64),
            group: BTreeMap::new(),
            rule: rule.to_owned(),
            category: Category::Dns,
            severity,
            fault: Fault::User,
            state,
            count: 1,
            first_seen: at,
            last_seen: at,
            last_read: at,
            resolved_at: None,
            notified_at: None,
            title: String::new(),
            sample: None,
            places: Arc::default(),
            course: Course::default(),
        }
    }
}
