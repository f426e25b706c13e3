//! Any text well wrapped by each of the carriers: it comes out of every one of them, and so
//! does its chain.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shirwatch_parsers::{Settings, chain, parse};

#[path = "../../tests/support/wrap.rs"]
#[allow(dead_code, reason = "the context is compared in a test")]
mod wrap;

fuzz_target!(|text: &str| {
    let bare = chain::read(text);
    for (carrier, wrapped) in wrap::carriers(text) {
        let records = parse(&wrapped, &Settings::default());
        assert!(records.iter().all(|it| it.issues.iter().all(|issue| issue.at <= wrapped.len())));
        let Some(record) = records.first() else { continue };
        // What the carriers take off or take in (trailers, inner JSON, exceptions of .NET)
        // leaves another message; where it is the same, so is the chain.
        if record.message == text && !bare.links.is_empty() {
            assert_eq!(record.chain, bare.links, "{carrier}");
        }
    }
});
