//! What a restart must not change: nothing is counted twice, nothing is lost.

use serde_json::Value;

use crate::support::{chain, shirwatch, stdout};

/// Runs once over a folder of logs with a state folder, and gives the count of all errors
/// that the store knows.
fn run(logs: &std::path::Path, state: &std::path::Path) -> u64 {
    let (logs, state) = (logs.to_str().unwrap(), state.to_str().unwrap());
    let output = shirwatch(&["run", "--once", "--state-dir", state, logs]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let list = shirwatch(&["incidents", "--state-dir", state, "--format", "json"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let audit = shirwatch(&["audit", "--state-dir", state]);
    assert!(audit.status.success(), "{}", stdout(&audit));
    list["incidents"].as_array().unwrap().iter().map(|it| it["count"].as_u64().unwrap()).sum()
}

#[test]
fn errors_are_counted_once_over_many_runs() {
    let (logs, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = logs.path().join("a.log");
    std::fs::write(&file, chain(1) + &chain(2)).unwrap();
    assert_eq!(run(logs.path(), state.path()), 2);
    assert_eq!(run(logs.path(), state.path()), 2, "read again after a restart");
    std::fs::rename(&file, logs.path().join("a.log.1")).unwrap();
    std::fs::write(&file, chain(3)).unwrap();
    assert_eq!(run(logs.path(), state.path()), 3, "rotated while off");
}

#[test]
fn what_is_silenced_counts_and_is_told_to_nobody() {
    let (logs, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let dir = state.path().to_str().unwrap();
    let silences = |args: &[&str]| shirwatch(&[&["silences", "--state-dir", dir], args].concat());
    assert_eq!(silences(&["list"]).status.code(), Some(1), "there is no store yet");
    run(logs.path(), state.path());
    assert_eq!(silences(&["add", "nonsense"]).status.code(), Some(2));
    let made = silences(&["add", "rule=~.*", "--for", "2h", "--format", "json"]);
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let config = logs.path().join("shirwatch.yaml");
    std::fs::write(&config, "receivers: [{ name: out, stdout: {} }]").unwrap();
    let told = |number: usize| {
        let file = logs.path().join(format!("{number}.log"));
        std::fs::write(&file, chain(number)).unwrap();
        let (config, file) = (config.to_str().unwrap(), file.to_str().unwrap());
        let args = ["run", "--once", "--config", config, "--state-dir", dir, file];
        String::from_utf8_lossy(&shirwatch(&args).stdout).contains("first-seen")
    };
    assert!(!told(1), "a silence holds");
    let id = made["id"].as_str().unwrap();
    assert!(String::from_utf8_lossy(&silences(&["list"]).stdout).contains(id));
    assert_eq!(silences(&["expire", id]).status.code(), Some(0));
    assert_eq!(silences(&["expire", id]).status.code(), Some(1));
    assert!(told(2), "it is over, and what goes on is told");
}

#[test]
fn a_damaged_store_is_put_aside() {
    let (logs, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(logs.path().join("a.log"), chain(1)).unwrap();
    assert_eq!(run(logs.path(), state.path()), 1);
    std::fs::write(state.path().join("shirwatch.db"), "this is no database, but it is long enough")
        .unwrap();
    assert_eq!(run(logs.path(), state.path()), 1, "read anew");
    let aside = std::fs::read_dir(state.path()).unwrap().map(|it| it.unwrap().file_name());
    assert!(aside.into_iter().any(|it| it.to_string_lossy().contains("corrupt")));
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused() {
    let (logs, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(logs.path().join("a.log"), chain(1)).unwrap();
    let limits = shirwatch::store::StoreConfig::default();
    let now = "2026-11-20T00:00:00Z".parse().unwrap();
    let _first = shirwatch::store::Store::open(state.path(), &limits, now).unwrap();
    let (logs, state) = (logs.path().to_str().unwrap(), state.path().to_str().unwrap());
    let output = shirwatch(&["run", "--once", "--state-dir", state, logs]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("in use") && said.contains(state), "{said}");
}
