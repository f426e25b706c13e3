//! What is counted, and what is shown.

use jiff::Timestamp;

use super::*;
use crate::model::Category;
use crate::model::Counters;
use crate::model::MetricsConfig;
use crate::model::Severity;
use crate::model::State;

fn totals() -> Totals {
    let mut totals = Totals::default();
    let mut counters = Counters::new(MetricsConfig::default());
    let mut count = |metric: &Metric, values: &[&str]| {
        counters.count(&mut totals, metric, values, 1.0);
    };
    count(&metrics::ERRORS, &["sql-login-failed", "authentication", "error", "user"]);
    count(&metrics::ERROR_CODES, &["a\"b\\c\nd"]);
    count(&metrics::NODE_ERRORS, &["node-1", "dns", "error"]);
    count(&metrics::PIPELINE_RUNS, &["Failed", "nightly"]);
    count(&metrics::SOURCE_OUTCOMES, &["logs", "classified"]);
    for seconds in [0.5, 4.0, 4.5, 100_000.0] {
        counters.observe(&mut totals, &metrics::ACTIVITY_RUN_DURATION, &["Copy"], seconds);
    }
    counters.pour(&mut totals);
    totals
}

fn snapshot() -> Snapshot {
    let at: Timestamp = "2026-03-01T06:12:09.4Z".parse().unwrap();
    let source = SourceGauges {
        lag_bytes: 7,
        lag_messages: None,
        files_open: 1,
        last_read: Some(at),
        stalled: false,
    };
    let open = OpenIncident {
        fingerprint: "9f86d081884c7d65".to_owned(),
        rule: "dns-failed".to_owned(),
        category: Category::Dns,
        severity: Severity::Error,
        first_seen: at,
    };
    let node = NodeGauges {
        status: Some("Online".to_owned()),
        version: Some("5.60.9000.1".to_owned()),
        values: vec![(metrics::IR_NODE_MEMORY, 432_013_312.0), (metrics::IR_NODE_CPU, 0.97)],
    };
    let runtime = RuntimeGauges {
        status: Some("Limited".to_owned()),
        last_connect: Some(at),
        auto_update: Some(true),
        certificate_expired: Some(false),
        nodes: BTreeMap::from([("node-1".to_owned(), node)]),
    };
    Snapshot {
        version: "0.1.0".to_owned(),
        revision: "abc".to_owned(),
        incidents: HashMap::from([((State::Open, Category::Dns, Severity::Error), 2)]),
        open: vec![open],
        last_error: BTreeMap::from([(Category::Dns, at)]),
        sources: BTreeMap::from([("logs".to_owned(), source)]),
        queues: BTreeMap::from([("ops".to_owned(), 3)]),
        runtimes: BTreeMap::from([("ir-contoso".to_owned(), runtime)]),
        reload_successful: true,
        reloaded_at: Some(at),
    }
}

