//! Which alert goes to which receivers.
//!
//! ```yaml
//! routes:
//!   - match: { severity: critical }               # exactly this value
//!     receivers: [pager]
//!     continue: true                              # and look at the next routes too
//!   - match: { category: [dns, tls, proxy] }      # one of these
//!     receivers: [network]
//!   - match: { environment: "=~prod.*" }          # the whole value fits this pattern
//!     receivers: [ops]
//!   - receivers: [log]                            # all the rest
//! ```
//!
//! Routes are read from above, and the first that fits decides, unless it says `continue`.
//! Without any route every receiver is told everything. With routes, an alert that none of
//! them fits is told to nobody: whoever wants the rest says so in a last route without
//! `match`, as above.
//!
//! A route looks at labels only, never at texts.

use std::collections::BTreeMap;

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::finding::Category;
use crate::model::finding::Severity;

/// `routes:` one row of who is told what. All labels under `match` must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RouteConfig {
    /// Labels of the alert and the values they must have: a value, a list of values, or a
    /// pattern after `=~`. Without any, every alert fits.
    #[serde(rename = "match")]
    pub matches: BTreeMap<String, Values>,
    /// The names of the receivers that are told.
    pub receivers: Vec<String>,
    /// Whether the routes below are looked at too.
    #[serde(rename = "continue")]
    pub go_on: bool,
}

/// The values that a label may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Values {
    /// This one.
    One(String),
    /// One of these.
    Any(Vec<String>),
}

impl Values {
    fn iter(&self) -> std::slice::Iter<'_, String> {
        match self {
            Self::One(value) => std::slice::from_ref(value).iter(),
            Self::Any(values) => values.iter(),
        }
    }
}

/// Why a route was refused.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// It names a receiver that there is not.
    #[error("route {number} names the receiver `{receiver}`; {}", known(receivers))]
    UnknownReceiver {
        /// Which route, from 1.
        number: usize,
        /// The name.
        receiver: String,
        /// The names that there are.
        receivers: Vec<String>,
    },
    /// It names nobody.
    #[error("route {number} tells nobody; name `receivers:`, or remove the route")]
    NoReceiver {
        /// Which route, from 1.
        number: usize,
    },
    /// No alert has this value.
    #[error("route {number}: no {label} is named `{value}`; there are {}", words.join(", "))]
    UnknownValue {
        /// Which route, from 1.
        number: usize,
        /// The label.
        label: String,
        /// What was found.
        value: String,
        /// The values that there are.
        words: Vec<&'static str>,
    },
    /// Its pattern is none.
    #[error("route {number}: `{pattern}` is no pattern for the label `{label}`; see its syntax")]
    BadPattern {
        /// Which route, from 1.
        number: usize,
        /// The label.
        label: String,
        /// What was found.
        pattern: String,
        /// Why.
        source: regex::Error,
    },
}

fn known(receivers: &[String]) -> String {
    if receivers.is_empty() {
        return "no receiver is configured; add it under `receivers:`".to_owned();
    }
    format!("there are `{}`", receivers.join("`, `"))
}

/// The routes, ready to be asked.
#[derive(Debug)]
pub struct Routes {
    routes: Vec<Route>,
    /// Told everything where there are no routes.
    all: Vec<String>,
}

#[derive(Debug)]
struct Route {
    matches: Vec<(String, Vec<Matcher>)>,
    receivers: Vec<String>,
    go_on: bool,
}

#[derive(Debug)]
enum Matcher {
    Exactly(String),
    Pattern(Regex),
}

impl Matcher {
    fn fits(&self, value: &str) -> bool {
        match self {
            Self::Exactly(it) => it == value,
            Self::Pattern(it) => it.is_match(value),
        }
    }
}

impl Routes {
    /// Reads the routes, and reports all that is wrong with them at once. `receivers` are
    /// the names that there are.
    pub fn new(routes: &[RouteConfig], receivers: &[String]) -> Result<Self, Vec<RouteError>> {
        let mut faults = Vec::new();
        let mut read = Vec::new();
        for (at, config) in routes.iter().enumerate() {
            read.push(route(at + 1, config, receivers, &mut faults));
        }
        if faults.is_empty() {
            Ok(Self { routes: read, all: receivers.to_vec() })
        } else {
            Err(faults)
        }
    }

    /// The receivers of an alert with these labels, each once, in the order of the routes.
    #[must_use]
    pub fn receivers(&self, labels: &BTreeMap<String, String>) -> Vec<&str> {
        if self.routes.is_empty() {
            return self.all.iter().map(String::as_str).collect();
        }
        let mut told: Vec<&str> = Vec::new();
        for route in self.routes.iter().filter(|it| it.fits(labels)) {
            for receiver in &route.receivers {
                if !told.contains(&receiver.as_str()) {
                    told.push(receiver);
                }
            }
            if !route.go_on {
                break;
            }
        }
        told
    }

    /// Whether every alert is told to somebody, whatever its labels.
    #[must_use]
    pub fn tell_all(&self) -> bool {
        self.routes.is_empty() || self.routes.iter().any(|it| it.matches.is_empty())
    }
}

impl Route {
    /// A label that the alert does not have counts as empty.
    fn fits(&self, labels: &BTreeMap<String, String>) -> bool {
        self.matches.iter().all(|(name, matchers)| {
            let value = labels.get(name).map_or("", String::as_str);
            matchers.iter().any(|it| it.fits(value))
        })
    }
}

