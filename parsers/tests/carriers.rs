//! One failure, told through every carrier, gives the same chain.
//!
//! ```text
//! {"Error":{"message":"…"}}   <Data>…</Data>   2026-…,Warning,FileSkip,"a","…"   → one chain
//! ```
//!
//! The failure holds what carriers escape: quotes, commas, angle brackets, an ampersand, a
//! backslash, line breaks, JSON. Each carrier holds as much of the context as it has room
//! for, and says nothing that it was not told.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

#[path = "support/wrap.rs"]
mod wrap;

use shirwatch_parsers::{Format, Link, Record, Settings, Side, parse};
use wrap::{ACTIVITY, JOB, PIPELINE, RUN, carriers};

/// A failure with all that needs an escape somewhere.
const FAILURE: &str = "ErrorCode=SqlOperationFailed,\
    'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,\
    Message=A database operation failed with the following error: 'Invalid object name 'dbo.\"a\"'.'\
    \r\nPath: \\\\srv\\share, List<int> & more, {\"code\":\"400\"}, status code 400,Source=,\
    ''Type=System.Data.SqlClient.SqlException,Message=Invalid object name 'dbo.\"a\"'.,\
    Source=.Net SqlClient Data Provider,SqlErrorNumber=208,Class=16,ErrorCode=-2146232060,State=1,\
    Errors=[{Class=16,Number=208,State=1,Message=Invalid object name 'dbo.\"a\"'.,},],'";

const CUT: &str = "ErrorCode=X,'Type=A.B,Message=One, <two> & \"three\".,Source=s,\
    ''Type=System.IO.IOException,Message=The process can";

const DOTNET: &str = "System.A.BException: Could not connect to net.tcp://node:8060/. \
    ---> System.Net.Sockets.SocketException: No such host is known\r\n   \
    at System.Net.Dns.GetAddrInfo(String name)\r\n   --- End of inner exception stack trace ---";

#[test]
fn the_chain_is_the_same_through_every_carrier() {
    for text in [FAILURE, CUT, DOTNET] {
        let bare = parse(text, &Settings::default()).remove(0);
        assert!(bare.chain.len() == 2, "{:?}", bare.chain);
        for (carrier, wrapped) in carriers(text) {
            let record = failed(carrier, &wrapped);
            assert_eq!(shown(&record.chain), shown(&bare.chain), "{carrier}: {wrapped}");
            assert_eq!(record.truncated, bare.truncated, "{carrier}: {wrapped}");
        }
    }
}

#[test]
fn words_of_wrappers_change_no_chain() {
    for text in [FAILURE, DOTNET] {
        let bare = parse(text, &Settings::default()).remove(0);
        let wrapped = format!(
            "Operation on target Load failed: Activity failed because an inner activity failed; \
             Inner activity name: Copy b, Error: Failure happened on 'Sink' side. {text}"
        );
        for (carrier, wrapped) in carriers(&wrapped) {
            let record = failed(carrier, &wrapped);
            assert_eq!(shown(&record.chain), shown(&bare.chain), "{carrier}: {wrapped}");
            assert_eq!(record.side, Some(Side::Sink), "{carrier}");
        }
    }
}

#[test]
fn what_people_put_around_a_text_changes_no_chain() {
    let bare = parse(FAILURE, &Settings::default()).remove(0);
    let page = FAILURE.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&#39;");
    let json =
        format!("{{\n  \"errorCode\": \"2200\",\n  \"message\": {}\n}}", wrap::json(FAILURE));
    for text in [
        format!("```\n{FAILURE}\n```"),
        format!("```json\n{json}\n```"),
        format!("`{FAILURE}`"),
        format!("({FAILURE})"),
        format!("\"{FAILURE}\""),
        format!("\"{json}\""),
        format!("\u{feff}\n\n  {FAILURE}  \n\n"),
        format!("<p>{page}</p>"),
        format!("Operation on target Copy a failed: {json}"),
        format!("Nov 20 02:14:22 node1 shir[44]: {FAILURE}"),
        format!("[ERROR] 11/20/2026 02:14:22 : {FAILURE}"),
    ] {
        let record = failed("people", &text);
        assert_eq!(shown(&record.chain), shown(&bare.chain), "{text}");
    }
    let broken = FAILURE.replace("SqlClient Data Provider,", "SqlClient\nData Provider,");
    assert_eq!(shown(&failed("people", &broken).chain), shown(&bare.chain));
}

#[test]
fn the_context_is_the_same_where_the_carrier_holds_it() {
    for (carrier, wrapped) in carriers(FAILURE) {
        let record = failed(carrier, &wrapped);
        let context = &record.context;
        for (name, found, told) in [
            ("pipeline", &context.pipeline, PIPELINE),
            ("activity", &context.activity, ACTIVITY),
            ("activity run", &context.activity_run_id, RUN),
            ("job", &context.job_id, JOB),
            ("code", &record.code, "2200"),
            ("failure type", &record.failure_type, "UserError"),
            ("runtime", &context.integration_runtime, "ir1"),
            ("node", &context.node, "node1"),
        ] {
            let held = wrapped.contains(told).then_some(told);
            assert_eq!(found.as_deref(), held, "{name} of {carrier}: {wrapped}");
        }
        let numbers: Vec<String> = record.numbers().iter().map(ToString::to_string).collect();
        assert_eq!(numbers, ["sql:208", "http:400", "hresult:0x80131904"], "{carrier}");
        let time = record.time.map(|it| it.to_string());
        let held = time.as_deref().is_none_or(|it| it == "2026-11-20T02:14:22Z");
        assert!(held, "{carrier}: {time:?}");
        assert_eq!(time.is_some(), wrapped.contains("2026") || wrapped.contains("/Date("));
    }
}

#[test]
fn every_format_that_holds_failures_is_among_them() {
    let mut formats: Vec<Format> =
        carriers(FAILURE).iter().map(|(carrier, text)| failed(carrier, text).format).collect();
    formats.sort();
    formats.dedup();
    let names: Vec<&str> = formats.iter().map(|it| it.as_str()).collect();
    let told = "activity-run pipeline-run ssis event-log event-log-json log-properties \
                session-log plain";
    assert_eq!(names.join(" "), told);
}

/// The one record in a text.
#[track_caller]
fn failed<'a>(carrier: &str, text: &'a str) -> Record<'a> {
    let mut records = parse(text, &Settings::default());
    assert_eq!(records.len(), 1, "{carrier}: {text}");
    records.remove(0)
}

/// A chain without its line ends, which some carriers write in another way.
fn shown(chain: &[Link<'_>]) -> String {
    format!("{chain:#?}").replace("\\r\\n", "\\n")
}
