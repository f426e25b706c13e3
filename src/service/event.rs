//! All that can happen to the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use crate::delivery::Outcome;
use crate::sources::Waker;
use crate::web::shared::Command;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// There may be something to read.
    Wake,
    /// A receiver answered.
    Delivered(Outcome),
    /// The page or the API asks for something.
    Asked(Command),
    /// A new configuration is not used; why.
    Refused(String),
    /// The engine is to end.
    Stop {
        /// How long to wait for receivers.
        within: Duration,
    },
}

/// Wakes the engine, once however often it is rung before the engine looks.
#[derive(Debug, Clone)]
pub struct Alarm {
    events: SyncSender<Event>,
    rung: Arc<AtomicBool>,
}

impl Alarm {
    /// An alarm that puts [`Event::Wake`] into `events`.
    #[must_use]
    pub fn new(events: SyncSender<Event>) -> Self {
        Self { events, rung: Arc::default() }
    }

    /// From now on the next ring wakes again. To be called before looking.
    pub fn rearm(&self) {
        self.rung.store(false, Ordering::SeqCst);
    }

    /// What sources call.
    #[must_use]
    pub fn waker(&self) -> Waker {
        let it = self.clone();
        Arc::new(move || {
            if !it.rung.swap(true, Ordering::SeqCst) {
                // A full inbox wakes the engine as well.
                let _ = it.events.try_send(Event::Wake);
            }
        })
    }
}
