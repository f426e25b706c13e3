//! shirwatch reads the logs of Azure Data Factory and Synapse integration runtimes, tells
//! which documented error each failure is, and says how to mend it.
//!
//! The modules stand in the order of the layers: each imports only what stands above it
//! here (ARCHITECTURE.md has the table). Open [`pipeline`] first: a line of log becomes a
//! metric, an incident and an alert there.

pub mod catalogue;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod model;
pub mod outputs;
pub mod pipeline;
pub mod service;
pub mod sources;
pub mod store;
pub mod web;
