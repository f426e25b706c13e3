//! Open this first: a batch of bytes becomes findings, incidents and notices here.
//!
//! ```text
//! bytes ─ prefilter ─ framer ─ parse ─ classify ─ fingerprint ─ joins ─ incidents ─ notices
//!                              └──────── reading ──────────┘       └ redact, where a sample is kept
//! ```
//!
//! Nothing here can fail or wait: no file, no socket, no clock. Time enters with the batch
//! and through [`Pipeline::tick`] and [`Pipeline::settle`]; what is to be kept leaves through
//! [`Pipeline::drain`]. So a test is a text in and incidents out, and `run`, `scan` and `explain`
//! are three uses of one thing.

pub mod framer;
pub mod incidents;
pub mod joins;
pub mod ledger;
pub mod prefilter;
pub mod runtimes;

pub(crate) mod guard;
mod lines;
mod reading;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use shirwatch_parsers::{Format, IssueKind, Record, Run, Settings};

use crate::catalogue::Catalogue;
use crate::catalogue::Verdict;
use crate::model::batch::Batch;
use crate::model::batch::End;
use crate::model::batch::Framing;
use crate::model::batch::Position;
use crate::model::changes::Changes;
use crate::model::changes::Held;
use crate::model::finding::Finding;
use crate::model::fingerprint::Fingerprint;
use crate::model::incident::Incident;
use crate::model::metrics;
use crate::model::redacted::Redacted;
use crate::model::redacted::Redactor;
use crate::pipeline::framer::Frame;
use crate::pipeline::framer::Frames;
use crate::pipeline::guard::guarded;
use crate::pipeline::incidents::Incidents;
use crate::pipeline::incidents::Notice;
use crate::pipeline::incidents::Sighting;
use crate::pipeline::joins::Joined;
use crate::pipeline::joins::Joins;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::lines::Lines;
use crate::pipeline::prefilter::Prefilter;
use crate::pipeline::reading::Reader;
use crate::pipeline::reading::Reading;
use crate::pipeline::reading::Weighed;
use crate::pipeline::runtimes::News;
use crate::pipeline::runtimes::Runtimes;

pub use crate::pipeline::incidents::AlertsConfig;
pub use crate::pipeline::incidents::IncidentsConfig;
pub use crate::pipeline::ledger::Outcome;
pub use crate::pipeline::runtimes::RuntimesConfig;

/// From bytes to incidents.
pub struct Pipeline {
    catalogue: Arc<Catalogue>,
    redactor: Arc<Redactor>,
    prefilter: Arc<Prefilter>,
    /// What has been counted; see [`Ledger`].
    pub ledger: Ledger,
    /// The same trouble over time.
    pub incidents: Incidents,
    /// What is the same failure.
    pub joins: Joins,
    /// How integration runtimes stand.
    pub runtimes: Runtimes,
    /// The labels of each source that was read.
    labels: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether lines are counted, so that findings can name theirs.
    pub count_lines: bool,
    /// Whether a second thread helps to read: for who reads a folder while somebody waits.
    pub helped: bool,
    /// Lines that were counted.
    pub lines: u64,
}

/// What came of a batch.
#[derive(Debug, Default)]
pub struct Taken {
    /// Bytes of the batch that need not be offered again.
    pub bytes: usize,
    /// What is to be kept of the stream for the next batch.
    pub framing: Framing,
    /// What is to be said.
    pub notices: Vec<Notice>,
    /// Where texts stand that we failed on, the first few of them.
    pub given_up: Vec<Position>,
}

/// Texts of a batch that are named when we failed on them; all are counted.
const NAMED: usize = 8;

