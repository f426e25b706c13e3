//! What `classify` and `finding` promise, on one small catalogue.

mod best;
mod carriers;

use proptest::prelude::*;
use shirwatch_parsers::{Context, Format, Level, Link, Record, Side};

use super::*;
use crate::model::finding::Severity;

const RULES: &str = r#"
- id: sql-login
  title: SQL Server refused `{user}`
  category: authentication
  severity: error
  match:
    - type: System.Data.SqlClient.SqlException
      message: "Login failed for user '{user}'"
    - number: sql:18456
  causes:
    - cause: The password of `{user}` on `{server}` is wrong.
      resolution: ["Renew the password of `{user}`."]
    - cause: The login is disabled.
      when: "Reason: {reason}."
      resolution: ["Enable it, since {reason}."]
      verify: It is enabled.
- id: sql-connect
  title: SQL Server cannot be reached
  category: connectivity
  severity: error
  match: [{ code: SqlFailedToConnect }]
- id: sql-connect-firewall
  title: The firewall
  category: firewall
  severity: error
  match: [{ code: SqlFailedToConnect, message: "is not allowed to access the server" }]
- id: message-only
  title: The firewall of someone
  category: firewall
  severity: error
  match: [{ message: "is not allowed to access the server" }]
- id: skipped
  title: A file was skipped
  category: data-format
  severity: error
  match: [{ message: ["skipped", "file '{file}'"], format: session-log, unless: on purpose }]
- id: sink-full
  title: The disk is full
  category: ir-resources
  severity: critical
  match: [{ message: not enough space, side: sink }]
- id: pool-slow
  title: The pool is slow
  category: timeout
  severity: error
  match: [{ message: waited too long, connector: [Other, AzureSqlDW] }]
- id: lookup-size
  title: Too many rows
  category: configuration
  severity: info
  match: [{ activity_code: 2001, activity_type: Lookup, failure_type: UserError }]
- id: forbidden
  title: Forbidden
  category: authorization
  severity: error
  match: [{ number: "http:403" }]
- id: storage-firewall
  title: The storage firewall
  category: firewall
  severity: error
  match: [{ code: AuthorizationFailure }]
- id: hive
  title: Hive
  category: configuration
  severity: error
  match: [{ code: DF-Hive-* }]
- id: short
  title: A short word
  category: unknown
  severity: error
  match: [{ message: gone }]
- id: ora-login
  title: Oracle refused the login
  category: authentication
  severity: error
  match: [{ number: ["ora:1017", "ora:28000"], type: [A.X, Oracle.OracleException] }]
- id: data-flow
  title: A data flow failed
  category: unknown
  severity: error
  match: [{ code: DF-SYS-01 }]
- id: general-refused
  title: Somebody refused a login
  category: authentication
  severity: error
  general: true
  match: [{ message: wrong password for this account }]
- id: inner-failed
  title: Something within failed
  category: unknown
  severity: error
  wrapper: true
  match: [{ message: an inner activity failed }]
- id: old
  title: Retired
  category: unknown
  severity: error
  status: retired
  match: [{ code: OldCode }]
- id: hidden
  title: No log shows it
  category: unknown
  severity: error
  observable: false
"#;

const SQL: &str = "System.Data.SqlClient.SqlException";
const LOGIN: &str = "Login failed for user 'etl'.";

#[test]
#[rustfmt::skip]
fn the_deepest_link_decides() {
    // chain                                                           rule @ link : clauses (also)
    check(vec![link("SqlFailedToConnect", "H", "x")],                  "sql-connect @0: code");
    check(vec![link("SqlFailedToConnect", "H", "x"), link("", SQL, LOGIN)],
                                                                       "sql-login @1: type message (sql-connect)");
    check(vec![link("SqlFailedToConnect", "H", LOGIN)],                "sql-connect @0: code");
    check(vec![inside("SqlFailedToConnect", LOGIN, link("", SQL, LOGIN))],
                                                                       "sql-login @0: type message (sql-connect)");
    check(vec![inside("X", "", link("", SQL, LOGIN)), link("SqlFailedToConnect", "H", "x")],
                                                                       "sql-connect @1: code (sql-login)");
    check(vec![link("", SQL, LOGIN), link("", "H", "no rule")],        "sql-login @0: type message");
    check(vec![link("", "H", "no rule")],                              "unclassified @-: ");
    check(vec![],                                                      "unclassified @-: ");
}

