//! Every metric and rule that the dashboards name exists, and every metric is shown somewhere.

use std::collections::BTreeSet;

use serde_json::Value;

use shirwatch::catalogue::Catalogue;
use shirwatch::outputs::prometheus::TABLE;

use crate::support::{files, root};

fn shown() -> String {
    let all = files("dashboards", "json").into_iter().chain(files("dashboards", "yml"));
    all.map(|it| std::fs::read_to_string(root().join(it)).unwrap()).collect()
}

/// The metric names in a text; recording rules, which hold colons, are left out.
fn names(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c: char| !word(c));
    let ours = words.filter(|it| it.starts_with("shirwatch_") && !it.contains(':'));
    ours.map(plain).collect()
}

/// The name without what a histogram adds.
fn plain(name: &str) -> String {
    let base = ["_bucket", "_sum", "_count"].iter().find_map(|it| name.strip_suffix(it));
    let known = |it: &str| TABLE.iter().any(|row| row.metric.name == it);
    base.filter(|it| known(it)).unwrap_or(name).to_owned()
}

#[test]
fn every_metric_that_is_shown_exists() {
    let known: BTreeSet<_> = TABLE.iter().map(|it| it.metric.name.to_owned()).collect();
    let unknown: Vec<_> = names(&shown()).difference(&known).cloned().collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn every_metric_is_shown_somewhere() {
    let shown = names(&shown());
    let hidden: Vec<_> =
        TABLE.iter().map(|it| it.metric.name).filter(|it| !shown.contains(*it)).collect();
    assert!(hidden.is_empty(), "neither panel nor rule shows {hidden:?}");
}

#[test]
fn every_rule_that_is_named_exists() {
    let catalogue = Catalogue::embedded().unwrap();
    let text = shown();
    let quoted = text.split("rule=\"").skip(1).chain(text.split("rule=\\\"").skip(1));
    let ids =
        quoted.filter_map(|it| it.split(['"', '\\']).next()).filter(|it| !it.starts_with('$'));
    let unknown: Vec<_> = ids.filter(|it| !it.is_empty() && catalogue.rule(it).is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The dashboards of Grafana, each by the name of its file.
fn dashboards() -> Vec<(String, Value)> {
    let read = |path: String| {
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
        (name, serde_json::from_str(&text).unwrap())
    };
    files("dashboards/grafana", "json").into_iter().map(read).collect()
}

#[test]
fn dashboards_keep_their_address_and_their_variables() {
    let all = dashboards();
    assert_eq!(all.len(), 5);
    for (name, it) in all {
        assert_eq!(it["uid"], format!("shirwatch-{name}"));
        let variables = it["templating"]["list"].as_array().unwrap();
        let names: Vec<_> = variables.iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names[..3], ["datasource", "job", "instance"], "{name}");
        let ids = it["panels"].as_array().unwrap().iter().map(|it| it["id"].as_u64().unwrap());
        assert!(ids.clone().eq(1..=ids.count() as u64), "{name}: ids of panels");
    }
}

#[test]
fn panels_lie_within_the_width_and_none_on_another() {
    for (name, it) in dashboards() {
        let mut taken = BTreeSet::new();
        for panel in it["panels"].as_array().unwrap() {
            let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            for x in at("x")..at("x") + at("w") {
                for y in at("y")..at("y") + at("h") {
                    assert!(x < 24 && taken.insert((x, y)), "{name}: {}", panel["title"]);
                }
            }
        }
    }
}

#[test]
fn links_lead_to_dashboards_and_pages_that_exist() {
    let text = shown();
    let known: Vec<_> = dashboards().into_iter().map(|(name, _)| name).collect();
    for link in text.split("/d/shirwatch-").skip(1) {
        let name = link.split(['?', '"']).next().unwrap();
        assert!(known.iter().any(|it| it == name), "no dashboard is named {name}");
    }
    let pages = text.split("http://${__data.fields.instance}").skip(1);
    let pages: BTreeSet<_> = pages.filter_map(|it| it.split('"').next()).collect();
    let expected = [
        "/",
        "/incidents/${__data.fields.fingerprint}",
        "/rules/${__data.fields.rule}",
        "/sources",
    ];
    assert!(pages.iter().copied().eq(expected), "{pages:?}");
}
