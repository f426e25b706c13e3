//! Open this first: a batch of bytes becomes findings, incidents and notices here.
//!
//! ```text
//! bytes ─ prefilter ─ framer ─ parse ─ classify ─ fingerprint ─ joins ─ incidents ─ notices
//! ```
//!
//! Nothing here can fail or wait: no file, no socket, no clock. Time enters with the batch
//! and through [`Pipeline::tick`]; what is to be kept leaves as [`Changes`]. So a test is a
//! string in and incidents out.

pub mod counts;
pub mod framer;
pub mod incidents;
pub mod joins;
mod json;
mod lines;
pub mod prefilter;