#[test]
#[rustfmt::skip]
fn then_the_more_clauses_then_the_longer_fragment() {
    let denied = "Client is not allowed to access the server.";
    check(vec![link("SqlFailedToConnect", "H", denied)],   "sql-connect-firewall @0: code message (message-only sql-connect)");
    check(vec![link("Other", "H", denied)],                "message-only @0: message");
    check(vec![link("AuthorizationFailure", "H", "gone")], "short @0: message (storage-firewall)");
    check(vec![link("AuthorizationFailure", "H", "status code 403")], "forbidden @0: http (storage-firewall)");
}

#[test]
#[rustfmt::skip]
fn codes_types_and_numbers_are_known_in_any_spelling() {
    check(vec![link("UserErrorsqlfailedTOCONNECT", "H", "x")],            "sql-connect @0: code");
    check(vec![link("", "shaded.oracle.ORACLEexception", "ORA-01017: x")], "ora-login @0: type number");
    check(vec![link("", "Oracle.OracleException", "ORA-10170: x")],       "unclassified @-: ");
    check(vec![link("", "Oracle.OracleException2", "ORA-01017")],         "unclassified @-: ");
    check(vec![link("", "H", r#"{"error":{"code":"AuthorizationFailure"}}"#)], "storage-firewall @0: code");
    check(vec![link("OldCode", "H", "x")],                                "unclassified @-: ");
    check(vec![link("DF-Hive-InvalidDataType", "H", "x")],                "hive @0: code");
    check(vec![link("DF-Hiver", "H", "x")],                               "unclassified @-: ");
    let detail = ("SqlErrorNumber".into(), "18456".into());
    check(vec![Link { details: vec![detail], ..link("", "H", "x") }],     "sql-login @0: number");
}

#[test]
#[rustfmt::skip]
fn a_general_rule_answers_where_no_other_does() {
    let words = "Wrong password for this account";
    check(vec![link("X", "H", words)],                                    "general-refused @0: message");
    check(vec![link("SqlFailedToConnect", "H", words)],                   "sql-connect @0: code");
    check(vec![link("SqlFailedToConnect", "H", "x"), link("", "I", words)], "sql-connect @0: code");
    let record = Record { message: words.into(), ..Record::default() };
    let catalogue = catalogue();
    let verdict = catalogue.classify(&record);
    assert!(verdict.known() && !verdict.certain());
    let other = Record { message: format!("Orders: {words}").into(), ..Record::default() };
    assert_ne!(verdict.fingerprint(&record), catalogue.classify(&other).fingerprint(&other));
}

#[test]
#[rustfmt::skip]
fn a_wrapper_answers_where_no_rule_names_a_kind_of_trouble() {
    let words = "An inner activity failed";
    let why = "An inner activity failed: wrong password for this account";
    check(vec![link("X", "H", words)],                                    "inner-failed @0: message");
    check(vec![link("AuthorizationFailure", "H", words)],                 "storage-firewall @0: code (inner-failed)");
    check(vec![link("AuthorizationFailure", "H", "x"), link("", "I", words)], "storage-firewall @0: code (inner-failed)");
    check(vec![link("X", "H", why)],                                      "general-refused @0: message (inner-failed)");
    // It says that something failed, though a general rule says what.
    let record = Record { message: why.into(), ..Record::default() };
    assert!(catalogue().classify(&record).certain());
}

#[test]
#[rustfmt::skip]
fn clauses_on_the_whole_record_hold_too() {
    let plain = |message: &'static str| Record { message: message.into(), ..Record::default() };
    let lookup = |code: &'static str| Record {
        code: Some(code.into()),
        failure_type: Some("usererror".into()),
        context: Context { activity_type: Some("lookup".into()), ..Context::default() },
        ..Record::default()
    };
    let on = |connector: &'static str| Context { connector: Some(connector.into()), ..Context::default() };
    let session = |message: &'static str| Record { format: Format::SessionLog, ..plain(message) };
    for (record, expected) in [
        (plain("Not enough space on disk"),                                   "unclassified @-: "),
        (Record { side: Some(Side::Source), ..plain("not enough space") },    "unclassified @-: "),
        (Record { side: Some(Side::Sink), ..plain("Not  enough\nspace") },    "sink-full @-: message side"),
        (Record { context: on("AZURESQLDW"), ..plain("waited too long") },    "pool-slow @-: message connector"),
        (Record { context: on("SqlServer"), ..plain("waited too long") },     "unclassified @-: "),
        (plain("waited too long"),                                            "unclassified @-: "),
        (lookup("2001"),                                                      "lookup-size @-: activity_code activity_type failure_type"),
        (lookup("2002"),                                                      "unclassified @-: "),
        (session("File 'a.csv' is skipped"),                                  "skipped @-: message format"),
        (session("File 'a.csv' is skipped on purpose"),                       "unclassified @-: "),
        (session("A row is skipped"),                                         "unclassified @-: "),
        (plain("File 'a.csv' is skipped"),                                    "unclassified @-: "),
        (plain("ErrorCode=SqlFailedToConnect,"),                              "sql-connect @-: code"),
        (plain("1,2,\"UserErrorSqlFailedToConnect\",\"x\""),                  "sql-connect @-: code"),
        (plain("notUserErrorSqlFailedToConnect"),                             "unclassified @-: "),
        (plain("reason: DF-Sys-01 at Sink"),                                  "data-flow @-: code"),
        (plain("reason: ADF-Sys-01, DF-Sys-011"),                             "unclassified @-: "),
    ] {
        assert_eq!(shown(&record), expected, "{}", record.message);
    }
}

#[test]
fn two_rules_that_fit_equally_well_are_told() {
    let twins = "- {id: b, title: B, category: dns, severity: error, match: [{message: same words}]}\n\
                 - {id: a, title: A, category: dns, severity: error, match: [{message: Same  Words}]}";
    let catalogue = Catalogue::from_yaml("twins.yaml", twins).unwrap();
    let record = Record { message: "the same words".into(), ..Record::default() };
    let verdict = catalogue.classify(&record);
    let tied = catalogue.rivals(&record, &verdict).tied.unwrap();
    assert_eq!((verdict.rule.id.as_str(), tied.id.as_str()), ("a", "b"));
}

#[test]
fn a_finding_speaks_of_this_record() {
    let chain = vec![link("C", "H", "x"), link("", SQL, "Login  failed for user 'ETL “x”'.")];
    let finding = found(Record { chain, ..Record::default() });
    assert_eq!(finding.title, "SQL Server refused `ETL “x”`");
    let cause = finding.cause.as_deref();
    assert_eq!(cause, Some("The password of `ETL “x”` on `<server>` is wrong."));
    assert_eq!(finding.resolution, ["Renew the password of `ETL “x”`."]);
    assert_eq!((finding.matched.link, finding.causes.len()), (Some(1), 2));
    assert_eq!(finding.severity, Severity::Error);
}

#[test]
fn the_cause_that_fits_stands_first() {
    let text = "Login failed for user 'etl'. Reason: The account is locked. See below.";
    let finding = found(Record { chain: vec![link("", SQL, text)], ..Record::default() });
    assert_eq!(finding.cause.as_deref(), Some("The login is disabled."));
    assert_eq!(finding.resolution, ["Enable it, since The account is locked."]);
    assert_eq!(finding.verify.as_deref(), Some("It is enabled."));
    assert_eq!(finding.causes[1].cause, "The password of `etl` on `<server>` is wrong.");
}

#[test]
fn what_the_log_calls_a_warning_stays_one() {
    let record = Record {
        level: Some(Level::Warning),
        format: Format::SessionLog,
        message: "File 'a.csv' is skipped".into(),
        ..Record::default()
    };
    assert_eq!(found(record.clone()).severity, Severity::Warning);
    let record = Record { level: Some(Level::Error), ..record };
    assert_eq!(found(record).severity, Severity::Error);
    let unknown = found(Record { level: Some(Level::Warning), ..Record::default() });
    assert_eq!((unknown.rule.as_str(), unknown.severity), (UNCLASSIFIED, Severity::Warning));
}

#[test]
#[rustfmt::skip]
fn rules_that_mean_nothing_are_refused() {
    // a match                                  what is told
    refused("{ side: sink }",                   "x.yaml: rule `r`: alternative 1 has no code, type");
    refused("{}",                               "x.yaml: rule `r`: alternative 1 has no code, type");
    refused("{ message: '{a}{b} c' }",          "x.yaml: rule `r`: `message: {a}{b} c` is no fragment; write");
    refused("{ number: tds:1 }",                "x.yaml: rule `r`: `number: tds:1` is no number; write");
    refused("{ code: C, side: middle }",        "x.yaml: rule `r`: `side: middle` is no side; write");
    refused("{ code: C, format: xml }",         "x.yaml: rule `r`: `format: xml` is no format; write");
    refused("{ code: C, unless: '' }",          "x.yaml: rule `r`: `unless: ` is no fragment; write");
    refused("{ side: sink }, { format: xml }",  "2 faults in the catalogue:\n");
}

proptest! {
    /// Text is written by people and servers, and some of it by our own rules' fragments.
    #[test]
    fn any_text_is_judged(
        message in any_text(), outer in any_text(), inner in any_text(), code in any_text(),
    ) {
        thread_local!(static WHOLE: Catalogue = Catalogue::embedded().unwrap());
        let link = |message: &str| Link { message: message.to_owned().into(), ..Link::default() };
        let chain = vec![Link { embedded: vec![link(&inner)], ..link(&outer) }, link(&inner)];
        let record = Record { message: message.into(), code: Some(code.into()), chain, ..Record::default() };
        WHOLE.with(|whole| {
            best::check(whole, &record);
            let verdict = whole.classify(&record);
            let finding = whole.finding(record.clone(), &verdict, Fingerprint(0));
            assert_eq!(finding.rule, verdict.rule.id);
        });
    }
}

/// Pieces that mean something here, in any order, and anything else between them.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        ".{0,8}",
        "(ORA-|AADSTS|0x|error \\[|status code|http |msg |HResult|code|Error Number:)",
        "(-?[0-9]{1,20}|[0-9A-Fa-f]{8}|: ?|='?|, level)",
        "(Login failed for user '|Cannot connect to |actively refused it |timeout)",
        "(\\\\|\\\\u00|&amp;|&#|;|’|n't|cannot|occured|shaded\\.|\\r\\n|\\u{0})",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|it| it.concat())
}

