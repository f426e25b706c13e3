//! One data factory: what is asked next, and what was already told.
//!
//! ```text
//! runs updated since the cursor, and a while before it      page by page
//!   of each that is new or has another status               its activities, page by page
//!     one batch: its activities, then the run itself        → row { run, status }
//! all pages read                                            → cursor
//! runtimes: list, then state and load of each               one batch a document
//! ```
//!
//! A run may show late in the answers, so each window overlaps the one before; the rows keep a
//! run from being told twice. Cursor and rows are checkpoints, so they are committed with what
//! was found.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::sources::azure::pace::Pace;
use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::azure_rest::config::AzureRestConfig;
use crate::sources::azure_rest::page::{Page, Run, line};

/// By how much a window overlaps the one before.
const OVERLAP: Duration = Duration::from_secs(15 * 60);

/// How long a row is kept after its run changed last, and how many at most.
const KEPT: Duration = Duration::from_secs(24 * 3600);
const ROWS: usize = 50_000;

/// How much earlier than its pipeline an activity may have been updated.
const EARLIER: Duration = Duration::from_secs(3600);

/// Bytes of the activities of one run, and pages of one list, that are read.
const MOST: usize = 16 * 1024 * 1024;
const PAGES: usize = 1_000;

/// How often the activities of a run are asked for in one poll.
const TRIES: u32 = 3;

/// Runtimes that are asked for.
const RUNTIMES: usize = 200;

/// One data factory.
pub(super) struct Factory {
    pub(super) name: String,
    pub(super) cursor: Option<Timestamp>,
    pub(super) cursor_moved: bool,
    /// What was told of which run.
    pub(super) rows: BTreeMap<String, Row>,
    pub(super) forgotten: Vec<String>,
    /// The window of this poll.
    window: Option<(Timestamp, Timestamp)>,
    list: List,
    /// Runs to be told, each with its line.
    todo: VecDeque<(Run, Vec<u8>)>,
    activities: List,
    gathered: Vec<u8>,
    documents: VecDeque<String>,
    under_way: Option<What>,
    pub(super) offer: Option<Offer>,
    pub(super) pace: Pace,
    pub(super) begun: Option<Timestamp>,
    /// True when everything was asked for since we began.
    pub(super) complete: bool,
    pub(super) trouble: Option<(Trouble, Timestamp)>,
    /// True when something of this poll was not to be had, and when a run was left out for it.
    harmed: bool,
    skipped: bool,
    /// True when a whole poll went well.
    pub(super) healed: bool,
    /// Runs whose activities are too many to be read.
    pub(super) cut: u64,
}

/// What was told of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) status: String,
    pub(super) updated: Timestamp,
    pub(super) dirty: bool,
}

/// What is offered.
pub(super) struct Offer {
    pub(super) bytes: Vec<u8>,
    /// What it is, as it is shown.
    pub(super) path: String,
    run: Option<Run>,
}

/// Where a list is.
#[derive(Debug, Default)]
struct List {
    pages: usize,
    next: Option<String>,
}

/// What an answer will be of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Runs,
    Activities,
    Runtimes,
    Document(String),
}

impl List {
    fn is_read(&self) -> bool {
        self.pages > 0 && (self.next.is_none() || self.pages >= PAGES)
    }

    fn turn(&mut self, page: &Page<'_>) {
        self.pages += 1;
        self.next.clone_from(&page.next);
    }
}

