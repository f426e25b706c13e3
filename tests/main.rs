//! The house seen from the street: one test binary, its modules named by what can go wrong.

#![allow(missing_docs, reason = "tests are read, not linked")]

mod catalogue;
mod cli;
mod dashboards;
mod deploy;
mod misfortune;
mod restart;
mod support;
mod tidy;
