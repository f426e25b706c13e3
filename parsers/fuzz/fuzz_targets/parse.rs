//! Any text as the front door gets it, so any carrier, whole or broken.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shirwatch_parsers::{Settings, parse};

fuzz_target!(|text: &str| {
    for record in parse(text, &Settings::default()) {
        assert!(record.issues.iter().all(|issue| issue.at <= text.len()));
    }
});
