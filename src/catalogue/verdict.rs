//! What the catalogue says of a record: which rule, and by what right.
//!
//! A verdict borrows the rule and holds no text, so that judging a record that is then
//! dropped (a duplicate, a run that did not fail) costs nothing but the looking.

use shirwatch_parsers::{Level, Record};

use crate::catalogue::rule::Rule;
use crate::model::finding::Severity;
use crate::model::fingerprint::Fingerprint;

/// Which rule knows a record, and by what right.
#[derive(Debug, Clone)]
pub struct Verdict<'c> {
    /// The rule that knows it best; `unclassified` when none does.
    pub rule: &'c Rule,
    /// Index in the chain of the deepest link that decided; `None` where there is no chain.
    pub link: Option<usize>,
    /// The clauses that held.
    pub by: Clauses,
    /// Which of the catalogue's alternatives held; `None` for `unclassified`.
    pub(super) alternative: Option<usize>,
    /// Whether a rule that fits knows the record as this very error.
    pub(super) certain: bool,
}

/// The rules that fit a record besides the one that knows it best.
#[derive(Debug, Clone, Default)]
pub struct Rivals<'c> {
    /// The best first; at most [`Rivals::ALSO`]. None that speaks of a kind of trouble in general,
    /// where the best does not.
    pub also: Vec<&'c Rule>,
    /// One that fits exactly as well: a fault of the catalogue.
    pub tied: Option<&'c Rule>,
}

impl Rivals<'_> {
    /// Rules that are named.
    pub const ALSO: usize = 8;
}

impl Verdict<'_> {
    /// True when a rule knows the record.
    #[must_use]
    pub fn known(&self) -> bool {
        self.alternative.is_some()
    }

    /// True when a rule of its own knows the record as this very error. A general rule says
    /// what kind of trouble an error is, and not that a record is one: its words stand in
    /// many a healthy log.
    #[must_use]
    pub fn certain(&self) -> bool {
        self.certain
    }

    /// The number of `record` as this verdict judges it.
    #[must_use]
    pub fn fingerprint(&self, record: &Record<'_>) -> Fingerprint {
        // A general rule knows the kind of trouble, and not this one: its words still count.
        let known = !self.rule.general;
        // A vendor's number says all that its words could, and is part of the fingerprint.
        if known && (self.by.holds(Clause::Message) || self.by.holds(Clause::Number)) {
            Fingerprint::of_known(&self.rule.id, record)
        } else {
            Fingerprint::of(&self.rule.id, record)
        }
    }

    /// How urgent `record` is: as its rule says, but never worse than its writer thought
    /// when that was a warning. A copy that skips a row goes on.
    #[must_use]
    pub fn severity(&self, record: &Record<'_>) -> Severity {
        match record.level {
            Some(Level::Warning) => self.rule.severity.min(Severity::Warning),
            _ => self.rule.severity,
        }
    }
}

/// A set of clauses of a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clauses(u16);

/// A kind of clause, in the order in which they are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    Code,
    Type,
    Message,
    Number,
    Http,
    ActivityCode,
    ActivityType,
    FailureType,
    Side,
    Connector,
    Format,
}

const NAMES: [&str; 11] = [
    "code",
    "type",
    "message",
    "number",
    "http",
    "activity_code",
    "activity_type",
    "failure_type",
    "side",
    "connector",
    "format",
];

impl Clauses {
    /// The names of the clauses: `code`, `type`, `message`, ….
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let held = move |i: &usize| self.0 & (1 << i) != 0;
        (0..NAMES.len()).filter(held).map(|i| NAMES[i])
    }

    /// Whether the clause is among them.
    pub(super) fn holds(self, clause: Clause) -> bool {
        self.0 & (1 << clause as usize) != 0
    }

    pub(super) fn add(&mut self, clause: Clause) {
        self.0 |= 1 << clause as usize;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_named_in_one_order() {
        let mut all = Clauses::default();
        assert_eq!(all.names().count(), 0);
        for clause in [Clause::Format, Clause::Http, Clause::Code, Clause::Code] {
            all.add(clause);
        }
        assert_eq!(all.names().collect::<Vec<_>>(), ["code", "http", "format"]);
    }
}
