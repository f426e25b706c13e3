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

/// Whether a failure at `time` makes enough of them to be told.
pub(super) fn reached(it: &mut Course, rule: Option<&AlertRule>, time: Timestamp) -> bool {
    let Some(rule) = rule.filter(|it| it.threshold > 1) else { return true };
    let wanted = usize::try_from(rule.threshold).unwrap_or(Course::LIMIT).min(Course::LIMIT);
    let span = SignedDuration::try_from(rule.within).unwrap_or(SignedDuration::MAX);
    let newest = it.recent.iter().copied().max().unwrap_or(time).max(time);
    it.recent.retain(|then| newest.duration_since(*then) <= span);
    if newest.duration_since(time) <= span {
        it.recent.push(time);
    }
    if it.recent.len() > wanted {
        it.recent.remove(0);
    }
    it.recent.len() >= wanted
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
