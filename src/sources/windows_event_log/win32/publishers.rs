//! Publishers of events, whose files hold the words of the messages.

use std::collections::HashMap;
use std::ptr::null;

use windows_sys::Win32::System::EventLog as win;

use crate::sources::windows_event_log::win32::handle::{Handle, wide};

/// Publishers that are kept open.
const MOST: usize = 32;

/// Publishers by name; `None` where this machine knows nothing of one.
#[derive(Default)]
pub(super) struct Publishers {
    known: HashMap<String, Option<Handle>>,
}

impl Publishers {
    /// The publisher of that name.
    pub(super) fn of(&mut self, name: &str) -> Option<&Handle> {
        if self.known.len() >= MOST && !self.known.contains_key(name) {
            self.known.clear();
        }
        self.known.entry(name.to_owned()).or_insert_with(|| open(name)).as_ref()
    }
}

fn open(name: &str) -> Option<Handle> {
    let name = wide(name);
    // SAFETY: `name` ends with a null and outlives the call; 0 is this machine, and its language.
    let raw = unsafe { win::EvtOpenPublisherMetadata(0, name.as_ptr(), null(), 0, 0) };
    Handle::of(raw).ok()
}
