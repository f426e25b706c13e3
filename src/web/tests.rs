//! Requests and their answers, in process, with a real store behind.

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response};
use jiff::Timestamp;
use serde_json::Value;
use shirwatch_parsers::{Link, Record};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tower::ServiceExt;

use super::*;
use crate::catalogue::Catalogue;
use crate::model::Category;
use crate::model::Cause;
use crate::model::Fault;
use crate::model::Finding;
use crate::model::Fingerprint;
use crate::model::Incident;
use crate::model::Position;
use crate::model::Redacted;
use crate::model::Severity;
use crate::model::State;
use crate::model::changes::{Changes, IncidentChange, Occurrence};
use crate::model::finding::Matched;
use crate::model::metrics;
use crate::outputs::prometheus::SourceGauges;
use crate::store::{Store, StoreConfig};

const RULES: &str = r#"
- id: sql-login-failed
  title: SQL Server refused the login
  category: authentication
  severity: error
  fault: user
  match:
    - type: System.Data.SqlClient.SqlException
      message: "Login failed for user '{user}'"
  causes:
    - cause: The password of `{user}` is wrong.
      resolution: [Renew the secret., Run it again.]
  references: [https://learn.microsoft.com/x]
  examples:
    - text: "ErrorCode=SqlFailedToConnect,'Type=System.Data.SqlClient.SqlException,Message=Login failed for user 'etl'.,Source=s,'"
"#;

/// A web over a store of its own.
struct House {
    shared: Arc<Shared>,
    commands: Option<mpsc::Receiver<Command>>,
    _dir: TempDir,
}

fn house(config: WebConfig) -> House {
    let dir = tempfile::tempdir().unwrap();
    let now: Timestamp = "2026-03-01T07:00:00Z".parse().unwrap();
    let mut store = Store::open(dir.path(), &StoreConfig::default(), now).unwrap();
    let changes = Changes { incidents: vec![incident()], ..Changes::default() };
    store.commit(&changes, now).unwrap();
    let catalogue = Arc::new(Catalogue::from_yaml("sql.yaml", RULES).unwrap());
    let (sender, commands) = mpsc::channel(1);
    let shared = Shared::new(config, dir.path().to_owned(), catalogue, sender);
    shared.set_health(Health::default());
    shared.set_about(About {
        version: "0.1.0".to_owned(),
        sources: vec![("logs".to_owned(), "file".to_owned())],
        receivers: vec![("ops".to_owned(), "webhook".to_owned())],
        ..About::default()
    });
    House { shared: Arc::new(shared), commands: Some(commands), _dir: dir }
}

fn incident() -> IncidentChange {
    let link = Link {
        type_name: Some("SqlException".into()),
        message: "Login failed for user 'etl'.".into(),
        ..Link::default()
    };
    let sample = Finding {
        numbers: Vec::new(),
        record: Record { chain: vec![link], ..Record::default() },
        rule: "sql-login-failed".to_owned(),
        category: Category::Authentication,
        severity: Severity::Error,
        fault: Fault::User,
        retryable: Some(false),
        title: "SQL Server refused the login".to_owned(),
        cause: Some("The password is wrong.".to_owned()),
        resolution: vec!["Renew the secret.".to_owned()],
        verify: None,
        references: vec!["https://learn.microsoft.com/x".to_owned()],
        causes: vec![Cause::default()],
        matched: Matched::default(),
        also: Vec::new(),
        fingerprint: Fingerprint(0x9f86_d081_884c_7d65),
    };
    let mut incident = Incident {
        key: "9f86d081884c7d65".to_owned(),
        fingerprint: sample.fingerprint,
        group: Default::default(),
        rule: sample.rule.clone(),
        category: sample.category,
        severity: sample.severity,
        fault: sample.fault,
        state: State::Open,
        count: 3,
        first_seen: "2026-03-01T06:12:09.4Z".parse().unwrap(),
        last_seen: "2026-03-01T06:40:00Z".parse().unwrap(),
        last_read: "2026-03-01T06:40:01Z".parse().unwrap(),
        resolved_at: None,
        title: sample.title.clone(),
        sample: Some(Redacted::from_store(sample)),
        places: Default::default(),
        course: Default::default(),
        notified_at: None,
    };
    incident.places.pipelines.insert("nightly".to_owned());
    let occurrence = Occurrence {
        time: "2026-03-01T06:40:00Z".parse().unwrap(),
        position: Position { path: "/logs/a.log".to_owned(), offset: 7, line: 2 },
        pipeline: Some("nightly".to_owned()),
        pipeline_run_id: None,
        activity: Some("Copy orders".to_owned()),
        activity_run_id: None,
        node: None,
    };
    IncidentChange { incident, occurrences: vec![occurrence] }
}

impl House {
    async fn send(&self, request: Request<Body>) -> Response<Body> {
        router(Arc::clone(&self.shared)).oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response<Body> {
        self.send(request(Method::GET, path, &[], "")).await
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&text(self.get(path).await).await).unwrap()
    }
}

fn request(method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut it = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        it = it.header(*name, *value);
    }
    it.body(Body::from(body.to_owned())).unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), 1 << 22).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
