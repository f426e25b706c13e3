//! Receivers as an operator meets them: configured, tested, and told what is wrong.

use std::path::Path;

use crate::support::catcher::Catcher;
use crate::support::{root, shirwatch, stdout};

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
