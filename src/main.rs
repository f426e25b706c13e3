//! Parses the arguments, calls the command, turns its error into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    shirwatch::cli::main()
}
