//! From columns to values, for rows of either database.
//!
//! ```text
//! column   0 text    7 name of a closed set   9 nanoseconds   15 JSON
//! value    key       State                    Timestamp       Places
//! ```
//!
//! A row that cannot be read (written by a later version, or damaged) is passed over by who
//! asked for it; it never stops the others.

use std::error::Error;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;

use crate::model::finding::Finding;
use crate::model::incident::Incident;
use crate::model::redacted::Redacted;

/// A row, as its driver gives it.
pub(super) trait Columns {
    /// What the driver says of a column that it cannot give.
    type Error;

    /// The text in a column.
    fn text(&self, column: usize) -> Result<&str, Self::Error>;

    /// The number in a column, where there is one.
    fn maybe_number(&self, column: usize) -> Result<Option<i64>, Self::Error>;

    /// The number in a column.
    fn number(&self, column: usize) -> Result<i64, Self::Error>;

    /// Says that a column holds what we cannot read.
    fn unreadable(column: usize, error: impl Error + Send + Sync + 'static) -> Self::Error;
}

/// A time as it was stored.
pub(super) fn time<R: Columns>(row: &R, column: usize) -> Result<Timestamp, R::Error> {
    at::<R>(row.number(column)?, column)
}

/// A time that may be missing.
pub(super) fn maybe_time<R: Columns>(
    row: &R,
    column: usize,
) -> Result<Option<Timestamp>, R::Error> {
    row.maybe_number(column)?.map(|it| at::<R>(it, column)).transpose()
}

fn at<R: Columns>(nanos: i64, column: usize) -> Result<Timestamp, R::Error> {
    Timestamp::from_nanosecond(nanos.into()).map_err(|error| R::unreadable(column, error))
}

/// A value that was stored as JSON.
pub(super) fn json<R: Columns, T: DeserializeOwned>(row: &R, column: usize) -> Result<T, R::Error> {
    serde_json::from_str(row.text(column)?).map_err(|error| R::unreadable(column, error))
}

/// A value of a closed set that was stored by its name.
pub(super) fn name<R: Columns, T: DeserializeOwned>(row: &R, column: usize) -> Result<T, R::Error> {
    let text: StrDeserializer<'_, serde::de::value::Error> = row.text(column)?.into_deserializer();
    T::deserialize(text).map_err(|error| R::unreadable(column, error))
}

/// A 64-bit key as it was stored.
pub(super) fn key<R: Columns>(row: &R, column: usize) -> Result<u64, R::Error> {
    row.number(column).map(|bits| u64::from_ne_bytes(bits.to_ne_bytes()))
}

/// A number that is never negative.
pub(super) fn count<R: Columns>(row: &R, column: usize) -> Result<u64, R::Error> {
    row.number(column).map(|count| u64::try_from(count).unwrap_or(0))
}

/// The columns of an incident, in the order in which [`incident`] reads them.
macro_rules! incident_columns {
    () => {
        "key, fingerprint, grouping, rule, category, severity, fault, state, count, first_seen,
         last_seen, last_read, resolved_at, notified_at, sample, places, course"
    };
}
pub(super) use incident_columns;

/// An incident with its sample.
pub(super) fn incident<R: Columns>(row: &R) -> Result<Incident, R::Error> {
    let sample: Redacted<Finding> = json(row, 14)?;
    Ok(Incident {
        key: row.text(0)?.to_owned(),
        fingerprint: name(row, 1)?,
        group: json(row, 2)?,
        rule: row.text(3)?.to_owned(),
        category: name(row, 4)?,
        severity: name(row, 5)?,
        fault: name(row, 6)?,
        state: name(row, 7)?,
        count: count(row, 8)?,
        first_seen: time(row, 9)?,
        last_seen: time(row, 10)?,
        last_read: time(row, 11)?,
        resolved_at: maybe_time(row, 12)?,
        notified_at: maybe_time(row, 13)?,
        title: sample.title.clone(),
        sample: Some(Box::new(sample)),
        places: Arc::new(json(row, 15)?),
        course: json(row, 16)?,
    })
}
