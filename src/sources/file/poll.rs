//! When to look, and at what: a look at all files costs time, however quiet they are.
//!
//! ```text
//! told that a file was written     that file, at once
//! each `poll_interval`             the files that are open, by their handles; those that were
//!                                  quiet for 10 s each 5 s, where the system tells of changes
//! told of anything else            all files, after a rest
//! now and then                     all files: each 5 s or more where the system tells of
//!                                  changes, each `poll_interval` or more where it does not
//! ```
//!
//! "Or more" grows with the files, so that ten thousand idle ones cost next to nothing.

use std::time::Duration;

use jiff::Timestamp;

use crate::sources::file::FileSource;
use crate::sources::file::Number;
use crate::sources::file::identity;
use crate::sources::file::stream::Handle;
use crate::sources::file::stream::Place;
use crate::sources::file::stream::Stream;
use crate::sources::passed;

/// The least time between two looks, however often the system tells of changes, and how much
/// more for each file.
const REST: [Duration; 2] = [Duration::from_millis(50), Duration::from_micros(100)];

/// How often to look where the system tells of changes, and how much more for each file. To look at
/// one takes up to 40 us where the machine is busy, so that a look at ten thousand takes 0.4 s: in two
/// minutes a third of a percent of a core.
const TOLD: [Duration; 2] = [Duration::from_secs(5), Duration::from_millis(12)];

/// How much more than `poll_interval` for each file where it does not.
const UNTOLD: Duration = Duration::from_millis(2);

/// How long a file must be quiet until its handle is asked less often.
const QUIET: Duration = Duration::from_secs(10);

impl FileSource {
    /// True when it is time to look for files again.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let Some(last) = self.looked_at else { return true };
        if self.once {
            return self.look_again;
        }
        self.look_again || passed(last, now, self.between_looks())
    }

    /// The time from one look at all files to the next.
    fn between_looks(&self) -> Duration {
        let files = u32::try_from(self.streams.len()).unwrap_or(u32::MAX);
        match (self.watch.has_changed(), self.is_told()) {
            (true, _) => REST[0] + REST[1] * files,
            (false, true) => self.config.poll_interval.max(TOLD[0] + TOLD[1] * files),
            (false, false) => self.config.poll_interval + UNTOLD * files.saturating_sub(250),
        }
    }

    /// Looks at the files that were written, and at the open ones when it is time.
    pub(super) fn poll(&mut self, now: Timestamp) {
        for path in self.watch.take_written() {
            let known = identity::look(&path).ok().and_then(|(id, _)| self.by_id.get(&id).copied());
            match known.filter(|it| self.streams.get(it).is_some_and(|it| it.place == Place::Here))
            {
                Some(number) => self.queue(number),
                None => self.watch.doubt(),
            }
        }
        if self.once || self.polled_at.is_some_and(|it| !passed(it, now, self.config.poll_interval))
        {
            return;
        }
        self.polled_at = Some(now);
        let all = !self.is_told() || self.polled_all_at.is_none_or(|it| passed(it, now, TOLD[0]));
        if all {
            self.polled_all_at = Some(now);
        }
        // The handles stand in the order in which they were used.
        let open = self.open.values().rev().filter_map(|it| Some((*it, self.streams.get(it)?)));
        let mut ready = Vec::new();
        self.restless = false;
        for (number, it) in open {
            let lively = it.is_lively(now);
            if !lively && !all {
                break;
            }
            self.restless |= lively;
            if it.may_have_more() {
                ready.push(number);
            }
        }
        ready.into_iter().for_each(|it| self.queue(it));
    }

    /// True when we may count on being told of what is written. Windows tells of it when the
    /// writer closes the file, or much later.
    fn is_told(&self) -> bool {
        self.watch.sees_all() && !cfg!(windows)
    }

    /// Gives a stream a turn, once.
    pub(super) fn queue(&mut self, number: Number) {
        if let Some(stream) = self.streams.get_mut(&number).filter(|it| !it.queued) {
            stream.queued = true;
            self.ready.push_back(number);
        }
    }

    /// The stream whose turn comes.
    pub(super) fn next_ready(&mut self) -> Option<Number> {
        let number = self.ready.pop_front()?;
        self.stir();
        if let Some(stream) = self.streams.get_mut(&number) {
            stream.queued = false;
        }
        Some(number)
    }

    /// How long until there is something to look at, unless we are woken.
    pub(super) fn rests(&self, now: Timestamp) -> Duration {
        let left = |since: Option<Timestamp>, wait: Duration| {
            let since = since.unwrap_or(now).min(now);
            wait.saturating_sub(now.duration_since(since).unsigned_abs())
        };
        let look = left(self.looked_at, self.between_looks());
        let poll = left(self.polled_at, self.config.poll_interval);
        match (self.open.is_empty(), self.is_told() && !self.restless) {
            (true, _) => look,
            // Not before the handles may be asked again: until then there would be no rest at all.
            (false, true) => look.min(left(self.polled_all_at, TOLD[0]).max(poll)),
            (false, false) => look.min(poll),
        }
    }
}

impl Stream {
    /// True when something of it was read a short while ago, or is still to be.
    fn is_lively(&self, now: Timestamp) -> bool {
        self.place != Place::Here
            || self.size > self.offset && !self.idle_offered
            || self.grew_at.is_some_and(|it| !passed(it, now, QUIET))
    }

    /// True when the handle shows a change, or what was read waits for a quiet time.
    fn may_have_more(&self) -> bool {
        let Some(Handle::Plain(file)) = &self.handle else { return self.has_more() };
        let waits = self.size > self.offset && !self.idle_offered;
        let changed = file
            .metadata()
            .is_ok_and(|it| it.len() != self.size || it.modified().ok() != self.modified);
        waits || changed || self.place != Place::Here
    }
}
