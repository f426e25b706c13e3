//! Measures how well the catalogue judges a corpus.
//!
//! ```text
//! cargo run --release --example measure_classifier -- CORPUS.jsonl
//! ```
//!
//! Each line of the corpus is an object with `id`, `raw` and `expect { category,
//! category_alt }`. Printed are the shares that are classified at all, and into a category
//! that can be defended; then each miss, and which categories are taken for which.

#![allow(clippy::print_stdout, reason = "a command line tool prints its result")]

use std::collections::BTreeMap;
use std::error::Error;

use serde::Deserialize;
use shirwatch::catalogue::Catalogue;
use shirwatch_parsers::{Settings, parse};

#[derive(Deserialize)]
struct Entry {
    id: String,
    raw: String,
    expect: Expected,
}

#[derive(Deserialize)]
struct Expected {
    category: String,
    #[serde(default)]
    category_alt: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: measure_classifier CORPUS.jsonl")?;
    let catalogue = Catalogue::embedded()?;
    let (mut all, mut known, mut right) = (0, 0, 0);
    let mut confused: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let entry: Entry = serde_json::from_str(line)?;
        let (rule, category) = judge(&catalogue, &entry.raw);
        let defended = category == entry.expect.category
            || entry.expect.category_alt.iter().any(|it| *it == category);
        all += 1;
        known += i32::from(category != "unknown");
        right += i32::from(defended);
        if !defended || category == "unknown" {
            let miss = format!("{} ({rule})", entry.id);
            confused.entry((entry.expect.category, category)).or_default().push(miss);
        }
    }
    for ((expected, actual), ids) in &confused {
        println!("{expected} taken for {actual}: {}", ids.join(", "));
    }
    let share = |part: i32| f64::from(part) * 100.0 / f64::from(all.max(1));
    println!(
        "{all} texts: {known} classified ({:.1} %), {right} right ({:.1} %)",
        share(known),
        share(right)
    );
    Ok(())
}

/// The rule and category of a text: of its first record that a rule knows.
fn judge(catalogue: &Catalogue, text: &str) -> (String, String) {
    let records = parse(text, &Settings::default());
    let verdicts = records.iter().map(|it| catalogue.classify(it));
    let mut last = ("unclassified".to_owned(), "unknown".to_owned());
    for verdict in verdicts {
        last = (verdict.rule.id.clone(), verdict.rule.category.as_str().to_owned());
        if verdict.known() {
            break;
        }
    }
    last
}
