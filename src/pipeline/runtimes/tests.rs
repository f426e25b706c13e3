//! News in, how a runtime stands and what is said of it out.

use std::collections::BTreeMap;
use std::time::Duration;

use shirwatch_parsers::{Context, Settings, parse};

use super::*;
use crate::model::batch::Position;
use crate::model::finding::Fault;
use crate::model::fingerprint::Fingerprint;
use crate::model::redacted::{RedactionConfig, RedactionLevel};

#[derive(Clone, Copy)]
enum Heard {
    Fails(&'static str, Category, Option<Standing>),
    Succeeds,
    Reports(&'static str),
}

use Heard::{Fails, Reports, Succeeds};

const HEALTH: Category = Category::IrHealth;
const DOWN: Option<Standing> = Some(Standing::Offline);

#[test]
#[rustfmt::skip]
fn a_runtime_stands_as_the_latest_news_say() {
    // news at each second, how it stands
    check(&[(1, Succeeds)],                                                         None);
    check(&[(1, Fails("sql-login-failed", Category::Authentication, None))],       None);
    check(&[(1, Fails("runtime-offline", HEALTH, DOWN))],                           Some("Offline"));
    check(&[(1, Fails("runtime-offline", HEALTH, DOWN)), (2, Succeeds)],            Some("Online"));
    check(&[(2, Fails("runtime-offline", HEALTH, DOWN)), (1, Succeeds)],            Some("Offline"));
    check(&[(1, Fails("own", HEALTH, None))],                                       Some("Limited"));
    check(&[(1, Fails("any", Category::IrRegistration, None))],                     Some("NeedRegistration"));
    check(&[(1, Fails("any", Category::Tls, Some(Standing::Limited)))],             Some("Limited"));
    check(&[(1, Fails("any", Category::IrUpgrade, Some(Standing::NeedUpgrade)))],   Some("NeedUpgrade"));
    check(&[(2, Succeeds), (3, Fails("runtime-offline", HEALTH, DOWN)), (1, Fails("any", Category::IrRegistration, None))], Some("Offline"));
    check(&[(1, Reports("Upgrading"))],                                             Some("Upgrading"));
    check(&[(1, Fails("runtime-offline", HEALTH, DOWN)), (2, Reports("Online"))],   Some("Online"));
    check(&[(2, Fails("runtime-offline", HEALTH, DOWN)), (1, Reports("Online"))],   Some("Offline"));
    check(&[(1, Reports("Online")), (2, Fails("runtime-offline", HEALTH, DOWN))],   Some("Offline"));
    check(&[(1, Reports("two words"))],                                             Some(""));
}

#[track_caller]
fn check(news: &[(i64, Heard)], expected: Option<&str>) {
    let mut it = Runtimes::default();
    for (second, news) in news {
        let context = Context { integration_runtime: Some("ir".into()), ..Context::default() };
        let record = Record { time: Some(at(*second)), context, ..Record::default() };
        match news {
            Succeeds => it.succeeded(&record, at(*second)),
            Fails(rule, category, says) => {
                it.failed(&sighting(&record, rule, *category), *says);
            }
            Reports(state) => drop(it.reported(&report(*second, state, ""), "s", at(*second))),
        }
    }
    let stored: Vec<_> = it.drain();
    let again = Runtimes::restore(RuntimesConfig::default(), Arc::default(), stored);
    assert_eq!(again.iter().next().map(|(_, it)| it.status.as_str()), expected);
}

#[test]
fn trouble_of_a_node_is_told_and_is_over_when_no_node_has_it() {
    let mut it = Runtimes::default();
    let mut check = |minute: i64, nodes: &str, expected: &str| {
        let news = it.reported(&report(minute * 60, "Online", nodes), "s", at(minute * 60));
        assert_eq!(said(&it, &news), expected, "minute {minute}");
    };
    let low = "does not have enough memory: 100 MiB are available.";
    let both = format!("NODE-1 {low} | NODE-2 {low}");
    check(0, &(node("NODE-1", 100) + "," + &node("NODE-2", 100)), &both);
    check(1, &(node("NODE-1", 100) + "," + &node("NODE-2", 100)), "");
    check(2, &(node("NODE-1", 700) + "," + &node("NODE-2", 100)), "");
    check(3, &(node("NODE-1", 900) + "," + &node("NODE-2", 100)), "over but NODE-2");
    check(20, &(node("NODE-1", 900) + "," + &node("NODE-2", 100)), &format!("NODE-2 {low}"));
    check(21, &node("NODE-1", 900), "over but nobody");
}

#[test]
fn a_certificate_is_told_of_until_it_is_renewed() {
    let mut it = Runtimes::default();
    let mut check = |minute: i64, expired: bool, expected: &str| {
        let body = format!(r#"{{"name":"ir","isIdentityCertExprired":{expired}}}"#);
        let record = parse(&body, &Settings::default()).remove(0);
        let news = it.reported(&record, "s", at(minute * 60));
        assert_eq!(said(&it, &news), expected, "minute {minute}");
        assert_eq!(it.iter().next().unwrap().1.certificate_expired, Some(expired));
    };
    check(0, false, "");
    check(1, true, "- has a certificate that is not valid any more: it expired.");
    check(2, true, "");
    check(3, false, "over but nobody");
}

#[test]
fn a_report_that_is_older_changes_nothing() {
    let mut it = Runtimes::default();
    let _ = it.reported(&report(60, "Online", &node("NODE-1", 900)), "s", at(60));
    assert!(it.reported(&report(30, "Offline", &node("NODE-1", 1)), "s", at(61)).is_empty());
    let (_, runtime) = it.iter().next().unwrap();
    assert_eq!(runtime.status, "Online");
    assert_eq!(runtime.nodes["NODE-1"].report.available_memory, Some(900.0 * 1_048_576.0));
}

#[test]
fn status_and_load_come_in_any_order() {
    let mut it = Runtimes::default();
    let status = r#"{"nodeName":"NODE-1","status":"Limited","version":"5.1"}"#;
    let _ = it.reported(&report(60, "Online", &node("NODE-1", 900)), "s", at(100));
    let news = it.reported(&report(30, "Online", status), "s", at(100));
    assert_eq!(said(&it, &news), "NODE-1 is not fully connected: its status is Limited.");
    let (_, runtime) = it.iter().next().unwrap();
    let node = &runtime.nodes["NODE-1"].report;
    assert_eq!((node.status.as_deref(), node.available_memory.is_some()), (Some("Limited"), true));
}

#[test]
fn a_node_that_was_alive_and_is_silent_is_told_of() {
    let mut it = silent_after(60);
    assert!(it.heard(&event(10), "s", at(11)).is_empty());
    assert!(it.silent(at(12)).is_empty());
    assert!(it.silent(at(71)).is_empty());
    let told = it.silent(at(72));
    let (source, news) = told.into_iter().next().unwrap();
    assert_eq!(
        (source.as_str(), said(&it, &[news]).as_str()),
        ("s", "NODE-1 was not heard of for 1m.")
    );
    assert!(it.silent(at(73)).is_empty());
    let news = it.heard(&event(80), "s", at(81));
    assert_eq!(said(&it, &news), "over but nobody");
}

#[test]
fn old_logs_and_a_new_start_call_for_nobody() {
    let mut it = silent_after(60);
    let _ = it.heard(&event(10), "s", at(100_000));
    assert!(it.silent(at(100_000)).is_empty() && it.silent(at(200_000)).is_empty());
    let _ = it.heard(&event(200_000), "s", at(200_000));
    let config = it.config.clone();
    let mut again = Runtimes::restore(config, Arc::default(), it.drain());
    assert!(again.silent(at(300_000)).is_empty());
    assert!(again.silent(at(300_059)).is_empty());
    assert_eq!(again.silent(at(300_060)).len(), 1);
}

#[test]
fn a_node_stands_below_its_runtime_as_soon_as_that_is_known() {
    let mut it = silent_after(60);
    let _ = it.heard(&event(1), "s", at(1));
    let owners = |it: &Runtimes| -> Vec<String> {
        it.iter().filter(|it| !it.1.nodes.is_empty()).map(|it| it.0.clone()).collect()
    };
    assert_eq!(owners(&it), [""]);
    let _ = it.reported(&report(2, "Online", &node("NODE-1", 900)), "s", at(2));
    assert_eq!(owners(&it), ["ir"]);
    let _ = it.heard(&event(3), "s", at(3));
    assert_eq!(owners(&it), ["ir"]);
}

#[test]
fn a_flood_of_names_is_bounded() {
    let mut it = Runtimes::default();
    for i in 0..1_000 {
        let mut record = report(1, "Online", &node(&format!("N{i}"), 900));
        record.context.integration_runtime = Some(format!("ir-{i}").into());
        let _ = it.reported(&record, "s", at(1));
    }
    assert!(it.known.len() <= LIMIT);
    assert!(it.known.values().map(|it| it.nodes.len()).sum::<usize>() <= LIMIT);
}

#[test]
fn names_of_machines_are_redacted_where_names_are() {
    let config = RedactionConfig { level: RedactionLevel::Name };
    let redactor = Arc::new(Redactor::new(&config));
    let mut it = Runtimes::restore(RuntimesConfig::default(), redactor, Vec::new());
    let nodes = node("NODE-1", 900) + "," + &node("NODE-2", 900);
    let _ = it.reported(&report(1, "Online", &nodes), "s", at(1));
    let stored = format!("{:?}", it.drain());
    assert!(!stored.contains("NODE-") && stored.matches("name-").count() == 2, "{stored}");
}

/// What is news, in short.
fn said(it: &Runtimes, news: &[News]) -> String {
    let says = |it: &Record<'_>| {
        let node = it.context.node.as_deref().unwrap_or("-");
        format!("{node} {}", it.message.split("' ").last().unwrap())
    };
    let all = news.iter().map(|news| match news {
        News::Told(record) => says(record),
        News::Over(rule) => {
            let nodes: Vec<_> = it.troubled(rule).into_iter().filter_map(|it| it.1).collect();
            format!("over but {}", if nodes.is_empty() { "nobody".into() } else { nodes.join(" ") })
        }
    });
    all.collect::<Vec<_>>().join(" | ")
}

fn silent_after(seconds: u64) -> Runtimes {
    let silent_after = Some(Duration::from_secs(seconds));
    let config = RuntimesConfig { silent_after, ..RuntimesConfig::default() };
    Runtimes::restore(config, Arc::default(), Vec::new())
}

fn event(second: i64) -> Record<'static> {
    let context =
        Context { node: Some("NODE-1.corp.contoso.example".into()), ..Context::default() };
    Record { time: Some(at(second)), context, ..Record::default() }
}

fn report(second: i64, state: &str, nodes: &str) -> Record<'static> {
    let text = format!(
        r#"{{"name":"ir","properties":{{"state":"{state}","type":"SelfHosted","nodes":[{nodes}]}}}}"#
    );
    let record = parse(&text, &Settings::default()).remove(0).into_owned();
    Record { time: Some(at(second)), ..record }
}

fn node(name: &str, free: u32) -> String {
    format!(r#"{{"nodeName":"{name}","availableMemoryInMB":{free}}}"#)
}

fn sighting<'a>(record: &'a Record<'a>, rule: &'a str, category: Category) -> Sighting<'a> {
    static LABELS: BTreeMap<String, String> = BTreeMap::new();
    static POSITION: Position = Position { path: String::new(), offset: 0, line: 1 };
    Sighting {
        rule,
        category,
        severity: Severity::Critical,
        fault: Fault::Environment,
        fingerprint: Fingerprint(1),
        record,
        labels: &LABELS,
        position: &POSITION,
        read_at: record.time.unwrap_or_default(),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}
