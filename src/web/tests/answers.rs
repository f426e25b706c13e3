//! Each path answers, and the shapes of answers stay as they are.

use super::*;

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
    check("GET  /page/base.css                        200 text/css; charset=utf-8").await;
    check("GET  /page/app.js                          200 text/javascript; charset=utf-8").await;
    check("GET  /icon.svg                             200 image/svg+xml").await;
    check("GET  /metrics                              200 text/plain; version=0.0.4; charset=utf-8").await;
    check("GET  /livez                                200 text/plain; charset=utf-8").await;
    check("GET  /readyz                               200 text/plain; charset=utf-8").await;
    check("GET  /api/v1/incidents                     200 application/json").await;
    check("GET  /api/v1/incidents?state=resolved      200 application/json").await;
    check("GET  /api/v1/incidents?state=gone          400 application/json").await;
    check("GET  /api/v1/incidents?limit=-1            400 application/json").await;
    check("GET  /api/v1/errors                        200 application/json").await;
    check("GET  /api/v1/errors?hours=x                400 application/json").await;
    check("GET  /api/v1/errors?hours=24&step=25       400 application/json").await;
    check("GET  /api/v1/errors?hours=501              400 application/json").await;
    check("GET  /api/v1/errors?until=9999-12-30T00:00:00Z 200 application/json").await;
    check("GET  /api/v1/errors?until=-009999-01-03T00:00:00Z 200 application/json").await;
    check("GET  /page/nothing.js                      404 application/json").await;
    check("GET  /api/v1/openapi.json                  200 application/json").await;
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
async fn health_says_why() {
    let house = house(WebConfig::default());
    house.shared.set_health(Health {
        dead: vec![],
        not_ready: vec!["the store takes nothing".to_owned(), "no source is open".to_owned()],
        notes: Vec::new(),
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
    let gauges =
        SourceGauges { lag_bytes: 9, stalled: true, files_open: 1, ..SourceGauges::default() };
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
          "incidents": {
            "critical": 0,
            "error": 0,
            "info": 0,
            "resolved": 0,
            "warning": 0
          },
          "runtimes": [],
          "sources": [
            {
              "name": "logs",
              "kind": "file",
              "lag_bytes": 9,
              "files_open": 1,
              "last_read": null,
              "stalled": true,
              "last_error": null,
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
          ],
          "members": []
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
