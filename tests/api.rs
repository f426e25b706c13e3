//! The API answers as its description says: each answer over the example logs is checked
//! against its schema, and each path of the router is described.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::root;

/// The description, and what was asked of it.
struct Described {
    document: Value,
    asked: BTreeMap<String, Option<Validator>>,
}

impl Described {
    /// As it is served, with one more rule: no object holds what is not described.
    fn by(daemon: &Daemon) -> Self {
        let mut document: Value =
            serde_json::from_str(&daemon.get("/api/v1/openapi.json")).unwrap();
        close(&mut document["components"]["schemas"]);
        close(&mut document["paths"]);
        Self { document, asked: BTreeMap::new() }
    }

    /// Asks, and checks the answer; gives its body.
    #[track_caller]
    fn check(
        &mut self,
        daemon: &Daemon,
        method: &str,
        path: &str,
        body: &str,
        status: u16,
    ) -> Value {
        let (actual, text) = daemon.ask(method, path, body);
        assert_eq!(actual, status, "{method} {path}: {text}");
        let (template, operation) = self.operation(method, path);
        let asked = format!("{method} {template} {status}");
        if !self.asked.contains_key(&asked) {
            let validator = self.validator(operation, status);
            self.asked.insert(asked.clone(), validator);
        }
        let Some(validator) = &self.asked[&asked] else { return Value::Null };
        let answer = serde_json::from_str(&text).unwrap();
        let faults = validator.iter_errors(&answer);
        let faults: Vec<_> =
            faults.map(|it| format!("{}: {it}", it.instance_path())).take(5).collect();
        assert!(faults.is_empty(), "{asked} is not as described:\n{}", faults.join("\n"));
        answer
    }

    /// What judges an answer; `None` where it has no body.
    #[track_caller]
    fn validator(&self, operation: &Value, status: u16) -> Option<Validator> {
        let mut response = &operation["responses"][status.to_string()];
        assert!(response.is_object(), "{status} is not described in {operation}");
        if let Some(name) = response["$ref"].as_str() {
            response = self.document.pointer(name.trim_start_matches('#')).unwrap();
        }
        let mut schema = response.pointer("/content/application~1json/schema")?.clone();
        schema["components"] = self.document["components"].clone();
        Some(jsonschema::draft202012::new(&schema).unwrap())
    }

    /// The operation that a request asks for.
    #[track_caller]
    fn operation(&self, method: &str, path: &str) -> (String, &Value) {
        let path = path.split('?').next().unwrap();
        let paths = self.document["paths"].as_object().unwrap();
        let exact = paths.iter().filter(|(template, _)| fits(template, path));
        let (template, found) = exact.min_by_key(|(it, _)| it.contains('{')).unwrap();
        let operation = &found[method.to_lowercase()];
        assert!(operation.is_object(), "{method} {path} is not described");
        (template.clone(), operation)
    }
}

/// Whether a path is one of a template.
fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(template, it)| template == it || template.starts_with('{'))
}

