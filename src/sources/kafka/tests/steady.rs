//! What the mock cluster does that no broker does, and tests that are begun again for it.
//!
//! Of librdkafka 2.12.1, `rdkafka_mock_cgrp.c`:
//!
//! - A member that waits for its share is expelled where its share comes a second late, and its
//!   request is never answered. So a machine that stands still for a moment ends it.
//! - From the first member that joins on, the group takes no offsets of the others, and expels
//!   within seconds who did not join again. Who is to give up a partition then cannot say how far
//!   it is. Brokers take offsets until all have joined, and wait for minutes.
//!
//! Neither is a fault of ours, and after either the same lines are counted twice or not at all.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::sources::azure::trouble::Trouble;
use crate::sources::kafka::group::{Group, News, Place, Taken, Upto};

/// Less than what the mock cluster forgives.
const STILL: Duration = Duration::from_millis(400);
const LOOK: Duration = Duration::from_millis(20);

/// How often a test may be begun.
const TRIES: usize = 4;

thread_local! {
    /// Set where the mock cluster expelled a member during the test of this thread.
    static EXPELLED: RefCell<Arc<AtomicBool>> = RefCell::default();
}

/// Passes or fails as the test does. One that failed, and in which the mock cluster did one of
/// these, is begun again; the last try counts as it is.
#[track_caller]
pub(super) fn steadily(test: impl Fn()) {
    for _ in 1..TRIES {
        // Of its own: members of an earlier try may still be leaving.
        let expelled = Arc::<AtomicBool>::default();
        EXPELLED.set(Arc::clone(&expelled));
        let (ended, longest) = watched(&test);
        let expelled = expelled.load(Ordering::Acquire);
        match ended {
            Ok(()) => return,
            Err(why) if longest < STILL && !expelled => resume_unwind(why),
            Err(_) => println!("expelled: {expelled}, no time for {longest:?}; once more"),
        }
    }
    test();
}

/// Runs it; also for how long a thread that only looks at the clock was kept from it at most.
fn watched(test: &impl Fn()) -> (thread::Result<()>, Duration) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
            while !over.load(Ordering::Acquire) {
                thread::sleep(LOOK);
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            longest
        });
        let ended = catch_unwind(AssertUnwindSafe(test));
        over.store(true, Ordering::Release);
        (ended, watch.join().expect("who looks at the clock"))
    })
}

/// A membership that notes when it was ended by the other side.
pub(super) struct Witness<G> {
    group: G,
    /// The answer to what was committed last.
    taken: Taken,
    expelled: Arc<AtomicBool>,
}

impl<G> Witness<G> {
    pub(super) fn of(group: G) -> Self {
        let expelled = EXPELLED.with_borrow(Arc::clone);
        Self { group, taken: Taken::Yes, expelled }
    }
}

impl<G: Group> Group for Witness<G> {
    fn next(&mut self) -> Option<News> {
        let news = self.group.next();
        match &news {
            Some(News::Told(taken)) => self.taken = *taken,
            Some(News::Lost(_)) => self.expelled.store(true, Ordering::Release),
            _ => {}
        }
        news
    }

    fn ask(&mut self, places: Vec<Place>) {
        self.group.ask(places);
    }

    fn start(&mut self, from: &[(Place, u64)]) -> Result<(), Trouble> {
        self.group.start(from)
    }

    fn give_up(&mut self, places: &[Place]) {
        if self.taken == Taken::Never {
            self.expelled.store(true, Ordering::Release);
        }
        self.group.give_up(places);
    }

    fn commit(&mut self, upto: &[Upto]) {
        self.group.commit(upto);
    }

    fn reopen(&mut self) -> Result<(), Trouble> {
        self.group.reopen()
    }
}

#[test]
fn a_test_that_fails_of_itself_is_not_begun_again() {
    let begun = std::cell::Cell::new(0);
    let ended = watched(&|| {
        steadily(|| {
            begun.set(begun.get() + 1);
            panic!("wrong");
        });
    });
    assert!(ended.0.is_err());
    // Unless this machine itself stood still.
    assert!(begun.get() == 1 || ended.1 >= STILL, "{} times", begun.get());
}

#[test]
fn a_test_in_which_a_member_was_expelled_is_begun_again() {
    let cluster = super::FakeCluster::default();
    let begun = std::cell::Cell::new(0);
    steadily(|| {
        begun.set(begun.get() + 1);
        let mut member = Witness::of(cluster.join(1));
        cluster.tell(1, &News::Lost(Vec::new()));
        while member.next().is_some() {}
        assert!(begun.get() > 1, "the first time goes wrong");
    });
    assert_eq!(begun.get(), 2);
}
