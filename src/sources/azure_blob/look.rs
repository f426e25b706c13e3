//! The look: what is there, by listing, and what follows from it for what we know.
//!
//! ```text
//! sweep   folders down to each resource ─ every day from the floor to now     each 10 minutes
//! glance  the day of the last hour, and of the next one                       each `poll_interval`
//!         folders of containers in which nothing was found yet                each minute
//! ```

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::azure::worker::AT_ONCE;
use crate::sources::azure_blob::BlobSource;
use crate::sources::azure_blob::blob::Blob;
use crate::sources::azure_blob::config::FARTHEST;
use crate::sources::azure_blob::containers::{Answer, Ask, Listed, Said};
use crate::sources::azure_blob::hours;
use crate::sources::azure_blob::hours::Hour;
use crate::sources::passed;

/// How often everything is looked at.
const SWEEP: Duration = Duration::from_secs(600);

/// How often the first blob of a container is looked for.
const EXPLORE: Duration = Duration::from_secs(60);

/// Folders between a container and a year, and resources that are followed, at most.
const DEPTH: usize = 16;
const ROOTS: usize = 2_000;

/// What is listed, and what for.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Container and folder of each resource.
    roots: BTreeSet<(String, String)>,
    /// What is still to be asked, and how much of that is under way.
    pub(super) queue: VecDeque<Ask>,
    under_way: usize,
    /// When the last look, and the last sweep, began.
    pub(super) begun: Option<Timestamp>,
    pub(super) sweep_begun: Option<Timestamp>,
    explored_at: Option<Timestamp>,
    /// Where the floor will be when all above it is read.
    pub(super) next_floor: Option<Hour>,
    /// True when everything was looked at since we began.
    pub(super) swept: bool,
    /// Containers that were not there since the last sweep began.
    missing: BTreeSet<String>,
}

impl Look {
    pub(super) fn is_over(&self) -> bool {
        self.queue.is_empty() && self.under_way == 0
    }

    /// How long until the next one.
    pub(super) fn rests(&self, now: Timestamp, interval: Duration) -> Duration {
        let since = self.begun.map_or(interval, |it| now.duration_since(it).unsigned_abs());
        match self.is_over() {
            true => interval.saturating_sub(since),
            false => interval,
        }
    }
}

impl BlobSource {
    /// Begins a look when it is time, and ends one that is over.
    pub(super) fn look(&mut self, now: Timestamp) {
        if self.pace.rests(now).is_some() || !self.look.is_over() {
            return;
        }
        self.end_look();
        let due = self.look.begun.is_none_or(|it| passed(it, now, self.config.poll_interval));
        if !due || (self.once && self.look.swept) {
            return;
        }
        let there = self.clock.there(now);
        let sweep = self.look.sweep_begun.is_none_or(|it| passed(it, now, SWEEP));
        self.look.begun = Some(now);
        if sweep { self.sweep(now, there) } else { self.glance(now, there) }
    }

    fn sweep(&mut self, now: Timestamp, there: Timestamp) {
        self.look.sweep_begun = Some(now);
        self.look.next_floor = Some(hours::of(there) - whole_hours(self.config.look_back));
        self.look.explored_at = Some(now);
        self.look.missing.clear();
        self.explore(|_, _| true);
    }

    fn glance(&mut self, now: Timestamp, there: Timestamp) {
        let hour = hours::of(there);
        for (container, root) in self.look.roots.clone() {
            self.list(&container, &root, hour - 1, hour + 1);
        }
        if self.look.explored_at.is_none_or(|it| passed(it, now, EXPLORE)) {
            self.look.explored_at = Some(now);
            self.explore(|look, container| !look.roots.iter().any(|(it, _)| it == container));
        }
    }

    /// Asks for the folders of some containers, down to their resources.
    fn explore(&mut self, which: impl Fn(&Look, &str) -> bool) {
        for container in &self.config.containers {
            if which(&self.look, container) {
                self.look.missing.remove(container);
                let (container, below) = (container.clone(), String::new());
                self.look.queue.push_back(Ask::Folders { container, below });
            }
        }
    }

    /// Lists the days from one hour to another.
    fn list(&mut self, container: &str, root: &str, from: Hour, to: Hour) {
        let days = hours::days(from, to).map(|it| hours::day(root, it));
        let asks = days.map(|below| Ask::Blobs { container: container.to_owned(), below });
        self.look.queue.extend(asks);
    }

