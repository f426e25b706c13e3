//! The gauges of an integration runtime and its nodes, from what is known of them.

use jiff::{SignedDuration, Timestamp};

use crate::model::metrics;
use crate::model::metrics::Metric;
use crate::model::runtime::Node;
use crate::model::runtime::Runtime;
use crate::outputs::prometheus::NodeGauges;
use crate::outputs::prometheus::RuntimeGauges;
use crate::outputs::prometheus::seconds;

/// How long a load is shown that nobody reports any more: an old number looks like a new one.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// The gauges of a runtime.
pub(super) fn runtime(it: &Runtime, now: Timestamp) -> RuntimeGauges {
    let nodes = it.nodes.iter().map(|(name, it)| (name.clone(), node(it, now)));
    RuntimeGauges {
        status: Some(it.status.clone()).filter(|it| !it.is_empty()),
        last_connect: it.last_connect,
        auto_update: it.auto_update,
        certificate_expired: it.certificate_expired,
        nodes: nodes.collect(),
    }
}

fn node(it: &Node, now: Timestamp) -> NodeGauges {
    let fresh = it.measured.is_some_and(|at| now.duration_since(at) < FRESH);
    let values = lasting(it).into_iter().chain(load(it).into_iter().filter(|_| fresh));
    NodeGauges {
        status: it.status(now).map(str::to_owned),
        version: it.report.version.clone(),
        values: values.filter_map(|(metric, value)| Some((metric, value?))).collect(),
    }
}

/// What stays true until something else is heard.
fn lasting(it: &Node) -> [(Metric, Option<f64>); 4] {
    let heard = Some(it.heard).filter(|at| *at > Timestamp::MIN);
    [
        (metrics::IR_NODE_HEARD, heard.map(seconds)),
        (metrics::IR_NODE_CONNECT, it.report.last_connect.map(seconds)),
        (metrics::IR_NODE_EXPIRY, it.report.expires.map(seconds)),
        (metrics::IR_NODE_CREDENTIALS, it.report.credentials_in_sync.map(f64::from)),
    ]
}

/// What changes from moment to moment.
fn load(it: &Node) -> [(Metric, Option<f64>); 6] {
    let it = &it.report;
    [
        (metrics::IR_NODE_MEMORY, it.available_memory),
        (metrics::IR_NODE_CPU, it.cpu),
        (metrics::IR_NODE_JOBS, it.jobs),
        (metrics::IR_NODE_JOBS_LIMIT, it.jobs_limit),
        (metrics::IR_NODE_RECEIVED, it.received),
        (metrics::IR_NODE_SENT, it.sent),
    ]
}

#[cfg(test)]
mod tests {
    use shirwatch_parsers::NodeReport;

    use super::*;

    #[test]
    fn an_old_load_is_not_shown_and_the_rest_is() {
        let report =
            NodeReport { cpu: Some(0.5), credentials_in_sync: Some(true), ..NodeReport::default() };
        let it = Node { report, measured: Some(at(0)), heard: at(0), ..Node::default() };
        let names = |now| {
            let values = node(&it, at(now)).values.into_iter();
            values.map(|(metric, _)| metric.name).collect::<Vec<_>>()
        };
        let lasting = [metrics::IR_NODE_HEARD.name, metrics::IR_NODE_CREDENTIALS.name];
        assert_eq!(names(3_599), [lasting[0], lasting[1], metrics::IR_NODE_CPU.name]);
        assert_eq!(names(3_600), lasting);
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::constant(second, 0)
    }
}
