//! What was read: one record for each thing that a log says happened.
//!
//! Every carrier ends here. A record borrows from the text it was read from
//! wherever no escape had to be undone, and holds no judgement: which error this
//! is, and how bad, is decided elsewhere.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chain::Link;
use crate::issue::ParseIssue;
use crate::numbers;
use crate::numbers::Number;
use crate::report::Report;

/// One thing that a log says happened.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record<'a> {
    /// The carrier the record came in.
    pub format: Format,
    /// When it happened, in UTC; `None` where the text gives no time.
    pub time: Option<Timestamp>,
    /// The time as it was printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_raw: Option<Cow<'a, str>>,
    /// How bad the writer thought it was.
    pub level: Option<Level>,
    /// Where it happened.
    pub context: Context<'a>,
    /// `UserError`, `SystemError` and the like, as the service wrote it.
    pub failure_type: Option<Cow<'a, str>>,
    /// The code of the activity, usually a number: `2200`.
    pub code: Option<Cow<'a, str>>,
    /// The side of a copy on which it failed.
    pub side: Option<Side>,
    /// The text of the error with the carrier's escapes undone, or `""`.
    pub message: Cow<'a, str>,
    /// The exceptions, outermost first. Empty where the text holds none.
    pub chain: Vec<Link<'a>>,
    /// How a run ended, where the record is about a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Run<'a>>,
    /// How a runtime and its nodes stand, where the record is about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Box<Report>>,
    /// True when the text was cut before its end, or its head is missing.
    pub truncated: bool,
    /// What could not be read, and at which byte.
    pub issues: Vec<ParseIssue>,
}

impl<'a> Record<'a> {
    /// The innermost exception of the outer chain, which is its root.
    #[must_use]
    pub fn root(&self) -> Option<&Link<'a>> {
        self.chain.last()
    }

    /// The outermost `ErrorCode=Name`.
    #[must_use]
    pub fn outer_code(&self) -> Option<&str> {
        self.chain.iter().find_map(|link| link.error_code.as_deref())
    }

    /// The numbers that vendors gave the error, wherever it holds one.
    #[must_use]
    pub fn numbers(&self) -> Vec<Number> {
        let mut found = Vec::new();
        Number::collect(&self.message, &mut found);
        for link in &self.chain {
            link.collect_numbers(&mut found);
        }
        numbers::sorted(found)
    }

    /// The same record with all its text copied, so that it outlives the log.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        Record {
            format: self.format,
            time: self.time,
            time_raw: owned(self.time_raw),
            level: self.level,
            context: self.context.into_owned(),
            failure_type: owned(self.failure_type),
            code: owned(self.code),
            side: self.side,
            message: Cow::Owned(self.message.into_owned()),
            chain: self.chain.into_iter().map(Link::into_owned).collect(),
            run: self.run.map(Run::into_owned),
            report: self.report,
            truncated: self.truncated,
            issues: self.issues,
        }
    }
}

/// The carrier a record came in.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A run of an activity: diagnostic record, REST body, portal JSON.
    ActivityRun,
    /// A run of a pipeline.
    PipelineRun,
    /// A run of a trigger.
    TriggerRun,
    /// A record of the SSIS integration runtime.
    Ssis,
    /// A Windows event as XML.
    EventLog,
    /// A Windows event as JSON, whichever collector wrote it.
    EventLogJson,
    /// `<LogProperties>` of the runtime's own trace.
    LogProperties,
    /// The session log of a copy activity (CSV).
    SessionLog,
    /// What the service answers who asks how a runtime stands.
    RuntimeStatus,
    /// Anything else.
    #[default]
    Plain,
}

impl Format {
    /// The name used in JSON, metrics and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActivityRun => "activity-run",
            Self::PipelineRun => "pipeline-run",
            Self::TriggerRun => "trigger-run",
            Self::Ssis => "ssis",
            Self::EventLog => "event-log",
            Self::EventLogJson => "event-log-json",
            Self::LogProperties => "log-properties",
            Self::SessionLog => "session-log",
            Self::RuntimeStatus => "runtime-status",
            Self::Plain => "plain",
        }
    }
}

/// How bad the writer of a record thought it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// 5 in the Windows event log; `debug` and `trace` elsewhere.
    Verbose,
    /// 4 in the Windows event log, and 0, which means "always logged".
    Information,
    /// 3 in the Windows event log.
    Warning,
    /// 2 in the Windows event log.
    Error,
    /// 1 in the Windows event log; `fatal` elsewhere.
    Critical,
}

/// The side of a copy activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Reading.
    Source,
    /// Writing; Fabric says `destination`.
    Sink,
}

/// Where it happened. Each field is `None` where the carrier does not hold it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context<'a> {
    /// Data factory or Synapse workspace; lower case when read from an upper-cased `resourceId`.
    pub factory: Option<Cow<'a, str>>,
    /// Name of the pipeline.
    pub pipeline: Option<Cow<'a, str>>,
    /// Id of the pipeline's run.
    pub pipeline_run_id: Option<Cow<'a, str>>,
    /// Name of the activity.
    pub activity: Option<Cow<'a, str>>,
    /// Id of the activity's run.
    pub activity_run_id: Option<Cow<'a, str>>,
    /// `Copy`, `Lookup`, `ForEach` and so on.
    pub activity_type: Option<Cow<'a, str>>,
    /// Name of the integration runtime, without the region in brackets.
    pub integration_runtime: Option<Cow<'a, str>>,
    /// The machine of the integration runtime.
    pub node: Option<Cow<'a, str>>,
    /// The id that ties records of one operation together.
    pub correlation_id: Option<Cow<'a, str>>,
    /// `Job ID:` of the runtime's own events.
    pub job_id: Option<Cow<'a, str>>,
    /// The kind of store that failed, by the name of its linked service: `AzureSqlDatabase`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<Cow<'a, str>>,
    /// When a runtime that is offline was connected last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_connect: Option<Timestamp>,
}

impl Context<'_> {
    /// The same context with all its text copied.
    #[must_use]
    pub fn into_owned(self) -> Context<'static> {
        Context {
            factory: owned(self.factory),
            pipeline: owned(self.pipeline),
            pipeline_run_id: owned(self.pipeline_run_id),
            activity: owned(self.activity),
            activity_run_id: owned(self.activity_run_id),
            activity_type: owned(self.activity_type),
            integration_runtime: owned(self.integration_runtime),
            node: owned(self.node),
            correlation_id: owned(self.correlation_id),
            job_id: owned(self.job_id),
            connector: owned(self.connector),
            last_connect: self.last_connect,
        }
    }
}

/// How a run of an activity, a pipeline or a trigger stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run<'a> {
    /// `Queued`, `InProgress`, `Succeeded`, `Failed`, `Cancelled`, as the service wrote it.
    pub status: Cow<'a, str>,
    /// Seconds from start to end, where both are given and the run has ended.
    pub seconds: Option<f64>,
}

impl Run<'_> {
    /// True when the run ended badly. A cancelled run did not fail.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.status.eq_ignore_ascii_case("failed")
    }

    /// True when the run ended well.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status.eq_ignore_ascii_case("succeeded")
    }

    /// The same run with all its text copied.
    #[must_use]
    pub fn into_owned(self) -> Run<'static> {
        Run { status: Cow::Owned(self.status.into_owned()), seconds: self.seconds }
    }
}

/// Copies a text that may be absent.
pub(crate) fn owned(text: Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
    text.map(|it| Cow::Owned(it.into_owned()))
}
