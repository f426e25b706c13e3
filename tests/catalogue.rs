//! The catalogue proves itself, and every documented error has its place in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shirwatch::catalogue::{Catalogue, check, show};

use crate::support::{root, shirwatch, stdout};

#[test]
fn every_law_holds() {
    let faults = check::check(&Catalogue::embedded().unwrap());
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// Advice ends with how to see that it helped. What no log shows is described, not mended.
#[test]
fn every_cause_that_a_log_shows_says_when_it_is_mended() {
    let catalogue = Catalogue::embedded().unwrap();
    let shown = catalogue.rules().iter().filter(|it| it.matches());
    let open = shown.filter(|it| it.causes.iter().any(|it| it.verify.is_none()));
    let open: Vec<_> = open.map(|it| it.id.as_str()).collect();
    assert!(open.is_empty(), "no `verify:` in {open:?}");
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

/// Every documented error has its place: a rule, or an entry that can be found by searching.
#[test]
fn every_documented_error_is_covered() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut places: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for rule in catalogue.rules() {
        for id in &rule.covers {
            places.entry(id).or_default().insert(rule.observable);
        }
    }
    let read = |name| std::fs::read_to_string(root().join("../shared/facts").join(name));
    let (Ok(general), Ok(connectors)) = (read("general.jsonl"), read("connectors.jsonl")) else {
        println!("skipped: the facts are not beside the repository");
        return;
    };
    let text = general + &connectors;
    let mut missing = Vec::new();
    for fact in text.lines().map(|it| serde_json::from_str::<Value>(it).unwrap()) {
        let id = fact["id"].as_str().unwrap();
        // Some say that a log shows them and name no text by which: those are entries to be found.
        let silent = fact["signatures"] == json!([]) && fact["message_template"].is_null();
        let observable = fact["observable"] != false && !silent;
        if !places.get(id).is_some_and(|it| !observable || it.contains(&true)) {
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

/// The reference is the catalogue itself, printed: one page a family.
#[test]
fn the_reference_is_the_catalogue() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut pages: BTreeMap<&str, String> = BTreeMap::new();
    for rule in catalogue.rules() {
        let page = pages.entry(rule.family()).or_insert_with(|| {
            format!("<!-- Printed from ../rules/{}.yaml by `cargo test`. -->\n", rule.family())
        });
        page.push('\n');
        page.push_str(&show::markdown(rule));
    }
    let folder = root().join("src/catalogue/reference");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut stale = Vec::new();
    for (family, page) in &pages {
        let file = folder.join(format!("{family}.md"));
        if update {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, page).unwrap();
        } else if std::fs::read_to_string(&file).ok().as_ref() != Some(page) {
            stale.push((*family).to_owned());
        }
    }
    for file in std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()) {
        let family = file.file_stem().unwrap().to_string_lossy().into_owned();
        if !pages.contains_key(family.as_str()) {
            stale.push(format!("{family} (no such family)"));
        }
    }
    assert!(stale.is_empty(), "run `UPDATE_EXPECT=1 cargo test --test tests catalogue`: {stale:?}");
}

/// What no rule knows becomes one by `rules draft`, beside all the others.
#[test]
fn a_draft_is_a_rule_of_the_whole_catalogue() {
    for text in [
        "ErrorCode=NobodyKnows,'Type=Contoso.OddException,Message=The 'blorp' is odd.,Source=x,'",
        "'Type=Contoso.OddException,Message=,Source=x,'",
        r#"{"errorCode":"9999","message":"Blorp of 'X' is odd","failureType":"UserError"}"#,
        "2026-11-20T02:14:22Z Error A.B guid Blorp went odd; Password=FAKEPASS;",
    ] {
        let (text_dir, rules_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = text_dir.path().join("error.txt");
        std::fs::write(&file, text).unwrap();
        let draft = stdout(&shirwatch(&["rules", "draft", "-f", file.to_str().unwrap()]));
        assert!(draft.contains("- id:") && !draft.contains("FAKEPASS"), "{draft}");
        std::fs::write(rules_dir.path().join("own.yaml"), draft).unwrap();
        check_command(&["rules", "check", rules_dir.path().to_str().unwrap()], "every law holds");
    }
}
