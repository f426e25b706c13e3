//! Records by way of a Kafka cluster and from a file: the same incidents, each counted once, also
//! when the program is killed.
//!
//! The cluster is the mock one of the client library: brokers on loopback, in this process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use serde_json::{Value, json};

use crate::support::{chain, root, shirwatch, stdout};

const PARTITIONS: i32 = 4;

struct Hub {
    mock: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
    folder: tempfile::TempDir,
}

impl Hub {
    fn new() -> Self {
        let mock = MockCluster::new(3).unwrap();
        mock.create_topic("insights-logs", PARTITIONS, 3).unwrap();
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", mock.bootstrap_servers());
        let producer = config.create().unwrap();
        Self { mock, producer, folder: tempfile::tempdir().unwrap() }
    }

    fn send(&self, messages: &[String]) {
        for (partition, message) in (0..PARTITIONS).cycle().zip(messages) {
            let record = BaseRecord::<(), _>::to("insights-logs").partition(partition);
            self.producer.send(record.payload(message)).map_err(|(error, _)| error).unwrap();
        }
        self.producer.flush(Duration::from_secs(20)).unwrap();
    }

    fn config(&self) -> PathBuf {
        let brokers: Vec<_> = self.mock.bootstrap_servers().split(',').map(str::to_owned).collect();
        let yaml = format!(
            "web: {{ listen: '127.0.0.1:0' }}\nsources: [{{ kafka: {{ brokers: {}, \
             topics: [insights-logs], session_timeout: 6s }} }}]\n",
            json!(brokers)
        );
        let file = self.folder.path().join("shirwatch.yaml");
        std::fs::write(&file, yaml).unwrap();
        file
    }

    fn state(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What is known after reading to the end.
    fn read_once(&self, state: &str) -> Value {
        let (config, state) = (self.config(), self.state(state));
        incidents(&state, &["--config", config.to_str().unwrap()])
    }

    fn start(&self, state: &str) -> Running {
        let program = env!("CARGO_BIN_EXE_shirwatch");
        let mut command = Command::new(program);
        command.args(["run", "--config", self.config().to_str().unwrap(), "--state-dir"]);
        command.arg(self.state(state)).stdout(Stdio::null()).stderr(Stdio::null());
        Running(command.spawn().unwrap())
    }
}

/// A daemon that is killed when it goes out of sight.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Runs once, and gives what is known of each incident but where it was read.
fn incidents(state: &Path, arguments: &[&str]) -> Value {
    let dir = ["--state-dir", state.to_str().unwrap()];
    let output = shirwatch(&[&["run", "--once"], &dir[..], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let audit = shirwatch(&[&["audit"], &dir[..]].concat());
    assert!(audit.status.success(), "the ledger does not balance: {}", stdout(&audit));
    known(state)
}

fn known(state: &Path) -> Value {
    let list =
        shirwatch(&["incidents", "--format", "json", "--state-dir", state.to_str().unwrap()]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap_or_default();
    let told = |it: &Value| {
        json!([it["fingerprint"], it["rule"], it["severity"], it["count"], it["pipelines"]])
    };
    let list = list["incidents"].as_array().cloned().unwrap_or_default();
    let mut told: Vec<_> = list.iter().map(told).collect();
    told.sort_by_key(ToString::to_string);
    Value::Array(told)
}

fn count(known: &Value) -> u64 {
    known.as_array().unwrap().iter().filter_map(|it| it[3].as_u64()).sum()
}

/// A failed run, with its number.
fn record(number: usize) -> Value {
    json!({
        "category": "ActivityRuns", "time": format!("2026-03-17T06:{:02}:{:02}Z", number / 60 % 60, number % 60),
        "level": "Error", "activityRunId": format!("00000000-0000-4000-8000-{number:012}"),
        "pipelineRunId": format!("00000000-0000-4000-9000-{number:012}"),
        "resourceId": "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ADF-CONTOSO",
        "pipelineName": format!("pl_{}", number % 3), "activityName": "Copy", "activityType": "Copy",
        "status": "Failed", "operationName": "Copy - Failed",
        "properties": { "Error": { "errorCode": "2200", "message": chain(number), "failureType": "UserError", "target": "Copy" } }
    })
}

/// Messages as a diagnostic setting writes them: some records each, of all categories mixed.
fn messages(records: &[Value]) -> Vec<String> {
    let some = records.chunks(7);
    some.map(|it| format!("{}\n", json!({ "records": it }))).collect()
}

#[test]
fn messages_of_a_hub_are_those_of_a_file() {
    let hub = Hub::new();
    let records: Vec<_> = (0..100).map(record).collect();
    let mut all = messages(&records);
    // Not valid JSON, as some writers leave them: a raw line end in a text, and no end at all.
    let raw = json!({ "records": [record(200)] }).to_string().replacen(
        "Invalid object",
        "Invalid\nobject",
        1,
    );
    let torn = json!({ "records": [record(201)] }).to_string();
    all.push(format!("{raw}\n"));
    all.push(format!("{}\n", torn.trim_end_matches(['}', ']'])));
    all.extend([String::new(), "\n".to_owned(), "{\"records\":[]}\n".to_owned()]);
    let demo = std::fs::read_to_string(root().join("deploy/demo/logs/eventhub-records.json"));
    all.push(demo.unwrap());
    hub.send(&all);
    let asked = hub.read_once("hub");
    // One file for each message, since each of them is a document.
    let folder = hub.folder.path().join("messages");
    std::fs::create_dir(&folder).unwrap();
    for (number, message) in all.iter().enumerate() {
        std::fs::write(folder.join(format!("{number:04}.json")), message).unwrap();
    }
    let read = incidents(&hub.state("file"), &[folder.to_str().unwrap()]);
    assert!(count(&read) >= 102, "{read}");
    assert_eq!(asked, read);
    assert_eq!(hub.read_once("hub"), asked, "read again after a restart");
}

#[test]
fn a_daemon_that_is_killed_counts_each_error_once() {
    let hub = Hub::new();
    let mut written = 0;
    for kill in 0..3 {
        let records: Vec<_> = (written..written + 350).map(record).collect();
        written += records.len();
        hub.send(&messages(&records));
        let daemon = hub.start("state");
        // Until something of it is counted; then in the middle of whatever it does.
        let before = count(&known(&hub.state("state")));
        let begun = Instant::now();
        while count(&known(&hub.state("state"))) == before {
            assert!(begun.elapsed() < Duration::from_secs(45), "nothing is counted after {kill}");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(daemon);
    }
    let known = hub.read_once("state");
    assert_eq!(count(&known), written as u64, "{known}");
}
