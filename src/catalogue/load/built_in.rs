//! The rules that are built in.
//!
//! ```text
//! [{"file":"sql.yaml","rules":[{"id":"sql-login-failed",…},…]},…]      as build.rs wrote them
//! ```
//!
//! Each rule is read for itself, so that one which is written wrongly is named, and one that is
//! asked for later is read without all others.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::catalogue::error::CatalogueError;
use crate::catalogue::load::nameless;
use crate::catalogue::rule::Rule;

const EMBEDDED: &str = include_str!(concat!(env!("OUT_DIR"), "/rules.json"));

/// One file of the rules that are built in, each still as it is written.
#[derive(Deserialize)]
struct BuiltIn<'t> {
    file: &'t str,
    #[serde(borrow)]
    rules: Vec<&'t RawValue>,
}

impl<'t> BuiltIn<'t> {
    fn all(text: &'t str) -> Result<Vec<Self>, CatalogueError> {
        serde_json::from_str(text).map_err(|it| shape("built-in catalogue", "*".into(), it))
    }

    fn read(&self, number: usize, entry: &RawValue) -> Result<Rule, CatalogueError> {
        match serde_json::from_str(entry.get()) {
            Ok(rule) => Ok(Rule { file: self.file.to_owned(), built_in: true, ..rule }),
            Err(it) => Err(shape(self.file, id(entry).unwrap_or_else(|| nameless(number)), it)),
        }
    }
}

fn shape(file: &str, rule: String, source: serde_json::Error) -> CatalogueError {
    CatalogueError::Shape { file: file.to_owned(), rule, key: None, source }
}

/// The id of a rule, and nothing else of it.
fn id(entry: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_str(entry.get()).ok().map(|Named { id }| id)
}

/// The built-in rules.
pub(in crate::catalogue) fn embedded() -> Result<Vec<Rule>, CatalogueError> {
    built_in(EMBEDDED)
}

fn built_in(text: &str) -> Result<Vec<Rule>, CatalogueError> {
    let (mut rules, mut faults) = (Vec::new(), Vec::new());
    for family in BuiltIn::all(text)? {
        for (number, entry) in family.rules.iter().enumerate() {
            match family.read(number, entry) {
                Ok(rule) => rules.push(rule),
                Err(fault) => faults.push(fault),
            }
        }
    }
    CatalogueError::all(faults).map(|()| rules)
}

/// The built-in rule of that id, with its proof.
pub(in crate::catalogue) fn written(wanted: &str) -> Result<Option<Rule>, CatalogueError> {
    for family in BuiltIn::all(EMBEDDED)? {
        let found = family.rules.iter().position(|it| id(it).is_some_and(|it| it == wanted));
        if let Some(number) = found {
            return family.read(number, family.rules[number]).map(Some);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_in_rule_that_is_no_rule_is_named() {
        let good = r#"{"id":"b","title":"B","category":"tls","severity":"info"}"#;
        let text = format!(r#"[{{"file":"x.yaml","rules":[{{"id":"a"}},{{"colour":1}},{good}]}}]"#);
        let told = built_in(&text).unwrap_err().to_string();
        assert!(told.contains("x.yaml: rule `a` is not written as a rule"), "{told}");
        assert!(told.contains("rule `number 2`"), "{told}");
    }
}
