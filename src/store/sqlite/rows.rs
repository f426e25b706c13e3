//! From values to columns and back: the few pieces that all tables share.
//!
//! A row that cannot be read (written by a later version, or damaged) is passed over with
//! a warning; it never stops the others.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{MappedRows, Row};
use serde::de::DeserializeOwned;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;

pub(super) use crate::store::rows::{bits, nanos};

/// A time as it was stored.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let nanos: i64 = row.get(column)?;
    Timestamp::from_nanosecond(nanos.into()).map_err(|error| unreadable(column, error))
}

/// A time that may be missing.
pub(super) fn maybe_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    if row.get_ref(column)?.data_type() == Type::Null {
        return Ok(None);
    }
    time(row, column).map(Some)
}

/// A value that was stored as JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = text(row, column)?;
    serde_json::from_str(text).map_err(|error| unreadable(column, error))
}

/// A value of a closed set that was stored by its name.
pub(super) fn name<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: StrDeserializer<'_, serde::de::value::Error> = text(row, column)?.into_deserializer();
    T::deserialize(text).map_err(|error| unreadable(column, error))
}

fn text<'row>(row: &'row Row<'_>, column: usize) -> rusqlite::Result<&'row str> {
    row.get_ref(column)?.as_str().map_err(|error| unreadable(column, error))
}

/// An error that says that one column holds what we cannot read.
pub(super) fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

/// A 64-bit key as it was stored.
pub(super) fn key(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|bits| u64::from_ne_bytes(bits.to_ne_bytes()))
}

/// A number that is never negative.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|count| u64::try_from(count).unwrap_or(0))
}

/// All rows of `table` that can be read.
pub(super) fn readable<T, F>(table: &str, rows: MappedRows<'_, F>) -> rusqlite::Result<Vec<T>>
where
    F: FnMut(&Row<'_>) -> rusqlite::Result<T>,
{
    let mut all = Vec::new();
    for row in rows {
        match row {
            Ok(it) => all.push(it),
            Err(error) if error.sqlite_error_code().is_some() => return Err(error),
            Err(error) => tracing::warn!(table, %error, "a row of the store was passed over"),
        }
    }
    Ok(all)
}
