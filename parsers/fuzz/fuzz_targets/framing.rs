//! Any bytes as the framer gets them: no end lies outside of them or before its beginning.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shirwatch_parsers::framing::{element_end, next_element};
use shirwatch_parsers::table::Columns;
use shirwatch_parsers::{Settings, parse_row};

fuzz_target!(|bytes: &[u8]| {
    if let Some(end) = element_end(bytes, 0) {
        assert!(0 < end && end <= bytes.len());
    }
    assert!(next_element(bytes, 0).is_none_or(|at| at < bytes.len()));
    if let Ok((columns, row)) =
        str::from_utf8(bytes).map(|it| it.split_once('\n').unwrap_or((it, it)))
    {
        for record in parse_row(row, &Columns::read(columns), &Settings::default()) {
            assert!(record.issues.iter().all(|issue| issue.at <= row.len()));
        }
    }
});
