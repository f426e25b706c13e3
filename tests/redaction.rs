//! No secret leaves, by any door: the store, the page, the metrics, the logs, each receiver.
//!
//! Every form that a secret is known to take is read as a line, as a run record and as JSON
//! within a string. All of them are spelled with one of a few words, so that finding none of
//! these words anywhere is the proof.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::catcher::Catcher;
use crate::support::daemon::Daemon;
use crate::support::root;

/// What the secrets of the samples and of our list are spelled with.
const SECRETS: [&str; 7] =
    ["FAKE", "FFFFFFFF", "RkFLRT", "GEHEIM", "pa''ss", "pass}};word", "c2VjcmV0"];

/// What the receivers' own addresses, keys and passwords are spelled with.
const OWN: &str = "OWNKEY";

/// Forms beyond the samples.
const FORMS: [&str; 18] = [
    r#"{"connection":"{\"Password\":\"GEHEIM\",\"User\":\"u\"}"}"#,
    r#"{"a":"{\"b\":\"{\\\"client_secret\\\":\\\"GEHEIM\\\"}\"}"}"#,
    "https://st.blob.core.windows.net/c?sv=1%26sig%3DGEHEIMGEHEIM%26sp=r",
    "AccountKey=GEHEIMGEHEIMGEHEIMGEHEIMGEHEIMGEHEIM==;EndpointSuffix=core.windows.net",
    "accesskey: GEHEIMGEHEIM",
    "Authorization: Bearer GEHEIMGEHEIM.GEHEIM.GEHEIM",
    "authorization=Basic c2VjcmV0",
    "x-functions-key: GEHEIM",
    "Pwd=GEHEIM;Encrypt=True",
    "PASSWORD = 'GEHEIM ''x'''",
    "<Password>GEHEIM</Password>",
    "&lt;Password&gt;GEHEIM&lt;/Password&gt;",
    r#"<add key="Password" value="GEHEIM"/>"#,
    "sftp://user:GEHEIM@files.contoso.example/in",
    "-----BEGIN PRIVATE KEY-----\\nGEHEIM\\n-----END PRIVATE KEY-----",
    "IR@00000000-0000-0000-0000-000000000000@adf@we@GEHEIMGEHEIMGEHEIM=",
    "run.ps1 -Password GEHEIM -Name x",
    "CREDENTIAL=(IDENTITY='SAS',SECRET='GEHEIM')",
];

#[test]
fn no_form_of_a_secret_leaves_by_any_door() {
    let forms: Vec<String> = samples(&["secret"]).chain(FORMS.map(str::to_owned)).collect();
    let house = House::new("secret", &forms);
    house.read_all();
    house.holds_none_of(&SECRETS, forms.len());
}

#[test]
#[rustfmt::skip]
fn data_and_names_stay_where_the_level_says_so() {
    let forms: Vec<String> = samples(&["secret", "data", "name"]).chain([
        "Column 'x' contains an invalid value '+00 00000 00000'.".to_owned(),
        "Login failed for user 'CONTOSO\\svc_reader'.".to_owned(),
        "Login failed for user 'etl_quiet'.".to_owned(),
        "Cannot open \\\\fs01.corp.contoso.example\\share\\salaries.csv".to_owned(),
    ]).collect();
    let data = ["+00 00000", "Jane", "1980-01-01", "000-00-0000", "key value is (someone"];
    let house = House::new("data", &forms);
    house.read_all();
    house.holds_none_of(&[&SECRETS[..], &data].concat(), forms.len());
    let names = ["svc_reader", "svc_ir", "etl_quiet", "fs01", "salaries", "sql01", "someone@", "192.0.2.10", "kv-contoso", "RG-CONTOSO", "node-1.corp"];
    let house = House::new("name", &forms);
    house.read_all();
    house.holds_none_of(&[&SECRETS[..], &data, &names].concat(), forms.len());
}

