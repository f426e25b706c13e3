//! The flow as a table: text in, what was counted and what is open out.

mod guard;
mod reports;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use proptest::prelude::*;
use shirwatch_parsers::{Record, Settings};

use crate::catalogue::Catalogue;
use crate::model::batch::{Batch, End, Framing};
use crate::model::changes::Changes;
use crate::model::finding::Finding;
use crate::model::fingerprint::Fingerprint;
use crate::model::redacted::{Redacted, RedactionConfig, Redactor};
use crate::model::totals::Totals;
use crate::pipeline::Pipeline;
use crate::pipeline::incidents::Notice;
use crate::pipeline::incidents::Sighting;

const CHAIN: &str = "ErrorCode=SqlOperationFailed,'Type=A.HybridDeliveryException,Message=Bad \
                     'x',Source=,''Type=System.Data.SqlClient.SqlException,Message=Invalid \
                     object name 'dbo.t'.,Source=.Net SqlClient Data Provider,'";

/// A finding of `record`, for tests of what happens to findings.
pub(crate) fn finding(record: Record<'static>) -> Redacted<Finding> {
    let catalogue = Catalogue::embedded().expect("the catalogue loads");
    let verdict = catalogue.classify(&record);
    let finding = catalogue.finding(record.clone(), &verdict, Fingerprint(7));
    Redactor::new(&RedactionConfig::default()).redact(finding)
}

fn pipeline() -> Pipeline {
    // Loading takes longer than all that is tested with it.
    static CATALOGUE: LazyLock<Arc<Catalogue>> =
        LazyLock::new(|| Arc::new(Catalogue::embedded().expect("the catalogue loads")));
    let redactor = Redactor::new(&RedactionConfig::default());
    Pipeline::new(CATALOGUE.clone(), Arc::new(redactor))
}

/// Feeds `text` in pieces of `size` bytes, as a source would, and gives the counted totals.
fn feed(pipeline: &mut Pipeline, text: &[u8], size: usize) -> Totals {
    feed_within(pipeline, text, size, usize::MAX)
}

/// The same where no more than `most` bytes fit in memory.
fn feed_within(pipeline: &mut Pipeline, text: &[u8], size: usize, most: usize) -> Totals {
    let labels = BTreeMap::new();
    let (mut at, mut seen, mut framing) = (0, 0, Framing::default());
    let mut idle = false;
    while at < text.len() || !idle {
        idle = seen == text.len();
        seen = (seen + size).min(text.len()).min(at.saturating_add(most));
        let full = seen - at == most;
        let batch = Batch {
            source: "s",
            labels: &labels,
            path: "p",
            bytes: &text[at..seen],
            offset: at as u64,
            read_at: Timestamp::UNIX_EPOCH,
            end: if idle { End::Eof } else { End::More },
            framing,
            full,
        };
        let taken = pipeline.process(&batch, &Settings::default(), None);
        assert!(taken.bytes <= seen - at, "took more than there was");
        at += taken.bytes;
        framing = taken.framing;
        assert!(!idle || at == text.len(), "left {} bytes at the end", text.len() - at);
    }
    pipeline.settle(Timestamp::MAX, None);
    let mut changes = Changes::default();
    pipeline.drain(&mut changes);
    Totals::from_stored(changes.totals)
}

