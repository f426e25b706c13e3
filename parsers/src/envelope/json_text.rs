//! JSON, whichever carrier wrote it: one object, many one after another, or a document
//! that holds many.
//!
//! ```text
//! {"records":[…]}   {"value":[…]}   {"tables":[{"columns":[…],"rows":[[…]]}]}   [{…},{…}]
//! ```
//!
//! This reader finds the objects and asks who knows them. What an object says is left
//! to the carriers; an object that nobody knows is searched for a chain.

use memchr::memchr2_iter;

use crate::Settings;
use crate::envelope::keys::Key;
use crate::envelope::slots::{Hasty, Slots};
use crate::envelope::text::{note, offset_in};
use crate::envelope::{diagnostic, event_json, loose_json, report};
use crate::issue::IssueKind;
use crate::json::{Fields, Raw};
use crate::record::Record;
use crate::table::Columns;

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
    while looks_like_json(rest) {
        let end = if rest.starts_with('[') {
            reader.array(Raw(rest), DEEPEST)
        } else if rest.len() == text.len() {
            reader.object(rest, DEEPEST)
        } else {
            // Of many in a row, each is read as what it is: one is not the whole text.
            reader.slow_object(rest, DEEPEST)
        };
        // Marks that close nothing are what a damaged document leaves.
        let between = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}');
        rest = rest[end.max(1)..].trim_start_matches(between);
    }
    (rest.len() < text.len()).then_some(reader.records)
}

/// Reads one row of a table whose columns are known.
pub(crate) fn read_row<'a>(
    row: &'a str,
    columns: &Columns,
    settings: &Settings,
) -> Vec<Record<'a>> {
    let mut reader = Reader { whole: row, settings, records: Vec::new() };
    let raw = Raw(row.trim());
    reader.record(raw, &columns.slots(raw), &raw.fields());
    reader.records
}

/// `{0} was not found` and `[14]0460.3404` are text.
fn looks_like_json(text: &str) -> bool {
    let inside = text.get(1..).unwrap_or_default().trim_start();
    match text.as_bytes().first() {
        Some(b'{') => inside.starts_with(['"', '}']),
        Some(b'[') => inside.starts_with(['{', ']']),
        _ => false,
    }
}

/// Reads an object on a line of its own; false where it may be none. Of a run that went well, what
/// it did is not opened.
fn alone<'a>(text: &'a str, fields: &mut Fields<'a>, slots: &mut Slots<'a>) -> bool {
    text.ends_with('}')
        && match slots.hasten(fields) {
            Hasty::Read => true,
            Hasty::PassedOver => is_one(text.as_bytes()),
            Hasty::Unclear => false,
        }
}

/// False where a second object begins, or a second line: what was passed over is not only of one.
fn is_one(bytes: &[u8]) -> bool {
    let ends = |at: usize| match &bytes[at..] {
        [b'}', rest @ ..] => [&b"{"[..], b" {", b",{\""].iter().any(|it| rest.starts_with(it)),
        _ => true,
    };
    !memchr2_iter(b'}', b'\n', bytes).any(ends)
}

struct Reader<'a, 's> {
    whole: &'a str,
    settings: &'s Settings,
    records: Vec<Record<'a>>,
}

impl<'a> Reader<'a, '_> {
    /// Reads the array that a text begins with, and says where it ends.
    fn array(&mut self, array: Raw<'a>, depth: usize) -> usize {
        let mut items = array.items();
        for item in items.by_ref().filter(|_| depth > 0) {
            if item.is_array() {
                self.array(item, depth - 1);
            } else if item.is_object() {
                self.object(item.0, depth - 1);
            }
        }
        items.end()
    }

    /// Reads the object that the text begins with, and says where it ends.
    fn object(&mut self, text: &'a str, depth: usize) -> usize {
        let (mut fields, mut slots) = (Raw(text).fields(), Slots::default());
        if !alone(text, &mut fields, &mut slots) {
            return self.slow_object(text, depth);
        }
        self.known_object(text, &slots, &fields, depth)
    }

    /// Reads it without the hope that it is a run which went well.
    fn slow_object(&mut self, text: &'a str, depth: usize) -> usize {
        let mut fields = Raw(text).fields();
        let slots = Slots::of(&mut fields);
        self.known_object(text, &slots, &fields, depth)
    }

    fn known_object(
        &mut self,
        text: &'a str,
        slots: &Slots<'a>,
        fields: &Fields<'a>,
        depth: usize,
    ) -> usize {
        let end = fields.end();
        for key in [Key::Records, Key::Values] {
            if let Some(items) = slots.get(key).filter(|items| items.is_array() && depth > 0) {
                // With a damaged record in it, the array seems to end elsewhere.
                let start = offset_in(text, items.0);
                let length = self.array(Raw(&text[start..]), depth);
                return if length == items.0.len() { end } else { start + length };
            }
        }
        if let Some(tables) = slots.get(Key::Tables).filter(|tables| tables.is_array()) {
            tables.items().for_each(|table| self.table(table));
        } else {
            self.record(Raw(&text[..end]), slots, fields);
        }
        end
    }

    /// One object, and what is wrong with it.
    fn record(&mut self, raw: Raw<'a>, slots: &Slots<'a>, fields: &Fields<'a>) {
        let mut record = self
            .known(slots)
            .or_else(|| report::read(raw, slots, self.whole, self.settings))
            .unwrap_or_else(|| loose_json::read(raw, slots, self.whole, self.settings));
        if let Some(at) = fields.damage() {
            note(&mut record, offset_in(self.whole, raw.0) + at, IssueKind::InvalidJson);
        }
        let end = offset_in(self.whole, raw.0) + raw.0.len();
        if !raw.is_whole() {
            record.truncated = true;
            note(&mut record, end, IssueKind::Truncated);
        } else if raw.is_object() && !fields.closed() && fields.damage().is_none() {
            // Its quotes do not pair, so its last brace stands in a text.
            note(&mut record, end, IssueKind::InvalidJson);
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
        let columns = Columns::of(columns);
        let Some(rows) = table.get("rows") else { return };
        for row in rows.items() {
            self.record(row, &columns.slots(row), &row.fields());
        }
    }
}
