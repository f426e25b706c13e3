//! From notices to receivers: worded, routed, kept in the outbox, handed to the workers,
//! and settled when they have answered.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::delivery::Answer;
use crate::delivery::Job;
use crate::delivery::NotTaken;
use crate::delivery::Outcome;
use crate::delivery::courier::pause;
use crate::model::alert::Alert;
use crate::model::alert::AlertStatus;
use crate::model::alert::Reason;
use crate::model::changes::Outgoing;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::model::metrics;
use crate::outputs::wording;
use crate::pipeline::incidents::Notice;
use crate::service::clock;
use crate::service::engine::Engine;
use crate::service::members::Missed;

/// How often receivers that keep state are told of what goes on.
const REFRESH: Duration = Duration::from_secs(60);

/// Attempts after which an alert is given up: some five hours with the longest pauses.
const ATTEMPTS: u32 = 64;

/// Alerts that wait for one receiver. One more is not taken and is counted: an incident
/// that goes on is said again at its next repetition, when the receiver may have recovered.
/// That one is over is always taken: it is said once, and there are no more of them than of
/// incidents that were told.
const WAITING: u64 = 10_000;

impl Engine {
    /// Puts notices into the outbox of each receiver that wants them.
    pub(super) fn say(&mut self, notices: Vec<Notice>) {
        let now = clock();
        for notice in notices {
            let Some(incident) = self.whole(&notice.key) else { continue };
            if let Some(severity) = notice.was {
                // The severity is a label: what was said under the old one has to end first.
                let before = Incident { severity, resolved_at: Some(now), ..incident.clone() };
                self.send(&wording::alert(&before, Reason::Resolved, now, &self.wording));
            }
            self.send(&wording::alert(&incident, notice.reason, now, &self.wording));
        }
    }

    /// An incident with its sample, which the store has where memory dropped it.
    fn whole(&self, key: &str) -> Option<Incident> {
        let mut incident = self.pipeline.incident(key)?.clone();
        if incident.sample.is_none() {
            let stored = self.store.incident(key);
            let stored =
                stored.inspect_err(|error| tracing::warn!(%error, "cannot read an incident"));
            incident.sample = stored.ok().flatten().and_then(|it| it.sample);
        }
        Some(incident)
    }

    fn send(&mut self, alert: &Alert) {
        self.send_to(alert, |_| true);
    }

    fn send_to(&mut self, alert: &Alert, wanted: impl Fn(&str) -> bool) {
        for receiver in self.delivery.recipients(alert).into_iter().filter(|it| wanted(it)) {
            let over = alert.status == AlertStatus::Resolved;
            if !over && full(self.shared.snapshot().queues.get(receiver), self.changes.outbox.len())
            {
                let labels = &[receiver, "queue-full"];
                self.pipeline.ledger.add(&metrics::NOTIFICATIONS_FAILED, labels, 1.0);
                continue;
            }
            let (receiver, alert) = (receiver.to_owned(), alert.clone());
            self.changes.outbox.push(Outgoing { receiver, alert });
        }
    }

    /// Tells receivers that keep state what goes on, before they forget it.
    pub(super) fn refresh(&mut self, now: Timestamp) {
        let whole = self.refreshed.elapsed() >= REFRESH;
        let late = self.late();
        if !whole && late.is_empty() {
            return;
        }
        if whole {
            self.refreshed = Instant::now();
        }
        // A little less than the time itself, so that nobody comes just too early for ever.
        let whole = whole && self.is_my_turn("refresh", REFRESH - Duration::from_secs(5));
        if !whole && late.is_empty() {
            return;
        }
        let told = |it: &&Incident| it.state == State::Open && it.notified_at.is_some();
        let open = self.pipeline.incidents.iter().filter(told);
        let open: Vec<String> = open.map(|it| it.key.clone()).collect();
        for key in open {
            let Some(incident) = self.whole(&key) else { continue };
            let alert = wording::alert(&incident, Reason::Refresh, now, &self.wording);
            self.send_to(&alert, |name| whole || late.iter().any(|it| it == name));
        }
    }

    /// Receivers of which a member was away and may be back.
    fn late(&mut self) -> Vec<String> {
        let now = Instant::now();
        let due = self.missed.iter_mut().filter_map(|(name, it)| it.is_due(now).then_some(name));
        due.cloned().collect()
    }

