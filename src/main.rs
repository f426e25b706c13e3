//! Parses the arguments, calls the command, turns its error into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    one_heap();
    shirwatch::cli::main()
}

/// One heap for all threads. glibc gives each thread its own by default, so that what the
/// catalogue took while it was read is not there for the engine: 4 of 40 MiB. The engine is
/// the one thread that allocates much, so nobody waits for it.
fn one_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "sets a number of the allocator, before there are threads")]
    // SAFETY: `mallopt` is called before another thread is started.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
