//! The frames of a batch, read by two threads and told of in their order.
//!
//! ```text
//! some frames   0 1 2 3 4 5 6 …        found by this thread, read by whoever is free
//! this thread   0     3     6          and judges 0, 1, 2, 3 … in between
//! the helper      1 2   4 5
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use crate::pipeline::framer::Frame;
use crate::pipeline::reading::{Reader, Reading, next_few};

/// Fewer frames are sooner read than a thread is started.
const FEW: usize = 8;

/// Frames that one of the two takes at once. With more of them either waits longer for the other at
/// the end of a batch.
const SHARE: usize = 32;

/// Such shares that are found before the first of them is told of, so that the helper has work. At the
/// end of a batch it has none while so many are judged.
const AHEAD: usize = 4;

impl<'b, 'c> Reader<'b, 'c> {
    /// Reads all `frames` with the help of a second thread, and tells of them in their order.
    pub(in crate::pipeline) fn share(
        &self,
        frames: impl Iterator<Item = Frame>,
        mut tell: impl FnMut(&Frame, &Option<Reading<'b, 'c>>),
    ) {
        let mut frames = frames.fuse();
        let first: Vec<Frame> = frames.by_ref().take(FEW).collect();
        if first.len() < FEW {
            return self.each(first.into_iter(), tell);
        }
        let mut frames = first.into_iter().chain(frames);
        let work = Work { reader: self, waiting: Mutex::default(), more: Condvar::new() };
        thread::scope(|scope| {
            let _closing = Closing(&work);
            let helper = thread::Builder::new().spawn_scoped(scope, || work.help()).ok();
            let alone = || helper.as_ref().is_none_or(|it| it.is_finished());
            let mut found = VecDeque::with_capacity(AHEAD);
            loop {
                while found.len() < AHEAD
                    && let Some(some) = next_few(&mut frames, SHARE)
                {
                    found.push_back(work.add(some));
                }
                let Some(task) = found.front() else { break };
                let readings = work.reading(task, alone);
                task.frames.iter().zip(readings).for_each(|(frame, it)| tell(frame, it));
                found.pop_front();
            }
        });
    }
}

/// Some frames, and where what they say is left for who judges it.
struct Task<'b, 'c> {
    frames: Vec<Frame>,
    done: OnceLock<Readings<'b, 'c>>,
}

type Readings<'b, 'c> = Vec<Option<Reading<'b, 'c>>>;

/// The frames that nobody reads yet.
#[derive(Default)]
struct Waiting<'b, 'c> {
    tasks: VecDeque<Arc<Task<'b, 'c>>>,
    /// True while the helper has nothing to do.
    idle: bool,
    /// True when no more will come.
    closed: bool,
}

/// The frames of a batch, while they are read by two.
struct Work<'w, 'b, 'c> {
    reader: &'w Reader<'b, 'c>,
    waiting: Mutex<Waiting<'b, 'c>>,
    more: Condvar,
}

impl<'b, 'c> Work<'_, 'b, 'c> {
    /// What waits; also where the other thread died.
    fn waiting(&self) -> MutexGuard<'_, Waiting<'b, 'c>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, frames: Vec<Frame>) -> Arc<Task<'b, 'c>> {
        let task = Arc::new(Task { frames, done: OnceLock::new() });
        let mut waiting = self.waiting();
        waiting.tasks.push_back(Arc::clone(&task));
        if std::mem::take(&mut waiting.idle) {
            self.more.notify_one();
        }
        task
    }

    /// Reads frames until no more will come. What was taken for a reading here is given back here,
    /// once it was told of: memory that one thread took and the other gives back costs both.
    fn help(&self) {
        let mut read = VecDeque::new();
        while let Some(task) = self.wait() {
            self.read(&task);
            read.push_back(task);
            while read.front_mut().is_some_and(|it| Arc::get_mut(it).is_some()) {
                read.pop_front();
            }
        }
    }

    /// Waits for the next frames; `None` when no more will come.
    fn wait(&self) -> Option<Arc<Task<'b, 'c>>> {
        let mut waiting = self.waiting();
        loop {
            match waiting.tasks.pop_front() {
                Some(it) => return Some(it),
                None if waiting.closed => return None,
                None => {
                    waiting.idle = true;
                    waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn read<'t>(&self, task: &'t Task<'b, 'c>) -> &'t Readings<'b, 'c> {
        task.done.get_or_init(|| self.reader.read(&task.frames))
    }

    /// What frames say, once somebody has read them; others are read meanwhile.
    fn reading<'t>(
        &self,
        task: &'t Task<'b, 'c>,
        alone: impl Fn() -> bool,
    ) -> &'t Readings<'b, 'c> {
        loop {
            // Asked before the look: who is done by then has left what it read.
            let alone = alone();
            if let Some(it) = task.done.get() {
                return it;
            }
            let next = self.waiting().tasks.pop_front();
            match next {
                Some(other) => _ = self.read(&other),
                None if alone => return self.read(task),
                None => thread::yield_now(),
            }
        }
    }
}

/// Tells the helper at its end that no more will come, whatever the end is.
struct Closing<'k, 'w, 'b, 'c>(&'k Work<'w, 'b, 'c>);

impl Drop for Closing<'_, '_, '_, '_> {
    fn drop(&mut self) {
        self.0.waiting().closed = true;
        self.0.more.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use shirwatch_parsers::Settings;

    use crate::catalogue::Catalogue;
    use crate::pipeline::framer::Frame;
    use crate::pipeline::reading::Reader;

    const FRAMES: usize = 4 * super::AHEAD * super::SHARE + 5;

    const LINE: &str = "2026-11-20T02:14:22Z Error A.B guid Copy failed: ErrorCode=X,'Type=A.B,\
                        Message=It is gone.,Source=C,'\n";

    #[test]
    fn frames_are_told_in_their_order_also_beyond_those_found_ahead() {
        let mut told = Vec::new();
        share(&mut |it| told.push(it));
        assert_eq!(told, (0..FRAMES).map(|i| i * LINE.len()).collect::<Vec<_>>());
    }

    #[test]
    fn who_judges_may_fail_and_nobody_waits_for_ever() {
        let mut told = 0;
        let mut judge = |_| {
            told += 1;
            assert!(told < 20, "the twentieth is too many");
        };
        assert!(catch_unwind(AssertUnwindSafe(|| share(&mut judge))).is_err());
        assert_eq!(told, 20);
    }

    /// Reads as many frames with a helper; `tell` is given where each begins.
    fn share(tell: &mut dyn FnMut(usize)) {
        let (catalogue, settings) = (Catalogue::embedded().unwrap(), Settings::default());
        let text = LINE.repeat(FRAMES);
        let range = |i: usize| i * LINE.len()..(i + 1) * LINE.len();
        let frames = (0..FRAMES).map(|i| Frame { range: range(i), cut: false, columns: None });
        let reader = Reader { bytes: text.as_bytes(), settings: &settings, catalogue: &catalogue };
        reader.share(frames, |frame, it| {
            assert!(it.as_ref().is_some_and(|it| it.records.len() == 1));
            tell(frame.range.start);
        });
    }
}
