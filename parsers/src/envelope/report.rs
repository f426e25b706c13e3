//! How a runtime stands: the answers of the service to who asks for status and load.
//!
//! ```text
//! {"name":"ir","nodes":[{"nodeName":"NODE-1","availableMemoryInMB":16740,…}]}
//! {"name":"ir","properties":{"state":"Online","typeProperties":{"nodes":[…],…}}}
//! {"IntegrationRuntimeName":"ir","Nodes":[{"NodeName":"NODE-1",…}]}
//! {"name":"ir","isIdentityCertExprired":false,…}
//! ```
//!
//! REST wraps what the command line and the shell print flat, so the wrappers are passed
//! through and all fields stand beside each other. The list that the shell prints is read as
//! well:
//!
//! ```text
//! NodeName            : NODE-1
//! AvailableMemoryInMB : 16740
//! ```
//!
//! Such an answer is no error, whatever it says; the judging is left to others.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::Settings;
use crate::envelope::keys::Key;
use crate::envelope::slots::Slots;
use crate::envelope::text::filled;
use crate::envelope::{body, diagnostic, stamp};
use crate::json::Raw;
use crate::lex;
use crate::needle::{Needles, needles};
use crate::record::{Format, Record};
use crate::report::{NodeReport, Report};

/// Reads an object that no other carrier knows. `None` where it is no such answer.
pub(crate) fn read<'a>(
    raw: Raw<'a>,
    slots: &Slots<'a>,
    whole: &str,
    settings: &Settings,
) -> Option<Record<'a>> {
    if !hints(raw.0) || body::witness(raw).is_some() {
        return None;
    }
    let fields = Flat::of(raw);
    let report = report(&fields)?;
    let mut record = Record { format: Format::RuntimeStatus, ..Record::default() };
    stamp::time(&mut record, slots, whole, settings);
    let context = &mut record.context;
    context.factory = slots.get(Key::Factory).or(fields.get("dataFactoryName")).and_then(filled);
    let named = slots.get(Key::Runtime).or(fields.get("name")).and_then(filled);
    context.integration_runtime = named.map(diagnostic::bare);
    record.report = Some(Box::new(report));
    Some(record)
}

/// Reads what the shell prints as a list. `None` where it is no such list.
pub(crate) fn read_list(text: &str) -> Option<Record<'_>> {
    // The first line of a list tells most other texts from one.
    let (name, _) = lex::first_line(text).split_once(':')?;
    let is_name = name.starts_with(|it: char| it.is_alphabetic()) && !name.trim_end().contains(' ');
    if !is_name || !hints(text) {
        return None;
    }
    let mut blocks = vec![Flat::default()];
    for line in text.lines().filter(|it| !it.trim().is_empty()) {
        let (name, value) = line.split_once(':')?;
        let (name, value) = (name.trim_end(), Raw(value.trim()));
        if name.eq_ignore_ascii_case("NodeName") {
            blocks.push(Flat::default());
        }
        blocks.last_mut()?.0.push((name, value));
    }
    let mut report = report(&blocks[0]).unwrap_or_default();
    report.nodes = blocks[1..].iter().take(Report::NODES).filter_map(node).collect();
    if report.state.is_none() && !report.nodes.iter().any(NodeReport::says_something) {
        return None;
    }
    let mut record = Record { format: Format::RuntimeStatus, ..Record::default() };
    record.context.factory = blocks[0].text("DataFactoryName");
    record.context.integration_runtime =
        blocks[0].text("IntegrationRuntimeName").or_else(|| blocks[0].text("Name"));
    record.report = Some(Box::new(report));
    Some(record)
}

/// A quick no for most objects.
fn hints(text: &str) -> bool {
    static HINTS: Needles<3> =
        Needles::new(|| needles(["odeName", "SelfHosted", &CERTIFICATE[1..]]));
    HINTS.any_in(text)
}

/// Spelled as the service spells it.
const CERTIFICATE: &str = "isIdentityCertExprired";

