//! Incidents and the alerts that they become.

use std::sync::Arc;

use shirwatch_parsers::Record;

use super::*;
use crate::model::Category;
use crate::model::Cause;
use crate::model::Fault;
use crate::model::Fingerprint;
use crate::model::Names;
use crate::model::Redacted;
use crate::model::Severity;
use crate::model::State;
use crate::model::finding::Matched;

const NOW: &str = "2026-03-01T07:00:00Z";

fn finding() -> Finding {
    let chain = vec![
        Link {
            error_code: Some("SqlFailedToConnect".into()),
            type_name: Some("HybridDeliveryException".into()),
            message: "Cannot connect\r\n  to SQL.".into(),
            ..Link::default()
        },
        Link {
            type_name: Some("SqlException".into()),
            message: "Login failed for user 'etl_reader'.".into(),
            ..Link::default()
        },
    ];
    let cause = Cause { cause: "The password has expired.".to_owned(), ..Cause::default() };
    Finding {
        numbers: Vec::new(),
        record: Record { chain, ..Record::default() },
        rule: "sql-login-failed".to_owned(),
        category: Category::Authentication,
        severity: Severity::Error,
        fault: Fault::User,
        retryable: Some(false),
        title: "SQL Server refused the login".to_owned(),
        cause: Some(cause.cause.clone()),
        resolution: vec!["Renew the secret.".to_owned(), "Run it again.".to_owned()],
        verify: None,
        references: vec!["https://learn.microsoft.com/x".to_owned()],
        causes: vec![cause],
        matched: Matched::default(),
        also: Vec::new(),
        fingerprint: Fingerprint(0x9f86_d081_884c_7d65),
    }
}

fn incident() -> Incident {
    let mut it = Incident {
        key: "9f86d081884c7d65".to_owned(),
        fingerprint: Fingerprint(0x9f86_d081_884c_7d65),
        group: BTreeMap::from([("environment".to_owned(), "production".to_owned())]),
        rule: "sql-login-failed".to_owned(),
        category: Category::Authentication,
        severity: Severity::Error,
        fault: Fault::User,
        state: State::Open,
        count: 3,
        first_seen: "2026-03-01T06:12:09.4Z".parse().unwrap(),
        last_seen: "2026-03-01T06:40:00Z".parse().unwrap(),
        last_read: "2026-03-01T06:40:01Z".parse().unwrap(),
        resolved_at: None,
        notified_at: None,
        title: finding().title,
        sample: Some(Box::new(Redacted::from_store(finding()))),
        places: Default::default(),
        course: Default::default(),
    };
    let places = Arc::make_mut(&mut it.places);
    places.pipelines.insert("nightly");
    places.factories.insert("adf-contoso");
    it
}

fn say(incident: &Incident, reason: Reason) -> Alert {
    alert(incident, reason, NOW.parse().unwrap(), &Wording::new(Some("https://s.contoso.example/")))
}

