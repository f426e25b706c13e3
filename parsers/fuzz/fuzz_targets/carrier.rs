//! Any text well wrapped by one of the carriers, which the first byte chooses: the text
//! comes out of it as it went in, and so does its chain.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shirwatch_parsers::chain;
use shirwatch_parsers::{Settings, parse};

fuzz_target!(|input: (u8, &str)| {
    let (carrier, text) = input;
    let wrapped = wrap(carrier, text);
    let records = parse(&wrapped, &Settings::default());
    assert!(records.iter().all(|it| it.issues.iter().all(|issue| issue.at <= wrapped.len())));
    let Some(record) = records.first() else { return };
    // What the carriers take off or take in (trailers, inner JSON, exceptions of .NET)
    // leaves another message; where it is the same, so is the chain.
    let bare = chain::read(text);
    if record.message == text && !bare.links.is_empty() {
        assert_eq!(record.chain, bare.links);
    }
});

/// The text in a carrier, escaped as that carrier does.
fn wrap(carrier: u8, text: &str) -> String {
    let json = json(text);
    let xml = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    match carrier % 10 {
        0 => format!(r#"{{"category":"ActivityRuns","status":"Failed","properties":{{"Error":{{"message":{json}}}}}}}"#),
        1 => format!(r#"{{"value":[{{"activityRunId":"a","status":"Failed","error":{{"message":{json}}}}}]}}"#),
        2 => format!(r#"{{"tables":[{{"columns":[{{"name":"Status"}},{{"name":"ActivityRunId"}},{{"name":"ErrorMessage"}}],"rows":[["Failed","a",{json}]]}}]}}"#),
        3 => format!(r#"{{"activityRunId":"a","status":"Failed","output":{{"errors":[{{"Code":1,"Message":{json}}}]}}}}"#),
        4 => format!("<LogProperties><ErrorInfo>[{{\"Code\":0,\"Message\":{json}}}]</ErrorInfo></LogProperties>"),
        5 => format!("<Event><System><Level>2</Level></System><EventData><Data>{xml}</Data></EventData></Event>"),
        6 => format!(r#"{{"LogName":"L","Level":2,"Message":{json}}}"#),
        7 => format!("2026-10-19 08:39:13.66,Warning,FileSkip,\"a\",\"{}\"", text.replace('"', "\"\"")),
        8 => format!("<LogProperties><Text>{text}</Text></LogProperties>"),
        _ => format!("Error code: 2200\nDetails: {text}"),
    }
}

/// A string of JSON.
fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