fn catalogue() -> Catalogue {
    Catalogue::from_yaml("small.yaml", RULES).unwrap()
}

fn found(record: Record<'static>) -> Finding {
    let catalogue = catalogue();
    let verdict = catalogue.classify(&record);
    catalogue.finding(record.clone(), &verdict, Fingerprint(0))
}

fn link(code: &'static str, name: &'static str, message: &'static str) -> Link<'static> {
    Link {
        error_code: (!code.is_empty()).then(|| code.into()),
        type_name: Some(name.into()),
        message: message.into(),
        ..Link::default()
    }
}

fn inside(code: &'static str, message: &'static str, inner: Link<'static>) -> Link<'static> {
    Link { embedded: vec![inner], ..link(code, "H", message) }
}

fn shown(record: &Record<'_>) -> String {
    let catalogue = catalogue();
    let verdict = catalogue.classify(record);
    let by: Vec<_> = verdict.by.names().collect();
    let rivals = catalogue.rivals(record, &verdict);
    let also: Vec<_> = rivals.also.iter().map(|it| it.id.as_str()).collect();
    let link = verdict.link.map_or("-".to_owned(), |it| it.to_string());
    let also = if also.is_empty() { String::new() } else { format!(" ({})", also.join(" ")) };
    format!("{} @{link}: {}{also}", verdict.rule.id, by.join(" "))
}

#[track_caller]
fn check(chain: Vec<Link<'static>>, expected: &str) {
    let message = "Operation on target Copy failed: Failure happened on 'Source' side.";
    assert_eq!(shown(&Record { chain, message: message.into(), ..Record::default() }), expected);
}

#[track_caller]
fn refused(alternatives: &str, expected: &str) {
    let text =
        format!("- {{id: r, title: R, category: dns, severity: error, match: [{alternatives}]}}");
    let error = Catalogue::from_yaml("x.yaml", &text).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_rule_without_its_proof_is_still_shown_with_it() {
    let lean = Catalogue::embedded().unwrap().without_proof();
    assert!(lean.rules().iter().all(|it| it.examples.is_empty()));
    for rule in Catalogue::embedded().unwrap().rules().iter().take(3) {
        assert_eq!(lean.written(&rule.id).unwrap().as_deref(), Some(rule));
    }
    assert!(lean.written("nothing").unwrap().is_none());
    let text = "[{id: own, title: T, category: dns, severity: info, match: [{code: C}], examples: [{text: t}]}]";
    let own = Catalogue::from_yaml("own.yaml", text).unwrap().without_proof();
    assert_eq!(own.written("own").unwrap().unwrap().examples.len(), 1);
    let (dir, id) = (tempfile::tempdir().unwrap(), &lean.rules()[0].id);
    std::fs::write(dir.path().join("x.yaml"), format!("[{{id: {id}, severity: info}}]")).unwrap();
    let laid = Catalogue::load(Some(dir.path())).unwrap().without_proof();
    let rule = laid.written(id).unwrap().unwrap();
    assert_eq!((rule.severity, rule.examples.is_empty()), (Severity::Info, false));
}

#[test]
fn no_rule_is_told_twice() {
    let text = "[{id: unclassified, title: T, category: dns, severity: info}]";
    let error = Catalogue::from_yaml("own.yaml", text).unwrap_err().to_string();
    assert!(error.contains("`unclassified` is defined in"), "{error}");
}