#[test]
#[rustfmt::skip]
fn each_failure_is_counted_once_however_the_bytes_arrive() {
    let timed = "2026-11-20T02:14:22Z Error A.B guid Copy failed: ";
    let quiet = "2026-11-20T02:14:23Z Information A.B guid Reading block 4, 24 bytes read.\n";
    let trailer = "Job ID: 97e70903-46b5-5348-b59b-9889a708b8e4\nLog ID: Error\n";
    let json = CHAIN.replace('\'', "\\u0027");
    let run = |id: &str| format!(r#"{{"category":"ActivityRuns","status":"Failed","activityRunId":"{id}","pipelineRunId":"p","activityType":"Copy","properties":{{"Error":{{"errorCode":"2200","message":"{json}"}}}}}}"#);
    let row = |id: &str| format!(r#"["Failed","{id}","p","{json}"]"#);
    let table = |name: &str, ids: &[&str]| format!(r#"{{"name":"{name}","columns":[{{"name":"Status"}},{{"name":"ActivityRunId"}},{{"name":"PipelineRunId"}},{{"name":"ErrorMessage"}}],"rows":[{}]}}"#, ids.iter().map(|id| row(id)).collect::<Vec<_>>().join(","));
    let event = format!("<Event xmlns='x'><System><Level>2</Level></System><EventData><Data>{CHAIN}</Data></EventData></Event>\n");
    // input                                                                errors
    check(&format!("{CHAIN}\n"),                                            1);
    check(&format!("{CHAIN}\n{CHAIN}\n"),                                   2);
    check(&format!("{timed}{CHAIN}.\n{quiet}{timed}{CHAIN}.\n"),            2);
    check(&format!("{timed}{CHAIN}\n{trailer}{quiet}"),                     1);
    check(&format!("{timed}\n   {CHAIN}\n   at A.B()\n{quiet}"),            1);
    check(&CHAIN.replace(",Source", "\r\nmore,Source"),                     1);
    check(quiet,                                                            0);
    check(&quiet.replace("Reading block", "Could not connect, timed out at block"), 0);
    check(&format!("{}\n{}\n", run("a"), run("b")),                         2);
    check(&format!("{}\n{}\n", run("a"), run("a")),                         1);
    check(&format!("{{\"records\":[{},{}]}}", run("a"), run("b")),          2);
    check(&format!("[\n{},\n{}\n]\n", run("a"), run("b")),                  2);
    check(&format!("{}\n{}\n{}\n", run("a"), &run("b")[..60], run("c")),    3);
    check(&format!("{}\n{}\n{}\n", run("a"), &run("b")[..130], run("c")),   3);
    check(&format!("{{\"nextLink\":\"a\",\"n\":[1],\"value\":[{},{}]}}", run("a"), run("b")), 2);
    check(&format!("{{\"tables\":[{}]}}", table("T", &["a", "b"])),           2);
    check(&format!("{{\"tables\":[\n{},\n{}\n]}}\n", table("T", &["a", "b"]), table("U", &["c"])), 3);
    check(&format!("{{\"tables\":[{}]}}\n{}\n", table("T", &["a"]), run("b")), 2);
    check(&format!("{event}{event}"),                                       2);
    check(&format!("{timed}{CHAIN}.\n{quiet}{timed}{CHAIN}.\n").replace('\n', "\r\n"), 2);
    check(&format!("{event}{event}").replace('\n', "\r\n"),                2);
    check(&format!("{}\r\n{}\r\n", run("a"), run("b")),                     2);
    check("",                                                               0);
}

/// What is told of the errors of a log, in their order, read by one thread or by two.
fn told(log: &[u8], helped: bool) -> (Vec<String>, BTreeMap<String, String>) {
    let mut pipeline = Pipeline { helped, ..pipeline() };
    let labels = BTreeMap::new();
    let batch = Batch {
        source: "s",
        labels: &labels,
        path: "p",
        bytes: log,
        offset: 0,
        read_at: Timestamp::UNIX_EPOCH,
        end: End::Eof,
        framing: Framing::default(),
        full: false,
    };
    let mut told = Vec::new();
    let mut tell = |it: &Sighting<'_>, _: &dyn Fn() -> Redacted<Finding>| {
        told.push(format!("{} {} {:?}", it.position.offset, it.rule, it.record));
    };
    pipeline.process(&batch, &Settings::default(), Some(&mut tell));
    let mut changes = Changes::default();
    pipeline.drain(&mut changes);
    (told, changes.totals.into_iter().map(|(name, value)| (name, value.to_string())).collect())
}

proptest! {
    /// Who helps to read changes nothing: not the order, and not what was before of the same
    /// failure. Some of the bytes are no text.
    #[test]
    fn two_threads_tell_what_one_does(kinds in prop::collection::vec(0_usize..5, 0..200)) {
        let log: Vec<u8> = kinds.iter().enumerate().flat_map(|(i, kind)| {
            let time = format!("2026-11-20T02:14:{:02}Z", i % 60);
            let code = CHAIN.replace("SqlOperationFailed", &format!("Code{i}"));
            let line = match kind {
                0 => format!("{time} Error A.B guid Copy failed: {code}.\n"),
                1 => format!("{time} Error A.B guid Copy failed: {CHAIN}.\n"),
                2 => format!("{time} Information A.B guid Reading block {i}.\n"),
                3 => format!("{time} Warning A.B guid It is not there.\n"),
                _ => format!("{time} Error A.B guid Caf\u{e9} failed: {code}\n"),
            };
            // As a system with another code page writes it.
            line.chars().map(|c| c as u8).collect::<Vec<_>>()
        }).collect();
        prop_assert_eq!(told(&log, true), told(&log, false));
    }
}

#[test]
fn lines_of_dashes_stand_between_events() {
    let first = format!("{CHAIN}\nNo such host is known\n");
    let text = format!("Oh.\n-----\n{first}-----\nCall failed:\n\n{CHAIN}\n-----\nOh.\n");
    let totals = feed(&mut pipeline(), text.as_bytes(), text.len());
    let errors = totals.iter().filter(|it| it.0 == "shirwatch_errors_total");
    assert_eq!(errors.map(|it| it.2).sum::<f64>() as u64, 2);
}

#[test]
#[rustfmt::skip]
fn a_damaged_record_takes_no_neighbour_with_it() {
    let json = CHAIN.replace('\'', "\\u0027");
    let run = |id: &str| format!(r#"{{"time":"2026-11-20T02:14:22Z","category":"ActivityRuns","status":"Failed","activityRunId":"{id}","pipelineRunId":"p","activityType":"Copy","properties":{{"Error":{{"errorCode":"2200","message":"{json}"}}}}}}"#);
    let (a, b) = (run("a"), run("b"));
    // the damaged record                                          what is wrong with it
    for damaged in [
        r#"{"time":"x","note":"he said "no","status":"Queued"},"#, // a quote too many
        r#"{"time":"x","note":"never closed,"status":"Queued"},"#, // a quote too few
        r#"{"time":"x","note":"never closed},"#,
        r#"{"time":"x","note":"C:\","status":"Queued"},"#,
        r#"{"time":"x","note":{"status":"Queued"},"#,              // a brace too few
        r#"{"time":"x","note":"","status":"Queued"}},"#,           // a brace too many
        r#"{"time":"x","status":Queued},"#,
        r#"{"time":"x","status":"Queued"}"#,                       // no comma behind it
        r#"{"time":"x","Input":"{"a":[{"b":1},{"c":2}]}"},"#,      // quotes nobody escaped
    ] {
        for (open, close) in [("{\"records\":[", "]}"), ("[", "]"), ("{\n \"value\": [\n", "\n]}\n")] {
            check(&format!("{open}{a},{damaged}{b}{close}"), 2);
            check(&format!("{open}{a},\n{damaged}\n{b},\n{damaged}{close}"), 2);
        }
    }
}

#[test]
#[rustfmt::skip]
fn a_record_too_long_for_memory_takes_no_neighbour_with_it() {
    let json = CHAIN.replace('\'', "\\u0027");
    let run = |id: &str, input: &str| format!(r#"{{"time":"2026-11-20T02:14:22Z","category":"ActivityRuns","status":"Failed","activityRunId":"{id}","pipelineRunId":"p","properties":{{"Error":{{"errorCode":"2200","message":"{json}"}},"Input":{input}}}}}"#);
    let row = |id: &str, input: &str| format!(r#"["Failed","{id}","p","{json}",{input}]"#);
    let columns = r#"[{"name":"Status"},{"name":"ActivityRunId"},{"name":"PipelineRunId"},{"name":"ErrorMessage"},{"name":"Input"}]"#;
    let text = format!("\"{}\"", r#"{\"time\":1},{\"time\":2}],[\"a\"]"#.repeat(200));
    let list = format!("[{}]", r#"{"type":"Copy"},{"type":"Wait"}"#.repeat(200));
    for input in [&text, &list] {
        let runs = [run("a", "1"), run("b", input), run("c", "1"), run("d", input), run("e", "1")];
        let rows = [row("a", "1"), row("b", input), row("c", "1"), row("d", input), row("e", "1")];
        for all in [
            format!(r#"{{"records":[{}]}}"#, runs.join(",")),
            format!("{{\n \"value\" : [\n{}\n]}}\n", runs.join(",\n")),
            format!(r#"{{"count":5,"value":[{}]}}"#, runs.join(",")),
            format!(r#"{{"tables":[{{"name":"T","columns":{columns},"rows":[{}]}}]}}"#, rows.join(",")),
            runs.join("\n"),
        ] {
            for size in [64, 1000, usize::MAX / 4] {
                let totals = feed_within(&mut pipeline(), all.as_bytes(), size, 2048);
                let errors = totals.iter().filter(|it| it.0 == "shirwatch_errors_total");
                assert_eq!(errors.map(|it| it.2).sum::<f64>() as u64, 5, "in pieces of {size}: {all}");
            }
        }
    }
}

#[test]
fn what_is_no_json_is_counted() {
    let text = r#"{"records":[{"time":"x","note":"he said "no"},{"time":"x","status":"Queued"}]}"#;
    let totals = feed(&mut pipeline(), text.as_bytes(), 64);
    let counted = totals.iter().any(|(name, labels, value)| {
        let kind = format!("{labels:?}").contains("invalid-json");
        name == "shirwatch_parse_issues_total" && kind && value >= 1.0
    });
    assert!(counted);
}

#[track_caller]
fn check(text: &str, expected: u64) {
    for size in [1, 7, 64, 500, usize::MAX / 4] {
        let totals = feed(&mut pipeline(), text.as_bytes(), size);
        let mut all = String::new();
        let mut errors = 0.0;
        for (name, labels, value) in totals.iter() {
            let _ = writeln!(all, "{name} {labels:?} {value}");
            errors += if name == "shirwatch_errors_total" { value } else { 0.0 };
        }
        assert_eq!(errors as u64, expected, "in pieces of {size}:\n{all}{text}");
    }
}

/// Reads a whole text at a time; gives what is to be said of it.
fn take(pipeline: &mut Pipeline, text: &str, read_at: Timestamp) -> Vec<Notice> {
    let labels = BTreeMap::new();
    let batch = Batch {
        source: "s",
        labels: &labels,
        path: "p",
        bytes: text.as_bytes(),
        offset: 0,
        read_at,
        end: End::Eof,
        framing: Framing::default(),
        full: false,
    };
    let mut notices = pipeline.process(&batch, &Settings::default(), None).notices;
    notices.extend(pipeline.tick(read_at));
    notices
}

/// Reads `count` failures of 50 kinds, `seconds` apart, the last `age` seconds ago; gives the
/// number of incidents and of notices.
fn storm(count: usize, seconds: i64, age: i64) -> (usize, usize) {
    let (kinds, read_at) = (50, Timestamp::from_second(1_780_000_000).expect("a time"));
    let mut pipeline = pipeline();
    let mut notices = 0;
    for from in (0..count).step_by(10_000) {
        let mut text = String::new();
        for n in from..(from + 10_000).min(count) {
            let kind = n % kinds;
            let code = char::from(b'A' + (kind % 26) as u8);
            let tail = char::from(b'a' + (kind / 26) as u8);
            let ago = age + i64::try_from(count - n).unwrap_or(0) * seconds;
            let time = read_at - jiff::SignedDuration::from_secs(ago);
            let _ = writeln!(
                text,
                r#"{{"time":"{time}","category":"ActivityRuns","status":"Failed","activityRunId":"r{n}","pipelineRunId":"p{n}","activityType":"Copy","activityName":"Load {kind}","pipelineName":"nightly","properties":{{"Error":{{"errorCode":"2200","message":"ErrorCode=Made{code}{tail}Up,'Type=A.B,Message=Bad,Source=C,'"}}}}}}"#
            );
        }
        notices += take(&mut pipeline, &text, read_at).len();
    }
    let incidents = pipeline.incidents.iter();
    let total: u64 = incidents.map(|it| it.count).sum();
    assert_eq!(total, count as u64, "each failure is counted");
    (pipeline.incidents.iter().count(), notices)
}

#[test]
fn a_storm_tells_each_kind_once() {
    assert_eq!(storm(100_000, 0, 0), (50, 50));
}

#[test]
fn a_month_of_old_logs_tells_nobody() {
    // One failure each ten minutes, the last of them two hours old.
    assert_eq!(storm(30 * 24 * 6, 600, 7200), (50, 0));
}
