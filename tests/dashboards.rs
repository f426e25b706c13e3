//! Every metric and rule that the dashboards name exists, and every metric is shown somewhere.

use std::collections::BTreeSet;

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
