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

mod runs;
mod runtimes;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::sources::azure::pace::Pace;
use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::azure_rest::config::AzureRestConfig;
use crate::sources::azure_rest::factory::runs::filter;
use crate::sources::azure_rest::page::{Page, Run};

/// By how much a window overlaps the one before.
const OVERLAP: Duration = Duration::from_secs(15 * 60);

/// Pages of one list that are read.
const PAGES: usize = 1_000;

/// How often the activities of a run are asked for in one poll.
const TRIES: u32 = 3;

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
        let list = path.split('?').next() == Some(runtimes::LIST);
        self.under_way = Some(if list { What::Runtimes } else { What::Document(path.clone()) });
        Some((path, (!list).then(String::new)))
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
            Some(What::Runtimes) => self.take_runtimes(config, &Page::read(&bytes)?),
            Some(What::Document(path)) => {
                let bytes = runtimes::tellable(&path, bytes);
                self.offer =
                    Some(Offer { bytes, path: format!("{}/{path}", self.name), run: None });
            }
            None => {}
        }
        Ok(())
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
                self.documents.push_front(runtimes::LIST.to_owned());
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
}
