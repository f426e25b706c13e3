//! A log line in, a metric, an incident and an alert out; with the real daemon.

use std::io::Write;

use serde_json::Value;

use crate::support::chain;
use crate::support::daemon::{Daemon, Listener};

fn config(logs: &std::path::Path, more: &str) -> String {
    format!(
        "sources:\n  - name: logs\n    file: {{ include: ['{}/*.log'], idle: 50ms }}\n{more}",
        logs.display()
    )
}

#[test]
fn a_line_becomes_a_metric_an_incident_and_an_alert() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Listener::start();
    let more = format!("receivers:\n  - name: hook\n    webhook: {{ url: '{}' }}\n", receiver.url);
    let daemon = Daemon::start(dir.path(), &config(dir.path(), &more));
    daemon.wait_for("/readyz", "");
    let mut file = std::fs::File::create(dir.path().join("a.log")).unwrap();
    file.write_all(chain(1).as_bytes()).unwrap();
    daemon.wait_for("/metrics", "shirwatch_errors_total{rule=\"sql-invalid-object\"");
    let list: Value = serde_json::from_str(&daemon.get("/api/v1/incidents?state=open")).unwrap();
    let incident = &list["incidents"][0];
    assert_eq!((&incident["rule"], &incident["count"]), (&"sql-invalid-object".into(), &1.into()));
    let told = receiver.next();
    let annotations = &told["alert"]["annotations"];
    assert_eq!((&told["status"], &told["reason"]), (&"firing".into(), &"first-seen".into()));
    assert!(annotations["resolution"].as_str().unwrap().starts_with("1. "), "{told}");
    assert!(annotations["cause"].is_string() && annotations["doc_url"].is_string(), "{told}");
    assert_eq!(told["alert"]["labels"]["fingerprint"], incident["fingerprint"]);
    let fingerprint = incident["fingerprint"].as_str().unwrap();
    let page = told["alert"]["generatorURL"].as_str().unwrap();
    assert!(page.starts_with("http://127.0.0.1:"), "{page}");
    assert!(page.ends_with(&format!("/incidents/{fingerprint}")), "{page}");
    assert!(annotations["runbook_url"].as_str().unwrap().contains("/rules/sql-"), "{told}");
}

#[test]
fn a_killed_daemon_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.log");
    let mut counted = 0;
    for round in 1..=4 {
        let mut out = std::fs::OpenOptions::new().create(true).append(true).open(&file).unwrap();
        for number in 0..5 {
            out.write_all(chain(number).as_bytes()).unwrap();
        }
        counted += 5;
        let daemon = Daemon::start(dir.path(), &config(dir.path(), ""));
        let total = format!("severity=\"error\",fault=\"user\"}} {counted}\n");
        let metrics = daemon.wait_for("/metrics", &total);
        assert!(metrics.contains("shirwatch_build_info"), "round {round}");
        daemon.kill();
    }
}

#[test]
fn the_operators_rules_are_taken_in_while_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("rules");
    std::fs::create_dir(&rules).unwrap();
    let more = format!("catalogue: {{ dir: '{}' }}\n", rules.display());
    let daemon = Daemon::start(dir.path(), &config(dir.path(), &more));
    let rule = "- id: own-rule\n  title: Our own\n  category: conflict\n  severity: warning\n  match: [ { message: blorp } ]\n  causes: [ { cause: c, resolution: [r] } ]\n  examples: [ { text: 'a blorp' } ]\n";
    std::fs::write(rules.join("own.yaml"), rule).unwrap();
    daemon.wait_for("/api/v1/rules/own-rule", "Our own");
    std::fs::write(rules.join("own.yaml"), rule.replace("conflict", "nonsense")).unwrap();
    daemon.wait_for("/metrics", "shirwatch_config_last_reload_successful 0");
    daemon.wait_for("/api/v1/rules/own-rule", "Our own");
}

#[test]
fn a_source_that_falls_silent_is_an_incident_until_it_speaks() {
    let dir = tempfile::tempdir().unwrap();
    let sources = "sources:\n  - name: logs\n    silent_after: 1s\n";
    let config = format!("{sources}    file: {{ include: ['{}/*.log'] }}\n", dir.path().display());
    let daemon = Daemon::start(dir.path(), &config);
    daemon.wait_for("/api/v1/incidents?state=open", "\"source-silent\"");
    daemon.wait_for("/metrics", "shirwatch_errors_total{rule=\"source-silent\"");
    let ended = (0..300).any(|_| {
        let log = dir.path().join("a.log");
        let mut log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        log.write_all(b"all is well\n").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        daemon.get("/api/v1/incidents?state=resolved").contains("\"source-silent\"")
    });
    assert!(ended, "{}", daemon.get("/api/v1/incidents?state=open"));
}
