//! `GET /api/v1/errors`: errors over time, from the committed hours.
//!
//! ```text
//! ?hours=24&step=1                     the last 24 hours, a point for each
//! ?hours=720&step=24&until=2026-03-18T00:00:00Z
//! {"from","to","step_seconds","earlier","latest",
//!  "points":[{"time","critical","error","warning","info"}]}
//! ```
//!
//! `earlier` is the last hour with an error before `from`, `latest` the last of all.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::Hour;
use crate::model::HourCount;
use crate::model::Severity;
use crate::web::api::clock;
use crate::web::api::failed;
use crate::web::api::stored;
use crate::web::asked::Asked;
use crate::web::shared::Shared;

/// Hours that can be asked for at one time; the store keeps no more.
const HOURS: u64 = 92 * 24;

/// Points of one answer.
const POINTS: u64 = 500;

/// How far back, in which steps, and up to when.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    hours: u64,
    step: u64,
    until: Option<Timestamp>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { hours: 24, step: 1, until: None }
    }
}

/// Errors from `time` to the next point, by severity.
#[derive(Debug, Clone, Serialize)]
struct Point {
    time: Timestamp,
    critical: u64,
    error: u64,
    warning: u64,
    info: u64,
}

/// Errors over time.
pub(super) async fn errors(
    State(shared): State<Arc<Shared>>,
    Asked(it): Asked<Wanted>,
) -> Response {
    let fits = (1..=HOURS).contains(&it.hours) && (1..=it.hours).contains(&it.step);
    if !fits || it.hours / it.step > POINTS {
        let why = "`hours` is 1 to 2208, `step` 1 to `hours`, and both make 500 points at most";
        return failed(StatusCode::BAD_REQUEST, why);
    }
    let (hours, step) = (it.hours.cast_signed(), it.step.cast_signed());
    let until = it.until.unwrap_or_else(clock);
    let first = Hour(Hour::of(until, until).0 + 1 - hours);
    let end = Hour(first.0 + (hours + step - 1) / step * step);
    let found = stored(&shared, move |store| {
        let points = points(&store.hours(first, end)?, first, end, step);
        let earlier = store.newest_hour(first)?.map(Hour::begin);
        let latest = store.newest_hour(Hour(i64::MAX))?.map(Hour::begin);
        Ok(json!({
            "from": first.begin(), "to": end.begin(), "step_seconds": step * 3600,
            "earlier": earlier, "latest": latest, "points": points,
        }))
    });
    match found.await {
        Ok(body) => Json(body).into_response(),
        Err(response) => response,
    }
}

/// A point for each step, also where nothing happened.
fn points(counts: &[HourCount], first: Hour, end: Hour, step: i64) -> Vec<Point> {
    let empty = |time| Point { time, critical: 0, error: 0, warning: 0, info: 0 };
    let begins = (first.0..end.0).step_by(usize::try_from(step).unwrap_or(1));
    let mut points: Vec<_> = begins.map(|it| empty(Hour(it).begin())).collect();
    for it in counts {
        let at = usize::try_from((it.hour.0 - first.0) / step).ok();
        let Some(point) = at.and_then(|at| points.get_mut(at)) else { continue };
        match it.severity {
            Severity::Critical => point.critical += it.count,
            Severity::Error => point.error += it.count,
            Severity::Warning => point.warning += it.count,
            Severity::Info => point.info += it.count,
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn each_hour_counts_in_its_step_and_nothing_is_lost() {
        // hours with an error      first, end, step   errors of each point
        check(&[0, 1, 1, 2],        (0, 3, 1),         &[1, 2, 1]);
        check(&[0, 1, 1, 2],        (0, 4, 2),         &[3, 1]);
        check(&[-1, 5],             (-2, 6, 4),        &[1, 1]);
        check(&[],                  (0, 2, 1),         &[0, 0]);
    }

    #[track_caller]
    fn check(hours: &[i64], (first, end, step): (i64, i64, i64), expected: &[u64]) {
        let count = |it: &i64| HourCount { hour: Hour(*it), severity: Severity::Error, count: 1 };
        let counts: Vec<_> = hours.iter().map(count).collect();
        let points = points(&counts, Hour(first), Hour(end), step);
        assert_eq!(points.iter().map(|it| it.error).collect::<Vec<_>>(), expected);
    }
}
