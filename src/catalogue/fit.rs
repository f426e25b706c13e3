//! How well one way to know an error fits a record; the best fit wins.
//!
//! All clauses must hold, so most of it is known beforehand: all but how deep they hold, and by
//! which of several codes and types. So it can be told of most alternatives that they would come
//! second, before one clause is asked.

use crate::catalogue::places::Place;
use crate::catalogue::rule::Rule;
use crate::catalogue::verdict::{Clause, Clauses};

/// How well an alternative fits; the greatest wins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score {
    /// What the rule can tell of an error that it knows.
    pub(super) tells: Tells,
    /// The deepest place of a clause.
    pub(super) depth: u16,
    /// How many clauses hold.
    pub(super) clauses: u8,
    /// Bytes of the fragments.
    pub(super) literal: u16,
    /// Where there are no fragments: a number says more than a code, a code more than a type.
    pub(super) kind: Kind,
    /// Bytes of the code and the type.
    pub(super) name: u16,
}

/// What a rule can tell of an error that it knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tells {
    /// That it failed.
    #[default]
    Failure,
    /// Its kind, by words that anyone may use.
    Kind,
    /// Its cause.
    Cause,
}

impl Tells {
    /// As it stands in `rule`.
    pub(super) fn of(rule: &Rule) -> Self {
        match (rule.wrapper, rule.general) {
            (true, _) => Self::Failure,
            (_, true) => Self::Kind,
            _ => Self::Cause,
        }
    }
}

/// What tells most of what an alternative asks for besides fragments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// None of the others.
    #[default]
    Words,
    /// The type of an exception.
    Type,
    /// A code.
    Code,
    /// A vendor's number.
    Number,
}

/// That an alternative fits, and where.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fit {
    pub(super) score: Score,
    pub(super) link: u16,
    pub(super) by: Clauses,
}

impl Score {
    /// The most that this can become where no clause can hold deeper than at `depth`. How long the
    /// code and the type are is not known yet.
    pub(super) fn at_most(self, depth: u16) -> Self {
        Self { depth, name: if self.kind == Kind::Words { 0 } else { u16::MAX }, ..self }
    }
}

impl Fit {
    /// A clause holds at `place`.
    pub(super) fn holds(&mut self, clause: Clause, place: Place) {
        self.by.add(clause);
        if place.depth >= self.score.depth {
            self.score.depth = place.depth;
            self.link = place.link;
        }
    }

    /// A clause that asks for a code or a type holds at `place` by this name.
    pub(super) fn name(&mut self, clause: Clause, place: Place, name: &[u8]) {
        self.holds(clause, place);
        self.score.name = self.score.name.saturating_add(clamp(name.len()));
    }
}

/// A number of bytes as it is compared.
pub(super) fn clamp(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}
