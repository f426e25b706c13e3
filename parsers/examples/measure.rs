//! Measures how exactly the chains of a corpus are read.
//!
//! ```text
//! cargo run -p shirwatch-parsers --example measure -- CORPUS.jsonl
//! ```
//!
//! Each line of the corpus is an object with `id`, `raw` and `expect { error_codes, types,
//! sources, messages }`; messages are compared by their first 80 characters, after
//! entities, literal line breaks and white space were undone on both sides.

#![allow(clippy::print_stdout, reason = "a command line tool prints its result")]

use std::error::Error;

use serde::Deserialize;
use shirwatch_parsers::chain::entities::decode;
use shirwatch_parsers::{Link, Settings, parse};

#[derive(Deserialize)]
struct Entry {
    id: String,
    raw: String,
    expect: Expected,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Expected {
    error_codes: Vec<String>,
    types: Vec<String>,
    sources: Vec<Option<String>>,
    messages: Vec<Option<String>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: measure CORPUS.jsonl")?;
    let (mut held, mut exact, mut links, mut exact_links) = (0, 0, 0, 0);
    for line in std::fs::read_to_string(path)?.lines() {
        let entry: Entry = serde_json::from_str(line)?;
        let (fits, faults) = compare(&entry);
        if entry.expect.types.is_empty() && entry.expect.error_codes.is_empty() {
            if !fits {
                println!("{}: a chain was read where there is none: {faults}", entry.id);
            }
            continue;
        }
        held += 1;
        exact += i32::from(fits);
        if !entry.expect.types.is_empty() {
            links += 1;
            exact_links += i32::from(fits);
        }
        if !fits {
            println!("{}: {faults}", entry.id);
        }
    }
    println!("exact: {exact} of {held} with a code or a link, {exact_links} of {links} with links");
    Ok(())
}

fn compare(entry: &Entry) -> (bool, String) {
    let records = parse(&entry.raw, &Settings::default());
    let chain = records.iter().find(|it| !it.chain.is_empty());
    let actual = read(chain.map_or(&[], |it| it.chain.as_slice()));
    let mut faults = Vec::new();
    for (what, same, left, right) in [
        (
            "codes",
            actual.error_codes == entry.expect.error_codes,
            format!("{:?}", actual.error_codes),
            format!("{:?}", entry.expect.error_codes),
        ),
        (
            "types",
            actual.types == entry.expect.types,
            format!("{:?}", actual.types),
            format!("{:?}", entry.expect.types),
        ),
        (
            "sources",
            actual.sources == entry.expect.sources,
            format!("{:?}", actual.sources),
            format!("{:?}", entry.expect.sources),
        ),
        (
            "messages",
            starts(&actual.messages, &entry.expect.messages),
            format!("{:?}", actual.messages),
            format!("{:?}", entry.expect.messages),
        ),
    ] {
        if !same {
            faults.push(format!("{what} {left} for {right}"));
        }
    }
    (faults.is_empty(), faults.join("\n    "))
}

fn read(chain: &[Link<'_>]) -> Expected {
    let typed = || chain.iter().filter(|it| it.type_name.is_some());
    Expected {
        error_codes: chain
            .iter()
            .filter_map(|it| it.error_code.as_deref().map(str::to_owned))
            .collect(),
        types: typed().filter_map(|it| it.type_name.as_deref().map(str::to_owned)).collect(),
        sources: typed().map(|it| it.source.as_deref().map(str::to_owned)).collect(),
        messages: typed().map(|it| Some(it.message.chars().take(200).collect())).collect(),
    }
}

fn starts(actual: &[Option<String>], expected: &[Option<String>]) -> bool {
    actual.len() == expected.len()
        && actual.iter().zip(expected).all(|(actual, expected)| {
            let (actual, expected) = (plain(actual.as_deref()), plain(expected.as_deref()));
            actual.starts_with(&expected) && (!expected.is_empty() || actual.is_empty())
        })
}

fn plain(text: Option<&str>) -> String {
    let text = decode(text.unwrap_or("")).replace("\\r", " ").replace("\\n", " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
