//! The session log of a copy activity, and the older log of redirected rows.
//!
//! ```text
//! Timestamp,Level,OperationName,OperationItem,Message
//! 2026-10-19 08:39:56.3190846,Warning,FileSkip,"a.csv","File is skipped after read 0 bytes: ErrorCode=…"
//! data1,data2,"2627","Violation of PRIMARY KEY constraint …"       redirected: no header, no time
//! ```
//!
//! A row that was skipped is a warning, whatever its error says: the copy went on. The
//! rows of data themselves are not kept. What the error means is not known here.

use crate::Settings;
use crate::csv;
use crate::csv::{Cell, Rows};
use crate::envelope::body;
use crate::envelope::text::{Text, note, offset_in};
use crate::issue::IssueKind;
use crate::lex;
use crate::record::{Format, Level, Record};

/// Which cell of a row holds what.
struct Columns {
    time: usize,
    level: usize,
    operation: usize,
    message: usize,
    count: usize,
}

const COLUMNS: Columns = Columns { time: 0, level: 1, operation: 2, message: 4, count: 5 };

/// Reads all rows of the text. `None` where it is no such log.
pub(crate) fn read<'a>(text: &'a str, whole: &str, settings: &Settings) -> Option<Vec<Record<'a>>> {
    let mut rows = Rows { text, at: 0 };
    let mut columns = COLUMNS;
    if is_header(text) {
        columns = from_header(&rows.next()?);
    } else if !is_row(text, settings) {
        return redirected(text, whole);
    }
    Some(rows.map(|row| record(&row, &columns, whole, settings)).collect())
}

fn is_header(text: &str) -> bool {
    let line = lex::first_line(text);
    let starts = line.trim_start_matches('"').get(..9);
    starts.is_some_and(|it| it.eq_ignore_ascii_case("timestamp")) && line.contains("OperationName")
}

/// A time, a comma, and a level.
fn is_row(text: &str, settings: &Settings) -> bool {
    let line = text.trim_start_matches('"');
    let Some((_, length)) = lex::leading_timestamp(line, &settings.timezone) else { return false };
    let rest = line[length..].trim_start_matches('"');
    let Some(rest) = rest.trim_start().strip_prefix(',') else { return false };
    let level = rest.trim_start().trim_start_matches('"');
    let word = level.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    lex::level(word).is_some() && level[word.len()..].contains(',')
}

fn from_header(cells: &[Cell<'_>]) -> Columns {
    let find = |name: &str, default: usize| {
        cells.iter().position(|cell| cell.written.eq_ignore_ascii_case(name)).unwrap_or(default)
    };
    Columns {
        time: find("Timestamp", COLUMNS.time),
        level: find("Level", COLUMNS.level),
        operation: find("OperationName", COLUMNS.operation),
        message: find("Message", COLUMNS.message),
        count: cells.len(),
    }
}

fn record<'a>(row: &[Cell<'a>], columns: &Columns, whole: &str, settings: &Settings) -> Record<'a> {
    let mut record = Record { format: Format::SessionLog, ..Record::default() };
    if let Some(time) = row.get(columns.time) {
        record.time = lex::timestamp(time.written, &settings.timezone);
        record.time_raw = Some(time.text());
        if record.time.is_none() {
            note(&mut record, offset_in(whole, time.written), IssueKind::InvalidTime);
        }
    }
    record.level = row.get(columns.level).and_then(|cell| lex::level(cell.written));
    if row.get(columns.operation).is_some_and(|cell| cell.written.ends_with("Skip")) {
        record.level = Some(Level::Warning);
    }
    // A comma that went missing leaves the message in the last cell there is.
    let message = row.get(columns.message).or(row.last().filter(|_| row.len() > 1));
    if let Some(cell) = message {
        let text = Text::unescaped(cell.text(), cell.written, whole, csv::written_offset);
        body::read_bare(&mut record, trimmed(text));
    }
    damage(&mut record, row, columns.count, whole);
    record
}

