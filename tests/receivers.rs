//! Receivers as an operator meets them: configured, tested, and told what is wrong.

use std::path::Path;

use crate::support::catcher::Catcher;
use crate::support::daemon::Daemon;
use crate::support::{chain, root, shirwatch, stdout};

#[test]
fn a_test_alert_reaches_every_kind_of_receiver() {
    let dir = tempfile::tempdir().unwrap();
    let (http, smtp, syslog) = (Catcher::http("202 Accepted"), Catcher::smtp(), Catcher::syslog());
    let url = file(dir.path(), "url", &format!("http://{}/hook", http.door));
    let key = file(dir.path(), "key", "0123456789abcdef0123456789abcdef");
    let (host, port) = smtp.door.split_once(':').unwrap();
    let config = format!(
        "receivers:\n\
         - {{ name: am, alertmanager: {{ urls: ['http://{0}', 'http://{0}/second'] }} }}\n\
         - {{ name: hook, webhook: {{ url_file: '{url}', hmac_key_file: '{key}' }} }}\n\
         - {{ name: chat, slack: {{ url_file: '{url}' }} }}\n\
         - {{ name: team, teams: {{ url_file: '{url}' }} }}\n\
         - {{ name: pager, pagerduty: {{ url: 'http://{0}', routing_key_file: '{key}' }} }}\n\
         - {{ name: mail, email: {{ server: '{host}', port: {port}, tls: none, from: s@contoso.example, to: [o@contoso.example] }} }}\n\
         - {{ name: log, syslog: {{ address: 'udp://{1}' }} }}\n\
         - {{ name: out, stdout: {{}} }}\n",
        http.door, syslog.door
    );
    let config = file(dir.path(), "x.yaml", &config);
    let output = shirwatch(&["notify", "test", "--config", &config]);
    let said = stdout(&output);
    assert!(output.status.success(), "{said}");
    for name in ["am", "hook", "chat", "team", "pager", "mail", "log", "out"] {
        assert!(said.contains(&format!("{name}: took the alert\n")), "{name} in {said}");
    }
    let heard = http.heard();
    // Both members of the Alertmanager, and four more.
    assert_eq!(heard.len(), 6, "{heard:?}");
    let to = |path: &str| heard.iter().filter(|it| it.starts_with(path)).count();
    assert_eq!((to("POST /api/v2/alerts "), to("POST /second/api/v2/alerts ")), (1, 1));
    assert!(heard.iter().any(|it| it.contains("x-shirwatch-signature: sha256=")), "{heard:?}");
    for text in heard.iter().filter(|it| !it.contains("\"event_action\"")).chain(&smtp.heard()) {
        assert!(text.contains("nothing is broken"), "{text}");
    }
    let one = shirwatch(&["notify", "test", "pager", "--config", &config]);
    assert_eq!(stdout(&one), "pager: took the alert\n");
    assert_eq!(http.heard().len(), 7);
    let none = shirwatch(&["notify", "test", "nobody", "--config", &config]);
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn a_kill_during_delivery_loses_no_alert_and_repeats_it_with_the_same_identity() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.log"), [chain(1), chain(2)].concat()).unwrap();
    let config = |http: &Catcher, key: &str| {
        format!(
            "sources: [ {{ name: logs, file: {{ include: ['{}/*.log'], idle: 50ms }} }} ]\n\
             receivers:\n\
             - {{ name: pager, pagerduty: {{ url: 'http://{}/', routing_key_file: '{key}' }} }}\n",
            dir.path().display(),
            http.door
        )
    };
    let key = file(dir.path(), "key", "0123456789abcdef");
    let silent = Catcher::silent();
    let daemon = Daemon::start(dir.path(), &config(&silent, &key));
    let asked = silent.wait_for(1);
    daemon.kill();
    let taking = Catcher::http("202 Accepted");
    let daemon = Daemon::start(dir.path(), &config(&taking, &key));
    let taken = taking.wait_for(1);
    assert_eq!(dedup_key(&taken[0]), dedup_key(&asked[0]));
    // One rule and one masked message: the two lines are one incident, told once.
    daemon.wait_for("/metrics", "shirwatch_notifications_total{receiver=\"pager\"} 1");
    daemon.wait_for("/metrics", "shirwatch_notification_queue_length{receiver=\"pager\"} 0");
    assert_eq!(taking.heard().len(), 1);
}

