//! A panic is told by its place alone: its words may quote a log, with all that stands there.

use std::io::Write;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::pipeline::guard::is_guarded;

/// How many texts that we fail on are told where there is no log, which would leave out the rest
/// itself. What ends a thread is always told.
const MOST: u32 = 20;

static TOLD: AtomicU32 = AtomicU32::new(0);

/// Tells panics by their place from now on, in the log once there is one.
pub fn tell_by_place() {
    std::panic::set_hook(Box::new(|it| tell(it.location())));
}

fn tell(place: Option<&Location<'_>>) {
    let place = place.map(Location::to_string).unwrap_or_default();
    let guarded = is_guarded();
    if tracing::dispatcher::has_been_set() {
        // Two messages, as the log leaves out what comes too often by the place that says it.
        if guarded {
            tracing::error!(place, "the program failed on a text; please report the place");
        } else {
            tracing::error!(place, "the program failed; please report the place");
        }
    } else if !guarded || TOLD.fetch_add(1, Ordering::Relaxed) < MOST {
        // Who listens may have gone, which must not be the next panic.
        let _ =
            writeln!(std::io::stderr(), "error: the program failed at {place}; please report it");
    }
}
