//! Rows of SQLite.

use std::error::Error;

use rusqlite::types::Type;
use rusqlite::{MappedRows, Row};

use crate::store::columns::Columns;

pub(super) use crate::store::columns::{count, json, key, name, time};
pub(super) use crate::store::rows::{bits, nanos};

impl Columns for Row<'_> {
    type Error = rusqlite::Error;

    fn text(&self, column: usize) -> rusqlite::Result<&str> {
        self.get_ref(column)?.as_str().map_err(|error| Self::unreadable(column, error))
    }

    fn maybe_number(&self, column: usize) -> rusqlite::Result<Option<i64>> {
        self.get(column)
    }

    fn number(&self, column: usize) -> rusqlite::Result<i64> {
        self.get(column)
    }

    fn unreadable(column: usize, error: impl Error + Send + Sync + 'static) -> rusqlite::Error {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    }
}

/// All rows of `table` that can be read; another is passed over with a warning.
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
