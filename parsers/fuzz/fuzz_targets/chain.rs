//! Any text as the reader of chains gets it: no panic, every issue lies in the text, and
//! nothing is nested deeper than the limit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shirwatch_parsers::Link;
use shirwatch_parsers::chain::{NESTING_LIMIT, read};

fuzz_target!(|text: &str| {
    let it = read(text);
    assert!(it.issues.iter().all(|issue| issue.at <= text.len()));
    assert!(it.end.is_none_or(|end| text.is_char_boundary(end)));
    assert!(depth(&it.links) <= NESTING_LIMIT + 1);
});

fn depth(links: &[Link<'_>]) -> usize {
    links.iter().map(|link| 1 + depth(&link.embedded)).max().unwrap_or(0)
}
