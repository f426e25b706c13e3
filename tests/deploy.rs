//! What we ship: the configuration that documents itself, and the demo.

use crate::support::{root, shirwatch, stdout};

#[test]
fn the_shipped_configuration_is_the_generated_one() {
    let made = stdout(&shirwatch(&["config", "init"]));
    expect_test::expect_file![root().join("deploy/shirwatch.yaml")].assert_eq(&made);
}

#[test]
fn the_default_configuration_is_accepted() {
    let file = root().join("deploy/shirwatch.yaml");
    let output = shirwatch(&["config", "check", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_configuration_in_effect_can_be_read_back() {
    let shown = stdout(&shirwatch(&["config", "show"]));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("shown.yaml");
    std::fs::write(&file, &shown).unwrap();
    let output = shirwatch(&["config", "check", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}\n{shown}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[rustfmt::skip]
fn a_faulty_configuration_is_refused_with_line_and_remedy() {
    // configuration                                                what is said
    check("webb: {}\n",                                             &["x.yaml:1: ", "webb"]);
    check("log: { level: loud }\nmetrics: { max: 1 }\n",            &["x.yaml:1: ", "x.yaml:2: ", "loud", "max"]);
    check("receivers:\n  - name: a\n",                              &["x.yaml:2: ", "receiver `a` says nothing"]);
    check("receivers:\n  - name: a\n    slack: {}\n  - name: b\n    email: { server: h, from: x, to: [y] }\n",
          &["x.yaml:2: ", "receiver `a` has no address; set `url_file:`", "x.yaml:4: ", "receiver `b`: `from` `x` is no mailbox"]);
    check("receivers:\n  - name: a\n    webhook: { url: 'http://h/', body: '{\"a\": \"{{ status }}\"}' }\n",
          &["x.yaml:2: ", "receiver `a`: `body` makes no JSON; a value brings its own quotes"]);
    check("receivers:\n  - name: a\n    syslog: { address: 'udp://h' }\n", &["x.yaml:2: ", "`address` is no address of the form udp://host:port"]);
    check("sources:\n  - file: {}\n  - file: {}\n",                 &["two sources are named `file`"]);
    check("incidents: { resolve_after: soon }\n",                   &["x.yaml:1: "]);
    check("sources: [ { kafka: { brokers: [k], topics: [runs] } } ]\n", &["x.yaml:1: ", if cfg!(feature = "kafka") {
        "`brokers` holds what is no `HOST:PORT`"
    } else {
        "source `kafka`: this build has no client for Kafka; build with `--features kafka`"
    }]);
    check("web: { listen: '0.0.0.0:1' }\n",                         &["x.yaml:1: ", "basic_auth.users_file", "read_only"]);
    check("web: { tls: { cert_file: a } }\n",                       &["x.yaml:1: ", "`web.tls` needs both"]);
    check("web: { tls: { cert_file: a, key_file: b } }\n",          &["x.yaml:1: ", "`web.tls` cannot use `a`"]);
    check("web: { basic_auth: { users_file: a } }\n",               &["x.yaml:1: ", "`web.basic_auth` cannot use `a`"]);
    check("routes: [ { receivers: [nobody] } ]\n",                  &["x.yaml:1: ", "nobody"]);
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.yaml");
    std::fs::write(&file, text).unwrap();
    let output = shirwatch(&["config", "check", file.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}: {said}");
    for part in expected {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}
