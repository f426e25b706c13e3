//! Runs of pipelines: a page of them, the activities of each, and what is remembered of it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::sources::azure_rest::config::AzureRestConfig;
use crate::sources::azure_rest::factory::{Factory, List, OVERLAP, Offer};
use crate::sources::azure_rest::page::{Page, Run, line};

/// How long a row is kept after its run changed last, and how many at most.
const KEPT: Duration = Duration::from_secs(24 * 3600);
const ROWS: usize = 50_000;

/// How much earlier than its pipeline an activity may have been updated.
const EARLIER: Duration = Duration::from_secs(3600);

/// Bytes of the activities of one run that are read.
const MOST: usize = 16 * 1024 * 1024;

impl Factory {
    pub(super) fn ask_activities(&self, run: &Run, before: Timestamp) -> (String, Option<String>) {
        let begun = run.run_start.or(run.last_updated).unwrap_or(before);
        let since = begun.checked_sub(EARLIER).unwrap_or(begun);
        let until = before.checked_add(EARLIER).unwrap_or(before);
        let body = filter(since, until, self.activities.next.as_deref());
        (format!("pipelineruns/{}/queryActivityruns", run.id), Some(body))
    }

    pub(super) fn take_runs(&mut self, config: &AzureRestConfig, page: &Page<'_>) {
        for element in &page.value {
            let run = Run::of(element);
            if self.rows.get(&run.id).is_none_or(|it| it.status != run.status) {
                let mut text = Vec::new();
                line(element, &mut text);
                self.todo.push_back((run, text));
            }
        }
        self.list.turn(page);
        self.end_runs(config);
    }

    pub(super) fn take_activities(&mut self, page: &Page<'_>) {
        page.value.iter().for_each(|it| line(it, &mut self.gathered));
        self.activities.turn(page);
        let endless = self.activities.is_read() && self.activities.next.is_some();
        let cut = endless || self.gathered.len() > MOST;
        self.cut += u64::from(cut);
        if cut || self.activities.is_read() {
            self.tell_run();
        }
    }

    /// Offers the run in front, with what was gathered of it.
    pub(super) fn tell_run(&mut self) {
        let Some((run, text)) = self.todo.pop_front() else { return };
        let mut bytes = std::mem::take(&mut self.gathered);
        bytes.extend(text);
        self.activities = List::default();
        let path = format!("{}/pipelineruns/{}", self.name, run.id);
        self.offer = Some(Offer { bytes, path, run: Some(run) });
    }

    /// The window is read when all its pages are, and all their runs are told.
    pub(super) fn end_runs(&mut self, config: &AzureRestConfig) {
        let Some((_, before)) = self.window.filter(|_| self.todo.is_empty() && self.list.is_read())
        else {
            return;
        };
        self.window = None;
        // A list without an end is given up; what follows from it is not known to be read.
        if self.list.next.is_some() {
            tracing::warn!(
                factory = self.name,
                "a list of runs does not end; it is asked for again"
            );
            self.skipped = true;
        }
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
    pub(super) fn forget(&mut self, now: Timestamp) {
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

    /// Leaves a run to a later poll, which finds it again, since the cursor stays.
    pub(super) fn skip(&mut self) {
        self.todo.pop_front();
        self.gathered.clear();
        (self.activities, self.skipped) = (List::default(), true);
    }

    /// Begins the poll anew: a token may hold no longer. The rows keep what was told.
    pub(super) fn give_up(&mut self) {
        (self.window, self.begun) = (None, None);
        (self.list, self.activities) = (List::default(), List::default());
        self.todo.clear();
        self.gathered.clear();
    }
}

/// What is asked for by time.
pub(super) fn filter(since: Timestamp, before: Timestamp, next: Option<&str>) -> String {
    let mut body = json!({
        "lastUpdatedAfter": since.to_string(), "lastUpdatedBefore": before.to_string()
    });
    if let Some(next) = next {
        body["continuationToken"] = next.into();
    }
    body.to_string()
}
