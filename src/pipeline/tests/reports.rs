//! Reports of the service through the whole pipeline: a sentence, a rule, an incident, its end.

use jiff::SignedDuration;

use super::*;
use crate::pipeline::IncidentsConfig;
use crate::pipeline::incidents::{AlertsConfig, GroupBy, Incidents};

/// Reads `text` at a minute; gives what is told, as `reason rule`.
fn read(pipeline: &mut Pipeline, minute: i64, text: &str) -> String {
    let notices = take(pipeline, text, at(minute));
    let said = notices.iter().map(|it| {
        let rule = &pipeline.incident(&it.key).expect("an incident").rule;
        format!("{} {rule}", it.reason.as_str())
    });
    said.collect::<Vec<_>>().join(", ")
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000).expect("a time") + SignedDuration::from_mins(minute)
}

fn load(nodes: &[(&str, u32)]) -> String {
    let node = |(name, free): &(&str, u32)| {
        format!(r#"{{"nodeName":"{name}","availableMemoryInMB":{free}}}"#)
    };
    let nodes: Vec<_> = nodes.iter().map(node).collect();
    format!("{{\n  \"name\": \"ir\",\n  \"nodes\": [{}]\n}}\n", nodes.join(","))
}

fn status(state: &str, node: &str) -> String {
    format!(
        r#"{{"name":"ir","properties":{{"state":"{state}","type":"SelfHosted","typeProperties":{{"nodes":[{{"nodeName":"NODE-1","status":"{node}"}}]}}}}}}"#
    )
}

fn run(minute: i64, id: &str, error: &str) -> String {
    let time = at(minute);
    format!(
        r#"{{"time":"{time}","category":"ActivityRuns","status":"Failed","activityRunId":"{id}","pipelineRunId":"p","activityType":"Copy","activityName":"Copy","pipelineName":"nightly","effectiveIntegrationRuntime":"ir","properties":{{"Error":{{"errorCode":"2200","message":"{error}"}}}}}}"#
    )
}

#[test]
fn a_node_short_of_memory_is_an_incident_until_it_is_not() {
    let mut it = pipeline();
    assert_eq!(read(&mut it, 0, &load(&[("NODE-1", 16_740)])), "");
    assert_eq!(read(&mut it, 1, &load(&[("NODE-1", 412)])), "first-seen runtime-node-memory-low");
    assert_eq!(read(&mut it, 2, &load(&[("NODE-1", 600)])), "");
    assert_eq!(read(&mut it, 3, &load(&[("NODE-1", 900)])), "resolved runtime-node-memory-low");
}

#[test]
fn trouble_that_nobody_reports_any_more_is_over_when_it_is_quiet() {
    let mut it = pipeline();
    assert_eq!(read(&mut it, 0, &load(&[("NODE-1", 412)])), "first-seen runtime-node-memory-low");
    assert_eq!(read(&mut it, 59, ""), "");
    assert_eq!(read(&mut it, 60, ""), "resolved runtime-node-memory-low");
}

#[test]
fn each_node_has_its_own_incident_where_they_are_told_apart() {
    let mut it = pipeline();
    let config = IncidentsConfig { group_by: vec![GroupBy::Node], ..IncidentsConfig::default() };
    it.incidents = Incidents::restore(config, AlertsConfig::default(), Vec::new());
    let rule = "runtime-node-memory-low";
    let both = format!("first-seen {rule}, first-seen {rule}");
    assert_eq!(read(&mut it, 0, &load(&[("NODE-1", 412), ("NODE-2", 412)])), both);
    let one = format!("resolved {rule}");
    assert_eq!(read(&mut it, 1, &load(&[("NODE-1", 900), ("NODE-2", 412)])), one);
    assert_eq!(read(&mut it, 2, &load(&[("NODE-1", 900), ("NODE-2", 900)])), one);
}

#[test]
fn what_comes_back_again_and_again_is_held_open() {
    let mut it = pipeline();
    for minute in 0..3 {
        let _ = read(&mut it, minute * 2, &load(&[("NODE-1", 412)]));
        let over = read(&mut it, minute * 2 + 1, &load(&[("NODE-1", 900)]));
        assert_eq!(over, "resolved runtime-node-memory-low", "{minute}");
    }
    assert_ne!(read(&mut it, 6, &load(&[("NODE-1", 412)])), "");
    assert_eq!(read(&mut it, 7, &load(&[("NODE-1", 900)])), "");
}

#[test]
fn a_runtime_that_is_back_by_its_own_word_ends_what_runs_said_of_it() {
    let offline = "The Self-hosted Integration Runtime 'ir' is offline, last connect time is '05/28/2026 20:00:00.000 UTC'.";
    let mut it = pipeline();
    assert_eq!(read(&mut it, 0, &run(0, "a", offline)), "first-seen runtime-offline");
    assert_eq!(read(&mut it, 1, &status("Online", "Online")), "resolved runtime-offline");
    assert_eq!(read(&mut it, 2, &status("Offline", "Online")), "first-seen runtime-offline");
    assert_eq!(read(&mut it, 3, &status("Online", "Online")), "resolved runtime-offline");
}

#[test]
fn a_node_that_is_down_quiets_its_own_errors_and_not_those_of_its_runtime() {
    let refused = "ErrorCode=SqlFailedToConnect,'Type=System.Net.Sockets.SocketException,Message=No such host is known,Source=System,'";
    let told = |state: &str, node: &str| {
        let mut it = pipeline();
        let _ = read(&mut it, 0, &status(state, node));
        read(&mut it, 1, &run(1, "a", &refused.replace('\'', "\\u0027")))
    };
    let alone = told("Online", "Online");
    assert!(alone.starts_with("first-seen "), "{alone}");
    assert_eq!(told("Online", "Offline"), alone);
}

#[test]
#[rustfmt::skip]
fn what_fails_on_a_node_tells_how_it_stands() {
    // what its event says                                                                          how it stands
    check_node("Failed to pull shared states from primary node net.tcp://n1:8060/ExternalService.svc/. The X.509 certificate CN=n1 chain building failed.", Some("Limited"));
    check_node("Error: Your integration runtime version 5.12.7984.1 is expired. Please update to the latest version.", Some("NeedUpgrade"));
    check_node("Service 'Integration Runtime Service' (DIAHostService) failed to start. Verify that you have sufficient privileges to start system services.", Some("Offline"));
    check_node("Authentication Key is not assigned yet",                                            Some("NeedRegistration"));
    check_node("Cannot open file a.csv: access denied",                                             Some("Online"));
}

#[track_caller]
fn check_node(says: &str, expected: Option<&str>) {
    let mut it = pipeline();
    let _ = read(&mut it, 0, &status("Online", "Online"));
    let time = at(1);
    let event = format!(
        r#"{{"@timestamp":"{time}","event":{{"provider":"Integration Runtime"}},"winlog":{{"channel":"Integration Runtime"}},"host":{{"name":"NODE-1.corp.contoso.example"}},"log":{{"level":"error"}},"message":"{says}"}}"#
    );
    let _ = read(&mut it, 1, &event);
    let (_, runtime) = it.runtimes.iter().find(|it| it.0 == "ir").expect("the runtime");
    assert_eq!(runtime.nodes["NODE-1"].status(at(2)), expected, "{says}");
    assert_eq!(runtime.status, "Online", "its other nodes go on");
}

/// A report makes a record of its own for each trouble; the books still balance.
#[test]
fn each_record_has_one_outcome() {
    let totals = feed(&mut pipeline(), load(&[("NODE-1", 1), ("NODE-2", 1)]).as_bytes(), 7);
    let sum = |name: &str| totals.iter().filter(|it| it.0 == name).map(|it| it.2).sum::<f64>();
    assert_eq!(sum("shirwatch_source_records_total") as u64, 3);
    assert_eq!(sum("shirwatch_source_outcomes_total") as u64, 3);
    assert_eq!(sum("shirwatch_errors_total") as u64, 2);
}

#[test]
fn secrets_in_names_stay_inside() {
    let mut it = pipeline();
    let name = "AccountKey=FAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfak==";
    let _ = read(&mut it, 0, &load(&[(name, 1)]).replace("\"ir\"", &format!("\"{name}\"")));
    let mut changes = Changes::default();
    it.drain(&mut changes);
    let stored = format!("{:?}{:?}", changes.runtimes, changes.incidents);
    assert!(stored.contains("memory") && !stored.contains("FAKE"), "{stored}");
}