#[rustfmt::skip]
async fn every_path_answers() {
    // method | path | status | content type
    check("GET  /                                     200 text/html; charset=utf-8").await;
    check("GET  /incidents/9f86d081884c7d65           200 text/html; charset=utf-8").await;
    check("GET  /rules                                200 text/html; charset=utf-8").await;
    check("GET  /rules/sql-login-failed               200 text/html; charset=utf-8").await;
    check("GET  /rules/unclassified                   200 text/html; charset=utf-8").await;
    check("GET  /rules/nothing                        404 text/html; charset=utf-8").await;
    check("GET  /explain                              200 text/html; charset=utf-8").await;
    check("GET  /sources                              200 text/html; charset=utf-8").await;
    check("GET  /app.css                              200 text/css; charset=utf-8").await;
    check("GET  /app.js                               200 text/javascript; charset=utf-8").await;
    check("GET  /icon.svg                             200 image/svg+xml").await;
    check("GET  /metrics                              200 text/plain; version=0.0.4; charset=utf-8").await;
    check("GET  /livez                                200 text/plain; charset=utf-8").await;
    check("GET  /readyz                               200 text/plain; charset=utf-8").await;
    check("GET  /api/v1/incidents                     200 application/json").await;
    check("GET  /api/v1/incidents?state=resolved      200 application/json").await;
    check("GET  /api/v1/incidents?state=gone          400 application/json").await;
    check("GET  /api/v1/incidents?rule=unclassified   200 application/json").await;
    check("GET  /api/v1/incidents/9f86d081884c7d65    200 application/json").await;
    check("GET  /api/v1/incidents/0000000000000000    404 application/json").await;
    check("GET  /api/v1/rules                         200 application/json").await;
    check("GET  /api/v1/rules/sql-login-failed        200 application/json").await;
    check("GET  /api/v1/rules/nothing                 404 application/json").await;
    check("GET  /api/v1/silences                      200 application/json").await;
    check("POST /api/v1/silences                      400 application/json").await;
    check("GET  /api/v1/silences/nothing              405 application/json").await;
    check("GET  /api/v1/status                        200 application/json").await;
    check("GET  /api/v1/explain                       405 application/json").await;
    check("POST /api/v1/explain                       400 application/json").await;
    check("GET  /api/v1/nothing                       404 application/json").await;
    check("GET  /api/v1/events                        200 text/event-stream").await;
}

