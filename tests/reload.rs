//! A new configuration under a running daemon: taken in as a whole, or not at all.

use std::path::Path;

use crate::support::chain;
use crate::support::daemon::Daemon;

/// A source of this name.
fn config(dir: &Path, name: &str) -> String {
    let logs = dir.display();
    format!("sources:\n  - name: {name}\n    file: {{ include: ['{logs}/*.log'], idle: 50ms }}\n")
}

fn write(dir: &Path, config: &str) {
    std::fs::write(dir.join("shirwatch.yaml"), config).unwrap();
}

const COUNTED: &str = "severity=\"error\",fault=\"user\"} ";
const SUCCESSFUL: &str = "shirwatch_config_last_reload_successful ";

#[test]
fn a_changed_file_is_taken_in_and_nothing_is_counted_again() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.log"), chain(1)).unwrap();
    let daemon = Daemon::start(dir.path(), &config(dir.path(), "before"));
    daemon.wait_for("/metrics", &format!("{COUNTED}1"));
    write(dir.path(), &format!("# changed\n{}", config(dir.path(), "before")));
    // The time of the load is the one thing that a new life changes here.
    let loaded = |metrics: &str| {
        let line = metrics.lines().find(|it| it.starts_with("shirwatch_config_last_reload_times"));
        line.unwrap_or_default().to_owned()
    };
    let first = loaded(&daemon.get("/metrics"));
    daemon.wait_until("/metrics", |it| loaded(it) != first && !loaded(it).is_empty());
    std::fs::write(dir.path().join("b.log"), chain(2)).unwrap();
    daemon.wait_for("/metrics", &format!("{COUNTED}2"));

    write(dir.path(), &config(dir.path(), "after"));
    daemon.wait_for("/api/v1/status", "\"name\":\"after\"");
    daemon.kill();
}

#[test]
fn what_is_refused_leaves_the_old_in_use_and_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let good = config(dir.path(), "logs");
    let daemon = Daemon::start(dir.path(), &good);
    daemon.wait_for("/metrics", &format!("{SUCCESSFUL}1"));
    for faulty in
        ["webb: {}\n", "sources: [ { file: {}, stdin: {} } ]\n", "catalogue: { dir: /no/such }\n"]
    {
        write(dir.path(), faulty);
        daemon.wait_for("/metrics", &format!("{SUCCESSFUL}0"));
        let note = daemon.wait_for("/readyz", "the new configuration is not used");
        assert!(note.starts_with("ok\n"), "{note}");
        write(dir.path(), &good);
        daemon.wait_for("/metrics", &format!("{SUCCESSFUL}1"));
    }
    std::fs::write(dir.path().join("a.log"), chain(1)).unwrap();
    daemon.wait_for("/metrics", &format!("{COUNTED}1"));
    daemon.kill();
}

#[cfg(target_os = "linux")]
#[test]
fn systemd_is_told_of_every_turn() {
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let told = |what: &str| loop {
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).unwrap_or_else(|_| panic!("`{what}` never came"));
        let said = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if said.lines().any(|it| it == what) {
            return said;
        }
    };
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "2000000")];
    let daemon = Daemon::start_in(dir.path(), &config(dir.path(), "logs"), &environment);
    told("READY=1");
    told("WATCHDOG=1");
    daemon.signal("HUP");
    let reloading = told("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    told("READY=1");
    daemon.signal("TERM");
    told("STOPPING=1");
    assert_eq!(daemon.ended(), Some(0));
}
