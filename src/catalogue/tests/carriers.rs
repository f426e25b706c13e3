//! A rule wins its example whatever carrier brings it.
//!
//! The laws prove each example as it is written, mostly bare. In a log the same text
//! stands in JSON, in an event, or after the name of a pipeline's activity; each of these
//! escapes it in its own way, and none of them may change the answer.

use serde_json::json;
use shirwatch_parsers::{Settings, parse};

use crate::catalogue::Catalogue;
use crate::catalogue::rule::Rule;
use crate::model::fingerprint::Fingerprint;

/// All carriers, as the parsers' own tests write them.
#[path = "../../../parsers/tests/support/wrap.rs"]
#[allow(dead_code, reason = "the context is compared there")]
mod wrap;

#[test]
fn the_carrier_does_not_change_the_answer() {
    let catalogue = Catalogue::embedded().unwrap();
    let (mut wrapped, mut wrong) = (0, Vec::new());
    for rule in catalogue.rules().iter().filter(|it| it.matches() && !asks_for_the_carrier(it)) {
        for example in rule.examples.iter().filter(|it| is_bare(&it.text)) {
            for (carrier, text) in carriers(example.text.trim_end()) {
                wrapped += 1;
                let (found, print) = winner(&catalogue, &text);
                let (_, bare) = winner(&catalogue, &example.text);
                if found == rule.id && print != bare {
                    wrong.push(format!("{}: {carrier}: another fingerprint", rule.id));
                }
                if found != rule.id {
                    wrong.push(format!("{}: {carrier}: {found}", rule.id));
                }
            }
        }
    }
    assert!(wrapped > 0 && wrong.is_empty(), "{} of {wrapped}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_carrier_gives_one_failure_one_number() {
    let catalogue = Catalogue::embedded().unwrap();
    let failures = [
        "ErrorCode=SqlOperationFailed,'Type=A.HybridDeliveryException,Message=It failed: 'Invalid \
         object name 'dbo.\"a\"'.'\r\nSee \\\\srv & <b>.,Source=,''Type=System.Data.SqlClient.\
         SqlException,Message=Invalid object name 'dbo.\"a\"'.,Source=.Net SqlClient Data Provider,\
         SqlErrorNumber=208,Class=16,ErrorCode=-2146232060,State=1,Errors=[{Number=208,},],'",
        "System.A.BException: Could not connect. ---> System.Net.Sockets.SocketException: No such \
         host is known\r\n   at System.Net.Dns.GetAddrInfo(String name)",
    ];
    for text in failures {
        let (_, bare) = winner(&catalogue, text);
        for (carrier, wrapped) in wrap::carriers(text) {
            let (rule, print) = winner(&catalogue, &wrapped);
            assert_eq!(print, bare, "{carrier}: {rule}: {wrapped}");
        }
    }
}

/// A text as different carriers bring it.
fn carriers(text: &str) -> [(&'static str, String); 5] {
    let error = json!({ "errorCode": "2200", "message": text, "failureType": "UserError" });
    let run = json!({
        "time": "2026-11-20T01:02:03Z",
        "category": "ActivityRuns",
        "status": "Failed",
        "properties": { "Error": error },
    });
    let twice = json!({ "message": json!({ "error": { "message": text } }).to_string() });
    let data = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let event = format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='P'/><EventID>0</EventID><Level>2</Level><Computer>node1</Computer>\
         </System><EventData><Data>{data}</Data></EventData></Event>"
    );
    [
        ("error", error.to_string()),
        ("run", run.to_string()),
        ("twice", twice.to_string()),
        ("event", event),
        ("target", format!("Operation on target Copy1 failed: {text}")),
    ]
}

/// True when the example is not in a carrier already.
fn is_bare(text: &str) -> bool {
    !text.starts_with(['{', '[', '<'])
}

/// True when a clause is about the carrier, which then may well change the answer.
fn asks_for_the_carrier(rule: &Rule) -> bool {
    rule.alternatives.iter().any(|it| {
        let clauses = [&it.format, &it.activity_code, &it.activity_type, &it.failure_type];
        clauses.iter().any(|it| !it.is_empty())
    })
}

/// The rule that wins, and the number of the error.
fn winner(catalogue: &Catalogue, text: &str) -> (String, Fingerprint) {
    let records = parse(text, &Settings::default());
    let verdicts: Vec<_> = records.iter().map(|it| (catalogue.classify(it), it)).collect();
    let known = verdicts.iter().find(|(it, _)| it.known()).or(verdicts.first());
    let (verdict, record) = known.unwrap();
    (verdict.rule.id.clone(), verdict.fingerprint(record))
}