fn trimmed(text: Text<'_>) -> Text<'_> {
    let end = text.says.trim_end().len();
    text.part(0..end)
}

/// Notes a quote that never closes, and a row that lacks cells.
fn damage(record: &mut Record<'_>, row: &[Cell<'_>], count: usize, whole: &str) {
    let Some(last) = row.last() else { return };
    let end = offset_in(whole, last.written) + last.written.len();
    if !last.whole {
        record.truncated = true;
        note(record, end, IssueKind::Truncated);
    } else if row.len() < count {
        note(record, end, IssueKind::InvalidCsv);
    }
}

/// Rows whose last two cells are a code and its message.
fn redirected<'a>(text: &'a str, whole: &str) -> Option<Vec<Record<'a>>> {
    if !text.trim_end().ends_with('"') || !side_by_side(text) {
        return None;
    }
    Rows { text, at: 0 }.map(|row| redirected_row(&row, whole)).collect()
}

/// Whether two quoted cells stand side by side somewhere, as the code and the message do. It
/// is cheaper to know than all cells.
fn side_by_side(text: &str) -> bool {
    let mut before = 0;
    memchr::memchr_iter(b'"', text.as_bytes()).any(|at| {
        let between = &text.as_bytes()[before..at];
        before = at + 1;
        !between.is_empty() && between.iter().all(|it| matches!(it, b' ' | b'\t' | b','))
    })
}

fn redirected_row<'a>(row: &[Cell<'a>], whole: &str) -> Option<Record<'a>> {
    let [_, .., code, message] = row else { return None };
    if !code.quoted || !message.quoted || !is_code(code.written) || message.written.is_empty() {
        return None;
    }
    let mut record = Record { format: Format::SessionLog, ..Record::default() };
    record.level = Some(Level::Warning);
    record.code = Some(code.text());
    let text = Text::unescaped(message.text(), message.written, whole, csv::written_offset);
    body::read_bare(&mut record, text);
    Some(record)
}

/// `UserErrorInvalidDataValue`, or a number of the database: `2627`.
fn is_code(text: &str) -> bool {
    let number = !text.is_empty() && text.len() < 8 && text.bytes().all(|it| it.is_ascii_digit());
    let name = text.len() > 5
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|it| it.is_ascii_alphanumeric());
    number || name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_row_becomes_a_record() {
        // input                                                                           level | code | message, a record each
        check("Timestamp,Level,OperationName,OperationItem,Message\n2026-10-19 08:39:13.66,Info,FileRead,\"a\",\"ok\"",
              "Information | - | ok");
        check("2026-10-19 08:39:13.66, Warning, TabularRowSkip, \"\"\"x\"\", \"\"y\"\",\" \"Column 'a' \"\"b\"\" \" ",
              "Warning | - | Column 'a' \"b\"");
        check("\"2026-10-19 08:39:13\",\"Info\",FileSkip,\"a\",\"m\"",
              "Warning | - | m");
        check("data1, \"2627\", \"Violation of it\"\ndata2, \"UserErrorInvalidDataValue\", \"Column ''\"",
              "Warning | 2627 | Violation of it; Warning | UserErrorInvalidDataValue | Column ''");
        check("He said \"hello\", \"there you are\"",
              "no log");
        check("2026-10-19 08:39:13.66 Info, and more",
              "no log");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let Some(records) = read(input.trim(), input, &Settings::default()) else {
            return assert_eq!("no log", expected);
        };
        let shown: Vec<String> = records
            .iter()
            .map(|it| {
                let level = it.level.map_or("-".to_owned(), |level| format!("{level:?}"));
                format!("{level} | {} | {}", it.code.as_deref().unwrap_or("-"), it.message)
            })
            .collect();
        assert_eq!(shown.join("; "), expected);
        assert!(records.iter().all(|it| it.issues.is_empty()));
    }
}