#[test]
fn a_member_that_was_away_is_told_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.log"), chain(1)).unwrap();
    // A door at which nobody listens yet.
    let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let first = Catcher::http("200 OK");
    let daemon = Daemon::start(
        dir.path(),
        &format!(
            "sources: [ {{ name: logs, file: {{ include: ['{}/*.log'], idle: 50ms }} }} ]\n\
             receivers:\n- {{ name: am, alertmanager: {{ urls: ['http://{}', 'http://{away}'] }} }}\n",
            dir.path().display(),
            first.door
        ),
    );
    let told = first.wait_for(1);
    let failed = "shirwatch_notifications_failed_total{receiver=\"am\",reason=\"connection\"}";
    daemon.wait_for("/metrics", failed);
    // Within the half minute that the catcher waits, long before the refresh of each minute.
    let second = Catcher::http_at(&away.to_string(), "200 OK");
    let labels = |request: &str| -> serde_json::Value {
        let alerts: serde_json::Value =
            serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        alerts[0]["labels"].clone()
    };
    assert_eq!(labels(&second.wait_for(1)[0]), labels(&told[0]));
}

/// The key by which PagerDuty knows the event.
fn dedup_key(request: &str) -> String {
    let body = request.split_once("\r\n\r\n").unwrap().1;
    let event: serde_json::Value = serde_json::from_str(body).unwrap();
    event["dedup_key"].as_str().unwrap().to_owned()
}

#[test]
fn what_the_documents_show_is_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|it| it.split("```").next());
    let shown = blocks.filter(|it| it.trim_start().starts_with("receivers:"));
    let shown: Vec<_> = shown.map(|it| it.replace("http://am-", "http://127.0.0.1/am-")).collect();
    assert_eq!(shown.len(), 1, "the list of receivers in README.md was not found");
    let ours = std::fs::read_to_string(root().join("deploy/shirwatch.yaml")).unwrap();
    let example: Vec<_> = ours
        .lines()
        .skip_while(|it| !it.starts_with("receivers: []"))
        .skip(1)
        .map_while(|it| it.strip_prefix("# "))
        .collect();
    assert!(example.len() > 10, "the receivers in deploy/shirwatch.yaml were not found");
    let example = format!("receivers:\n{}\n", example.join("\n"));
    for text in shown.iter().chain([&example]) {
        check(dir.path(), text);
    }
}

/// The text is accepted once the files are there that it names.
#[track_caller]
fn check(dir: &Path, text: &str) {
    for (name, content) in [
        ("slack.url", "https://hooks.contoso.example/services/x"),
        ("teams.url", "https://flow.contoso.example/workflows/x"),
        ("pagerduty.key", "0123456789abcdef"),
        ("hook.url", "https://hook.contoso.example/x"),
        ("hook.key", "0123456789abcdef"),
        ("tickets.url", "https://tickets.contoso.example/x"),
        ("tickets.key", "0123456789abcdef"),
        ("mail.password", "x"),
    ] {
        file(dir, name, content);
    }
    let text = text.replace("/etc/shirwatch", dir.to_str().unwrap());
    let elsewhere = "windows_event_log: {}";
    assert!(text.contains(elsewhere), "{text}");
    let here = if cfg!(windows) { text } else { text.replace(elsewhere, "stdout: {}") };
    let config = file(dir, "documents.yaml", &here);
    let output = shirwatch(&["config", "check", &config]);
    assert!(output.status.success(), "{}\n{here}", String::from_utf8_lossy(&output.stderr));
}

fn file(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}
