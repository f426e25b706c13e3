//! The catalogue proves itself, and knows what the founding documents hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shirwatch::catalogue::{Catalogue, check};

use crate::support::{root, shirwatch, stdout};

#[test]
fn every_law_holds() {
    let faults = check::check(&Catalogue::embedded().unwrap());
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

#[test]
fn every_plain_example_passes_the_prefilter() {
    let prefilter = shirwatch::pipeline::prefilter::Prefilter::default();
    let catalogue = Catalogue::embedded().unwrap();
    let mut missed = Vec::new();
    for rule in catalogue.rules() {
        for example in &rule.examples {
            let record = example.text.starts_with(['{', '[', '<']);
            if !record && prefilter.find(example.text.as_bytes(), 0).is_none() {
                missed.push(format!("{}: {}", rule.id, example.text));
            }
        }
    }
    assert!(missed.is_empty(), "no needle stands in\n{}", missed.join("\n"));
}

/// Every founding entry has its place: a rule, or an entry that can be found by searching.
#[test]
fn the_founding_documents_are_covered() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut places: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for rule in catalogue.rules() {
        for id in &rule.covers {
            places.entry(id).or_default().insert(rule.observable);
        }
    }
    let facts = root().join("../shared/facts/general.jsonl");
    let Ok(text) = std::fs::read_to_string(&facts) else {
        println!("skipped: the facts are not beside the repository");
        return;
    };
    let mut missing = Vec::new();
    for fact in text.lines().map(|it| serde_json::from_str::<Value>(it).unwrap()) {
        let id = fact["id"].as_str().unwrap();
        let observable = fact["observable"] != false;
        if fact["seed"] == true && !places.get(id).is_some_and(|it| it.contains(&observable)) {
            missing.push(id.to_owned());
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
#[rustfmt::skip]
fn the_catalogue_can_be_browsed() {
    // command                                             what is printed
    check_command(&["rules", "check"],                     "every law holds");
    check_command(&["rules", "show", "runtime-offline"],   "offline");
    check_command(&["rules", "search", "java", "runtime"], "parquet-jre-missing");
    check_command(&["rules", "list"],                      "key-vault-");
}

#[track_caller]
fn check_command(arguments: &[&str], expected: &str) {
    let output = shirwatch(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout(&output).contains(expected), "{}", stdout(&output));
}