#[test]
fn an_alert_carries_cause_and_fix() {
    let mut alert = say(&incident(), Reason::FirstSeen);
    assert_eq!(alert.finding.take()["rule"], "sql-login-failed");
    let actual = serde_json::to_string_pretty(&alert).unwrap();
    expect_test::expect![[r#"
        {
          "incident": "9f86d081884c7d65",
          "status": "firing",
          "reason": "first-seen",
          "labels": {
            "alertname": "SqlLoginFailed",
            "category": "authentication",
            "environment": "production",
            "fingerprint": "9f86d081884c7d65",
            "rule": "sql-login-failed",
            "severity": "error"
          },
          "annotations": {
            "cause": "The password has expired.",
            "count": "3",
            "description": "Login failed for user 'etl_reader'.",
            "doc_url": "https://learn.microsoft.com/x",
            "evidence": "SqlFailedToConnect, HybridDeliveryException: Cannot connect to SQL.\nSqlException: Login failed for user 'etl_reader'.",
            "factory": "adf-contoso",
            "first_seen": "2026-03-01T06:12:09.4Z",
            "last_seen": "2026-03-01T06:40:00Z",
            "pipelines": "nightly",
            "reason": "first-seen",
            "resolution": "1. Renew the secret.\n2. Run it again.",
            "runbook_url": "https://s.contoso.example/rules/sql-login-failed",
            "summary": "SQL Server refused the login in pipeline nightly"
          },
          "starts_at": "2026-03-01T06:12:09.4Z",
          "ends_at": "2026-03-01T07:05:00Z",
          "generator_url": "https://s.contoso.example/incidents/9f86d081884c7d65",
          "finding": null
        }"#]]
    .assert_eq(&actual);
}

#[test]
#[rustfmt::skip]
fn an_alert_never_ends_before_it_starts() {
    // first seen              resolved at                     reason             starts | ends
    check_times("2026-03-01T06:00:00Z", None,                         Reason::FirstSeen, "2026-03-01T06:00:00Z | 2026-03-01T07:05:00Z");
    check_times("2026-03-01T06:00:00Z", Some("2026-03-01T06:30:00Z"), Reason::Resolved,  "2026-03-01T06:00:00Z | 2026-03-01T06:30:00Z");
    check_times("2026-03-01T06:00:00Z", None,                         Reason::Resolved,  "2026-03-01T06:00:00Z | 2026-03-01T07:00:00Z");
    check_times("2026-03-01T09:00:00Z", None,                         Reason::FirstSeen, "2026-03-01T07:00:00Z | 2026-03-01T07:05:00Z");
    check_times("2026-03-01T09:00:00Z", Some("2026-03-01T06:30:00Z"), Reason::Resolved,  "2026-03-01T07:00:00Z | 2026-03-01T07:00:00Z");
    check_times("2026-03-01T06:00:00Z", Some("2026-03-01T23:00:00Z"), Reason::Resolved,  "2026-03-01T06:00:00Z | 2026-03-01T07:00:00Z");
}

#[test]
fn an_alert_that_waited_is_still_believed() {
    let late: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    let wording = Wording::default();
    let firing = again(say(&incident(), Reason::FirstSeen), late, &wording);
    assert_eq!(firing.ends_at.unwrap().to_string(), "2026-03-02T00:05:00Z");
    let over = again(say(&incident(), Reason::Resolved), late, &wording);
    assert_eq!(over.ends_at.unwrap().to_string(), NOW);
}

#[test]
#[rustfmt::skip]
fn the_name_is_the_rule_in_camel_case() {
    check_name("sql-login-failed",  "SqlLoginFailed");
    check_name("unclassified",      "Unclassified");
    check_name("ir-2-nodes--down-", "Ir2NodesDown");
    check_name("",                  "");
}

#[test]
#[rustfmt::skip]
fn labels_of_a_source_fit_prometheus_and_never_replace_ours() {
    // label of the source                 label of the alert
    check_label("environment", "prod",     "environment=prod");
    check_label("cost-centre", "7",        "cost_centre=7");
    check_label("1st", "x",                "_1st=x");
    check_label("größe", "x",              "gr__e=x");
    check_label("severity", "none",        "severity=error");
    check_label("empty", "",               "");
}

#[test]
#[rustfmt::skip]
fn the_summary_says_where() {
    // pipelines | nodes     summary ends with
    check_summary("a", "",   "in pipeline a");
    check_summary("a b", "", "in 2 pipelines");
    check_summary("", "n",   "on node n");
    check_summary("", "n m", "SQL Server refused the login");
    check_summary("a", "n",  "in pipeline a");
    check_summary("", "",    "SQL Server refused the login");
}

#[test]
fn long_texts_are_cut_at_a_letter() {
    let mut it = incident();
    let mut long = finding();
    long.record.chain = vec![Link { message: "é".repeat(20_000).into(), ..Link::default() }; 40];
    long.resolution = vec!["ü".repeat(700); 40];
    it.sample = Some(Box::new(Redacted::from_store(long)));
    let alert = say(&it, Reason::FirstSeen);
    for (name, text) in &alert.annotations {
        assert!(text.len() <= LIMIT, "{name} has {} bytes", text.len());
    }
    assert_eq!(alert.finding, serde_json::Value::Null);
    assert!(alert.annotations["description"].ends_with('…'));
    assert!(alert.annotations["description"].len() > LIMIT - 8);
}

#[test]
fn an_error_that_nobody_knows_still_says_what_happened() {
    let mut it = incident();
    let mut plain = finding();
    plain.record = Record { message: "Something broke.".into(), ..Record::default() };
    (plain.cause, plain.causes, plain.resolution) = (None, Vec::new(), Vec::new());
    it.sample = Some(Box::new(Redacted::from_store(plain)));
    let alert = say(&it, Reason::FirstSeen);
    assert_eq!(alert.annotations["description"], "Something broke.");
    assert!(
        !alert.annotations.contains_key("cause") && !alert.annotations.contains_key("evidence")
    );
}

#[test]
fn our_own_advice_says_so() {
    let mut it = incident();
    let mut ours = finding();
    ours.causes[0].ours = true;
    it.sample = Some(Box::new(Redacted::from_store(ours)));
    let cause = &say(&it, Reason::FirstSeen).annotations["cause"];
    assert!(cause.contains("Suggested by shirwatch"), "{cause}");
}

#[test]
fn without_an_external_address_there_are_no_links_to_us() {
    let alert =
        alert(&incident(), Reason::FirstSeen, NOW.parse().unwrap(), &Wording::new(Some("")));
    assert!(!alert.annotations.contains_key("runbook_url"));
    assert_eq!(alert.generator_url, "");
}

#[track_caller]
fn check_times(first: &str, resolved: Option<&str>, reason: Reason, expected: &str) {
    let mut it = incident();
    it.first_seen = first.parse().unwrap();
    it.resolved_at = resolved.map(|at| at.parse().unwrap());
    let alert = say(&it, reason);
    assert_eq!(format!("{} | {}", alert.starts_at, alert.ends_at.unwrap()), expected);
}

#[track_caller]
fn check_name(id: &str, expected: &str) {
    assert_eq!(camel_case(id), expected);
}

#[track_caller]
fn check_label(name: &str, value: &str, expected: &str) {
    let mut it = incident();
    it.group = BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let mut labels = say(&it, Reason::FirstSeen).labels;
    for ours in ["alertname", "rule", "category", "fingerprint"] {
        labels.remove(ours);
    }
    if !expected.starts_with("severity") {
        labels.remove("severity");
    }
    let actual: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(actual.join(" "), expected);
}

#[track_caller]
fn check_summary(pipelines: &str, nodes: &str, expected: &str) {
    let names = |text: &str| text.split_whitespace().collect::<Names>();
    let mut it = incident();
    let places = Arc::make_mut(&mut it.places);
    places.pipelines = names(pipelines);
    places.nodes = names(nodes);
    let summary = &say(&it, Reason::FirstSeen).annotations["summary"];
    assert!(summary.ends_with(expected), "{summary}");
}