#[test]
fn a_receiver_that_fails_does_not_give_its_secrets_away() {
    let house = House::new("secret", &["plain trouble".to_owned()]);
    let broken = Catcher::http("500 Broken");
    let refusing = Catcher::http("403 No");
    let mut receivers = String::new();
    for (name, door) in [("gone", "127.0.0.1:1"), ("broken", &broken.door), ("no", &refusing.door)]
    {
        let url = house.file(name, &format!("http://user:{OWN}@{door}/{OWN}?sig={OWN}"));
        receivers.push_str(&format!("  - {{ name: {name}, webhook: {{ url_file: '{url}' }} }}\n"));
        let url = house.file(&format!("slack-{name}"), &format!("http://{door}/services/{OWN}"));
        receivers
            .push_str(&format!("  - {{ name: slack-{name}, slack: {{ url_file: '{url}' }} }}\n"));
    }
    let config = house.config(&receivers);
    let ran = house.run(&config, "2");
    assert_eq!(ran.status.code(), Some(1), "{}", String::from_utf8_lossy(&ran.stderr));
    let tested = house.program(&["notify", "test", "--config", &config]);
    let said = String::from_utf8_lossy(&tested.stdout).into_owned();
    for answer in
        ["gone: did not take it now: cannot reach", "broken: did not take it now", "no: refused it"]
    {
        assert!(said.contains(answer), "{answer} in {said}");
    }
    let shown = house.program(&["config", "show", "--config", &config]);
    for (place, bytes) in house.places(&[&ran, &tested, &shown], "receivers:\n") {
        assert!(!has(&bytes, OWN), "a receiver's secret is in {place}");
    }
}

/// The samples of these classes; none where the samples are not at hand, which is said.
fn samples(classes: &'static [&'static str]) -> impl Iterator<Item = String> {
    let places = ["../shared/samples", "../../shared/samples"].map(|it| root().join(it));
    let text = places.iter().find_map(|it| std::fs::read_to_string(it.join("secrets.jsonl")).ok());
    let text = text.unwrap_or_else(|| {
        println!("skipped: there is no `shared/samples/secrets.jsonl` beside the repository");
        String::new()
    });
    let rows: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    rows.into_iter()
        .filter(|it| classes.contains(&it["class"].as_str().unwrap()))
        .map(|it| it["text"].as_str().unwrap().to_owned())
}

/// A daemon's folder, with receivers of every kind around it.
struct House {
    dir: tempfile::TempDir,
    level: &'static str,
    http: Catcher,
    smtp: Catcher,
    syslog: Catcher,
}

impl House {
    fn new(level: &'static str, forms: &[String]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.log"), lines(forms)).unwrap();
        let http = Catcher::http("200 OK");
        Self { dir, level, http, smtp: Catcher::smtp(), syslog: Catcher::syslog() }
    }

