//! The catalogue: which documented error is this, why does it happen, what mends it.
//!
//! ```text
//! record ──classify──▶ verdict (which rule, by what right) ──finding──▶ words, filled in
//! ```
//!
//! Rules are data: one YAML file for each family under `catalogue/rules`, each rule with
//! its proof. Classifying looks from the innermost exception outward, since the outer
//! ones mostly tell which operation failed and the innermost why; it renders nothing and
//! allocates little, so that it can be asked of every record. There is always an answer:
//! what no rule knows is `unclassified`.
//!
//! Which rule wins: the deepest link that decides, then the more clauses, then the longer
//! fragments; where there are none, a number before a code and a code before a type. A
//! rule marked `general` (somebody refused a login, whoever it was) comes after all others.
//! Equal is a fault of the catalogue, and [`check`] finds it. Where texts come from and
//! who is told is left to other layers.

pub mod check;
pub mod draft;
pub mod error;
pub mod rule;
pub mod search;
pub mod show;
pub mod texts;
pub mod verdict;

mod alternative;
mod finding;
mod fit;
mod literals;
mod load;
mod matcher;
mod normalise;
mod places;
mod template;
mod view;

use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use shirwatch_parsers::Record;

use crate::catalogue::matcher::{Best, Matcher, Scratch};
use crate::model::finding::Finding;
use crate::model::fingerprint::Fingerprint;

pub use crate::catalogue::error::CatalogueError;
pub use crate::catalogue::rule::Rule;
pub use crate::catalogue::template::Captures;
pub use crate::catalogue::verdict::{Rivals, Verdict};

/// The id of the rule that answers when no other does.
pub const UNCLASSIFIED: &str = "unclassified";

/// All rules, indexed; always has an answer.
pub struct Catalogue {
    rules: Vec<Rule>,
    by_id: HashMap<String, usize>,
    unclassified: usize,
    matcher: Matcher,
}

impl Catalogue {
    /// The catalogue that is built in.
    pub fn embedded() -> Result<Self, CatalogueError> {
        Self::new(load::embedded()?)
    }

    /// The built-in catalogue with the operator's folder laid over it.
    pub fn load(dir: Option<&Path>) -> Result<Self, CatalogueError> {
        let rules = load::embedded()?;
        match dir {
            Some(dir) => Self::new(load::folder(rules, dir)?),
            None => Self::new(rules),
        }
    }

    /// The same without room to spare, and without the proof of the rules that are built in, for
    /// who runs for months and is seldom asked for it: it is a quarter of all that they say.
    /// [`Self::written`] still has it.
    #[must_use]
    pub fn without_proof(mut self) -> Self {
        for rule in &mut self.rules {
            if rule.built_in {
                (rule.examples, rule.counterexamples) = (Vec::new(), Vec::new());
            }
            rule.alternatives.shrink_to_fit();
            rule.causes.shrink_to_fit();
            rule.references.shrink_to_fit();
        }
        self
    }

    /// The rules of one YAML text, and `unclassified`.
    pub fn from_yaml(file: &str, text: &str) -> Result<Self, CatalogueError> {
        let mut rules = load::embedded()?;
        rules.retain(|it| it.id == UNCLASSIFIED);
        rules.extend(load::from_yaml(file, text)?);
        Self::new(rules)
    }

    fn new(rules: Vec<Rule>) -> Result<Self, CatalogueError> {
        let mut by_id = HashMap::with_capacity(rules.len());
        for (i, it) in rules.iter().enumerate() {
            if let Some(first) = by_id.insert(it.id.clone(), i) {
                return Err(twice(&rules[first], it));
            }
        }
        let unclassified = by_id.get(UNCLASSIFIED).copied();
        let unclassified = unclassified.filter(|i| rules[*i].matches());
        let unclassified = unclassified.ok_or(CatalogueError::NoUnclassified)?;
        let matcher = Matcher::new(&rules)?;
        Ok(Self { rules, by_id, unclassified, matcher })
    }