    /// Hands to the workers what is due, as far as they have room.
    pub(super) fn deliver(&mut self) {
        if self.store.is_shared() && self.blocked.is_some() {
            return;
        }
        let now = clock();
        let names: Vec<String> = self.delivery.names().map(str::to_owned).collect();
        for name in names {
            let room = self.workers.room(&name);
            if room == 0 {
                continue;
            }
            let rows = match self.store.due(now, &name, room) {
                Ok(rows) => rows,
                Err(error) => {
                    tracing::warn!(receiver = name, %error, "cannot read the outbox");
                    continue;
                }
            };
            for row in rows {
                let alert = wording::again(row.alert, now, &self.wording);
                self.attempts.insert(row.id, row.attempts);
                if self.workers.offer(&name, Job { id: row.id, alert }) == Err(NotTaken::Busy) {
                    self.later(row.id, now, "the queue was full");
                }
            }
        }
    }

    /// Settles what a receiver answered.
    pub(super) fn settle(&mut self, outcome: &Outcome) {
        let (id, receiver) = (outcome.id, outcome.receiver.as_str());
        let attempts = self.attempts.remove(&id).unwrap_or(0) + 1;
        let seconds = outcome.latency.as_secs_f64();
        self.pipeline.ledger.observe(&metrics::NOTIFICATION_LATENCY, &[receiver], seconds);
        let (done, failure) = match &outcome.result {
            Answer::Sent => {
                let missed = self.missed.get_mut(receiver);
                if missed.is_some_and(|it| it.is_over(Instant::now())) {
                    self.missed.remove(receiver);
                }
                self.pipeline.ledger.add(&metrics::NOTIFICATIONS, &[receiver], 1.0);
                (self.store.sent(id), None)
            }
            Answer::Partly { why } => {
                let missed = self.missed.entry(receiver.to_owned());
                missed.and_modify(Missed::again).or_insert_with(|| Missed::new(Instant::now()));
                self.pipeline.ledger.add(&metrics::NOTIFICATIONS, &[receiver], 1.0);
                (self.store.sent(id), Some(why))
            }
            Answer::Retry { after, why } if attempts < ATTEMPTS => {
                let pause = pause(attempts, id.unsigned_abs(), *after);
                let next = SignedDuration::try_from(pause)
                    .ok()
                    .and_then(|it| clock().checked_add(it).ok());
                let next = next.unwrap_or(Timestamp::MAX);
                (self.store.retry(id, next, &why.to_string()), Some(why))
            }
            Answer::Retry { why, .. } | Answer::Refused { why } => {
                tracing::warn!(receiver, %why, "an alert was given up");
                let labels = &[receiver, "given-up"];
                self.pipeline.ledger.add(&metrics::NOTIFICATIONS_FAILED, labels, 1.0);
                (self.store.drop(id), Some(why))
            }
        };
        if let Some(why) = failure {
            self.pipeline.ledger.add(
                &metrics::NOTIFICATIONS_FAILED,
                &[receiver, why.kind.as_str()],
                1.0,
            );
        }
        self.shared.set_failure(receiver, failure.map(ToString::to_string));
        if let Err(error) = done {
            tracing::warn!(receiver, %error, "cannot settle an alert; it may be sent again");
        }
    }

    fn later(&mut self, id: i64, now: Timestamp, why: &str) {
        if let Err(error) = self.store.retry(id, now, why) {
            tracing::warn!(%error, "cannot put an alert back; it waits for a restart");
        }
    }

    /// Closes an incident because somebody asked for it. False when there is none.
    pub(super) fn resolve(&mut self, name: &str) -> bool {
        let now = clock();
        let key = self.pipeline.incidents.key_of(name);
        let Some(key) = key else { return false };
        if let Some(notice) = self.pipeline.incidents.resolve(&key, now) {
            self.say(notice.into_iter().collect());
        }
        true
    }
}

/// Whether so many that wait, and so many that are about to, are enough.
fn full(waiting: Option<&u64>, pending: usize) -> bool {
    waiting.copied().unwrap_or(0).saturating_add(pending as u64) >= WAITING
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_queue_takes_ten_thousand() {
        for (waiting, pending, expected) in [
            (None,        0,      false),
            (Some(9_999), 0,      false),
            (Some(9_999), 1,      true),
            (Some(0),     10_000, true),
        ] {
            assert_eq!(full(waiting.as_ref(), pending), expected, "{waiting:?} {pending}");
        }
    }
}
