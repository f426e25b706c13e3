//! The layers of ARCHITECTURE.md, the headers of modules, and the links of documents.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{files, root};

#[test]
fn each_layer_imports_only_what_its_row_lists() {
    let table = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let layers = layers(&table);
    assert!(layers.len() >= 11, "the layers table was not found: {layers:?}");
    let mut faults = Vec::new();
    for file in files("src", "rs") {
        let Some(layer) = layer_of(&file) else { continue };
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        let allowed = layers.get(&layer).unwrap_or_else(|| panic!("`{layer}` has no row"));
        faults.extend(imports(&text, &file, &layer, allowed));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Layer and what it may import, by the table's rows.
fn layers(table: &str) -> BTreeMap<String, Vec<String>> {
    let rows = table.lines().filter(|it| it.starts_with("| `"));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let name = cells[1].split('`').nth(1)?.to_owned();
        Some((name, cells[2].split(", ").map(str::to_owned).collect()))
    })
    .collect()
}

fn layer_of(file: &str) -> Option<String> {
    let inside = file.strip_prefix("src/")?;
    let name = inside.split(['/', '.']).next()?;
    (!matches!(name, "lib" | "main") && !inside.ends_with("build.rs")).then(|| name.to_owned())
}

/// `crate::` paths that lead where the layer may not go.
fn imports(text: &str, file: &str, layer: &str, allowed: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    let code = text.split("\n#[cfg(test)]").next().unwrap_or(text);
    for (index, line) in code.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for path in line.split("crate::").skip(1) {
            let at = format!("{file}:{}", index + 1);
            if path.starts_with('{') {
                faults
                    .push(format!("{at}: `use crate::{{…}}` hides what is imported; a line each"));
            }
            let name: String =
                path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() && name != layer && !allowed.contains(&name) {
                faults.push(format!("{at}: `{layer}` may not import `{name}`"));
            }
        }
    }
    faults
}

#[test]
fn each_module_says_what_it_is() {
    let mut bare = Vec::new();
    for file in files("src", "rs").into_iter().chain(files("parsers/src", "rs")) {
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        if !text.starts_with("//!") {
            bare.push(file);
        }
    }
    assert!(bare.is_empty(), "no header in {bare:?}");
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    let mut dead = Vec::new();
    for file in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "parsers/README.md",
        "deploy/README.md",
        "deploy/demo/README.md",
        "dashboards/README.md",
    ] {
        let text =
            std::fs::read_to_string(root().join(file)).unwrap_or_else(|_| panic!("no {file}"));
        let folder = Path::new(file).parent().unwrap();
        for link in text.split("](").skip(1).filter_map(|it| it.split(')').next()) {
            let path = link.split('#').next().unwrap();
            let outside = link.contains("://") || path.is_empty();
            if !outside && !root().join(folder).join(path).exists() {
                dead.push(format!("{file}: {link}"));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:?}");
}

#[test]
fn each_fault_that_is_listed_has_its_test() {
    let table = std::fs::read_to_string(root().join("tests/FAULTS.md")).unwrap();
    let names: Vec<_> = table.lines().filter(|it| it.starts_with("| ")).collect();
    let names =
        names.iter().flat_map(|row| row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2));
    let code: String = ["src", "tests", "parsers"]
        .iter()
        .flat_map(|it| files(it, "rs"))
        .map(|it| std::fs::read_to_string(root().join(it)).unwrap())
        .collect();
    let is_there = |name: &&str| match name.contains('/') {
        true => root().join(name).exists(),
        false => code.contains(&format!("fn {name}(")),
    };
    let missing: Vec<_> = names.filter(|it| !is_there(it)).collect();
    assert!(missing.is_empty(), "no test is named {missing:?}");
}
