//! Nodes of an integration runtime as the service reports them, with the real daemon: gauges,
//! incidents, a restart, and a node that is silent.

use std::fs;
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;

use crate::support::daemon::Daemon;

fn config(dir: &Path, more: &str) -> String {
    format!(
        "sources:\n  - name: reports\n    file: {{ include: ['{}/*.jsonl'], idle: 50ms }}\n{more}",
        dir.display()
    )
}

#[expect(clippy::disallowed_methods, reason = "the daemon has the real clock, too")]
fn report(free: u32) -> String {
    format!(
        "{{\"time\":\"{}\",\"name\":\"ir-finance\",\"nodes\":[{{\"nodeName\":\"NODE-1\",\
         \"availableMemoryInMB\":{free},\"cpuUtilization\":50,\"concurrentJobsRunning\":2,\
         \"concurrentJobsLimit\":8}}]}}\n",
        Timestamp::now()
    )
}

fn append(dir: &Path, text: &str) {
    let path = dir.join("a.jsonl");
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// The series of a node, with its value.
fn series(metric: &str, value: &str) -> String {
    format!(
        "shirwatch_ir_node_{metric}{{integration_runtime=\"ir-finance\",node=\"NODE-1\"}} {value}\n"
    )
}

#[test]
fn a_report_becomes_gauges_and_an_incident_that_ends_with_a_better_one() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), &report(100));
    let daemon = Daemon::start(dir.path(), &config(dir.path(), ""));
    let metrics = daemon.wait_for("/metrics", &series("available_memory_bytes", "104857600"));
    for (metric, value) in
        [("cpu_utilization_ratio", "0.5"), ("concurrent_jobs", "2"), ("concurrent_jobs_limit", "8")]
    {
        assert!(metrics.contains(&series(metric, value)), "{metric}: {metrics}");
    }
    daemon.wait_for("/api/v1/incidents?state=open", "runtime-node-memory-low");
    // The next daemon knows what the last one knew, also that the trouble is to end.
    daemon.kill();
    let daemon = Daemon::start(dir.path(), &config(dir.path(), ""));
    daemon.wait_for("/metrics", &series("available_memory_bytes", "104857600"));
    append(dir.path(), &report(8000));
    daemon.wait_for("/api/v1/incidents?state=resolved", "runtime-node-memory-low");
    daemon.wait_for("/api/v1/status", "\"shirwatch_ir_node_available_memory_bytes\":8388608000");
}

#[test]
fn a_node_of_which_nothing_is_heard_is_an_incident() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), &report(8000));
    let more = "runtimes: { silent_after: 3s }\n";
    let daemon = Daemon::start(dir.path(), &config(dir.path(), more));
    daemon.wait_for("/api/v1/incidents?state=open", "runtime-node-silent");
    append(dir.path(), &report(8000));
    daemon.wait_for("/api/v1/incidents?state=resolved", "runtime-node-silent");
}