    /// Which rule knows `record`. There is always one.
    #[must_use]
    pub fn classify<'c>(&'c self, record: &Record<'_>) -> Verdict<'c> {
        let found = with_scratch(|scratch| {
            self.matcher.best(record, scratch, |a, b| self.rank(a) < self.rank(b))
        });
        found.map_or_else(
            || self.unknown(),
            |Best { fit, alternative, certain }| Verdict {
                rule: self.rule_of(alternative),
                link: (!record.chain.is_empty()).then_some(usize::from(fit.link)),
                by: fit.by,
                alternative: Some(alternative),
                certain,
            },
        )
    }

    /// The rules that fit `record` besides that of `verdict`, which judged it. To name them costs
    /// more than to find the best.
    #[must_use]
    pub fn rivals<'c>(&'c self, record: &Record<'_>, verdict: &Verdict<'_>) -> Rivals<'c> {
        let mut fits = with_scratch(|scratch| self.matcher.fits(record, scratch));
        fits.sort_by_key(|(fit, i)| (Reverse(fit.score), self.rank(*i)));
        let mut rivals = Rivals::default();
        let best = fits.first().map(|(fit, _)| fit.score);
        for (fit, i) in fits {
            let other = self.rule_of(i);
            let stands_in = other.general && !verdict.rule.general;
            let known =
                other.id == verdict.rule.id || rivals.also.iter().any(|it| it.id == other.id);
            if stands_in || known {
                continue;
            }
            if Some(fit.score) == best && rivals.tied.is_none() {
                rivals.tied = Some(other);
            }
            if rivals.also.len() < Rivals::ALSO {
                rivals.also.push(other);
            }
        }
        rivals
    }

    /// The finding of `verdict` on `record`: the rule's words with what it captured.
    #[must_use]
    pub fn finding(
        &self,
        record: Record<'static>,
        verdict: &Verdict<'_>,
        fingerprint: Fingerprint,
    ) -> Finding {
        let alternative = verdict.alternative.and_then(|i| self.matcher.alternatives.get(i));
        let rivals = self.rivals(&record, verdict);
        finding::finding(record, verdict, alternative, &rivals, fingerprint)
    }

    /// What the rule of `verdict` captures from `record`, by name.
    #[must_use]
    pub fn captures(&self, record: &Record<'_>, verdict: &Verdict<'_>) -> Captures {
        match verdict.alternative.and_then(|i| self.matcher.alternatives.get(i)) {
            Some(it) => finding::captures(record, it),
            None => Captures::new(),
        }
    }

    /// The rule of that id.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.by_id.get(id).map(|i| &self.rules[*i])
    }

    /// The rule of that id as it is written, with its proof.
    pub fn written(&self, id: &str) -> Result<Option<Cow<'_, Rule>>, CatalogueError> {
        match self.rule(id) {
            Some(rule) if rule.built_in => Ok(load::written(id)?.map(Cow::Owned)),
            rule => Ok(rule.map(Cow::Borrowed)),
        }
    }

    /// All rules, family by family.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules that `words` speak of, the best first; also those that no log shows.
    #[must_use]
    pub fn search(&self, words: &str) -> Vec<&Rule> {
        search::search(&self.rules, words)
    }

    fn rule_of(&self, alternative: usize) -> &Rule {
        &self.rules[self.matcher.alternatives[alternative].rule]
    }

    /// Where two alternatives fit equally well the first by the id of its rule wins, so that the
    /// order of files does not matter.
    fn rank(&self, alternative: usize) -> (&str, usize) {
        (&self.rule_of(alternative).id, alternative)
    }

    fn unknown(&self) -> Verdict<'_> {
        Verdict {
            rule: &self.rules[self.unclassified],
            link: None,
            by: verdict::Clauses::default(),
            alternative: None,
            certain: false,
        }
    }
}

/// Lends the buffers that this thread judges with.
fn with_scratch<T>(judge: impl FnOnce(&mut Scratch) -> T) -> T {
    thread_local! {
        static SCRATCH: RefCell<Scratch> = RefCell::default();
    }
    SCRATCH.with_borrow_mut(judge)
}

fn twice(first: &Rule, second: &Rule) -> CatalogueError {
    CatalogueError::DuplicateRule {
        rule: second.id.clone(),
        first: first.file.clone(),
        second: second.file.clone(),
    }
}

/// The number of rules; all of them would be a page of text for each test that fails.
impl fmt::Debug for Catalogue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Catalogue").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
