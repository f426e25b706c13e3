//! What passes between the layers: plain data with public fields, and one seal.
//!
//! This layer holds nouns. It reads no file, asks no clock and knows no rule; the seal
//! is [`Redacted`], which only the [`Redactor`] and the store can make, so that nothing
//! that still holds a secret can be stored, shown or sent.

pub mod alert;
pub mod batch;
pub mod changes;
pub mod checkpoint;
pub mod counters;
pub mod finding;
pub mod fingerprint;
mod histograms;
pub mod hour;
pub mod incident;
pub mod merge;
pub mod metrics;
pub mod names;
pub mod redacted;
pub mod runtime;
pub mod silence;
pub mod size;
pub mod totals;

pub use alert::{Alert, AlertStatus, Reason};
pub use batch::{Batch, End, Framing, Position, Shape};
pub use changes::{Changes, Held, IncidentChange, Occurrence, Outgoing};
pub use checkpoint::Checkpoint;
pub use counters::{Counters, MetricsConfig};
pub use finding::{Category, Cause, Fault, Finding, Matched, Severity};
pub use fingerprint::Fingerprint;
pub use hour::{Hour, HourCount, Hours};
pub use incident::{Course, Ended, Incident, State};
pub use metrics::Metric;
pub use names::Names;
pub use redacted::{Redacted, RedactionConfig, RedactionLevel, Redactor};
pub use runtime::Runtime;
pub use silence::Silence;
pub use size::ByteSize;
pub use totals::Totals;
