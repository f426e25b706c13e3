//! The tables that a member adds to by itself: `totals`, `hours`, `runtimes`. Each adds to its own
//! rows, but for runs that it adopts, which become duplicates of the member that died. Who comes
//! back in that moment may wait for the adopter while that waits for it; the server then refuses
//! one of both, which tries again.

use tokio_postgres::Row;

use crate::model::hour::{Hour, HourCount};
use crate::model::runtime::Runtime;
use crate::model::totals::Totals;
use crate::store::error::StoreError;
use crate::store::postgres::rows;
use crate::store::postgres::session::Session;

/// Hours with an error that are kept: a quarter of a year, if each has one.
const HOURS_KEPT: i64 = 92 * 24;

const ADD_TOTALS: &str = "INSERT INTO totals (member, series, value)
    SELECT $1, series, sum(value) FROM unnest($2::text[], $3::float8[]) AS it (series, value)
    GROUP BY series
    ON CONFLICT (member, series) DO UPDATE SET value = totals.value + excluded.value";

const ADD_HOURS: &str = "INSERT INTO hours (member, hour, severity, count)
    SELECT $1, hour, severity, sum(count)::int8
    FROM unnest($2::int8[], $3::text[], $4::int8[]) AS it (hour, severity, count)
    GROUP BY hour, severity
    ON CONFLICT (member, hour, severity) DO UPDATE SET count = hours.count + excluded.count";

const PRUNE_HOURS: &str = "DELETE FROM hours WHERE member = $1 AND hour <=
    (SELECT DISTINCT hour FROM hours WHERE member = $1 ORDER BY hour DESC LIMIT 1 OFFSET $2)";

/// Adds what was counted. What is not a number counts nothing: one such value must not
/// hold up the commit of all others.
pub(super) fn add_totals(
    write: &mut Session,
    member: &str,
    totals: &[(String, f64)],
) -> Result<(), StoreError> {
    let counted = totals.iter().filter(|(_, by)| by.is_finite());
    let (series, by): (Vec<_>, Vec<_>) = counted.map(|(it, by)| (rows::text(it), *by)).unzip();
    if !series.is_empty() {
        write.execute(ADD_TOTALS, &[&member, &series, &by])?;
    }
    Ok(())
}

/// All counters of a member.
pub(super) fn totals(read: &mut Session, member: &str) -> Result<Totals, StoreError> {
    let found = read.query("SELECT series, value FROM totals WHERE member = $1", &[&member])?;
    let read = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
    Ok(Totals::from_stored(rows::readable("totals", &found, read)))
}

/// Adds what was counted in each hour.
pub(super) fn add_hours(
    write: &mut Session,
    member: &str,
    counts: &[HourCount],
) -> Result<(), StoreError> {
    if counts.is_empty() {
        return Ok(());
    }
    let hours: Vec<_> = counts.iter().map(|it| it.hour.0).collect();
    let severities: Vec<_> = counts.iter().map(|it| it.severity.as_str()).collect();
    let numbers: Vec<_> = counts.iter().map(|it| rows::clamp(it.count)).collect();
    write.execute(ADD_HOURS, &[&member, &hours, &severities, &numbers])?;
    write.execute(PRUNE_HOURS, &[&member, &HOURS_KEPT])?;
    Ok(())
}

/// Errors of the fleet from the hour `first` to before the hour `end`, by hour and severity.
pub(super) fn hours(
    read: &mut Session,
    first: Hour,
    end: Hour,
) -> Result<Vec<HourCount>, StoreError> {
    let found = read.query(
        "SELECT hour, severity, sum(count)::int8 FROM hours WHERE hour >= $1 AND hour < $2
         GROUP BY hour, severity ORDER BY hour, severity",
        &[&first.0, &end.0],
    )?;
    Ok(rows::readable("hours", &found, |row| {
        let severity = rows::name(row, 1)?;
        Ok(HourCount { hour: Hour(row.try_get(0)?), severity, count: rows::count(row, 2)? })
    }))
}

/// The newest hour with an error before the hour `end`.
pub(super) fn newest_hour(read: &mut Session, end: Hour) -> Result<Option<Hour>, StoreError> {
    let found = read.query("SELECT max(hour) FROM hours WHERE hour < $1", &[&end.0])?;
    Ok(found.first().and_then(|it| it.get::<_, Option<i64>>(0)).map(Hour))
}

/// Writes how runtimes stand that changed.
pub(super) fn write_runtimes(
    write: &mut Session,
    member: &str,
    changes: &[(String, Runtime)],
) -> Result<(), StoreError> {
    for (name, it) in changes {
        let body = serde_json::to_string(it)?;
        write.execute(
            "INSERT INTO runtimes (member, name, body) VALUES ($1, $2, $3)
             ON CONFLICT (member, name) DO UPDATE SET body = excluded.body",
            &[&member, &rows::text(name), &body],
        )?;
    }
    Ok(())
}

/// All runtimes that a member knows.
pub(super) fn runtimes(
    read: &mut Session,
    member: &str,
) -> Result<Vec<(String, Runtime)>, StoreError> {
    let found =
        read.query("SELECT name, body FROM runtimes WHERE member = $1 ORDER BY name", &[&member])?;
    Ok(rows::readable("runtimes", &found, |row| Ok((row.try_get(0)?, rows::json(row, 1)?))))
}
