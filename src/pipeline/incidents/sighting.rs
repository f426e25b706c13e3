//! One failure on its way into an incident.
//!
//! It borrows all it has from the record that was read, so that counting the same failure
//! for the thousandth time copies nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shirwatch_parsers::Record;

use crate::model::batch::Position;
use crate::model::finding::Category;
use crate::model::finding::Fault;
use crate::model::finding::Finding;
use crate::model::finding::Severity;
use crate::model::fingerprint::Fingerprint;

/// One failure that is to be counted.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// The rule that knows it.
    pub rule: &'a str,
    /// The kind of trouble.
    pub category: Category,
    /// How urgent it is.
    pub severity: Severity,
    /// Whose fault it is.
    pub fault: Fault,
    /// Its number.
    pub fingerprint: Fingerprint,
    /// The record.
    pub record: &'a Record<'a>,
    /// The labels of the source.
    pub labels: &'a BTreeMap<String, String>,
    /// Where it was read.
    pub position: &'a Position,
    /// When it was read.
    pub read_at: Timestamp,
}

impl<'a> Sighting<'a> {
    /// A finding that was held and is counted now.
    pub(in crate::pipeline) fn of(
        it: &'a Finding,
        labels: &'a BTreeMap<String, String>,
        position: &'a Position,
        read_at: Timestamp,
    ) -> Self {
        Self {
            rule: &it.rule,
            category: it.category,
            severity: it.severity,
            fault: it.fault,
            fingerprint: it.fingerprint,
            record: &it.record,
            labels,
            position,
            read_at,
        }
    }
}
