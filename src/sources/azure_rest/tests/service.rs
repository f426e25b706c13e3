//! Data Factory's API as its reference describes it: runs by the time of their last update, two on
//! a page, tokens that are JSON in a text, pages that are empty and go on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};

use crate::sources::azure::server::{Reply, Request, Server};

const PAGE: usize = 2;
const FACTORIES: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/\
                         rg-contoso/providers/Microsoft.DataFactory/factories/";

/// A service that runs as long as the test.
pub(super) struct Service {
    server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Runs by factory, in their order.
    runs: BTreeMap<String, Vec<Value>>,
    /// Activities by run.
    activities: BTreeMap<String, Vec<Value>>,
    runtimes: Vec<(String, String)>,
    faults: Vec<(u16, String)>,
    refused: Vec<(String, u16)>,
    clock: Timestamp,
}

impl Service {
    pub(super) fn start() -> Self {
        let clock = super::NOW.parse().unwrap();
        let state = Arc::new(Mutex::new(State { clock, ..State::default() }));
        let shared = Arc::clone(&state);
        let server = Server::start(move |request| shared.lock().unwrap().reply(request));
        state.lock().unwrap().runs.insert("adf".to_owned(), Vec::new());
        Self { server, state }
    }

    pub(super) fn url(&self) -> String {
        self.server.url.clone()
    }

    /// A run of a pipeline has this status since then.
    pub(super) fn run(&self, factory: &str, id: &str, status: &str, updated: &str) {
        let run = json!({
            "runId": id, "debugRunId": null, "runGroupId": id, "pipelineName": "examplePipeline",
            "parameters": { "OutputBlobNameList": "[\"exampleoutput.csv\"]" },
            "invokedBy": { "id": "80a01654a9d34ad18b3fcac5d5d76b67", "name": "Manual" },
            "runStart": "2026-03-17T04:59:00.6257014Z", "runEnd": null, "durationInMs": null,
            "status": status, "message": "", "lastUpdated": updated, "annotations": [],
            "runDimension": {}, "isLatest": true,
        });
        let mut state = self.state.lock().unwrap();
        let runs = state.runs.entry(factory.to_owned()).or_default();
        runs.retain(|it| it["runId"] != id);
        runs.push(run);
    }

    pub(super) fn activity(&self, run: &str, id: &str, status: &str) {
        let activity = json!({
            "activityRunEnd": "2026-03-17T05:00:00.9862869Z", "activityName": "ExampleCopyActivity",
            "activityRunStart": "2026-03-17T04:59:10.6587141Z", "activityType": "Copy",
            "durationInMs": 40000, "retryAttempt": null, "activityRunId": id,
            "error": { "errorCode": "", "message": "", "failureType": "", "target": "ExampleCopyActivity" },
            "input": {}, "linkedServiceName": "", "output": {}, "pipelineName": "examplePipeline",
            "pipelineRunId": run, "status": status,
        });
        self.state.lock().unwrap().activities.entry(run.to_owned()).or_default().push(activity);
    }

    pub(super) fn runtime(&self, name: &str, kind: &str) {
        self.state.lock().unwrap().runtimes.push((name.to_owned(), kind.to_owned()));
    }

    /// One of the next questions is answered so.
    pub(super) fn fail(&self, status: u16, header: &str) {
        self.state.lock().unwrap().faults.push((status, header.to_owned()));
    }

    /// Addresses with `part` in them are answered so, until all is allowed.
    pub(super) fn refuse(&self, part: &str, status: u16) {
        self.state.lock().unwrap().refused.push((part.to_owned(), status));
    }

    pub(super) fn allow(&self) {
        self.state.lock().unwrap().refused.clear();
    }

    pub(super) fn set_clock(&self, clock: Timestamp) {
        self.state.lock().unwrap().clock = clock;
    }

    /// The addresses that were asked for and hold `word`.
    pub(super) fn asked(&self, word: &str) -> Vec<String> {
        let asked = self.server.asked().into_iter().map(|it| it.target);
        asked.filter(|it| it.contains(word)).collect()
    }
}