#[tokio::test]
async fn incidents_keep_their_shape() {
    let body = house(WebConfig::default()).json("/api/v1/incidents").await;
    let mut row = body["incidents"][0].clone();
    assert_eq!(row["sample"].take()["rule"], "sql-login-failed");
    expect_test::expect![[r#"
        {
          "fingerprint": "9f86d081884c7d65",
          "key": "9f86d081884c7d65",
          "rule": "sql-login-failed",
          "category": "authentication",
          "severity": "error",
          "fault": "user",
          "retryable": false,
          "state": "open",
          "count": 3,
          "first_seen": "2026-03-01T06:12:09.4Z",
          "last_seen": "2026-03-01T06:40:00Z",
          "resolved_at": null,
          "title": "SQL Server refused the login",
          "cause": "The password is wrong.",
          "resolution": [
            "Renew the secret."
          ],
          "verify": null,
          "references": [
            "https://learn.microsoft.com/x"
          ],
          "sample": null,
          "group": {},
          "factories": [],
          "pipelines": [
            "nightly"
          ],
          "activities": [],
          "integration_runtimes": [],
          "nodes": []
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&row).unwrap());
}

#[tokio::test]
async fn one_incident_has_its_latest_occurrences() {
    let it = house(WebConfig::default()).json("/api/v1/incidents/9f86d081884c7d65").await;
    assert_eq!(it["occurrences"][0]["activity"], "Copy orders");
    assert_eq!(it["occurrences"][0]["position"]["line"], 2);
}

#[tokio::test]
async fn a_text_is_explained() {
    let house = house(WebConfig::default());
    let error = "ErrorCode=SqlFailedToConnect,'Type=System.Data.SqlClient.SqlException,\
        Message=Login failed for user 'etl'.,Source=s,'";
    let answer = house.send(request(Method::POST, "/api/v1/explain", &[], error)).await;
    let it: Value = serde_json::from_str(&text(answer).await).unwrap();
    assert_eq!(it["rule"], "sql-login-failed");
    assert_eq!(it["cause"], "The password of `etl` is wrong.");
    assert_eq!(it["record"]["chain"][0]["error_code"], "SqlFailedToConnect");
}

#[tokio::test]
async fn a_text_that_nobody_knows_is_answered_too() {
    let house = house(WebConfig::default());
    let answer = house.send(request(Method::POST, "/api/v1/explain", &[], "hello \u{0} {[<")).await;
    let it: Value = serde_json::from_str(&text(answer).await).unwrap();
    assert_eq!(
        (it["rule"].as_str(), it["category"].as_str()),
        (Some("unclassified"), Some("unknown"))
    );
}

#[tokio::test]
async fn a_text_has_a_limit() {
    let house = house(WebConfig::default());
    let answer = house
        .send(request(Method::POST, "/api/v1/explain", &[], &"x".repeat(BODY_LIMIT + 1)))
        .await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
#[rustfmt::skip]
async fn only_our_own_page_and_programs_change_anything() {
    // headers                                                          status
    check_resolve("",                                                   200).await;
    check_resolve("Host: localhost:1|Origin: http://localhost:1",       200).await;
    check_resolve("Host: 127.0.0.1:1|Origin: https://s.contoso.example",200).await;
    check_resolve("Host: s.contoso.example|Origin: https://s.contoso.example", 200).await;
    check_resolve("Host: localhost:1|Origin: http://evil.example",      403).await;
    check_resolve("Host: localhost:1|Origin: http://localhost:2",       403).await;
    check_resolve("Host: localhost:1|Origin: null",                     403).await;
    check_resolve("Host: localhost:1|Sec-Fetch-Site: cross-site",       403).await;
    check_resolve("Host: evil.example|Origin: http://evil.example",     403).await;
    check_resolve("Host: evil.example",                                 403).await;
}

#[tokio::test]
async fn read_only_changes_nothing() {
    let house = house(WebConfig { read_only: true, ..WebConfig::default() });
    let path = "/api/v1/incidents/9f86d081884c7d65/resolve";
    let answer = house.send(request(Method::POST, path, &[], "")).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(house.get("/api/v1/incidents").await.status(), StatusCode::OK);
}

#[tokio::test]
#[rustfmt::skip]
async fn a_foreign_name_reads_no_log() {
    // host | path                                   status
    check_host("evil.example",  "/api/v1/incidents", 403).await;
    check_host("evil.example",  "/",                 403).await;
    check_host("evil.example",  "/metrics",          200).await;
    check_host("evil.example",  "/readyz",           200).await;
    check_host("127.0.0.1:80",  "/api/v1/incidents", 200).await;
    check_host("s.contoso.example", "/",             200).await;
}

#[tokio::test]
async fn health_says_why() {
    let house = house(WebConfig::default());
    house.shared.set_health(Health {
        dead: vec![],
        not_ready: vec!["the store takes nothing".to_owned(), "no source is open".to_owned()],
        notes: vec![],
    });
    assert_eq!(house.get("/livez").await.status(), StatusCode::OK);
    let answer = house.get("/readyz").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text(answer).await, "the store takes nothing\nno source is open\n");
    let notes = vec!["the new configuration is not used".to_owned()];
    house.shared.set_health(Health { notes, ..Health::default() });
    let answer = house.get("/readyz").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(text(answer).await, "ok\nthe new configuration is not used\n");
}

#[tokio::test]
async fn metrics_show_what_was_committed() {
    let house = house(WebConfig::default());
    let mut key = String::new();
    let labels = ["sql-login-failed", "authentication", "error", "user"];
    crate::model::totals::series(&mut key, metrics::ERRORS.name, &labels);
    house.shared.committed([(key, 3.0)]);
    let shown = text(house.get("/metrics").await).await;
    let line = "shirwatch_errors_total{rule=\"sql-login-failed\",category=\"authentication\",\
        severity=\"error\",fault=\"user\"} 3\n";
    assert!(shown.contains(line), "{shown}");
}

#[tokio::test]
async fn the_status_tells_of_sources_and_receivers() {
    let house = house(WebConfig::default());
    let gauges = SourceGauges { lag_bytes: 9, files_open: 1, last_read: None, stalled: true };
    house.shared.snapshot_mut().sources.insert("logs".to_owned(), gauges);
    house.shared.snapshot_mut().queues.insert("ops".to_owned(), 4);
    house.shared.set_failure("ops", Some("no answer".to_owned()));
    let mut status = house.json("/api/v1/status").await;
    status["uptime_seconds"] = Value::Null;
    expect_test::expect![[r#"
        {
          "version": "0.1.0",
          "revision": "",
          "uptime_seconds": null,
          "ready": true,
          "reasons": [],
          "notes": [],
          "read_only": false,
          "rules": 2,
          "sources": [
            {
              "name": "logs",
              "kind": "file",
              "lag_bytes": 9,
              "files_open": 1,
              "last_read": null,
              "stalled": true,
              "ledger": {
                "bytes": 0,
                "records": 0,
                "classified": 0,
                "unclassified": 0,
                "no_error": 0,
                "duplicate": 0,
                "dropped": {},
                "pending": 0,
                "balanced": true
              }
            }
          ],
          "receivers": [
            {
              "name": "ops",
              "kind": "webhook",
              "queue": 4,
              "sent": 0,
              "failed": 0,
              "last_error": "no answer"
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&status).unwrap());
}

#[tokio::test]
async fn open_pages_hear_of_each_change() {
    let house = house(WebConfig::default());
    let answer = house.get("/api/v1/events").await;
    house.shared.announce(&incident().incident);
    let mut stream = answer.into_body().into_data_stream();
    let first = futures_util::StreamExt::next(&mut stream).await.unwrap().unwrap();
    let first = String::from_utf8(first.to_vec()).unwrap();
    assert!(
        first.starts_with("event: incident\ndata: {\"fingerprint\":\"9f86d081884c7d65\""),
        "{first}"
    );
}

#[tokio::test]
async fn nothing_is_loaded_from_elsewhere() {
    let answer = house(WebConfig::default()).get("/").await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let html = text(answer).await;
    assert!(!html.contains("http://") && !html.contains("https://"), "{html}");
    for inline in [" style=", "<style", " onclick=", "<script>"] {
        assert!(!html.contains(inline), "{inline}");
    }
    let script = include_str!("page/app.js");
    for markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!script.contains(markup), "{markup}");
    }
}

#[tokio::test]
async fn a_listener_serves_until_it_is_told_to_stop() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let house = house(WebConfig { listen: "127.0.0.1:0".to_owned(), ..WebConfig::default() });
    let listener = bind(&house.shared.config).await.unwrap();
    let address = local(&listener).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stop_seen = async move { drop(stopped.await) };
    let serving = tokio::spawn(serve(listener, Arc::clone(&house.shared), stop_seen));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /livez HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok\n"), "{answer}");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    let why = bind(&WebConfig { listen: "0.0.0.0:0".to_owned(), ..WebConfig::default() }).await;
    assert!(matches!(why, Err(WebError::Exposed { .. })));
}

async fn check(row: &str) {
    let words: Vec<_> = row.splitn(2, ' ').collect();
    let rest: Vec<_> = words[1].split_whitespace().collect();
    let (path, status, kind) = (rest[0], rest[1], rest[2..].join(" "));
    let method = words[0].parse().unwrap();
    let answer = house(WebConfig::default()).send(request(method, path, &[], "")).await;
    let actual = format!(
        "{} {}",
        answer.status().as_u16(),
        answer.headers()["content-type"].to_str().unwrap()
    );
    assert_eq!(actual, format!("{status} {kind}"), "{row}");
}

#[tokio::test]
async fn a_silence_is_made_listed_and_ended() {
    let house = house(WebConfig::default());
    let path = "/api/v1/silences";
    let body = r#"{"matchers":["category=dns"],"ends_at":"9000-01-01T00:00:00Z"}"#;
    let made = house.send(request(Method::POST, path, &[], body)).await;
    assert_eq!(made.status().as_u16(), 201);
    let made: Value = serde_json::from_str(&text(made).await).unwrap();
    assert_eq!(house.json(path).await["silences"][0], made);
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    for expected in [204, 404] {
        let ended = house.send(request(Method::DELETE, &one, &[], "")).await;
        assert_eq!(ended.status().as_u16(), expected);
    }
}

#[tokio::test]
#[rustfmt::skip]
async fn a_silence_that_cannot_be_is_refused() {
    // headers, body, status
    check_silence("", r#"{"matchers":[],"ends_at":"9000-01-01T00:00:00Z"}"#,               400).await;
    check_silence("", r#"{"matchers":["a"],"ends_at":"9000-01-01T00:00:00Z"}"#,            400).await;
    check_silence("", r#"{"matchers":["a=~("],"ends_at":"9000-01-01T00:00:00Z"}"#,         400).await;
    check_silence("", r#"{"matchers":["a=b"],"ends_at":"2001-01-01T00:00:00Z"}"#,          400).await;
    check_silence("", r#"{"matchers":["a=b"],"ends_at":"9000-01-01T00:00:00Z","x":1}"#,    400).await;
    check_silence("Origin: https://evil.example", r#"{"matchers":["a=b"],"ends_at":"9000-01-01T00:00:00Z"}"#, 403).await;
}

async fn check_silence(headers: &str, body: &str, expected: u16) {
    let headers: Vec<_> = headers.split('|').filter_map(|it| it.split_once(": ")).collect();
    let asked = request(Method::POST, "/api/v1/silences", &headers, body);
    let answer = house(WebConfig::default()).send(asked).await;
    assert_eq!(answer.status().as_u16(), expected, "{body}");
}

fn outside() -> WebConfig {
    let external_url = Some("https://s.contoso.example/".to_owned());
    WebConfig { external_url, ..WebConfig::default() }
}

async fn check_resolve(headers: &str, expected: u16) {
    let mut house = house(outside());
    let headers: Vec<_> = headers.split('|').filter_map(|it| it.split_once(": ")).collect();
    let path = "/api/v1/incidents/9f86d081884c7d65/resolve";
    let mut commands = house.commands.take().unwrap();
    tokio::spawn(async move {
        while let Some(Command::Resolve { name, answer }) = commands.recv().await {
            answer.send(name == "9f86d081884c7d65").unwrap();
        }
    });
    let answer = house.send(request(Method::POST, path, &headers, "")).await;
    assert_eq!(answer.status().as_u16(), expected, "{headers:?}");
}

async fn check_host(host: &str, path: &str, expected: u16) {
    let answer = house(outside()).send(request(Method::GET, path, &[("Host", host)], "")).await;
    assert_eq!(answer.status().as_u16(), expected, "{host} {path}");
}