    /// Reads everything once and tells all receivers.
    fn read_all(&self) {
        let http = format!("http://{}", self.http.door);
        let url = self.file("url", &format!("{http}/{OWN}?sig={OWN}"));
        let key = self.file("key", OWN);
        let hmac = self.file("hmac", &OWN.repeat(4));
        let (host, port) = self.smtp.door.split_once(':').unwrap();
        let template = "{\"t\": {{ alert.annotations }}, \"f\": {{ finding }}}";
        let config = self.config(&format!(
            "  - {{ name: am, alertmanager: {{ urls: ['{http}'] }} }}\n  \
             - {{ name: hook, webhook: {{ url_file: '{url}', hmac_key_file: '{hmac}' }} }}\n  \
             - {{ name: words, webhook: {{ url: '{http}/words', body: '{template}' }} }}\n  \
             - {{ name: slack, slack: {{ url_file: '{url}' }} }}\n  \
             - {{ name: teams, teams: {{ url_file: '{url}' }} }}\n  \
             - {{ name: pager, pagerduty: {{ url: '{http}/pager', routing_key_file: '{key}' }} }}\n  \
             - {{ name: mail, email: {{ server: '{host}', port: {port}, tls: none, user: u, password_file: '{key}', from: s@contoso.example, to: [o@contoso.example] }} }}\n  \
             - {{ name: log, syslog: {{ address: 'udp://{}' }} }}\n  \
             - {{ name: out, stdout: {{}} }}\n",
            self.syslog.door
        ));
        let ran = self.run(&config, "240");
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success(), "{said}");
        self.keep("out.txt", &ran.stdout);
        self.keep("err.txt", &ran.stderr);
    }

    /// None of the words is anywhere; and enough was said everywhere to look at.
    #[track_caller]
    fn holds_none_of(&self, words: &[&str], least: usize) {
        let read = |name: &str| std::fs::read(self.dir.path().join(name)).unwrap();
        let (out, err) = (read("out.txt"), read("err.txt"));
        let heard = [("HTTP", &self.http, 6), ("mail", &self.smtp, 1), ("syslog", &self.syslog, 1)];
        let mut places = self.places(&[], "");
        places.extend([("stdout".to_owned(), out), ("stderr".to_owned(), err)]);
        for (kind, catcher, receivers) in heard {
            let told = catcher.heard();
            assert!(told.len() >= least * receivers, "{kind}: {} of {least}", told.len());
            places.push((kind.to_owned(), told.join("\n").into_bytes()));
        }
        let mut leaks = Vec::new();
        for (place, bytes) in &places {
            let found = words.iter().filter(|it| has(bytes, it));
            leaks.extend(found.map(|it| format!("{it} in {place}: {}", around(bytes, it))));
        }
        assert!(leaks.is_empty(), "{}", leaks.join("\n\n"));
        for place in ["store", "HTTP", "mail", "syslog", "stdout", "/api/v1/incidents?state=all"] {
            let (_, bytes) = places.iter().find(|(name, _)| name == place).unwrap();
            assert!(has(bytes, "[redacted:"), "nothing was redacted in {place}");
        }
    }

    /// The store, and what the page and the API show of it.
    fn places(&self, ran: &[&Output], receivers: &str) -> Vec<(String, Vec<u8>)> {
        let mut store = Vec::new();
        for entry in std::fs::read_dir(self.dir.path().join("state")).unwrap().flatten() {
            store.extend(std::fs::read(entry.path()).unwrap_or_default());
        }
        let mut places = vec![("store".to_owned(), store)];
        let daemon = Daemon::start(self.dir.path(), receivers);
        for path in
            ["/", "/metrics", "/api/v1/incidents?state=all", "/api/v1/status", "/api/v1/rules"]
        {
            places.push((path.to_owned(), daemon.get(path).into_bytes()));
        }
        for output in ran {
            places.push(("standard output".to_owned(), output.stdout.clone()));
            places.push(("standard error".to_owned(), output.stderr.clone()));
        }
        places
    }

    fn config(&self, receivers: &str) -> String {
        let text = format!(
            "sources:\n  - {{ name: logs, file: {{ include: ['{}/a.log'] }} }}\n\
             redaction: {{ level: {} }}\nalerts: {{ min_severity: info }}\n\
             log: {{ level: debug }}\nreceivers:\n{receivers}",
            self.dir.path().display(),
            self.level
        );
        self.file("all.yaml", &text)
    }

    fn run(&self, config: &str, deadline: &str) -> Output {
        let state = self.dir.path().join("state");
        let state = state.to_str().unwrap();
        self.program(&[
            "run",
            "--once",
            "--deadline",
            deadline,
            "--config",
            config,
            "--state-dir",
            state,
        ])
    }

    fn program(&self, arguments: &[&str]) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_shirwatch"));
        program.args(arguments).env("NO_COLOR", "1").output().unwrap()
    }

    fn file(&self, name: &str, text: &str) -> String {
        self.keep(name, text.as_bytes()).to_str().unwrap().to_owned()
    }

    fn keep(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Each form as a line, as a run record, and as JSON in the string of a run record.
fn lines(forms: &[String]) -> String {
    let mut out = String::new();
    for (at, form) in forms.iter().enumerate() {
        let chain = |code: &str, text: &str| {
            format!(
                "ErrorCode={code}{at},'Type=Contoso.Form{code}{at}Exception,Message=It broke: {text},Source=s,'"
            )
        };
        let nested = json!({ "outer": json!({ "inner": form }).to_string() }).to_string();
        out.push_str(&format!("{}\n", chain("Line", form)));
        for (kind, text) in [("Run", form), ("Nested", &nested)] {
            let run = json!({
                "category": "ActivityRuns", "status": "Failed",
                "activityRunId": format!("{kind}-{at}"), "pipelineName": "nightly",
                "properties": { "Error": { "errorCode": "2200", "message": chain(kind, text) } },
            });
            out.push_str(&format!("{run}\n"));
        }
        // In names, where nobody should write it. A mail says those in its subject, in base64,
        // and one of the words that are looked for is base64 of `secret`.
        if form.contains("client_secret") {
            continue;
        }
        let named = json!({
            "category": "ActivityRuns", "status": "Failed", "activityRunId": format!("Name-{at}"),
            "pipelineName": form, "activityName": form, "activityType": form,
            "effectiveIntegrationRuntime": form,
            "properties": { "Error": { "errorCode": "2200", "message": "Login failed for user 'etl'." } },
        });
        let whole =
            json!({ "category": "PipelineRuns", "status": "Succeeded", "pipelineName": form });
        let report =
            json!({ "name": form, "nodes": [{ "nodeName": form, "availableMemoryInMB": 1 }] });
        out.push_str(&format!("{named}\n{whole}\n{report}\n"));
    }
    out
}

fn has(bytes: &[u8], word: &str) -> bool {
    memchr::memmem::find(bytes, word.as_bytes()).is_some()
}

/// Where the word stands, for people.
fn around(bytes: &[u8], word: &str) -> String {
    let at = memchr::memmem::find(bytes, word.as_bytes()).unwrap_or(0);
    let part = &bytes[at.saturating_sub(150)..(at + 100).min(bytes.len())];
    String::from_utf8_lossy(part).into_owned()
}
