//! Following factories, over a real connection, against a server that answers as the published
//! examples of the API do.

mod service;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::*;
use crate::model::checkpoint::Checkpoint;
use service::Service;

const NOW: &str = "2026-03-17T05:30:00Z";

/// A service, what its runs came to, and the checkpoints that a restart goes on with.
struct Bench {
    service: Service,
    config: AzureRestConfig,
    source: RestSource,
    checkpoints: BTreeMap<String, Checkpoint>,
    /// Batches that were committed, and those that were read since.
    read: Vec<String>,
    fresh: Vec<String>,
    throttled: f64,
    now: Timestamp,
}

impl Bench {
    fn new(factories: &[&str]) -> Self {
        let service = Service::start();
        let mut config = AzureRestConfig {
            subscription: "00000000-0000-0000-0000-000000000000".to_owned(),
            resource_group: "rg-contoso".to_owned(),
            factories: factories.iter().map(|it| (*it).to_owned()).collect(),
            endpoint: service.url(),
            runtimes: false,
            ..AzureRestConfig::default()
        };
        let endpoint = Some(format!("{}/identity", service.url()));
        config.credential.managed_identity =
            Some(crate::sources::azure::credential::ManagedIdentity { endpoint, client_id: None });
        let source = open(&config, &[], false);
        Self {
            service,
            config,
            source,
            checkpoints: BTreeMap::new(),
            read: Vec::new(),
            fresh: Vec::new(),
            throttled: 0.0,
            now: NOW.parse().unwrap(),
        }
    }

