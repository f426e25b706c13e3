//! What can be wrong with a runtime or a node by what the service reports: one table.
//!
//! ```text
//! rule                       begins                    ends
//! runtime-node-memory-low    free < low_memory         free >= 1.5 × low_memory
//! runtime-node-jobs-full     running >= limit          running < 0.9 × limit
//! runtime-node-offline       status Offline            any other status
//! ```
//!
//! Between begin and end a trouble stays as it is, so that a value that trembles at a border
//! does not open and close incidents. The sentence is known by the rule of the catalogue whose
//! id stands beside it; what is advised is written there. A report that does not hold a value
//! says nothing of its troubles.

use jiff::{SignedDuration, Timestamp};
use shirwatch_parsers::{NodeReport, Report};

use crate::model::runtime::Troubles;
use crate::pipeline::runtimes::config::RuntimesConfig;

/// How often trouble that lasts is told again, so that its incident stays open.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);

/// What is looked at.
pub(super) struct Seen<'a> {
    pub(super) node: &'a NodeReport,
    pub(super) of: &'a Report,
    pub(super) config: &'a RuntimesConfig,
    pub(super) time: Timestamp,
}

/// One thing that can be wrong.
pub(super) struct Trouble {
    /// The rule that knows the sentence.
    pub(super) rule: &'static str,
    /// Whether it holds; `None` where nothing is said, or it stays as it was.
    pub(super) holds: fn(&Seen<'_>) -> Option<bool>,
    /// What is wrong, behind the name of the node or the runtime.
    pub(super) says: fn(&Seen<'_>) -> String,
}

/// What can be wrong with a node.
#[rustfmt::skip]
pub(super) const OF_NODE: [Trouble; 10] = [
    Trouble { rule: "runtime-node-offline",       holds: |it| it.status("Offline InitializeFailed"), says: |it| it.not_connected() },
    Trouble { rule: "runtime-node-limited",       holds: |it| it.status("Limited"),          says: |_| "is not fully connected: its status is Limited".to_owned() },
    Trouble { rule: "runtime-node-unregistered",  holds: |it| it.status("NeedRegistration"), says: |_| "is not registered".to_owned() },
    Trouble { rule: "runtime-node-memory-low",    holds: |it| it.memory_low(),        says: |it| it.memory() },
    Trouble { rule: "runtime-node-jobs-full",     holds: |it| it.jobs_full(),         says: |it| it.jobs() },
    Trouble { rule: "runtime-node-credentials",   holds: |it| it.node.credentials_in_sync.map(|it| !it), says: |_| "does not have the credentials of the others in sync".to_owned() },
    Trouble { rule: "runtime-node-expires",       holds: |it| it.expires(),           says: |it| format!("will not run much longer: its version expires {}", it.expiry()) },
    Trouble { rule: "runtime-node-expired",       holds: |it| it.expired(),           says: |it| format!("has a version that is not supported any more: it expired {}", it.expiry()) },
    Trouble { rule: "runtime-node-update-failed", holds: |it| it.node.update_result.as_deref().map(|it| starts(it, "Fail")), says: |_| "could not be updated: the last update failed".to_owned() },
    Trouble { rule: "runtime-node-outdated",      holds: |it| it.outdated(),          says: |it| it.versions() },
];

/// The rule of a runtime that is offline, which runs tell of as well.
pub(super) const OFFLINE: &str = "runtime-offline";

/// What can be wrong with a runtime as a whole.
#[rustfmt::skip]
pub(super) const OF_RUNTIME: [Trouble; 4] = [
    Trouble { rule: OFFLINE,                holds: |it| it.state("Offline"),          says: |_| "is offline".to_owned() },
    Trouble { rule: "runtime-limited",      holds: |it| it.state("Limited"),          says: |_| "is not fully connected: its state is Limited".to_owned() },
    Trouble { rule: "runtime-unregistered", holds: |it| it.state("NeedRegistration"), says: |_| "is not registered: its state is NeedRegistration".to_owned() },
    Trouble { rule: "runtime-certificate-expired", holds: |it| it.of.certificate_expired,  says: |_| "has a certificate that is not valid any more: it expired".to_owned() },
];

impl Seen<'_> {
    fn status(&self, any: &str) -> Option<bool> {
        let status = self.node.status.as_deref()?;
        Some(any.split(' ').any(|it| it.eq_ignore_ascii_case(status)))
    }

    fn state(&self, one: &str) -> Option<bool> {
        self.of.state.as_deref().map(|it| it.eq_ignore_ascii_case(one))
    }

    fn not_connected(&self) -> String {
        let status = self.node.status.as_deref().unwrap_or_default();
        let at = self.node.last_connect.map_or(String::new(), |it| format!(", last at {it}"));
        format!("is not connected: its status is {status}{at}")
    }

    fn memory_low(&self) -> Option<bool> {
        let low = self.config.low_memory.0 as f64;
        between(self.node.available_memory?, low, low * 1.5)
    }

    fn memory(&self) -> String {
        let free = self.node.available_memory.unwrap_or_default() / 1_048_576.0;
        format!("does not have enough memory: {free:.0} MiB are available")
    }

    fn jobs_full(&self) -> Option<bool> {
        let limit = self.node.jobs_limit.filter(|it| *it > 0.0)?;
        // The more run, the less room there is; one more would not fit.
        between(limit - self.node.jobs?, f64::EPSILON, limit * 0.1)
    }

    fn jobs(&self) -> String {
        let (jobs, limit) = (self.node.jobs.unwrap_or_default(), self.node.jobs_limit);
        format!("does not take more jobs: {jobs:.0} of {:.0} run", limit.unwrap_or_default())
    }

    fn expired(&self) -> Option<bool> {
        let by_name = self.node.version_status.as_deref().map(|it| starts(it, "Expired"));
        let by_time = self.node.expires.map(|at| at <= self.time);
        any(by_name, by_time)
    }

    fn expires(&self) -> Option<bool> {
        if self.expired() == Some(true) {
            return Some(false);
        }
        let within = SignedDuration::try_from(self.config.expires_within).ok()?;
        let by_name = self.node.version_status.as_deref().map(|it| starts(it, "Expiring"));
        let by_time = self.node.expires.map(|at| at.duration_since(self.time) <= within);
        any(by_name, by_time)
    }

    fn expiry(&self) -> String {
        self.node.expires.map_or("soon or since lately".to_owned(), |it| format!("at {it}"))
    }

    /// A newer version is there and nobody is going to install it.
    fn outdated(&self) -> Option<bool> {
        let (runs, newest) = (self.node.version.as_deref()?, self.of.latest_version.as_deref()?);
        Some(runs != newest && self.of.auto_update == Some(false))
    }

    fn versions(&self) -> String {
        let runs = self.node.version.as_deref().unwrap_or_default();
        let newest = self.of.latest_version.as_deref().unwrap_or_default();
        format!("is not up to date and auto-update is off: {runs} runs, {newest} is there")
    }
}

/// True below `begins`, false from `ends` on, and between them nothing new.
fn between(value: f64, begins: f64, ends: f64) -> Option<bool> {
    if value < begins { Some(true) } else { (value >= ends).then_some(false) }
}

fn any(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (None, None) => None,
        (left, right) => Some(left == Some(true) || right == Some(true)),
    }
}