/// Reads one route and adds its faults.
fn route(
    number: usize,
    config: &RouteConfig,
    known: &[String],
    faults: &mut Vec<RouteError>,
) -> Route {
    if config.receivers.is_empty() {
        faults.push(RouteError::NoReceiver { number });
    }
    for receiver in config.receivers.iter().filter(|it| !known.contains(it)) {
        let (receiver, receivers) = (receiver.clone(), known.to_vec());
        faults.push(RouteError::UnknownReceiver { number, receiver, receivers });
    }
    let mut matches = Vec::new();
    for (label, values) in &config.matches {
        let mut matchers = Vec::new();
        for value in values.iter() {
            match matcher(value) {
                Ok(Matcher::Exactly(_)) if !can_be(label, value) => {
                    let (label, value, words) = (label.clone(), value.clone(), words(label));
                    faults.push(RouteError::UnknownValue { number, label, value, words });
                }
                Ok(it) => matchers.push(it),
                Err(source) => {
                    let (label, pattern) = (label.clone(), value.clone());
                    faults.push(RouteError::BadPattern { number, label, pattern, source });
                }
            }
        }
        matches.push((label.clone(), matchers));
    }
    Route { matches, receivers: config.receivers.clone(), go_on: config.go_on }
}

/// The values of a label that has only a few.
fn words(label: &str) -> Vec<&'static str> {
    match label {
        "category" => Category::ALL.iter().map(|it| it.as_str()).collect(),
        "severity" => Severity::ALL.iter().map(|it| it.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn can_be(label: &str, value: &str) -> bool {
    let words = words(label);
    words.is_empty() || words.contains(&value)
}

/// `=~` begins a pattern that must fit the whole value; all else is the value itself.
fn matcher(value: &str) -> Result<Matcher, regex::Error> {
    match value.strip_prefix("=~") {
        Some(pattern) => Regex::new(&format!("^(?:{pattern})$")).map(Matcher::Pattern),
        None => Ok(Matcher::Exactly(value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = r#"
        - { match: { severity: critical }, receivers: [pager], continue: true }
        - { match: { category: [dns, tls] }, receivers: [network, pager] }
        - { match: { environment: "=~prod.*|live", severity: [error, critical] }, receivers: [ops] }
        - { match: { team: "" , category: sharing }, receivers: [log] }
    "#;

    #[test]
    #[rustfmt::skip]
    fn the_first_route_that_fits_decides() {
        // labels                                     receivers
        check("category=dns severity=error",          "network pager");
        check("category=dns severity=critical",       "pager network");
        check("environment=prod-1 severity=error",    "ops");
        check("environment=live severity=critical",   "pager ops");
        check("environment=a-live severity=error",    "nobody");
        check("environment=preprod severity=error",   "nobody");
        check("environment=prod severity=warning",    "nobody");
        check("category=sharing",                     "log");
        check("category=sharing team=etl",            "nobody");
        check("",                                     "nobody");
    }

    #[test]
    fn without_routes_everybody_is_told() {
        let routes = Routes::new(&[], &names()).unwrap();
        assert_eq!(routes.receivers(&BTreeMap::new()), ["pager", "network", "ops", "log"]);
        assert!(routes.tell_all());
    }

    #[test]
    #[rustfmt::skip]
    fn a_last_route_without_match_takes_the_rest() {
        check_all("- receivers: [log]",                             true);
        check_all("- { match: { rule: x }, receivers: [log] }",     false);
    }

    #[test]
    #[rustfmt::skip]
    fn faults_name_the_route() {
        // routes                                                fault
        check_fault("- { receivers: [nemo] }",                   "route 1 names the receiver `nemo`; there are `pager`, `network`, `ops`, `log`");
        check_fault("- { match: { severity: dire }, receivers: [log] }", "route 1: no severity is named `dire`; there are info, warning, error, critical");
        check_fault("- { match: { rule: x } }",                  "route 1 tells nobody; name `receivers:`, or remove the route");
        check_fault("- { receivers: [log] }\n- { match: { rule: '=~(' }, receivers: [log] }",
                    "route 2: `=~(` is no pattern for the label `rule`; see its syntax");
    }

    fn names() -> Vec<String> {
        ["pager", "network", "ops", "log"].map(str::to_owned).to_vec()
    }

    fn read(yaml: &str) -> Result<Routes, Vec<RouteError>> {
        Routes::new(&serde_saphyr::from_str::<Vec<RouteConfig>>(yaml).unwrap(), &names())
    }

    #[track_caller]
    fn check(labels: &str, expected: &str) {
        let pair = |it: &str| it.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned()));
        let labels = labels.split(' ').filter_map(pair).collect();
        let routes = read(ROUTES).unwrap();
        let told = routes.receivers(&labels).join(" ");
        assert_eq!(if told.is_empty() { "nobody" } else { &told }, expected);
    }

    #[track_caller]
    fn check_all(yaml: &str, expected: bool) {
        assert_eq!(read(yaml).unwrap().tell_all(), expected);
    }

    #[track_caller]
    fn check_fault(yaml: &str, expected: &str) {
        assert_eq!(read(yaml).unwrap_err()[0].to_string(), expected);
    }
}
