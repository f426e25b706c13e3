//! The rows of a table, one at a time.
//!
//! ```text
//! {"tables":[{"columns":[{"name":"Status"},{"name":"ErrorMessage"}],"rows":[["Failed","…"],…]}]}
//!             └ Columns ──────────────────────────────────────┘        └ parse_row ─┘
//! ```
//!
//! The answer to a query may be larger than what one wants to hold at once. Which column
//! is what is small, and with it each row can be read by itself. Where the rows begin is
//! known by who reads the file.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::envelope::keys::{Key, key, name};
use crate::envelope::slots::Slots;
use crate::json::Raw;

/// Columns beyond these are passed over; the widest table of the service has about sixty.
const MOST: usize = 96;

/// What the columns of a table mean.
///
/// ```
/// use shirwatch_parsers::{Settings, parse_row, table::Columns};
/// let columns = Columns::read(r#"[{"name":"Status"},{"name":"ActivityName"},{"name":"Error"}]"#);
/// let row = r#"["Failed","Copy orders","{\"message\":\"Disk full.\"}"]"#;
/// let records = parse_row(row, &columns, &Settings::default());
/// assert_eq!(records[0].message, "Disk full.");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Columns([Option<Key>; MOST]);

impl Columns {
    /// From the text of the array of columns: of their names, or of objects that hold one.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self::of(Raw(text))
    }

    pub(crate) fn of(columns: Raw<'_>) -> Self {
        Self::new(columns.items().map(|it| key(it.get("name").unwrap_or(it).inner()?)))
    }

    fn new(keys: impl Iterator<Item = Option<Key>>) -> Self {
        let mut columns = [None; MOST];
        for (column, key) in columns.iter_mut().zip(keys) {
            *column = key;
        }
        Self(columns)
    }

    /// The values of a row by what they mean.
    pub(crate) fn slots<'a>(&self, row: Raw<'a>) -> Slots<'a> {
        let mut slots = Slots::default();
        for (column, value) in self.0.iter().zip(row.items()) {
            if let Some(key) = column {
                slots.put(*key, value);
            }
        }
        slots
    }

    /// The names in lower case with commas between them; nothing where a column has no use.
    fn names(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|it| it.map_or("", name)).collect();
        names.join(",").trim_end_matches(',').to_owned()
    }
}

impl fmt::Debug for Columns {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Columns({})", self.names())
    }
}

impl Serialize for Columns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.names())
    }
}

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = String::deserialize(deserializer)?;
        Ok(Self::new(names.split(',').map(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, parse, parse_row};

    const COLUMNS: &str = r#"[{"name":"TenantId","type":"string"},{"name":"ErrorMessage"},
                             {"name":"Status"},{"name":"ActivityRunId"}]"#;

    #[test]
    fn a_row_is_read_as_it_is_within_its_table() {
        let row = r#"["t","Say \"no\".","Failed","7"]"#;
        let table = format!(r#"{{"tables":[{{"columns":{COLUMNS},"rows":[{row}]}}]}}"#);
        let columns = Columns::read(COLUMNS);
        let records = parse_row(row, &columns, &Settings::default());
        assert_eq!(records, parse(&table, &Settings::default()));
        assert_eq!(records[0].message, "Say \"no\".");
    }

    #[test]
    fn columns_are_kept_as_a_text() {
        let columns = Columns::read(COLUMNS);
        let kept = serde_json::to_string(&columns).unwrap();
        assert_eq!(kept, r#"",message,status,activityrunid""#);
        assert_eq!(serde_json::from_str::<Columns>(&kept).unwrap(), columns);
    }

    #[test]
    fn a_table_may_be_wider_than_is_kept() {
        let names = vec!["\"Status\""; 500];
        let columns = Columns::read(&format!("[{}]", names.join(",")));
        assert_eq!(columns.0.len(), MOST);
    }

    #[test]
    fn a_row_that_is_cut_says_so() {
        let columns = Columns::read(COLUMNS);
        let records =
            parse_row(r#"["t","ErrorCode=X,'Type=A.B,Mess"#, &columns, &Settings::default());
        assert!(records.iter().all(|it| it.truncated), "{records:?}");
        assert!(parse_row("", &columns, &Settings::default()).len() <= 1);
    }
}
