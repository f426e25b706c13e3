//! The same runs by Azure's API and from a file: the same incidents, and each counted once.
//!
//! By storage account they are compared in `tests/e2e/azure.sh`, with a real Azurite.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{root, shirwatch};

#[test]
fn runs_that_the_api_tells_are_those_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let runs = demo("rest-querypipelineruns.json");
    let activities = demo("rest-queryactivityruns.json");
    let endpoint = serve(runs.clone(), activities.clone());
    let config = folder.path().join("shirwatch.yaml");
    let yaml = format!(
        "sources: [{{ azure_rest: {{ subscription: s, resource_group: r, factories: [adf], endpoint: '{endpoint}', \
         credential: {{ managed_identity: {{ endpoint: '{endpoint}/identity' }} }} }} }}]"
    );
    std::fs::write(&config, yaml).unwrap();
    let asked = incidents(folder.path(), "asked", &["--config", config.to_str().unwrap()]);

    // A run's activities are asked for by its id, so those of other runs are not told.
    let known = |it: &&Value| runs.iter().any(|run| run["runId"] == it["pipelineRunId"]);
    let lines = activities.iter().filter(known).chain(&runs).map(|it| format!("{it}\n"));
    let file = folder.path().join("runs.jsonl");
    std::fs::write(&file, lines.collect::<String>()).unwrap();
    let read = incidents(folder.path(), "read", &[file.to_str().unwrap()]);
    assert!(read.as_array().is_some_and(|it| it.len() >= 2), "{read}");
    assert_eq!(asked, read);

    let again = incidents(folder.path(), "asked", &["--config", config.to_str().unwrap()]);
    assert_eq!(again, asked, "asked again after a restart");
}

fn demo(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(root().join("deploy/demo/logs").join(name)).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    document["value"].as_array().unwrap().clone()
}

/// Runs once, and gives what is known of each incident but where it was read.
fn incidents(folder: &Path, state: &str, arguments: &[&str]) -> Value {
    let state = folder.join(state);
    let dir = ["--state-dir", state.to_str().unwrap()];
    let output = shirwatch(&[&["run", "--once"], &dir[..], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let audit = shirwatch(&[&["audit"], &dir[..]].concat());
    assert!(audit.status.success(), "the ledger does not balance");
    let list = shirwatch(&[&["incidents", "--format", "json"], &dir[..]].concat());
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let told = |it: &Value| {
        json!([it["fingerprint"], it["rule"], it["severity"], it["count"], it["pipelines"]])
    };
    let mut told: Vec<_> = list["incidents"].as_array().unwrap().iter().map(told).collect();
    told.sort_by_key(ToString::to_string);
    Value::Array(told)
}

#[test]
fn the_sources_that_the_documents_show_are_accepted() {
    let read = |it| std::fs::read_to_string(root().join(it)).unwrap();
    let (readme, ours) = (read("README.md"), read("deploy/shirwatch.yaml"));
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|it| it.split("```").next());
    let shown: Vec<_> = blocks.filter(|it| it.starts_with("sources:")).collect();
    assert_eq!(shown.len(), 1, "the list of sources in README.md was not found");
    // Channels are read on Windows only, and Kafka where its client was built.
    let kafka = |it: &&str| cfg!(feature = "kafka") || !it.contains("kafka");
    let lines = shown[0].lines().filter(|it| !it.contains("windows_event_log")).filter(kafka);
    check(&lines.collect::<Vec<_>>().join("\n"));
    let example = ours.lines().skip_while(|it| !it.starts_with("sources: []")).skip(1);
    let example: Vec<_> = example.map_while(|it| it.strip_prefix("# ")).filter(kafka).collect();
    assert!(example.len() > 10, "the sources in deploy/shirwatch.yaml were not found");
    check(&format!("sources:\n{}\n", example.join("\n")));
}

#[track_caller]
fn check(yaml: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shirwatch.yaml");
    std::fs::write(&file, yaml).unwrap();
    let output = shirwatch(&["config", "check", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Data Factory's API with these runs, and an identity that is given tokens; says its address.
fn serve(runs: Vec<Value>, activities: Vec<Value>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &runs, &activities);
        }
    });
    address
}

fn answer(stream: TcpStream, runs: &[Value], activities: &[Value]) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first).ok()?;
    while line.trim() != "" || line.is_empty() {
        line.clear();
        reader.read_line(&mut line).ok().filter(|it| *it > 0)?;
        let name = line.to_ascii_lowercase();
        if let Some(value) = name.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    let target = first.split(' ').nth(1)?;
    let id = target.split("/pipelineruns/").nth(1).and_then(|it| it.split('/').next());
    let own = activities.iter().filter(|it| it["pipelineRunId"].as_str() == id);
    let body = match target {
        _ if target.starts_with("/identity") => json!({ "access_token": "t", "expires_in": 3599 }),
        _ if target.contains("/queryPipelineRuns") => json!({ "value": runs }),
        _ if id.is_some() => json!({ "value": own.collect::<Vec<_>>() }),
        _ => json!({ "value": [] }),
    };
    let body = body.to_string();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    reader.get_mut().write_all((head + &body).as_bytes()).ok()
}