    /// Asks for what is to be listed and read, as far as there is room.
    pub(super) fn ask(&mut self, now: Timestamp) {
        if self.pace.rests(now).is_some() {
            return;
        }
        while self.under_way < AT_ONCE
            && let Some(ask) = self.look.queue.front()
            && self.account.ask(ask.clone())
        {
            self.look.queue.pop_front();
            self.look.under_way += 1;
            self.under_way += 1;
        }
        self.ask_pieces();
    }

    /// Takes in what was answered.
    pub(super) fn hear(&mut self, now: Timestamp) {
        while let Some(Answer { ask, said, clock }) = self.account.answer() {
            self.under_way = self.under_way.saturating_sub(1);
            if let Some(there) = clock {
                self.clock.hear(&self.name, there, now);
            }
            // One that went well says nothing of those that were told to wait.
            if said.is_ok() && self.pace.rests(now).is_none() {
                self.pace.succeeded();
            }
            let listing = !matches!(ask, Ask::Piece { .. });
            self.look.under_way -= usize::from(listing);
            match (ask, said) {
                (Ask::Piece { container, name, .. }, said) => {
                    self.came(&format!("{container}/{name}"), said, now);
                }
                (Ask::Folders { container, below }, Ok(Said::Folders(found))) => {
                    self.descend(&container, &below, found);
                }
                (Ask::Blobs { container, below }, Ok(Said::Blobs(found))) => {
                    self.listed(&container, &below, found);
                }
                // A container that no setting has written to is not there yet.
                (ask, Err(trouble)) if trouble.kind == Kind::Gone => {
                    self.look.missing.insert(ask.container().to_owned());
                }
                (_, Err(trouble)) => self.fail(trouble, now),
                (_, Ok(_)) => {}
            }
        }
    }

    /// Goes down to where the years begin.
    fn descend(&mut self, container: &str, below: &str, found: Vec<String>) {
        if found.iter().any(|it| hours::is_year(it)) {
            if self.look.roots.len() < ROOTS {
                self.look.roots.insert((container.to_owned(), below.to_owned()));
            } else {
                tracing::warn!(container, "too many resources; today's hours of some come late");
            }
            let now = hours::of(self.clock.there(self.look.begun.unwrap_or_default()));
            let farthest = now - whole_hours(FARTHEST);
            let from = self.floor.or(self.look.next_floor).unwrap_or(now);
            self.list(container, below, from.max(farthest), now + 1);
            return;
        }
        let deeper = found.into_iter().filter(|it| it.matches('/').count() < DEPTH);
        let asks = deeper.map(|below| Ask::Folders { container: container.to_owned(), below });
        self.look.queue.extend(asks);
    }

    /// Takes in the blobs of a day, and which of those we know are not there.
    fn listed(&mut self, container: &str, below: &str, found: Vec<Listed>) {
        let folder = format!("{container}/{below}/");
        let known = self.blobs.range_mut(folder.clone()..);
        for (_, blob) in known.take_while(|(key, _)| key.starts_with(&folder)) {
            blob.gone = true;
        }
        let floor = self.floor.or(self.look.next_floor).unwrap_or(Hour::MIN);
        for it in found {
            let Some(new) = Blob::new(container, &it.name).filter(|it| it.hour >= floor) else {
                continue;
            };
            self.blobs.entry(new.key.clone()).or_insert(new).listed(it.state());
        }
    }

    /// A look is over: all is well, and the floor moves when all above it was read.
    fn end_look(&mut self) {
        let Some(begun) = self.look.begun else { return };
        if self.look.missing.len() == self.config.containers.len() {
            let what = "none of the containers is there yet; check the diagnostic settings and `containers`";
            self.note(Trouble::new(Kind::Gone, what), begun);
        } else {
            self.well();
        }
        if self.look.sweep_begun == Some(begun) {
            self.look.swept = true;
        }
        if self.look.swept && self.is_idle() {
            self.raise_floor();
        }
    }
}

fn whole_hours(span: Duration) -> Hour {
    Hour::try_from(span.as_secs().div_ceil(3600)).unwrap_or(0)
}