/// Forbids what is not described, in all objects that name their properties.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(it) => {
            if it.get("properties").is_some_and(Value::is_object) {
                it.entry("additionalProperties").or_insert(json!(false));
            }
            it.values_mut().for_each(close);
        }
        Value::Array(it) => it.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn each_answer_is_as_described() {
    let dir = tempfile::tempdir().unwrap();
    let logs = root().join("deploy/demo/logs");
    let more = "receivers:\n  - { name: hook, webhook: { url: 'http://127.0.0.1:9/' } }\n";
    let config = format!("sources:\n  - file: {{ include: ['{}/*'] }}\n{more}", logs.display());
    let daemon = Daemon::start(dir.path(), &config);
    daemon.wait_for("/api/v1/incidents?state=all&brief=true", "sql-connect-login-failed");
    let mut it = Described::by(&daemon);

    let all = it.check(&daemon, "GET", "/api/v1/incidents?state=all", "", 200);
    let incidents = all["incidents"].as_array().unwrap();
    for incident in incidents {
        let key = incident["key"].as_str().unwrap();
        it.check(&daemon, "GET", &format!("/api/v1/incidents/{key}"), "", 200);
    }
    let first = format!("/api/v1/incidents/{}", incidents[0]["key"].as_str().unwrap());
    it.check(&daemon, "POST", &format!("{first}/resolve"), "", 200);
    it.check(&daemon, "POST", "/api/v1/incidents/none/resolve", "", 404);
    it.check(&daemon, "GET", "/api/v1/incidents/none", "", 404);
    it.check(&daemon, "GET", "/api/v1/incidents?state=gone", "", 400);

    let rules = it.check(&daemon, "GET", "/api/v1/rules", "", 200);
    let mut examples = 0;
    let each_fortieth = rules["rules"].as_array().unwrap().iter().step_by(40);
    let some = each_fortieth.map(|rule| rule["id"].as_str().unwrap());
    // These have what few rules have.
    for id in some.chain(["general-throttled", "credential-store-sync-stuck"]) {
        let rule = it.check(&daemon, "GET", &format!("/api/v1/rules/{id}"), "", 200);
        if let Some(text) = rule["examples"][0]["text"].as_str() {
            it.check(&daemon, "POST", "/api/v1/explain", text, 200);
            examples += 1;
        }
    }
    assert!(examples > 0, "rules are shown with their examples");
    it.check(&daemon, "GET", "/api/v1/rules/none", "", 404);
    it.check(&daemon, "POST", "/api/v1/explain", " ", 400);
    it.check(&daemon, "POST", "/api/v1/explain", &"x".repeat((1 << 20) + 1), 413);

    let silence = r#"{"matchers":["category=dns"],"ends_at":"9000-01-01T00:00:00Z","comment":"c"}"#;
    let made = it.check(&daemon, "POST", "/api/v1/silences", silence, 201);
    it.check(&daemon, "POST", "/api/v1/silences", "{}", 400);
    it.check(&daemon, "GET", "/api/v1/silences", "", 200);
    let silenced = incidents.iter().find(|it| it["category"] == "dns").unwrap();
    let silenced = format!("/api/v1/incidents/{}", silenced["key"].as_str().unwrap());
    let silenced = it.check(&daemon, "GET", &silenced, "", 200);
    assert_eq!(silenced["silences"][0]["id"], made["id"]);
    let one = format!("/api/v1/silences/{}", made["id"].as_str().unwrap());
    it.check(&daemon, "DELETE", &one, "", 204);
    it.check(&daemon, "DELETE", &one, "", 404);

    it.check(&daemon, "GET", "/api/v1/errors", "", 200);
    it.check(&daemon, "GET", "/api/v1/errors?hours=0", "", 400);
    it.check(&daemon, "GET", "/api/v1/status", "", 200);
    it.check(&daemon, "GET", "/api/v1/openapi.json", "", 200);

    // All operations with their good answers; the stream of events never ends, so that it is
    // tested elsewhere. What needs another configuration has its test beside the code.
    let described = it.document["paths"].as_object().unwrap();
    for (path, operations) in described.iter().filter(|(path, _)| *path != "/api/v1/events") {
        for method in operations.as_object().unwrap().keys() {
            let asked = format!("{} {path} 2", method.to_uppercase());
            assert!(it.asked.keys().any(|it| it.starts_with(&asked)), "{asked}xx was not asked");
        }
    }
}

#[test]
fn the_hours_of_the_example_logs_are_all_their_errors() {
    let dir = tempfile::tempdir().unwrap();
    let logs = root().join("deploy/demo/logs");
    let config =
        format!("sources:\n  - file: {{ include: ['{}/*'], idle: 50ms }}\n", logs.display());
    let daemon = Daemon::start(dir.path(), &config);
    daemon.wait_for("/metrics", "shirwatch_errors_total{rule=\"sql-connect-login-failed\"");
    // All is read, and what we say of the runtimes ourselves; what is held for word of its activity is counted later.
    daemon.wait_for("/api/v1/status", "\"records\":109,");
    let sum = |query: &str| -> u64 {
        let it: Value =
            serde_json::from_str(&daemon.get(&format!("/api/v1/errors{query}"))).unwrap();
        let points = it["points"].as_array().unwrap().clone();
        let levels = ["critical", "error", "warning", "info"];
        points.iter().flat_map(|it| levels.map(|level| it[level].as_u64().unwrap())).sum()
    };
    let metrics = daemon.get("/metrics");
    let counted = metrics.lines().filter(|it| it.starts_with("shirwatch_errors_total{"));
    let counted: f64 =
        counted.map(|it| it.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum();
    // Those with a time lie in March, the others in the hour of reading.
    let dated = sum("?hours=24&until=2026-03-17T23:00:00Z");
    assert_eq!((dated + sum("?hours=24")) as f64, counted);
    assert!(dated > 40, "{dated}");
}

#[test]
fn each_path_of_the_router_is_described() {
    let router = std::fs::read_to_string(root().join("src/web.rs")).unwrap();
    let document: Value = serde_json::from_str(include_str!("../src/web/openapi.json")).unwrap();
    let described: BTreeSet<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let routes = router.split(".route(\"").skip(1).filter_map(|it| it.split('"').next());
    let routes: BTreeSet<_> =
        routes.filter(|it| it.starts_with("/api/")).map(str::to_owned).collect();
    assert_eq!(described, routes);
}
