//! Requests and their answers, in process, with a real store behind.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response};
use jiff::Timestamp;
use serde_json::Value;
use shirwatch_parsers::{Link, Record};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tower::ServiceExt;

mod answers;
mod guards;
mod silences;
mod sockets;

use super::*;
use crate::catalogue::Catalogue;
use crate::model::Category;
use crate::model::Cause;
use crate::model::Fault;
use crate::model::Finding;
use crate::model::Fingerprint;
use crate::model::Hour;
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
    let users = config.users().unwrap();
    let shared = Shared::new(config, dir.path().into(), catalogue, sender).admitting(users);
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
        sample: Some(Box::new(Redacted::from_store(sample))),
        places: Default::default(),
        course: Default::default(),
        notified_at: None,
    };
    Arc::make_mut(&mut incident.places).pipelines.insert("nightly");
    let occurrence = Occurrence {
        time: "2026-03-01T06:40:00Z".parse().unwrap(),
        position: Position { path: "/logs/a.log".to_owned(), offset: 7, line: 2 },
        pipeline: Some("nightly".to_owned()),
        pipeline_run_id: None,
        activity: Some("Copy orders".to_owned()),
        activity_run_id: None,
        node: None,
    };
    IncidentChange {
        incident,
        base: None,
        occurrences: vec![occurrence],
        hours: vec![(Hour(492_318), 3)],
    }
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
