//! `GET /api/v1/status`: how the daemon is, and all that it reads and tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State as Extract;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::model::Severity;
use crate::model::State;
use crate::model::metrics;
use crate::outputs::prometheus::RuntimeGauges;
use crate::store::Member;
use crate::web::api::beside;
use crate::web::api::stored;
use crate::web::shared::{Health, Shared};
use crate::web::status::ledger::SourceLedger;
use crate::web::status::rows::{NodeRow, ReceiverRow, RuntimeRow, SourceRow};

pub mod ledger;
pub mod rows;

/// `GET /api/v1/status`: this build, its sources and its receivers.
pub async fn status(Extract(shared): Extract<Arc<Shared>>) -> Response {
    let kept = stored(&shared, |store| {
        let mut pending = BTreeMap::<String, u64>::new();
        for held in store.held()? {
            *pending.entry(held.source).or_default() += 1;
        }
        Ok((pending, store.members()?))
    });
    // Before the first commit there is no store, and nothing is pending.
    let (pending, members) = kept.await.unwrap_or_default();
    let body = beside(&shared, move |shared| status_body(shared, &pending, &members));
    match body.await {
        Ok(body) => Json(body).into_response(),
        Err(response) => response,
    }
}

fn status_body(
    shared: &Shared,
    pending: &BTreeMap<String, u64>,
    members: &[Member],
) -> serde_json::Value {
    let about = shared.about();
    let Health { dead, not_ready, notes } = shared.health();
    let reasons = [dead, not_ready].concat();
    json!({
        "version": about.version,
        "revision": about.revision,
        "uptime_seconds": shared.started.elapsed().as_secs(),
        "ready": reasons.is_empty(),
        "reasons": reasons,
        "notes": notes,
        "read_only": shared.config.read_only,
        "rules": shared.catalogue().rules().len(),
        "incidents": incidents(shared),
        "runtimes": runtimes(shared),
        "sources": sources(shared, &about.sources, pending),
        "receivers": receivers(shared, &about.receivers),
        "members": members,
    })
}

/// Open incidents by severity, and how many are resolved.
fn incidents(shared: &Shared) -> BTreeMap<&'static str, u64> {
    let mut counts: BTreeMap<_, _> = Severity::ALL.iter().map(|it| (it.as_str(), 0)).collect();
    counts.insert(State::Resolved.as_str(), 0);
    for ((state, _, severity), count) in &shared.snapshot().incidents {
        let name = if *state == State::Open { severity.as_str() } else { state.as_str() };
        *counts.entry(name).or_default() += count;
    }
    counts
}

/// The integration runtimes of which something was heard.
fn runtimes(shared: &Shared) -> Vec<RuntimeRow> {
    let snapshot = shared.snapshot();
    let row = |(name, it): (&String, &RuntimeGauges)| RuntimeRow {
        name: name.clone(),
        status: it.status.clone(),
        last_connect: it.last_connect,
        nodes: it.nodes.iter().filter(|it| it.1.says_something()).map(NodeRow::of).collect(),
    };
    let rows = snapshot.runtimes.iter().map(row);
    rows.filter(|it| !it.name.is_empty() || !it.nodes.is_empty()).collect()
}

/// The sources, each with its ledger; also those that are configured no more.
fn sources(
    shared: &Shared,
    known: &[(String, String)],
    pending: &BTreeMap<String, u64>,
) -> Vec<SourceRow> {
    let errors = shared.source_errors();
    let mut ledgers = SourceLedger::all(&shared.totals(), pending);
    let snapshot = shared.snapshot();
    let mut rows = Vec::new();
    for (name, kind) in known {
        let ledger = ledgers
            .remove(name)
            .unwrap_or(SourceLedger { balanced: true, ..SourceLedger::default() });
        let gauges = snapshot.sources.get(name).copied().unwrap_or_default();
        rows.push(SourceRow {
            name: name.clone(),
            kind: kind.clone(),
            lag_bytes: gauges.lag_bytes,
            lag_messages: gauges.lag_messages,
            files_open: gauges.files_open,
            last_read: gauges.last_read,
            stalled: gauges.stalled,
            last_error: errors.get(name).cloned(),
            ledger,
        });
    }
    rows.extend(ledgers.into_iter().map(|(name, ledger)| SourceRow {
        name,
        kind: "removed".to_owned(),
        lag_bytes: 0,
        lag_messages: None,
        files_open: 0,
        last_read: None,
        stalled: false,
        last_error: None,
        ledger,
    }));
    rows
}

/// The receivers, each with its queue.
fn receivers(shared: &Shared, known: &[(String, String)]) -> Vec<ReceiverRow> {
    let (totals, snapshot, failures) = (shared.totals(), shared.snapshot(), shared.failures());
    let failed = |name: &str| {
        let ours = totals.iter().filter(|(metric, labels, _)| {
            *metric == metrics::NOTIFICATIONS_FAILED.name && labels.first() == Some(&name)
        });
        ours.map(|(_, _, count)| count as u64).sum()
    };
    let row = |(name, kind): &(String, String)| ReceiverRow {
        name: name.clone(),
        kind: kind.clone(),
        queue: snapshot.queues.get(name).copied().unwrap_or(0),
        sent: totals.get(metrics::NOTIFICATIONS.name, &[name]) as u64,
        failed: failed(name),
        last_error: failures.get(name).cloned(),
    };
    known.iter().map(row).collect()
}