    /// Reads what is there; takes at most so many batches, and ends when a poll is over.
    #[track_caller]
    fn read_at_most(&mut self, most: usize) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut taken = 0;
        while Instant::now() < deadline {
            if taken == most {
                return;
            }
            if let Some(batch) = self.source.read(self.now).unwrap() {
                self.fresh.push(told(batch.bytes));
                let length = batch.bytes.len();
                self.source.advance(length, Framing::default());
                taken += 1;
            } else if let Some(rest) = self.source.factories[0].pace.rests(self.now) {
                self.now = self.now.checked_add(rest).unwrap();
            } else if self.source.factories.iter().all(|it| it.is_idle() && it.complete) {
                return;
            } else {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        panic!("it does not end; {:?}", self.source.status());
    }

    /// Lets a poll begin, and reads all that it gives.
    #[track_caller]
    fn poll(&mut self) {
        self.now = self.now.checked_add(Duration::from_secs(60)).unwrap();
        self.service.set_clock(self.now);
        self.source.factories.iter_mut().for_each(|it| it.complete = false);
        self.read_at_most(usize::MAX);
    }

    fn commit(&mut self) {
        let mut changes = Changes::default();
        self.source.checkpoints(&mut changes);
        for it in changes.checkpoints {
            self.checkpoints.insert(it.stream.clone(), it);
        }
        for (_, stream) in changes.forgotten {
            self.checkpoints.remove(&stream);
        }
        let throttled = changes.totals.iter().filter(|(it, _)| it.contains("throttled"));
        self.throttled += throttled.map(|(_, by)| by).sum::<f64>();
        self.read.append(&mut self.fresh);
    }

    fn kill(&mut self) {
        self.fresh.clear();
        let known: Vec<_> = self.checkpoints.values().cloned().collect();
        self.source = open(&self.config, &known, false);
    }

    #[track_caller]
    fn check(&mut self, read: &[&str]) {
        self.commit();
        assert_eq!(self.read, read);
    }
}

fn open(config: &AzureRestConfig, checkpoints: &[Checkpoint], once: bool) -> RestSource {
    let how = Opening { checkpoints, once, ..Opening::default() };
    RestSource::of("factories", &BTreeMap::new(), config, &how).unwrap()
}

/// The elements of a batch: `a1 Failed, run Failed`.
fn told(bytes: &[u8]) -> String {
    let lines = str::from_utf8(bytes).unwrap().lines();
    let lines = lines.map(|line| {
        let it: serde_json::Value = serde_json::from_str(line).unwrap();
        let id = it["activityRunId"].as_str().or(it["runId"].as_str()).or(it["name"].as_str());
        assert!(!["s3cret", "k3y"].iter().any(|it| line.contains(it)), "a secret is told: {line}");
        let expired = (it["isIdentityCertExprired"] == true).then_some("expired");
        let status = it["status"].as_str().or(expired);
        format!("{} {}", id.unwrap_or("?"), status.unwrap_or_default()).trim().to_owned()
    });
    lines.collect::<Vec<_>>().join(", ")
}

#[test]
fn runs_are_told_with_their_activities_page_by_page() {
    let mut bench = Bench::new(&["adf"]);
    for it in 0..5 {
        let run = format!("r{it}");
        bench.service.run("adf", &run, "Failed", "2026-03-17T05:00:00Z");
        for activity in ["a", "b", "c"] {
            bench.service.activity(&run, &format!("{run}{activity}"), "Succeeded");
        }
    }
    bench.poll();
    let expected: Vec<_> = (0..5)
        .map(|it| format!("r{it}a Succeeded, r{it}b Succeeded, r{it}c Succeeded, r{it} Failed"))
        .collect();
    bench.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_run_is_told_once_for_each_status() {
    let mut bench = Bench::new(&["adf"]);
    bench.service.run("adf", "r", "InProgress", "2026-03-17T05:29:00Z");
    bench.poll();
    bench.poll();
    bench.service.activity("r", "a", "Failed");
    bench.service.run("adf", "r", "Failed", "2026-03-17T05:32:00Z");
    bench.poll();
    bench.poll();
    bench.check(&["r InProgress", "a Failed, r Failed"]);
}

#[test]
fn what_shows_late_is_found_by_the_overlap() {
    let mut bench = Bench::new(&["adf"]);
    bench.poll();
    bench.poll();
    bench.service.run("adf", "late", "Succeeded", "2026-03-17T05:20:00Z");
    bench.poll();
    bench.check(&["late Succeeded"]);
}

#[test]
fn what_was_told_before_a_kill_is_not_told_again_and_the_rest_is() {
    let runs: Vec<_> = (0..7).map(|it| format!("r{it}")).collect();
    for (taken, committed) in [(0, 0), (1, 1), (3, 3), (3, 0), (5, 5), (7, 7)] {
        let mut bench = Bench::new(&["adf"]);
        for run in &runs {
            bench.service.run("adf", run, "Succeeded", "2026-03-17T05:00:00Z");
        }
        bench.service.set_clock(bench.now);
        bench.read_at_most(taken);
        if committed > 0 {
            bench.commit();
        }
        bench.kill();
        bench.poll();
        let expected: Vec<_> = runs.iter().map(|it| format!("{it} Succeeded")).collect();
        bench.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn a_restart_goes_on_where_the_last_window_ended() {
    let mut bench = Bench::new(&["adf"]);
    bench.service.run("adf", "old", "Succeeded", "2026-03-17T05:00:00Z");
    bench.poll();
    bench.commit();
    bench.kill();
    bench.now = bench.now.checked_add(Duration::from_secs(3 * 24 * 3600)).unwrap();
    bench.service.run("adf", "meanwhile", "Succeeded", "2026-03-18T05:00:00Z");
    bench.poll();
    bench.check(&["old Succeeded", "meanwhile Succeeded"]);
    let streams: Vec<_> = bench.checkpoints.keys().map(String::as_str).collect();
    assert_eq!(streams, ["adf"], "rows of old runs are forgotten");
}

#[test]
fn a_limit_is_heeded_and_nothing_lost_by_it() {
    let mut bench = Bench::new(&["adf"]);
    for it in 0..3 {
        bench.service.run("adf", &format!("r{it}"), "Succeeded", "2026-03-17T05:00:00Z");
    }
    bench.service.fail(429, "retry-after: 17\r\n");
    bench.service.fail(429, "retry-after: 40\r\n");
    bench.service.fail(500, "");
    let before = bench.now;
    bench.poll();
    let waited = bench.now.duration_since(before).as_secs();
    assert!(waited >= 60 + 17 + 40, "waited {waited} s");
    bench.check(&["r0 Succeeded", "r1 Succeeded", "r2 Succeeded"]);
    assert_eq!(bench.throttled, 2.0);
    assert_eq!(bench.source.status().errors.len(), 0);
}

#[test]
fn a_factory_that_is_not_there_stops_no_other() {
    let mut bench = Bench::new(&["gone", "adf"]);
    bench.service.run("adf", "r", "Succeeded", "2026-03-17T05:00:00Z");
    bench.service.set_clock(bench.now);
    bench.read_at_most(1);
    let deadline = Instant::now() + Duration::from_secs(20);
    while bench.source.status().errors.is_empty() && Instant::now() < deadline {
        assert!(bench.source.read(bench.now).unwrap().is_none());
        std::thread::sleep(Duration::from_millis(1));
    }
    bench.check(&["r Succeeded"]);
    let told = bench.source.status().errors["gone"].clone();
    assert_eq!(told, "`127.0.0.1`, asked of factory `gone`, answered 404 ResourceNotFound");
}

#[test]
fn what_is_refused_for_good_stops_nothing_else_and_is_told_until_it_is_not() {
    let mut bench = Bench::new(&["adf"]);
    bench.config.runtimes = true;
    bench.kill();
    bench.service.runtime("a", "SelfHosted");
    bench.service.runtime("b", "SelfHosted");
    bench.service.refuse("/integrationRuntimes/a/", 403);
    bench.service.run("adf", "r", "Succeeded", "2026-03-17T05:00:00Z");
    bench.service.run("adf", "s", "Succeeded", "2026-03-17T05:01:00Z");
    bench.service.refuse("/pipelineruns/r/", 500);
    bench.poll();
    bench.check(&["s Succeeded", "b", "b"]);
    bench.poll();
    assert_eq!(bench.source.status().errors.len(), 1);
    bench.service.allow();
    bench.poll();
    bench.poll();
    bench.check(&[
        "s Succeeded",
        "b",
        "b",
        "b",
        "b",
        "r Succeeded",
        "a",
        "a",
        "b",
        "b",
        "a",
        "a",
        "b",
        "b",
    ]);
    assert_eq!(bench.source.status().errors.len(), 0);
}

#[test]
fn state_and_load_of_self_hosted_runtimes_go_the_way_of_all_texts() {
    let mut bench = Bench::new(&["adf"]);
    bench.config.runtimes = true;
    bench.kill();
    bench.service.runtime("shir-contoso", "SelfHosted");
    bench.service.runtime("AutoResolveIntegrationRuntime", "Managed");
    bench.poll();
    bench.check(&["shir-contoso", "shir-contoso"]);
    let asked = bench.service.asked("shir-contoso");
    let ends: Vec<_> = asked.iter().filter_map(|it| it.rsplit('/').next()).collect();
    assert_eq!(ends, ["getStatus?api-version=2018-06-01", "monitoringData?api-version=2018-06-01"]);
}

#[test]
fn of_the_answer_that_holds_a_token_only_the_certificate_is_told() {
    let mut bench = Bench::new(&["adf"]);
    (bench.config.runtimes, bench.config.certificates) = (true, true);
    bench.kill();
    bench.service.runtime("shir-contoso", "SelfHosted");
    bench.poll();
    bench.check(&["shir-contoso", "shir-contoso", "shir-contoso expired"]);
}

#[test]
fn runtimes_are_listed_page_by_page_and_nobody_else_is_asked() {
    let mut bench = Bench::new(&["adf"]);
    bench.config.runtimes = true;
    bench.kill();
    let names: Vec<_> = (0..7).map(|it| format!("shir-{it}")).collect();
    names.iter().for_each(|it| bench.service.runtime(it, "SelfHosted"));
    bench.poll();
    let mut told: Vec<_> = names.iter().flat_map(|it| [it.as_str(); 2]).collect();
    told.sort_unstable();
    bench.commit();
    bench.read.sort_unstable();
    assert_eq!(bench.read, told);
}

#[test]
fn reading_once_ends_with_what_was_there() {
    let bench = Bench::new(&["adf"]);
    bench.service.run("adf", "r", "Succeeded", "2026-03-17T05:00:00Z");
    bench.service.set_clock(bench.now);
    let mut source = open(&bench.config, &[], true);
    let mut read = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !source.status().finished {
        assert!(Instant::now() < deadline, "it does not end");
        match source.read(bench.now).unwrap().map(|it| told(it.bytes)) {
            Some(batch) => {
                read.push(batch);
                source.advance(0, Framing::default());
            }
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    assert_eq!(read, ["r Succeeded"]);
}

#[test]
#[rustfmt::skip]
fn a_configuration_is_refused_with_key_and_remedy() {
    check("{subscription: s, resource_group: r, factories: [adf]}",            "");
    check("{resource_group: r, factories: [adf]}",                             "source `runs`: `subscription` is missing; write its id");
    check("{subscription: s, factories: [adf]}",                               "source `runs`: `resource_group` is missing; write its name");
    check("{subscription: s, resource_group: r}",                              "source `runs`: `factories` is empty; write their names");
    check("{subscription: s, resource_group: r, factories: ['a/b']}",          "source `runs`: no factory can be named `a/b`; see `factories`");
    check("{subscription: s, resource_group: r, factories: [a], endpoint: 'http://management.contoso.example'}", "source `runs`: `endpoint` is no safe address; write `https://management.azure.com`");
    check("{subscription: s, resource_group: r, factories: [a], look_back: 2000h}", "source `runs`: `look_back` is out of range; write `1h` to `1080h`");
    check("{subscription: s, resource_group: r, factories: [a], poll_interval: 1s}", "source `runs`: `poll_interval` is out of range; write `10s` to `1h`");
    check("{subscription: s, resource_group: r, factories: [a], credential: {sas_file: f}}", "source `runs`: `credential` opens a storage account only; write an identity or an application");
}

#[track_caller]
fn check(yaml: &str, expected: &str) {
    let config = serde_saphyr::from_str::<AzureRestConfig>(yaml).unwrap();
    let fault = super::check("runs", &config).err().map(|it| it.to_string());
    assert_eq!(fault.unwrap_or_default(), expected);
}
