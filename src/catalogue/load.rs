//! The rules: those that are built in, then the operator's folder over them.
//!
//! ```text
//! $OUT_DIR/rules.txt (made by build.rs)  →  rules  ←  catalogue.dir/*.yaml
//! ```
//!
//! An entry of the operator with an id of ours is laid over our rule key by key, so that
//! two lines change its severity or switch it off:
//!
//! ```yaml
//! - id: sql-login-failed
//!   status: disabled
//! ```
//!
//! Everything that is wrong with a folder is told at once. Whether rules *prove*
//! themselves is left to `check.rs`: a catalogue that does not is still of use.

mod built_in;
mod place;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use crate::catalogue::error::CatalogueError;
use crate::catalogue::rule::Rule;

pub(super) use crate::catalogue::load::built_in::{embedded, written};

/// One file of rules, not yet read as rules.
struct Family {
    file: String,
    rules: Vec<Map<String, Value>>,
    /// The line of each rule.
    lines: Vec<usize>,
    text: String,
}

impl Family {
    /// Where the rule is wrong, as `file:line` and a key.
    fn place(&self, number: usize) -> (String, Option<String>) {
        let Some(&first) = self.lines.get(number) else { return (self.file.clone(), None) };
        let next = self.lines.get(number + 1).copied().unwrap_or(usize::MAX);
        let place = place::of_fault(&self.text, first, next);
        (format!("{}:{}", self.file, place.line), place.key)
    }
}

/// `rules` with the folder `dir` laid over them.
pub(super) fn folder(rules: Vec<Rule>, dir: &Path) -> Result<Vec<Rule>, CatalogueError> {
    let (mut families, mut faults) = (Vec::new(), Vec::new());
    for path in files(dir)? {
        match family(&path) {
            Ok(it) => families.push(it),
            Err(fault) => faults.push(fault),
        }
    }
    match overlay(rules, families) {
        Ok(rules) => CatalogueError::all(faults).map(|()| rules),
        Err(CatalogueError::Many(more)) => {
            faults.extend(more);
            Err(CatalogueError::Many(faults))
        }
        Err(fault) => {
            faults.push(fault);
            CatalogueError::all(faults).map(|()| Vec::new())
        }
    }
}

/// The rules written in one YAML text, under the name of a file.
pub(super) fn from_yaml(file: &str, text: &str) -> Result<Vec<Rule>, CatalogueError> {
    overlay(Vec::new(), vec![read(Path::new(file), text)?])
}

