//! Parses the arguments, calls the command, turns its error into an exit code.

fn main() {}