#[test]
#[rustfmt::skip]
fn what_was_counted_is_shown() {
    check(r#"shirwatch_build_info{version="0.1.0",revision="abc"} 1"#);
    check(r#"shirwatch_errors_total{rule="sql-login-failed",category="authentication",severity="error",fault="user"} 1"#);
    check(r#"shirwatch_error_codes_total{code="a\"b\\c\nd"} 1"#);
    check(r#"shirwatch_unclassified_errors_total 0"#);
    check(r#"shirwatch_pipeline_runs_total{status="Failed",pipeline="nightly"} 1"#);
    check(r#"shirwatch_activity_run_duration_seconds_bucket{activity_type="Copy",le="1"} 1"#);
    check(r#"shirwatch_activity_run_duration_seconds_bucket{activity_type="Copy",le="5"} 3"#);
    check(r#"shirwatch_activity_run_duration_seconds_bucket{activity_type="Copy",le="43200"} 3"#);
    check(r#"shirwatch_activity_run_duration_seconds_bucket{activity_type="Copy",le="+Inf"} 4"#);
    check(r#"shirwatch_activity_run_duration_seconds_sum{activity_type="Copy"} 100009"#);
    check(r#"shirwatch_activity_run_duration_seconds_count{activity_type="Copy"} 4"#);
    check(r#"shirwatch_incidents{state="open",category="dns",severity="error"} 2"#);
    check(r#"shirwatch_incident_first_seen_timestamp_seconds{fingerprint="9f86d081884c7d65",rule="dns-failed",category="dns",severity="error"} 1772345529.4"#);
    check(r#"shirwatch_node_errors_total{node="node-1",category="dns",severity="error"} 1"#);
    check(r#"shirwatch_last_error_timestamp_seconds{category="dns"} 1772345529.4"#);
    check(r#"shirwatch_source_lag_bytes{source="logs"} 7"#);
    check(r#"shirwatch_source_stalled{source="logs"} 0"#);
    check(r#"shirwatch_notification_queue_length{receiver="ops"} 3"#);
    check(r#"shirwatch_ir_status{integration_runtime="ir-contoso",status="Limited"} 1"#);
    check(r#"shirwatch_ir_status{integration_runtime="ir-contoso",status="Online"} 0"#);
    check(r#"shirwatch_series_limited_total{metric="shirwatch_pipeline_runs_total"} 0"#);
    check(r#"shirwatch_config_last_reload_successful 1"#);
    check(r#"shirwatch_config_last_reload_timestamp_seconds 1772345529.4"#);
}

#[test]
fn nothing_counted_is_no_failure() {
    let text = exposition(&Totals::default(), &Snapshot::default()).unwrap();
    assert!(text.contains("shirwatch_unclassified_errors_total 0"));
}

#[test]
fn series_of_another_version_are_passed_over() {
    let mut totals = Totals::default();
    totals.add("shirwatch_errors_total\u{1f}one-label-only", 1.0);
    totals.add("shirwatch_metric_of_the_past_total", 1.0);
    let text = exposition(&totals, &Snapshot::default()).unwrap();
    assert!(!text.contains("one-label-only") && !text.contains("of_the_past"), "{text}");
}

#[test]
fn names_follow_their_kind() {
    for Row { metric, kind, help } in &TABLE {
        assert_eq!(metric.name.ends_with("_total"), *kind == Kind::Counter, "{}", metric.name);
        assert_eq!(!metric.buckets.is_empty(), *kind == Kind::Histogram, "{}", metric.name);
        assert!(help.ends_with('.'), "{}", metric.name);
        assert!(metric.open.iter().all(|it| metric.labels.contains(it)), "{}", metric.name);
        let capped = metrics::CAPPED.iter().any(|it| it.name == metric.name);
        assert_eq!(capped, !metric.open.is_empty(), "{}", metric.name);
    }
}

#[test]
fn each_metric_stands_in_the_table_once() {
    let names: std::collections::BTreeSet<_> = TABLE.iter().map(|it| it.metric.name).collect();
    assert_eq!(names.len(), TABLE.len());
    // The names are spelled in one file; the table must hold them all.
    let spelled = include_str!("../../model/metrics.rs").matches("\"shirwatch_").count();
    assert_eq!(spelled, TABLE.len());
}

/// Prometheus' own checker has no remark. It comes with the package `prometheus`; where it
/// is not installed, the test command of the project installs it.
#[test]
fn promtool_has_no_remark() {
    use std::io::Write;
    use std::process::Command;
    use std::process::Stdio;
    let child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("promtool is not installed; skipped");
        return;
    };
    let text = exposition(&totals(), &snapshot()).unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let answer = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&answer.stdout) + String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success() && said.trim().is_empty(), "{said}");
}

#[track_caller]
fn check(line: &str) {
    let text = exposition(&totals(), &snapshot()).unwrap();
    assert!(text.lines().any(|it| it == line), "{line}\nis not in\n{text}");
}