/// The whole answer, the answer for one node, or neither.
fn report(fields: &Flat<'_>) -> Option<Report> {
    let nodes: Vec<_> = match fields.get("nodes") {
        Some(list) => {
            list.items().take(Report::NODES).filter_map(|it| node(&Flat::of(it))).collect()
        }
        None => node(fields).into_iter().collect(),
    };
    let hosted = fields.text("type").is_some_and(|it| it.eq_ignore_ascii_case("SelfHosted"));
    let state = fields.text("state").filter(|_| hosted || !nodes.is_empty());
    let certificate_expired = fields.truth(CERTIFICATE);
    let of_runtime = state.is_some() || certificate_expired.is_some();
    (of_runtime || nodes.iter().any(NodeReport::says_something)).then(|| Report {
        state: state.map(Cow::into_owned),
        auto_update: fields.truth("autoUpdate"),
        latest_version: fields.owned("latestVersion").or_else(|| fields.owned("pushedVersion")),
        update_due: fields.time("scheduledUpdateDate").or_else(|| fields.time("autoUpdateETA")),
        certificate_expired,
        nodes,
    })
}

fn node(fields: &Flat<'_>) -> Option<NodeReport> {
    Some(NodeReport {
        name: fields.owned("nodeName")?,
        status: fields.owned("status"),
        version: fields.owned("version"),
        version_status: fields.owned("versionStatus"),
        update_result: fields.owned("lastUpdateResult"),
        last_connect: fields.time("lastConnectTime"),
        expires: fields.time("expiryTime"),
        credentials_in_sync: in_sync(fields),
        available_memory: fields.number("availableMemoryInMB").map(|it| it * MIB),
        cpu: fields.number("cpuUtilization").map(|it| it / 100.0),
        jobs: fields.number("concurrentJobsRunning"),
        jobs_limit: fields.number("concurrentJobsLimit"),
        received: fields.number("receivedBytes"),
        sent: fields.number("sentBytes"),
    })
}

/// `{"credentialInSync":"True",…}`, or as the shell prints it `{[credentialInSync, True], …}`.
fn in_sync(fields: &Flat<'_>) -> Option<bool> {
    const PRINTED: &str = "[credentialInSync, ";
    let raw = fields.get("capabilities")?;
    match raw.0.split_once(PRINTED) {
        Some((_, rest)) => truth(rest.split(']').next()?),
        None => Flat::of(raw).truth("credentialInSync"),
    }
}

fn truth(text: &str) -> Option<bool> {
    let is = |words: [&str; 2]| words.iter().any(|it| text.eq_ignore_ascii_case(it));
    if is(["true", "on"]) { Some(true) } else { is(["false", "off"]).then_some(false) }
}

const MIB: f64 = 1_048_576.0;

/// The fields of an object and of the wrappers in it, side by side.
#[derive(Default)]
struct Flat<'a>(Vec<(&'a str, Raw<'a>)>);

impl<'a> Flat<'a> {
    fn of(raw: Raw<'a>) -> Self {
        let mut it = Self::default();
        it.take(raw, 2);
        it
    }

    fn take(&mut self, raw: Raw<'a>, depth: usize) {
        for (name, value) in raw.fields() {
            let wraps =
                ["properties", "typeProperties"].iter().any(|it| it.eq_ignore_ascii_case(name));
            if wraps && value.is_object() && depth > 0 {
                self.take(value, depth - 1);
            } else {
                self.0.push((name, value));
            }
        }
    }

    fn get(&self, name: &str) -> Option<Raw<'a>> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(filled)
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(Cow::into_owned)
    }

    /// A number that measures something: never negative, never infinite.
    fn number(&self, name: &str) -> Option<f64> {
        self.text(name)?.parse().ok().filter(|it: &f64| it.is_finite() && *it >= 0.0)
    }

    fn truth(&self, name: &str) -> Option<bool> {
        truth(&self.text(name)?)
    }

    /// The service writes UTC, also where it does not say so.
    fn time(&self, name: &str) -> Option<Timestamp> {
        let raw = stamp::plain(self.get(name)?);
        let text = filled(raw).filter(|it| !lex::is_no_time(it))?;
        lex::timestamp(&text, &TimeZone::UTC)
    }
}
