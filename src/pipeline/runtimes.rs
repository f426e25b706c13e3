//! How each integration runtime stands, from what its failures and successes say.
//!
//! ```text
//! runtime-offline, last connected 02:10    Offline
//! any other critical ir-health             Limited
//! ir-registration                          NeedRegistration
//! a run on it succeeded after that         Online
//! ```
//!
//! Only runtimes of which something bad was heard are kept, at most `LIMIT`, so that a
//! success costs nothing while all is well. News that are older than what is known change
//! nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shirwatch_parsers::Record;

use crate::model::finding::Category;
use crate::model::finding::Severity;
use crate::model::runtime::Runtime;
use crate::pipeline::incidents::Sighting;

/// Runtimes that are kept.
const LIMIT: usize = 200;

/// How each integration runtime stands.
#[derive(Debug, Default)]
pub struct Runtimes {
    known: BTreeMap<String, Runtime>,
    changed: Vec<String>,
}

impl Runtimes {
    /// Goes on with what was stored.
    #[must_use]
    pub fn restore(stored: Vec<(String, Runtime)>) -> Self {
        Self { known: stored.into_iter().take(LIMIT).collect(), changed: Vec::new() }
    }

    /// Takes in a failure.
    pub(super) fn failed(&mut self, it: &Sighting<'_>) {
        let at = &it.record.context;
        let (Some(name), Some(status)) = (at.integration_runtime.as_deref(), status(it)) else {
            return;
        };
        let time = it.record.time.unwrap_or(it.read_at);
        let room = self.known.len() < LIMIT || self.known.contains_key(name);
        if !room {
            return;
        }
        let fresh = Runtime { status: String::new(), last_connect: None, at: Timestamp::MIN };
        let runtime = self.known.entry(name.to_owned()).or_insert(fresh);
        if time >= runtime.at {
            status.clone_into(&mut runtime.status);
            runtime.at = time;
            runtime.last_connect = runtime.last_connect.max(at.last_connect);
            self.touch(name);
        }
    }

    /// Takes in a success; it copies nothing while the runtime is known to be well.
    pub(super) fn succeeded(&mut self, record: &Record<'_>, now: Timestamp) {
        if self.known.is_empty() {
            return;
        }
        let Some(name) = record.context.integration_runtime.as_deref() else { return };
        let Some(runtime) = self.known.get_mut(name) else { return };
        let time = record.time.unwrap_or(now);
        if time <= runtime.at {
            return;
        }
        runtime.at = time;
        runtime.last_connect = runtime.last_connect.max(Some(time));
        if runtime.status != "Online" {
            "Online".clone_into(&mut runtime.status);
        }
        self.touch(name);
    }

    fn touch(&mut self, name: &str) {
        if !self.changed.iter().any(|it| it == name) {
            self.changed.push(name.to_owned());
        }
    }

    /// All that are known.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Runtime)> {
        self.known.iter()
    }

    /// What changed since the last call.
    pub(super) fn drain(&mut self) -> Vec<(String, Runtime)> {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .filter_map(|name| self.known.get(&name).cloned().map(|it| (name, it)))
            .collect()
    }
}

/// What a failure says of its runtime, if anything.
fn status(it: &Sighting<'_>) -> Option<&'static str> {
    match it.category {
        Category::IrHealth if it.rule == "runtime-offline" => Some("Offline"),
        Category::IrHealth if it.severity == Severity::Critical => Some("Limited"),
        Category::IrRegistration => Some("NeedRegistration"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shirwatch_parsers::Context;

    use super::*;
    use crate::model::batch::Position;
    use crate::model::finding::Fault;
    use crate::model::fingerprint::Fingerprint;

    #[derive(Clone, Copy)]
    enum News {
        Fails(&'static str, Category),
        Succeeds,
    }

    use News::{Fails, Succeeds};

    const HEALTH: Category = Category::IrHealth;

    #[test]
    #[rustfmt::skip]
    fn a_runtime_stands_as_the_latest_news_say() {
        // news at each second, how it stands
        check(&[(1, Succeeds)],                                                         None);
        check(&[(1, Fails("sql-login-failed", Category::Authentication))],             None);
        check(&[(1, Fails("runtime-offline", HEALTH))],                                 Some("Offline"));
        check(&[(1, Fails("runtime-offline", HEALTH)), (2, Succeeds)],                  Some("Online"));
        check(&[(2, Fails("runtime-offline", HEALTH)), (1, Succeeds)],                  Some("Offline"));
        check(&[(1, Fails("runtime-named-pipe-timeout", HEALTH))],                      Some("Limited"));
        check(&[(1, Fails("any", Category::IrRegistration))],                           Some("NeedRegistration"));
        check(&[(2, Succeeds), (3, Fails("runtime-offline", HEALTH)), (1, Fails("any", Category::IrRegistration))], Some("Offline"));
    }

    #[track_caller]
    fn check(news: &[(i64, News)], expected: Option<&str>) {
        let mut it = Runtimes::default();
        for (second, news) in news {
            let read_at = Timestamp::from_second(*second).unwrap();
            let context = Context { integration_runtime: Some("ir".into()), ..Context::default() };
            let record = Record { time: Some(read_at), context, ..Record::default() };
            match news {
                Succeeds => it.succeeded(&record, read_at),
                Fails(rule, category) => it.failed(&Sighting {
                    rule,
                    category: *category,
                    severity: Severity::Critical,
                    fault: Fault::Environment,
                    fingerprint: Fingerprint(1),
                    record: &record,
                    labels: &BTreeMap::new(),
                    position: &Position { path: "-".into(), offset: 0, line: 1 },
                    read_at,
                }),
            }
        }
        let stored: Vec<_> = it.drain();
        let again = Runtimes::restore(stored);
        assert_eq!(again.iter().next().map(|(_, it)| it.status.as_str()), expected);
    }
}
