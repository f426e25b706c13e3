//! The rules that are built in.
//!
//! ```text
//! # sql.yaml                            as build.rs wrote them: the name of a file,
//! {"id":"sql-login-failed",…}           and each rule of it on a line of its own
//! {"id":"sql-firewall",…}
//! # storage.yaml
//! ```
//!
//! Each rule is read for itself, so that one which is written wrongly is named, and one that is
//! asked for later is read without all others.

use serde::Deserialize;

use crate::catalogue::error::CatalogueError;
use crate::catalogue::load::nameless;
use crate::catalogue::rule::Rule;

const EMBEDDED: &str = include_str!(concat!(env!("OUT_DIR"), "/rules.txt"));

/// One rule that is built in, still as it is written.
struct BuiltIn<'t> {
    file: &'t str,
    /// Its place in the file.
    number: usize,
    json: &'t str,
}

impl<'t> BuiltIn<'t> {
    fn all(text: &'t str) -> impl Iterator<Item = Self> {
        let (mut file, mut next) = ("", 0);
        text.lines().filter_map(move |line| {
            if let Some(name) = line.strip_prefix("# ") {
                (file, next) = (name, 0);
                return None;
            }
            next += 1;
            Some(Self { file, number: next - 1, json: line })
        })
    }

    fn read(&self) -> Result<Rule, CatalogueError> {
        match serde_json::from_str(self.json) {
            Ok(rule) => Ok(Rule { file: self.file.to_owned(), built_in: true, ..rule }),
            Err(it) => {
                Err(shape(self.file, self.id().unwrap_or_else(|| nameless(self.number)), it))
            }
        }
    }

    /// The id of the rule, and nothing else of it.
    fn id(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Named {
            id: String,
        }
        serde_json::from_str(self.json).ok().map(|Named { id }| id)
    }
}

fn shape(file: &str, rule: String, source: serde_json::Error) -> CatalogueError {
    CatalogueError::Shape { file: file.to_owned(), rule, key: None, source }
}

/// The built-in rules.
pub(in crate::catalogue) fn embedded() -> Result<Vec<Rule>, CatalogueError> {
    built_in(EMBEDDED)
}

fn built_in(text: &str) -> Result<Vec<Rule>, CatalogueError> {
    let (mut rules, mut faults) = (Vec::new(), Vec::new());
    for it in BuiltIn::all(text) {
        match it.read() {
            Ok(rule) => rules.push(rule),
            Err(fault) => faults.push(fault),
        }
    }
    CatalogueError::all(faults).map(|()| rules)
}

/// The built-in rule of that id, with its proof.
pub(in crate::catalogue) fn written(wanted: &str) -> Result<Option<Rule>, CatalogueError> {
    let found = BuiltIn::all(EMBEDDED).find(|it| it.id().is_some_and(|it| it == wanted));
    found.map(|it| it.read()).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_in_rule_that_is_no_rule_is_named() {
        let good = r#"{"id":"b","title":"B","category":"tls","severity":"info"}"#;
        let text =
            format!("# w.yaml\n{good}\n# x.yaml\n{{\"id\":\"a\"}}\n{{\"colour\":1}}\n{good}\n");
        let told = built_in(&text).unwrap_err().to_string();
        assert!(told.contains("x.yaml: rule `a` is not written as a rule"), "{told}");
        assert!(told.contains("rule `number 2`"), "{told}");
    }
}
