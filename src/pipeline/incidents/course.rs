//! What a failure or a success means for the course of an incident.
//!
//! ```text
//! alerts.rules threshold   told when it failed that often within the window
//! failing                  activities that an incident waits for
//! flapping                 came back again and again: held open until it is quiet for long
//! ```
//!
//! Every list is bounded by [`Course::LIMIT`].

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::incident::Course;
use crate::pipeline::incidents::config::AlertRule;
use crate::pipeline::incidents::config::IncidentsConfig;
use crate::pipeline::incidents::past;

/// Notes which activity failed, and when.
pub(super) fn failed(it: &mut Course, activity: Option<u64>, time: Timestamp) {
    match activity {
        Some(key) if it.failing.len() < Course::LIMIT || it.failing.contains_key(&key) => {
            let last = it.failing.entry(key).or_insert(time);
            *last = time.max(*last);
        }
        _ => it.untied = true,
    }
}

/// Notes that an activity succeeded. True when the incident waits for nothing more.
pub(super) fn succeeded(it: &mut Course, activity: u64, time: Timestamp) -> Option<bool> {
    let last = it.failing.get(&activity)?;
    if time <= *last {
        return None;
    }
    it.failing.remove(&activity);
    Some(it.failing.is_empty() && !it.untied)
}

/// Notes a failure at `time` that was told to nobody.
pub(super) fn note(it: &mut Course, time: Timestamp) {
    let place = it.recent.partition_point(|then| *then <= time);
    it.recent.insert(place, time);
    if it.recent.len() > Course::LIMIT {
        it.recent.remove(0);
    }
}

/// Whether these failures, the oldest first, are as many within one window as `rule` asks for.
pub(super) fn enough(recent: &[Timestamp], rule: &AlertRule) -> bool {
    let span = span(rule);
    recent.windows(wanted(rule)).any(|them| match them {
        [first, .., last] => last.duration_since(*first) <= span,
        _ => true,
    })
}

/// Forgets failures that no later one can make enough of.
pub(super) fn forget(it: &mut Course, rule: &AlertRule) {
    let Some(newest) = it.recent.last().copied() else { return };
    let span = span(rule);
    it.recent.retain(|then| newest.duration_since(*then) <= span);
    let over = it.recent.len().saturating_sub(wanted(rule));
    it.recent.drain(..over);
}

fn wanted(rule: &AlertRule) -> usize {
    usize::try_from(rule.threshold).unwrap_or(Course::LIMIT).clamp(1, Course::LIMIT)
}

fn span(rule: &AlertRule) -> SignedDuration {
    SignedDuration::try_from(rule.within).unwrap_or(SignedDuration::MAX)
}

/// Notes whether an incident that came back is to be held open.
pub(super) fn came_back(it: &mut Course, config: &IncidentsConfig, now: Timestamp) {
    it.reopened.retain(|then| !past(*then, config.flap_within, now));
    if it.reopened.len() > Course::LIMIT {
        it.reopened.remove(0);
    }
    let often = usize::try_from(config.flap_after).unwrap_or(usize::MAX);
    it.flapping = config.flap_after > 0 && it.reopened.len() >= often;
}

/// How long an incident must be quiet until it is over.
pub(super) fn patience(it: &Course, config: &IncidentsConfig) -> Duration {
    let held = if it.flapping { config.flap_within } else { Duration::ZERO };
    held.max(config.resolve_after)
}