/// The YAML files of a folder, sorted.
fn files(dir: &Path) -> Result<Vec<PathBuf>, CatalogueError> {
    let cannot = |source| CatalogueError::Read { file: dir.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.extension().is_some_and(|it| it == "yaml" || it == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn family(path: &Path) -> Result<Family, CatalogueError> {
    let text = fs::read_to_string(path)
        .map_err(|source| CatalogueError::Read { file: path.to_owned(), source })?;
    read(path, &text)
}

fn read(path: &Path, text: &str) -> Result<Family, CatalogueError> {
    // Otherwise `y`, `no` and `off` in a text would be read as true and false.
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    match serde_saphyr::from_str_with_options::<Vec<Spanned<_>>>(text, options) {
        Ok(rules) => {
            let line = |it: &Spanned<_>| usize::try_from(it.referenced.line()).unwrap_or(1);
            Ok(Family {
                file: path.display().to_string(),
                lines: rules.iter().map(line).collect(),
                rules: rules.into_iter().map(|it| it.value).collect(),
                text: text.to_owned(),
            })
        }
        Err(source) => {
            let (file, source) = (path.to_owned(), Box::new(source));
            Err(match *source {
                serde_saphyr::Error::Budget { .. } => CatalogueError::TooLarge { file, source },
                _ => CatalogueError::Syntax { file, source },
            })
        }
    }
}

/// Lays one layer of files over the rules below it.
fn overlay(mut rules: Vec<Rule>, layer: Vec<Family>) -> Result<Vec<Rule>, CatalogueError> {
    let below: HashMap<String, usize> =
        rules.iter().enumerate().map(|(i, it)| (it.id.clone(), i)).collect();
    let (mut defined, mut faults) = (HashMap::new(), Vec::new());
    for mut family in layer {
        let file = family.file.clone();
        for (number, entry) in std::mem::take(&mut family.rules).into_iter().enumerate() {
            let id = name(&entry, number);
            if let Some(first) = defined.insert(id.clone(), file.clone()) {
                let second = file.clone();
                faults.push(CatalogueError::DuplicateRule { rule: id, first, second });
                continue;
            }
            let base = below.get(&id).map(|i| &rules[*i]);
            match (rule(base, entry, &file), below.get(&id)) {
                (Ok(rule), Some(i)) => rules[*i] = rule,
                (Ok(rule), None) => rules.push(rule),
                (Err(source), _) => {
                    let (file, key) = family.place(number);
                    faults.push(CatalogueError::Shape { file, rule: id, key, source });
                }
            }
        }
    }
    CatalogueError::all(faults).map(|()| rules)
}

/// One entry as a rule: over `base`, where an entry of its id stands below.
fn rule(
    base: Option<&Rule>,
    entry: Map<String, Value>,
    file: &str,
) -> Result<Rule, serde_json::Error> {
    let whole = match base {
        None => Value::Object(entry),
        Some(base) => laid_over(serde_json::to_value(base)?, entry),
    };
    let rule: Rule = serde_json::from_value(whole)?;
    Ok(Rule { file: file.to_owned(), ..rule })
}

fn laid_over(mut base: Value, entry: Map<String, Value>) -> Value {
    if let Value::Object(map) = &mut base {
        map.extend(entry);
    }
    base
}

/// The id of an entry, or its number where it has none.
fn name(entry: &Map<String, Value>, number: usize) -> String {
    match entry.get("id").and_then(Value::as_str) {
        Some(id) => id.to_owned(),
        None => nameless(number),
    }
}

fn nameless(number: usize) -> String {
    format!("number {}", number + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "- {id: a, title: A, category: dns, severity: error}\n- {id: b, title: B, category: tls, severity: info}";

    #[test]
    #[rustfmt::skip]
    fn the_operators_folder_lies_over_ours() {
        // the operator's file                                    what comes of it
        check("- {id: c, title: C, category: dns, severity: info}", "a A error active|b B info active|c C info active");
        check("- {id: a, severity: warning}",                     "a A warning active|b B info active");
        check("- {id: b, status: disabled}",                      "a A error active|b B info disabled");
        check("- {id: b, status: retired, title: X}",             "a A error active|b X info retired");
        check("[]",                                               "a A error active|b B info active");
        check("- {id: c, title: C}",                              "x.yaml:1: rule `c` is not written as a rule: missing field `category`");
        check("- {id: a, colour: red}",                           "x.yaml:1: rule `a` is not written as a rule: unknown field `colour`");
        check("- {title: C, category: dns, severity: info}",      "x.yaml:1: rule `number 1` is not written as a rule: missing field `id`");
        check("# x\n- id: b\n\n- id: a\n  severity: bad\n",      "x.yaml:5: rule `a`, key `severity`, is not written as a rule: unknown variant `bad`");
        check("- {id: a}\n- {id: a}",                             "rule `a` is defined in `x.yaml` and again in `x.yaml`; rename one");
        check("- {id: c, titel: C}\n- {id: a, x: 1}",             "2 faults in the catalogue:");
        check("id: a",                                            "catalogue file `x.yaml` is not a YAML list of rules");
        check("- id: 'a",                                         "catalogue file `x.yaml` is not a YAML list of rules");
        check(&"- {}\n".repeat(300_000),                          "catalogue file `x.yaml` is too large to be read; put some");
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let error = folder(Vec::new(), Path::new("no/such/folder")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read catalogue file `no/such/folder`");
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let ours = from_yaml("ours.yaml", OURS).unwrap();
        let result = read(Path::new("x.yaml"), text).and_then(|it| overlay(ours, vec![it]));
        let actual = match result {
            Ok(rules) => rules
                .iter()
                .map(|it| [&it.id, &it.title, it.severity.as_str(), it.status.as_str()].join(" "))
                .collect::<Vec<_>>()
                .join("|"),
            Err(error) => {
                let source = std::error::Error::source(&error).map(|it| format!(": {it}"));
                format!("{error}{}", source.unwrap_or_default())
            }
        };
        assert!(actual.starts_with(expected), "{actual}\ndoes not begin with\n{expected}");
    }
}
