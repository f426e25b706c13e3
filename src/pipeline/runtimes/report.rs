//! What the service reports of a runtime, taken in: how it stands now, and what is news.
//!
//! ```text
//! {"name":"ir","nodes":[{"nodeName":"NODE-2","availableMemoryInMB":412}]}
//!   → shirwatch reports: node 'NODE-2' of the integration runtime 'ir' does not have enough memory: …
//! ```
//!
//! What is wrong becomes a record of the same source, so it is classified, counted, routed and
//! silenced like all other trouble. A report that is older than what is known changes nothing.

use std::borrow::Cow;

use jiff::Timestamp;
use shirwatch_parsers::{Context, Format, NodeReport, Record, Report};

use crate::model::runtime::Standing;
use crate::model::runtime::Troubles;
use crate::pipeline::runtimes::Runtimes;
use crate::pipeline::runtimes::fresh::{fresh, is_word};
use crate::pipeline::runtimes::silence;
use crate::pipeline::runtimes::troubles::{OF_NODE, OF_RUNTIME, OFFLINE, Seen, Turn, turn};

/// What a report, or its absence, gives to say.
#[derive(Debug, PartialEq)]
pub(in crate::pipeline) enum News {
    /// Something is wrong.
    Told(Box<Record<'static>>),
    /// What this rule knows is wrong no more with one of those who had it.
    Over(&'static str),
}

/// Who a report speaks of.
struct Of<'a> {
    runtime: &'a str,
    node: Option<&'a str>,
    factory: Option<Cow<'static, str>>,
    time: Timestamp,
}

impl Runtimes {
    /// Takes in a report.
    pub(in crate::pipeline) fn reported(
        &mut self,
        record: &Record<'_>,
        source: &str,
        read_at: Timestamp,
    ) -> Vec<News> {
        let Some(report) = record.report.as_deref() else { return Vec::new() };
        let time = record.time.unwrap_or(read_at).min(read_at);
        let given = record.context.integration_runtime.as_deref();
        let owner = given.map(str::to_owned).or_else(|| self.owner(report.nodes.first()?));
        let runtime = owner.unwrap_or_default();
        let factory = record.context.factory.as_deref().map(|it| Cow::Owned(it.to_owned()));
        let of = Of { runtime: &runtime, node: None, factory, time };
        let mut news = self.stands(&of, report);
        for node in &report.nodes {
            let of = Of { node: Some(&node.name), factory: of.factory.clone(), ..of };
            news.extend(self.node_stands(&of, node, report, (source, read_at)));
        }
        news.extend(self.gone(&runtime, report));
        news
    }

    /// The runtime that a node is known to belong to.
    fn owner(&self, node: &NodeReport) -> Option<String> {
        self.runtime_of(&node.name).map(str::to_owned)
    }

    fn stands(&mut self, of: &Of<'_>, report: &Report) -> Vec<News> {
        let (config, time) = (self.config.clone(), of.time);
        let last_connect = report.nodes.iter().filter_map(|it| it.last_connect).max();
        let Some(runtime) = self.runtime(of.runtime).filter(|it| it.at <= time) else {
            return Vec::new();
        };
        let mut news = Vec::new();
        if let Some(state) = report.state.as_deref().filter(|it| is_word(it)) {
            // What runs said of it is over as well.
            if runtime.status == Standing::Offline.as_str() && state != runtime.status {
                news.push(News::Over(OFFLINE));
            }
            state.clone_into(&mut runtime.status);
            runtime.at = time;
        }
        runtime.last_connect = runtime.last_connect.max(last_connect);
        runtime.auto_update = report.auto_update.or(runtime.auto_update);
        runtime.certificate_expired = report.certificate_expired.or(runtime.certificate_expired);
        let seen = Seen { node: &NodeReport::default(), of: report, config: &config, time };
        for it in &OF_RUNTIME {
            match turn(&mut runtime.troubles, it.rule, (it.holds)(&seen), time) {
                Turn::Tell => news.push(told(of, &(it.says)(&seen), runtime.last_connect)),
                Turn::Over => news.push(News::Over(it.rule)),
                Turn::Same => {}
            }
        }
        news
    }

    fn node_stands(
        &mut self,
        of: &Of<'_>,
        report: &NodeReport,
        whole: &Report,
        heard: (&str, Timestamp),
    ) -> Vec<News> {
        let config = self.config.clone();
        let mut news = self.heard_of(of.runtime, &report.name, of.time, heard);
        let Some(node) = self.node(of.runtime, &report.name) else { return news };
        let report = &fresh(node, report, of.time);
        node.merge(report);
        let seen = Seen { node: report, of: whole, config: &config, time: of.time };
        for it in &OF_NODE {
            match turn(&mut node.troubles, it.rule, (it.holds)(&seen), of.time) {
                Turn::Tell => news.push(told(of, &(it.says)(&seen), report.last_connect)),
                Turn::Over => news.push(News::Over(it.rule)),
                Turn::Same => {}
            }
        }
        news
    }

    /// Nodes that the runtime has no more, by a report of its whole state.
    fn gone(&mut self, runtime: &str, report: &Report) -> Vec<News> {
        if report.state.is_none() || report.nodes.is_empty() {
            return Vec::new();
        }
        let stays: Vec<_> = report.nodes.iter().map(|it| self.key(&it.name)).collect();
        let Some(runtime) = self.runtime(runtime) else { return Vec::new() };
        let mut over = Troubles::new();
        runtime.nodes.retain(|name, node| {
            let stays = stays.contains(name);
            if !stays {
                over.append(&mut node.troubles);
            }
            stays
        });
        let rules = OF_NODE.iter().map(|it| it.rule).chain([silence::RULE]);
        rules.filter(|it| over.contains_key(*it)).map(News::Over).collect()
    }
}

/// What is wrong, as a record.
fn told(of: &Of<'_>, says: &str, last_connect: Option<Timestamp>) -> News {
    News::Told(Box::new(record(of.runtime, of.node, of.time, says, last_connect, &of.factory)))
}

/// `shirwatch reports: node 'NODE-1' of the integration runtime 'ir' is not connected.`
pub(super) fn record(
    runtime: &str,
    node: Option<&str>,
    time: Timestamp,
    says: &str,
    last_connect: Option<Timestamp>,
    factory: &Option<Cow<'static, str>>,
) -> Record<'static> {
    let named = |it: &str| (!it.is_empty()).then(|| Cow::Owned(it.to_owned()));
    let shown = if runtime.is_empty() { "unknown" } else { runtime };
    let message = match node {
        Some(node) => {
            format!("shirwatch reports: node '{node}' of the integration runtime '{shown}' {says}.")
        }
        None => format!("shirwatch reports: the Self-hosted Integration Runtime '{shown}' {says}."),
    };
    Record {
        format: Format::RuntimeStatus,
        time: Some(time),
        message: message.into(),
        context: Context {
            factory: factory.clone(),
            integration_runtime: named(runtime),
            node: node.and_then(named),
            last_connect,
            ..Context::default()
        },
        ..Record::default()
    }
}