fn starts(text: &str, with: &str) -> bool {
    text.get(..with.len()).is_some_and(|it| it.eq_ignore_ascii_case(with))
}

/// What follows from a look at a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is to be told, for the first time or again.
    Tell,
    /// It is over.
    Over,
    /// Nothing.
    Same,
}

/// Notes whether a trouble holds at `time`.
pub(super) fn turn(
    troubles: &mut Troubles,
    rule: &str,
    holds: Option<bool>,
    time: Timestamp,
) -> Turn {
    match (holds, troubles.get(rule)) {
        (Some(true), Some(told)) if time.duration_since(*told) < AGAIN => Turn::Same,
        (Some(true), _) => {
            troubles.insert(rule.to_owned(), time);
            Turn::Tell
        }
        (Some(false), Some(_)) => {
            troubles.remove(rule);
            Turn::Over
        }
        _ => Turn::Same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn trouble_begins_at_one_border_and_ends_at_another() {
        let free = |mib: f64| NodeReport { available_memory: Some(mib * 1_048_576.0), ..NodeReport::default() };
        let jobs = |jobs: f64, limit: f64| NodeReport { jobs: Some(jobs), jobs_limit: Some(limit), ..NodeReport::default() };
        let status = |it: &str| NodeReport { status: Some(it.to_owned()), ..NodeReport::default() };
        let version = |it: &str| NodeReport { version_status: Some(it.to_owned()), ..NodeReport::default() };
        let expires = |day: i64| NodeReport { expires: Timestamp::from_second(day * 86_400).ok(), ..NodeReport::default() };
        // report                                              what holds; what does not
        check(&NodeReport::default(),                          "; ");
        check(&free(511.0),                                    "memory-low; ");
        check(&free(512.0),                                    "; ");
        check(&free(767.0),                                    "; ");
        check(&free(768.0),                                    "; memory-low");
        check(&jobs(28.0, 28.0),                               "jobs-full; ");
        check(&jobs(29.0, 28.0),                               "jobs-full; ");
        check(&jobs(26.0, 28.0),                               "; ");
        check(&jobs(25.0, 28.0),                               "; jobs-full");
        check(&jobs(0.0, 0.0),                                 "; ");
        check(&status("offline"),                              "offline; limited unregistered");
        check(&status("Upgrading"),                            "; offline limited unregistered");
        check(&status("NeedRegistration"),                     "unregistered; offline limited");
        check(&version("Expiring"),                            "expires; expired");
        check(&version("UpToDate"),                            "; expires expired");
        check(&expires(100),                                   "expired; expires");
        check(&expires(101),                                   "expires; expired");
        check(&expires(131),                                   "; expires expired");
        check(&NodeReport { credentials_in_sync: Some(false), ..NodeReport::default() }, "credentials; ");
        check(&NodeReport { update_result: Some("Fail".into()), ..NodeReport::default() }, "update-failed; ");
        check(&NodeReport { version: Some("5.1".into()), ..NodeReport::default() },       "outdated; ");
        check(&NodeReport { version: Some("5.2".into()), ..NodeReport::default() },       "; outdated");
    }

    /// On day 100, where version 5.2 is the newest and nobody installs it.
    #[track_caller]
    fn check(node: &NodeReport, expected: &str) {
        let latest_version = Some("5.2".to_owned());
        let of = Report { auto_update: Some(false), latest_version, ..Report::default() };
        let time = Timestamp::from_second(100 * 86_400).unwrap();
        let seen = Seen { node, of: &of, config: &RuntimesConfig::default(), time };
        let of = |which: bool| {
            let rules = OF_NODE.iter().filter(|it| (it.holds)(&seen) == Some(which));
            let names: Vec<_> =
                rules.map(|it| it.rule.trim_start_matches("runtime-node-")).collect();
            names.join(" ")
        };
        assert_eq!(format!("{}; {}", of(true), of(false)), expected);
    }

    #[test]
    fn trouble_is_told_once_and_again_while_it_lasts() {
        let mut troubles = Troubles::new();
        let mut check = |minute: i64, holds, expected| {
            let time = Timestamp::from_second(minute * 60).unwrap();
            assert_eq!(turn(&mut troubles, "a", holds, time), expected, "minute {minute}");
        };
        check(0, Some(false), Turn::Same);
        check(1, Some(true), Turn::Tell);
        check(2, Some(true), Turn::Same);
        check(3, None, Turn::Same);
        check(16, Some(true), Turn::Tell);
        check(17, Some(false), Turn::Over);
        check(18, Some(true), Turn::Tell);
    }
}
