//! The house seen from the street: one test binary, its modules named by what can go wrong.

#![allow(missing_docs, reason = "tests are read, not linked")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on says so")]

mod api;
mod azure;
mod catalogue;
mod cli;
mod dashboards;
mod deploy;
mod flow;
mod interruptions;
#[cfg(feature = "kafka")]
mod kafka;
mod misfortune;
mod nodes;
mod receivers;
mod redaction;
mod reload;
mod restart;
mod spelling;
mod support;
mod support_archive;
mod tidy;
