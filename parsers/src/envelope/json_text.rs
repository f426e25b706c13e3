//! JSON, whichever carrier wrote it: one object, many one after another, or a document
//! that holds many.
//!
//! ```text
//! {"records":[…]}   {"value":[…]}   {"tables":[{"columns":[…],"rows":[[…]]}]}   [{…},{…}]
//! ```
//!
//! This reader finds the objects and asks who knows them. What an object says is left
//! to the carriers; an object that nobody knows is searched for a chain.

use crate::Settings;
use crate::envelope::keys::{Key, Slots};
use crate::envelope::text::{note, offset_in};
use crate::envelope::{diagnostic, event_json, keys, loose_json};
use crate::issue::IssueKind;
use crate::json::{Fields, Raw};
use crate::record::Record;

/// Documents are opened this deep: `records` in an array in a document.
const DEEPEST: usize = 3;

/// Reads all values of the text. `None` where it is not JSON at all.
pub(crate) fn read<'a>(
    text: &'a str,
    whole: &'a str,
    settings: &Settings,
) -> Option<Vec<Record<'a>>> {
    let mut reader = Reader { whole, settings, records: Vec::new() };
    let mut rest = text;
    loop {
        let (raw, end) = Raw::first(rest).filter(|(raw, _)| looks_like_json(*raw))?;
        reader.value(raw, DEEPEST);
        rest = rest[end..].trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if !Raw::first(rest).is_some_and(|(raw, _)| looks_like_json(raw)) {
            return Some(reader.records);
        }
    }
}

/// `{0} was not found` and `[14]0460.3404` are text.
fn looks_like_json(raw: Raw<'_>) -> bool {
    let inside = raw.0.get(1..).unwrap_or_default().trim_start();
    match raw.0.as_bytes().first() {
        Some(b'{') => inside.starts_with(['"', '}']),
        Some(b'[') => inside.starts_with(['{', ']']),
        _ => false,
    }
}

struct Reader<'a, 's> {
    whole: &'a str,
    settings: &'s Settings,
    records: Vec<Record<'a>>,
}

impl<'a> Reader<'a, '_> {
    fn value(&mut self, raw: Raw<'a>, depth: usize) {
        if depth > 0 && raw.is_array() {
            for item in raw.items().filter(|item| item.is_object()) {
                self.value(item, depth - 1);
            }
        } else if raw.is_object() {
            self.object(raw, depth);
        }
    }

    fn object(&mut self, raw: Raw<'a>, depth: usize) {
        let mut fields = raw.fields();
        let slots = Slots::of(&mut fields);
        for key in [Key::Records, Key::Values] {
            if let Some(items) = slots.get(key).filter(|items| items.is_array() && depth > 0) {
                return self.value(items, depth - 1);
            }
        }
        if let Some(tables) = slots.get(Key::Tables).filter(|tables| tables.is_array()) {
            return tables.items().for_each(|table| self.table(table));
        }
        self.record(raw, &slots, &fields);
    }

    /// One object, and what is wrong with it.
    fn record(&mut self, raw: Raw<'a>, slots: &Slots<'a>, fields: &Fields<'a>) {
        let mut record = self
            .known(slots)
            .unwrap_or_else(|| loose_json::read(raw, slots, self.whole, self.settings));
        if let Some(at) = fields.damage() {
            note(&mut record, offset_in(self.whole, raw.0) + at, IssueKind::InvalidJson);
        }
        if !raw.is_whole() {
            record.truncated = true;
            let end = offset_in(self.whole, raw.0) + raw.0.len();
            note(&mut record, end, IssueKind::Truncated);
        }
        self.records.push(record);
    }

    fn known(&self, slots: &Slots<'a>) -> Option<Record<'a>> {
        if event_json::is_event(slots) && !diagnostic::is_named(slots) {
            return Some(event_json::read(slots, self.whole, self.settings));
        }
        let format = diagnostic::format(slots)?;
        Some(diagnostic::read(slots, format, self.whole, self.settings))
    }

    /// `{"columns":[{"name":"Status"},…],"rows":[["Failed",…],…]}`
    fn table(&mut self, table: Raw<'a>) {
        let Some(columns) = table.get("columns") else { return };
        let columns: Vec<Option<Key>> = columns
            .items()
            .map(|column| keys::key(column.get("name").unwrap_or(column).inner()?))
            .collect();
        let Some(rows) = table.get("rows") else { return };
        for row in rows.items() {
            let mut slots = Slots::default();
            for (column, value) in columns.iter().zip(row.items()) {
                if let Some(key) = column {
                    slots.put(*key, value);
                }
            }
            self.record(row, &slots, &row.fields());
        }
    }
}
