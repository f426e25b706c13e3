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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::pipeline::guard::guarded;

    const SECRET: &str = "Password=FAKEsecret";

    #[test]
    fn a_panic_is_told_by_its_place_and_one_that_ends_a_thread_always() {
        let ours = std::env::current_exe().unwrap();
        let child = "service::log::panics::tests::child_that_panics";
        let args = ["--exact", child, "--ignored", "--nocapture", "--test-threads=1"];
        let output = Command::new(ours).args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let told: Vec<_> = said.lines().filter(|it| it.starts_with("error: ")).collect();
        assert_eq!(told.len(), MOST as usize + 1, "{said}");
        assert!(told.iter().all(|it| it.contains("panics.rs:")), "{said}");
        let all = said.into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !all.contains(SECRET), "{all}");
    }

    /// In a process of its own, as what is done with panics is one thing for all of a process.
    #[test]
    #[ignore = "panics; the test above runs it"]
    fn child_that_panics() {
        tell_by_place();
        for _ in 0..MOST + 10 {
            assert_eq!(guarded(|| panic!("{SECRET}")), None::<()>);
        }
        assert!(std::thread::spawn(|| panic!("{SECRET}")).join().is_err());
    }
}
