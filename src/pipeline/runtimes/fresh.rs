//! What of a report is news: not older than what is known, and in words that can be labels.
//!
//! ```text
//! 02:00:01  getMonitoringData   load of NODE-1
//! 02:00:00  getStatus           its status, read later: taken in as well
//! ```

use jiff::Timestamp;
use shirwatch_parsers::NodeReport;

use crate::model::runtime::Node;

/// What of a report is not older than what is known. Status and load are asked for apart, and
/// come in any order.
pub(super) fn fresh(node: &mut Node, report: &NodeReport, time: Timestamp) -> NodeReport {
    let (load, state) = apart(tidy(report));
    let newer = |known: &mut Option<Timestamp>, it: NodeReport| {
        if !it.says_something() || known.is_some_and(|at| at > time) {
            return NodeReport::default();
        }
        *known = Some(time);
        it
    };
    let load = newer(&mut node.measured, load);
    let state = newer(&mut node.reported, state);
    NodeReport {
        available_memory: load.available_memory,
        cpu: load.cpu,
        jobs: load.jobs,
        jobs_limit: load.jobs_limit.or(state.jobs_limit),
        received: load.received,
        sent: load.sent,
        ..state
    }
}

/// The load of a report, and the rest. The limit of jobs stands in both answers.
fn apart(it: NodeReport) -> (NodeReport, NodeReport) {
    let measures = it.available_memory.is_some() || it.cpu.is_some() || it.jobs.is_some();
    let load = NodeReport {
        available_memory: it.available_memory,
        cpu: it.cpu,
        jobs: it.jobs,
        jobs_limit: it.jobs_limit.filter(|_| measures),
        received: it.received,
        sent: it.sent,
        ..NodeReport::default()
    };
    let state = NodeReport {
        available_memory: None,
        cpu: None,
        jobs: None,
        jobs_limit: it.jobs_limit.filter(|_| !measures),
        received: None,
        sent: None,
        ..it
    };
    (load, state)
}

/// One word of the service, such as a status; anything else would not be a label.
pub(super) fn is_word(text: &str) -> bool {
    text.len() <= 32 && text.bytes().all(|it| it.is_ascii_alphanumeric() || b".-".contains(&it))
}

/// The report without words that are none.
fn tidy(it: &NodeReport) -> NodeReport {
    let word = |it: &Option<String>| it.clone().filter(|it| is_word(it));
    NodeReport {
        name: String::new(),
        status: word(&it.status),
        version: word(&it.version),
        version_status: word(&it.version_status),
        update_result: word(&it.update_result),
        ..it.clone()
    }
}
