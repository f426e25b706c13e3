//! From columns to values. A row that cannot be read (written by a later version, or damaged)
//! is passed over with a warning; it never stops the others.

use std::borrow::Cow;
use std::error::Error;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;
use tokio_postgres::Row;

pub(super) use crate::store::rows::{bits, nanos};

/// A row that cannot be read.
pub(super) type Unread = Box<dyn Error + Send + Sync>;

pub(super) fn time(row: &Row, column: usize) -> Result<Timestamp, Unread> {
    Ok(Timestamp::from_nanosecond(row.try_get::<_, i64>(column)?.into())?)
}

pub(super) fn maybe_time(row: &Row, column: usize) -> Result<Option<Timestamp>, Unread> {
    let nanos: Option<i64> = row.try_get(column)?;
    Ok(nanos.map(|it| Timestamp::from_nanosecond(it.into())).transpose()?)
}

/// A value that was stored as JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, Unread> {
    Ok(serde_json::from_str(row.try_get(column)?)?)
}

/// A value of a closed set that was stored by its name.
pub(super) fn name<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, Unread> {
    let text: StrDeserializer<'_, serde::de::value::Error> =
        row.try_get::<_, &str>(column)?.into_deserializer();
    Ok(T::deserialize(text)?)
}

/// A 64-bit key as it was stored.
pub(super) fn key(row: &Row, column: usize) -> Result<u64, Unread> {
    Ok(u64::from_ne_bytes(row.try_get::<_, i64>(column)?.to_ne_bytes()))
}

/// A number that is never negative.
pub(super) fn count(row: &Row, column: usize) -> Result<u64, Unread> {
    Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0))
}

/// A number as it is stored.
pub(super) fn clamp(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A text as it is stored: PostgreSQL takes no zero in one.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// All rows of `table` that can be read.
pub(super) fn readable<T>(
    table: &str,
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, Unread>,
) -> Vec<T> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        match read(row) {
            Ok(it) => all.push(it),
            Err(error) => tracing::warn!(table, %error, "a row of the store was passed over"),
        }
    }
    all
}