/// Who looks at each error that is counted. The second argument gives the finding in full;
/// it costs more than all the rest, so only who shows it should call it.
pub type Each<'a> = &'a mut dyn FnMut(&Sighting<'_>, &dyn Fn() -> Redacted<Finding>);

impl Pipeline {
    /// A pipeline that has seen nothing yet.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>, redactor: Arc<Redactor>) -> Self {
        let config = RuntimesConfig::default();
        Self {
            catalogue,
            redactor: Arc::clone(&redactor),
            prefilter: Arc::default(),
            ledger: Ledger::default(),
            incidents: Incidents::default().redacting(Arc::clone(&redactor)),
            joins: Joins::default(),
            runtimes: Runtimes::restore(config, redactor, Vec::new()),
            labels: BTreeMap::new(),
            count_lines: false,
            helped: false,
            lines: 0,
        }
    }

    /// Takes one batch as far as it goes. Most bytes stop at the prefilter.
    pub fn process(
        &mut self,
        batch: &Batch<'_>,
        settings: &Settings,
        mut each: Option<Each<'_>>,
    ) -> Taken {
        if !batch.labels.is_empty() && !self.labels.contains_key(batch.source) {
            self.labels.insert(batch.source.to_owned(), batch.labels.clone());
        }
        let (mut notices, mut given_up) = (Vec::new(), Vec::new());
        let (prefilter, catalogue) = (Arc::clone(&self.prefilter), Arc::clone(&self.catalogue));
        let mut frames = Frames::of(batch, &prefilter);
        let mut lines = Lines::new(batch, self.count_lines);
        let helped = self.helped;
        let reader = Reader { bytes: batch.bytes, settings, catalogue: &catalogue };
        let tell = |frame: &Frame, reading: &Option<Reading<'_, '_>>| {
            lines.stand(batch, frame.range.start);
            self.note(batch, frame, reading.as_ref());
            if reading.is_none() && given_up.len() < NAMED {
                given_up.push(lines.position.clone());
            }
            for it in reading.iter().flat_map(|it| &it.records) {
                self.judge(batch, &lines.position, it, &mut each, &mut notices);
            }
        };
        if helped {
            reader.share(frames.by_ref(), tell);
        } else {
            reader.each(frames.by_ref(), tell);
        }
        let (bytes, mut framing) = (frames.taken, frames.framing);
        framing.line = lines.upto(batch, bytes);
        self.lines += framing.line - batch.framing.line;
        self.ledger.bytes(batch.source, bytes);
        Taken { bytes, framing, notices, given_up }
    }

    /// Takes in what we say ourselves of a source, as a record of that source.
    pub fn own(
        &mut self,
        source: &str,
        labels: &BTreeMap<String, String>,
        record: Record<'_>,
        now: Timestamp,
    ) -> Vec<Notice> {
        let batch = Batch {
            source,
            labels,
            path: "shirwatch",
            bytes: b"",
            offset: 0,
            read_at: now,
            end: End::Eof,
            framing: Framing::default(),
            full: false,
        };
        let position = Position { path: batch.path.to_owned(), offset: 0, line: 0 };
        let mut notices = Vec::new();
        let catalogue = Arc::clone(&self.catalogue);
        let told = Weighed::new(record, &catalogue);
        self.judge(&batch, &position, &told, &mut None, &mut notices);
        notices
    }

    /// Judges one record: was it counted, and what is to be said?
    fn judge(
        &mut self,
        batch: &Batch<'_>,
        position: &Position,
        Weighed { record, error }: &Weighed<'_, '_>,
        each: &mut Option<Each<'_>>,
        notices: &mut Vec<Notice>,
    ) {
        self.ledger.record(batch.source, record);
        let news = self.runtimes.heard(record, batch.source, batch.read_at);
        self.follow(news, batch, position, each, notices);
        let Some((verdict, print)) = error else {
            self.ledger.outcome(batch.source, Outcome::NoError);
            if record.report.is_some() {
                let news = self.runtimes.reported(record, batch.source, batch.read_at);
                self.follow(news, batch, position, each, notices);
            } else if record.run.as_ref().is_some_and(Run::succeeded) {
                self.runtimes.succeeded(record, batch.read_at);
                notices.extend(self.incidents.succeeded(record, batch.read_at));
            }
            return;
        };
        match self.joins.judge(record, *print) {
            Joined::Duplicate => {
                self.ledger.outcome(batch.source, Outcome::Duplicate);
            }
            Joined::Hold(own, waits_for) => {
                let finding = render(&self.catalogue, &self.redactor, record, verdict, *print);
                let from = (batch.source, position.clone());
                self.joins.hold((own, waits_for), finding, from, batch.read_at);
            }
            Joined::New => {
                notices.extend(self.count(batch, position, record, verdict, *print, each));
            }
        }
    }

    /// Goes on with runs that another daemon read and held.
    pub fn take_over(&mut self, held: Vec<Held>) {
        for it in &held {
            let format = it.finding.record.format.as_str();
            self.ledger.add(&metrics::SOURCE_RECORDS, &[&it.source, format], 1.0);
        }
        self.joins.take_over(held);
    }

    /// Says what is news of a runtime or a node.
    fn follow(
        &mut self,
        news: Vec<News>,
        batch: &Batch<'_>,
        position: &Position,
        each: &mut Option<Each<'_>>,
        notices: &mut Vec<Notice>,
    ) {
        for it in news {
            match it {
                News::Told(record) => {
                    let catalogue = Arc::clone(&self.catalogue);
                    let told = Weighed::new(*record, &catalogue);
                    self.judge(batch, position, &told, each, notices);
                }
                News::Over(rule) => {
                    let still = self.runtimes.troubled(rule);
                    notices.extend(self.incidents.over_but(rule, &still, batch.read_at));
                }
            }
        }
    }

    /// Counts an error that is new.
    fn count(
        &mut self,
        batch: &Batch<'_>,
        position: &Position,
        record: &Record<'_>,
        verdict: &Verdict<'_>,
        fingerprint: Fingerprint,
        each: &mut Option<Each<'_>>,
    ) -> Option<Notice> {
        let rule = verdict.rule;
        let sighting = Sighting {
            rule: &rule.id,
            category: rule.category,
            severity: verdict.severity(record),
            fault: rule.fault,
            fingerprint,
            record,
            labels: batch.labels,
            position,
            read_at: batch.read_at,
        };
        let (catalogue, redactor) = (Arc::clone(&self.catalogue), Arc::clone(&self.redactor));
        self.ledger.error(batch.source, &sighting, &redactor, verdict.known());
        self.runtimes.failed(&sighting, rule.runtime);
        let render = || render(&catalogue, &redactor, record, verdict, fingerprint);
        if let Some(each) = each {
            each(&sighting, &render);
        }
        self.incidents.observe(&sighting, render)
    }

    /// Tells of nodes that are silent, resolves what is quiet and repeats what goes on.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Notice> {
        let mut notices = Vec::new();
        for (source, news) in self.runtimes.silent(now) {
            let News::Told(record) = news else { continue };
            let labels = self.labels.get(&source).cloned().unwrap_or_default();
            notices.extend(self.own(&source, &labels, *record, now));
        }
        notices.extend(self.incidents.tick(now));
        notices
    }

    /// Counts what was held long enough without word of a failed activity.
    pub fn settle(&mut self, now: Timestamp, mut each: Option<Each<'_>>) -> Vec<Notice> {
        let mut notices = Vec::new();
        for (held, new) in self.joins.settle(now) {
            if !new {
                self.ledger.outcome(&held.source, Outcome::Duplicate);
                continue;
            }
            let finding = held.finding;
            let labels = self.labels.get(&held.source).cloned().unwrap_or_default();
            let read_at = held.until.min(now);
            let sighting = Sighting::of(&finding, &labels, &held.position, read_at);
            let known = finding.rule != "unclassified";
            self.ledger.error(&held.source, &sighting, &self.redactor, known);
            let rule = self.catalogue.rule(&finding.rule);
            self.runtimes.failed(&sighting, rule.and_then(|it| it.runtime));
            if let Some(each) = &mut each {
                each(&sighting, &|| finding.clone());
            }
            notices.extend(self.incidents.observe(&sighting, || finding.clone()));
        }
        notices
    }

    /// True when so much that is new waits to be stored that memory would grow.
    #[must_use]
    pub fn is_full_of_news(&self) -> bool {
        self.incidents.is_full_of_news() || self.joins.is_full_of_news()
    }

    /// All that changed since the last call, to be written in one transaction.
    pub fn drain(&mut self, changes: &mut Changes) {
        changes.totals.extend(self.ledger.drain());
        changes.hours.extend(self.ledger.drain_hours());
        changes.incidents.extend(self.incidents.drain());
        changes.runtimes.extend(self.runtimes.drain());
        self.joins.drain(changes);
    }

    /// Judges by another catalogue from now on.
    pub fn replace_catalogue(&mut self, catalogue: Arc<Catalogue>) {
        self.catalogue = catalogue;
    }

    /// The incident with this key.
    #[must_use]
    pub fn incident(&self, key: &str) -> Option<&Incident> {
        self.incidents.get(key)
    }

    /// Notes what is wrong with a frame as bytes.
    fn note(&mut self, batch: &Batch<'_>, frame: &Frame, reading: Option<&Reading<'_, '_>>) {
        if frame.cut {
            self.ledger.cut(batch.source);
        }
        match reading {
            None => self.ledger.given_up(batch.source),
            Some(it) if it.damaged => self.ledger.issue(Format::Plain, IssueKind::InvalidUtf8),
            Some(_) => {}
        }
    }
}

/// The finding as it may be shown; without its text where we fail on that.
fn render(
    catalogue: &Catalogue,
    redactor: &Redactor,
    record: &Record<'_>,
    verdict: &Verdict<'_>,
    fingerprint: Fingerprint,
) -> Redacted<Finding> {
    let shown = |record: Record<'_>| {
        #[cfg(test)]
        guard::stumble(&record.message, guard::UNSHOWN);
        redactor.redact(catalogue.finding(record.into_owned(), verdict, fingerprint))
    };
    guarded(|| shown(record.clone())).unwrap_or_else(|| {
        let message = "This text cannot be shown; please report what is said of it on standard \
                       error, or in the log.";
        let Record { format, time, level, side, .. } = *record;
        shown(Record { format, time, level, side, message: message.into(), ..Record::default() })
    })
}

#[cfg(test)]
pub(crate) mod tests;
