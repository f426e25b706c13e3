//! Rows of PostgreSQL.

use std::borrow::Cow;
use std::error::Error;

use tokio_postgres::Row;

use crate::store::columns::Columns;

pub(super) use crate::store::columns::{count, json, key, maybe_time, name, time};
pub(super) use crate::store::rows::{bits, nanos};

/// Why a row cannot be read.
pub(super) type Unread = Box<dyn Error + Send + Sync>;

impl Columns for Row {
    type Error = Unread;

    fn text(&self, column: usize) -> Result<&str, Unread> {
        Ok(self.try_get(column)?)
    }

    fn maybe_number(&self, column: usize) -> Result<Option<i64>, Unread> {
        Ok(self.try_get(column)?)
    }

    fn number(&self, column: usize) -> Result<i64, Unread> {
        Ok(self.try_get(column)?)
    }

    fn unreadable(column: usize, error: impl Error + Send + Sync + 'static) -> Unread {
        format!("column {column}: {error}").into()
    }
}

/// A number as it is stored.
pub(super) fn clamp(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A text as it is stored: PostgreSQL takes no zero in one.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// All rows of `table` that can be read; another is passed over with a warning.
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