impl State {
    fn reply(&mut self, request: &Request) -> Reply {
        let now = self.clock.to_zoned(jiff::tz::TimeZone::UTC);
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now.timestamp()).unwrap();
        let header = format!("date: {date}\r\ncontent-type: application/json; charset=utf-8\r\n");
        let (status, more, body) = match request.target.starts_with("/identity?") {
            true => (200, String::new(), json!({ "access_token": "t0ken", "expires_in": "3599" })),
            false => self.of_factory(request),
        };
        Some((status, format!("{header}{more}"), body.to_string()))
    }

    fn of_factory(&mut self, request: &Request) -> (u16, String, Value) {
        let error = |status, code: &str| {
            (
                status,
                String::new(),
                json!({ "error": { "code": code, "message": "Said in full." } }),
            )
        };
        if !request.header.contains("authorization: Bearer t0ken") {
            return error(401, "AuthenticationFailed");
        }
        if !self.faults.is_empty() {
            let (status, header) = self.faults.remove(0);
            return (status, header, json!({ "error": { "code": "TooManyRequests" } }));
        }
        let refused = self.refused.iter().find(|(part, _)| request.target.contains(part));
        if let Some((_, status)) = refused {
            return error(*status, "Refused");
        }
        let version = "api-version=2018-06-01";
        let target =
            request.target.strip_suffix(version).and_then(|it| it.strip_suffix(['?', '&']));
        let Some(path) = target.and_then(|it| it.strip_prefix(FACTORIES)) else {
            return error(400, "InvalidApiVersionParameter");
        };
        let parts: Vec<_> = path.split('/').collect();
        let Some(runs) = self.runs.get(parts[0]) else { return error(404, "ResourceNotFound") };
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let answer = match (request.method.as_str(), &parts[1..]) {
            ("POST", ["queryPipelineRuns"]) => page(runs, "lastUpdated", &body),
            ("POST", ["pipelineruns", id, "queryActivityruns"]) => {
                let own = self.activities.get(*id).cloned().unwrap_or_default();
                page(&own, "activityRunEnd", &body)
            }
            ("GET", [list]) if list.starts_with("integrationRuntimes") => {
                Some(self.list(parts[0], list))
            }
            ("POST", ["integrationRuntimes", name, "getStatus"]) => Some(json!({
                "name": name, "properties": { "state": "Online", "type": "SelfHosted", "typeProperties": {} },
            })),
            ("POST", ["integrationRuntimes", name, "monitoringData"]) => {
                Some(json!({ "name": name, "nodes": [] }))
            }
            ("POST", ["integrationRuntimes", _, "getConnectionInfo"]) => Some(json!({
                "serviceToken": "s3cret", "identityCertThumbprint": "AB", "publicKey": "k3y",
                "hostServiceUri": "https://node-1:8050/HostServiceRemote.svc/",
                "version": "5.60.9000.1", "isIdentityCertExprired": true,
            })),
            _ => None,
        };
        answer.map_or_else(|| error(400, "BadRequest"), |it| (200, String::new(), it))
    }
}

impl State {
    /// A page of the runtimes, with the address of the next.
    fn list(&self, factory: &str, asked: &str) -> Value {
        let from = asked.split_once("%24skiptoken=").map_or(0, |(_, it)| it.parse().unwrap());
        let value = self.runtimes.iter().skip(from).take(PAGE).map(|(name, kind)| {
            json!({
                "id": format!("{FACTORIES}{factory}/integrationruntimes/{name}"),
                "name": name, "type": "Microsoft.DataFactory/factories/integrationruntimes",
                "properties": { "type": kind, "description": "" },
            })
        });
        let mut page = json!({ "value": value.collect::<Vec<_>>() });
        if from + PAGE < self.runtimes.len() {
            let query = format!("%24skiptoken={}&api-version=2018-06-01", from + PAGE);
            let link = format!("https://elsewhere.example{FACTORIES}{factory}/integrationRuntimes");
            page["nextLink"] = format!("{link}?{query}").into();
        }
        page
    }
}

/// A page of what was updated in the window; a first page that is empty where there are many.
fn page(all: &[Value], updated: &str, body: &Value) -> Option<Value> {
    let time = |it: &Value| it.as_str()?.parse::<Timestamp>().ok();
    let (since, before) = (time(&body["lastUpdatedAfter"])?, time(&body["lastUpdatedBefore"])?);
    let inside =
        all.iter().filter(|it| time(&it[updated]).is_some_and(|it| it >= since && it <= before));
    let inside: Vec<_> = inside.collect();
    let token = match body["continuationToken"].as_str() {
        Some(token) => serde_json::from_str::<Value>(token).ok()?["token"].as_u64()? as usize,
        None if inside.len() > 2 * PAGE => {
            let token = json!({ "token": 0, "range": { "min": "05C1" } }).to_string();
            return Some(json!({ "value": [], "continuationToken": token }));
        }
        None => 0,
    };
    let end = (token + PAGE).min(inside.len());
    let mut page = json!({ "value": inside[token..end] });
    if end < inside.len() {
        page["continuationToken"] = json!({ "token": end, "range": null }).to_string().into();
    }
    Some(page)
}