impl Factory {
    pub(super) fn new(source: &str, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            cursor: None,
            cursor_moved: false,
            rows: BTreeMap::new(),
            forgotten: Vec::new(),
            window: None,
            list: List::default(),
            todo: VecDeque::new(),
            activities: List::default(),
            gathered: Vec::new(),
            documents: VecDeque::new(),
            under_way: None,
            offer: None,
            pace: Pace::new(&format!("{source}/{name}")),
            begun: None,
            complete: false,
            trouble: None,
            harmed: false,
            skipped: false,
            healed: false,
            cut: 0,
        }
    }

    /// True when nothing of this poll is left to do.
    pub(super) fn is_idle(&self) -> bool {
        let nothing = self.under_way.is_none() && self.offer.is_none() && self.documents.is_empty();
        nothing && self.window.is_none()
    }

    /// Begins a poll.
    pub(super) fn begin(&mut self, config: &AzureRestConfig, now: Timestamp, there: Timestamp) {
        let first = there.checked_sub(config.look_back).unwrap_or(there);
        let since = self.cursor.and_then(|it| it.checked_sub(OVERLAP).ok());
        self.window = Some((since.unwrap_or(first), there));
        (self.list, self.begun) = (List::default(), Some(now));
        (self.harmed, self.skipped) = (false, false);
    }

    /// What to ask next: what is behind the factory in the address, and what is sent.
    pub(super) fn next(&mut self, config: &AzureRestConfig) -> Option<(String, Option<String>)> {
        if self.under_way.is_some() || self.offer.is_some() {
            return None;
        }
        if let Some((since, before)) = self.window {
            match self.todo.front() {
                Some((run, _)) if config.activities && run.has_ended() => {
                    self.under_way = Some(What::Activities);
                    return Some(self.ask_activities(run, before));
                }
                Some(_) => self.tell_run(),
                // The last run was left out.
                None if self.list.is_read() => {
                    self.end_runs(config);
                    return None;
                }
                None => {
                    self.under_way = Some(What::Runs);
                    let body = filter(since, before, self.list.next.as_deref());
                    return Some(("queryPipelineRuns".to_owned(), Some(body)));
                }
            }
            return None;
        }
        let path = self.documents.pop_front()?;
        let list = path == "integrationRuntimes";
        self.under_way = Some(if list { What::Runtimes } else { What::Document(path.clone()) });
        Some((path, (!list).then(String::new)))
    }

    fn ask_activities(&self, run: &Run, before: Timestamp) -> (String, Option<String>) {
        let begun = run.run_start.or(run.last_updated).unwrap_or(before);
        let since = begun.checked_sub(EARLIER).unwrap_or(begun);
        let until = before.checked_add(EARLIER).unwrap_or(before);
        let body = filter(since, until, self.activities.next.as_deref());
        (format!("pipelineruns/{}/queryActivityruns", run.id), Some(body))
    }

    /// An answer has come.
    pub(super) fn heard(
        &mut self,
        config: &AzureRestConfig,
        bytes: Vec<u8>,
    ) -> Result<(), Trouble> {
        match self.under_way.take() {
            Some(What::Runs) => self.take_runs(config, &Page::read(&bytes)?),
            Some(What::Activities) => self.take_activities(&Page::read(&bytes)?),
            Some(What::Runtimes) => self.take_runtimes(&Page::read(&bytes)?),
            Some(What::Document(path)) => {
                self.offer =
                    Some(Offer { bytes, path: format!("{}/{path}", self.name), run: None });
            }
            None => {}
        }
        Ok(())
    }

    fn take_runs(&mut self, config: &AzureRestConfig, page: &Page<'_>) {
        for element in &page.value {
            let Ok(run) = serde_json::from_str::<Run>(element.get()) else { continue };
            if self.rows.get(&run.id).is_none_or(|it| it.status != run.status) {
                let mut text = Vec::new();
                line(element, &mut text);
                self.todo.push_back((run, text));
            }
        }
        self.list.turn(page);
        self.end_runs(config);
    }

    fn take_activities(&mut self, page: &Page<'_>) {
        page.value.iter().for_each(|it| line(it, &mut self.gathered));
        self.activities.turn(page);
        let cut = self.gathered.len() > MOST;
        self.cut += u64::from(cut);
        if cut || self.activities.is_read() {
            self.tell_run();
        }
    }

    /// Offers the run in front, with what was gathered of it.
    fn tell_run(&mut self) {
        let Some((run, text)) = self.todo.pop_front() else { return };
        let mut bytes = std::mem::take(&mut self.gathered);
        bytes.extend(text);
        self.activities = List::default();
        let path = format!("{}/pipelineruns/{}", self.name, run.id);
        self.offer = Some(Offer { bytes, path, run: Some(run) });
    }

    fn take_runtimes(&mut self, page: &Page<'_>) {
        for element in page.value.iter().take(RUNTIMES) {
            let it: serde_json::Value = serde_json::from_str(element.get()).unwrap_or_default();
            if it["properties"]["type"] == "SelfHosted"
                && let Some(name) = it["name"].as_str().filter(|it| !it.contains('/'))
            {
                let asks = ["getStatus", "monitoringData"];
                let asks = asks.map(|it| format!("integrationRuntimes/{name}/{it}"));
                self.documents.extend(asks);
            }
        }
        self.end_documents();
    }

    /// A poll is over when the last document was told.
    fn end_documents(&mut self) {
        if self.documents.is_empty() {
            self.complete = true;
            self.healed |= !self.harmed;
        }
    }

    /// What was offered was taken.
    pub(super) fn was_taken(&mut self, config: &AzureRestConfig) {
        let Some(offer) = self.offer.take() else { return };
        let Some(Run { id, status, last_updated, .. }) = offer.run else {
            self.end_documents();
            return;
        };
        let updated = last_updated.or(self.window.map(|it| it.1)).unwrap_or_default();
        self.rows.insert(id, Row { status, updated, dirty: true });
        self.end_runs(config);
    }

    /// The window is read when all its pages are, and all their runs are told.
    fn end_runs(&mut self, config: &AzureRestConfig) {
        let Some((_, before)) = self.window.filter(|_| self.todo.is_empty() && self.list.is_read())
        else {
            return;
        };
        self.window = None;
        if !self.skipped {
            (self.cursor, self.cursor_moved) = (Some(before), true);
            self.forget(before);
        }
        if config.runtimes {
            self.documents.push_back("integrationRuntimes".to_owned());
        }
        self.end_documents();
    }

    /// Forgets runs that will hardly be seen again: first those that changed long ago.
    fn forget(&mut self, now: Timestamp) {
        let mut old: Vec<_> = self.rows.iter().map(|(id, row)| (row.updated, id.clone())).collect();
        old.sort();
        let over = old.len().saturating_sub(ROWS);
        let long_ago = now.checked_sub(KEPT).unwrap_or(now);
        let seen = now.checked_sub(2 * OVERLAP).unwrap_or(now);
        for (rank, (updated, id)) in old.into_iter().enumerate() {
            if updated < long_ago || (rank < over && updated < seen) {
                self.rows.remove(&id);
                self.forgotten.push(id);
            }
        }
    }

    /// What was asked for is not to be had now: it is asked for again where that may help, and
    /// else left out of this poll, so that it stops nothing else.
    pub(super) fn failed(&mut self, trouble: &Trouble, now: Timestamp) {
        self.pace.failed(trouble, now);
        self.harmed = true;
        let limited = trouble.kind == Kind::Throttled;
        let passes = matches!(trouble.kind, Kind::Server | Kind::Connection | Kind::Denied);
        match self.under_way.take() {
            Some(What::Document(path)) if limited => self.documents.push_front(path),
            Some(What::Runtimes) if limited => {
                self.documents.push_front("integrationRuntimes".to_owned());
            }
            Some(What::Document(_) | What::Runtimes) => self.end_documents(),
            // Activities that are kept no longer will not come back; their run is known.
            Some(What::Activities) if trouble.kind == Kind::Gone => self.tell_run(),
            Some(What::Activities) if !limited && self.pace.failures.is_multiple_of(TRIES) => {
                self.skip()
            }
            Some(What::Runs) if !limited && !passes => self.give_up(),
            _ => {}
        }
    }

    /// Leaves a run to a later poll, which finds it again, since the cursor stays.
    fn skip(&mut self) {
        self.todo.pop_front();
        self.gathered.clear();
        (self.activities, self.skipped) = (List::default(), true);
    }

    /// Begins the poll anew: a token may hold no longer. The rows keep what was told.
    fn give_up(&mut self) {
        (self.window, self.begun) = (None, None);
        (self.list, self.activities) = (List::default(), List::default());
        self.todo.clear();
        self.gathered.clear();
    }
}

/// What is asked for by time.
fn filter(since: Timestamp, before: Timestamp, next: Option<&str>) -> String {
    let mut body = json!({
        "lastUpdatedAfter": since.to_string(), "lastUpdatedBefore": before.to_string()
    });
    if let Some(next) = next {
        body["continuationToken"] = next.into();
    }
    body.to_string()
}
