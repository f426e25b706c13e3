//! Nodes that were heard of and are silent now.
//!
//! ```text
//! runtimes: { silent_after: 6h }
//! 02:00  an event of NODE-1          it lives
//! 08:00  nothing of it since         rule runtime-node-silent
//! 08:10  a report names NODE-1       over
//! ```
//!
//! Only a node that was heard of while that was news is waited for, so that old logs call for
//! nobody; and after a start it has the whole time again, since we did not listen before.

use jiff::fmt::friendly::SpanPrinter;
use jiff::{SignedDuration, Timestamp};
use shirwatch_parsers::{Format, Record};

use crate::pipeline::runtimes::Runtimes;
use crate::pipeline::runtimes::report::{News, record};
use crate::pipeline::runtimes::troubles::{Turn, turn};

/// The rule that knows what we say of a silent node.
pub(super) const RULE: &str = "runtime-node-silent";

impl Runtimes {
    /// Takes in that a record names a node. While nobody is waited for, it costs nothing.
    pub(in crate::pipeline) fn heard(
        &mut self,
        record: &Record<'_>,
        source: &str,
        read_at: Timestamp,
    ) -> Vec<News> {
        let Some(name) = record.context.node.as_deref() else { return Vec::new() };
        if self.config.silent_after.is_none() || record.format == Format::RuntimeStatus {
            return Vec::new();
        }
        let time = record.time.unwrap_or(read_at).min(read_at);
        let given = record.context.integration_runtime.as_deref().map(str::to_owned);
        let known = || self.runtime_of(name).map(str::to_owned);
        let runtime = given.or_else(known).unwrap_or_default();
        self.heard_of(&runtime, name, time, (source, read_at))
    }

    pub(super) fn heard_of(
        &mut self,
        runtime: &str,
        name: &str,
        time: Timestamp,
        (source, read_at): (&str, Timestamp),
    ) -> Vec<News> {
        let patience = self.patience();
        let Some(node) = self.node(runtime, name).filter(|it| it.heard < time) else {
            return Vec::new();
        };
        node.heard = time;
        node.live |= patience.is_some_and(|it| read_at.duration_since(time) < it);
        if node.source != source {
            source.clone_into(&mut node.source);
        }
        match turn(&mut node.troubles, RULE, Some(false), time) {
            Turn::Over => vec![News::Over(RULE)],
            _ => Vec::new(),
        }
    }

    /// Who is silent for too long: the source that told of it last, and what is to be said.
    pub(in crate::pipeline) fn silent(&mut self, now: Timestamp) -> Vec<(String, News)> {
        let Some(patience) = self.patience() else { return Vec::new() };
        let since = *self.since.get_or_insert(now);
        let mut told = Vec::new();
        for (runtime, it) in &mut self.known {
            for (name, node) in it.nodes.iter_mut().filter(|(_, node)| node.live) {
                let holds = now.duration_since(node.heard.max(since)) >= patience;
                if holds && turn(&mut node.troubles, RULE, Some(true), now) == Turn::Tell {
                    let span = SpanPrinter::new().duration_to_string(&patience);
                    let says = format!("was not heard of for {span}");
                    let it = record(runtime, Some(name), now, &says, None, &None);
                    told.push((runtime.clone(), (node.source.clone(), News::Told(Box::new(it)))));
                }
            }
        }
        told.into_iter()
            .map(|(runtime, it)| {
                self.touch(&runtime);
                it
            })
            .collect()
    }

    fn patience(&self) -> Option<SignedDuration> {
        SignedDuration::try_from(self.config.silent_after?).ok()
    }
}
