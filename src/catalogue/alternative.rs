//! One way to know an error, compiled: from a `match:` entry to a fit or none.
//!
//! ```text
//! - code: SqlFailedToConnect       holds at depth 0  ┐
//!   message: "Login failed for"    holds at depth 1  ┴→ fits at depth 1, by 2 clauses
//! ```
//!
//! A clause holds at the deepest place where it is true, and the alternative fits at the
//! deepest of its clauses. What is told of the whole record (the side, the connector, the
//! format, the kind of activity) holds at depth 0.

use shirwatch_parsers::{Format, Record, Side};

use crate::catalogue::error::CatalogueError;
use crate::catalogue::fit::{Fit, Kind, Score, Tells, clamp};
use crate::catalogue::places::Place;
use crate::catalogue::rule::{Match, Rule};
use crate::catalogue::template::{TRIES, Template};
use crate::catalogue::texts::Texts;
use crate::catalogue::verdict::Clause;
use crate::catalogue::view::{self, View};
use shirwatch_parsers::numbers::{Number, System};

/// One way to know an error.
#[derive(Debug)]
pub(super) struct Alternative {
    /// Index of its rule.
    pub(super) rule: usize,
    pub(super) codes: Box<[Box<[u8]>]>,
    pub(super) types: Box<[Box<[u8]>]>,
    pub(super) messages: Box<[Template]>,
    /// Which of them holds the longest literal.
    longest: Option<usize>,
    pub(super) numbers: Box<[Number]>,
    unless: Box<[Template]>,
    /// How well it fits where it fits, as far as that is known beforehand.
    score: Score,
    /// What it asks of the record as a whole. Few ask anything, and all of them lie in memory.
    whole: Option<Box<Whole>>,
}

/// The clauses on a record as a whole.
#[derive(Debug, PartialEq, Eq, Default)]
struct Whole {
    activity_codes: Texts,
    activity_types: Texts,
    failure_types: Texts,
    connectors: Texts,
    sides: Vec<Side>,
    formats: Vec<Format>,
}

impl Alternative {
    /// Compiles one entry of `match:`.
    pub(super) fn new(index: usize, rule: &Rule, it: &Match) -> Result<Self, CatalogueError> {
        let refused = |clause, found: &str, remedy| CatalogueError::Clause {
            file: rule.file.clone(),
            rule: rule.id.clone(),
            clause,
            found: found.to_owned(),
            remedy,
        };
        let messages =
            each(&it.message, Template::new, |found| refused("message", found, FRAGMENT))?;
        let anchors = messages.iter().map(|it| it.anchor().len()).enumerate();
        let whole = Whole {
            activity_codes: it.activity_code.clone(),
            activity_types: it.activity_type.clone(),
            failure_types: it.failure_type.clone(),
            connectors: it.connector.clone(),
            sides: each(&it.side, side, |found| refused("side", found, SIDE))?.into(),
            formats: each(&it.format, format, |found| refused("format", found, FORMAT))?.into(),
        };
        let mut it = Self {
            rule: index,
            codes: it.code.iter().map(|it| view::plain_code(it).into()).collect(),
            types: it.types.iter().map(|it| view::plain_type(it).into()).collect(),
            longest: anchors.max_by_key(|(_, len)| *len).map(|(i, _)| i),
            messages,
            unless: each(&it.unless, Template::new, |found| refused("unless", found, FRAGMENT))?,
            numbers: each(&it.number, Number::parse, |found| refused("number", found, NUMBER))?,
            score: Score { tells: Tells::of(rule), ..Score::default() },
            whole: (whole != Whole::default()).then(|| Box::new(whole)),
        };
        it.score = it.beforehand();
        Ok(it)
    }

    /// How well it fits where all its clauses hold, as far as that is known beforehand.
    fn beforehand(&self) -> Score {
        let whole = self.whole.as_ref().map_or(0, |it| it.clauses());
        let [codes, types, numbers] =
            [!self.codes.is_empty(), !self.types.is_empty(), !self.numbers.is_empty()];
        // What must not be there tells the rule from its neighbours, though nothing held it.
        let asked = [codes, types, numbers, !self.unless.is_empty()];
        let clauses = whole + self.messages.len() + asked.iter().filter(|it| **it).count();
        let kind = match (numbers, codes, types) {
            (true, ..) => Kind::Number,
            (_, true, _) => Kind::Code,
            (.., true) => Kind::Type,
            _ => Kind::Words,
        };
        Score {
            clauses: u8::try_from(clauses).unwrap_or(u8::MAX),
            literal: clamp(self.messages.iter().map(Template::weight).sum()),
            kind,
            ..self.score
        }
    }

    /// Whether it knows an error as that very one, and not only by words that anyone may use.
    pub(super) fn certain(&self) -> bool {
        self.score.tells != Tells::Kind
    }

    /// The most that its score can be for this record; the hits as for [`Self::fit`]. Where it asks
    /// for nothing but words, it fits in a text that holds its anchor, and the last is the deepest.
    pub(super) fn at_most(&self, view: &View, hits: &[(u32, u32)]) -> Score {
        let alone = self.messages.len() == 1 && self.score.kind == Kind::Words;
        let deepest = match hits.last() {
            Some((_, at)) if alone => view.place_of(*at as usize).depth,
            _ => view.depth(),
        };
        self.score.at_most(deepest)
    }

    /// The longest literal of all messages: no text without it can fit.
    pub(super) fn anchor(&self) -> Option<&[u8]> {
        self.longest.map(|i| self.messages[i].anchor())
    }

    /// The codes of activities of which it wants one.
    pub(super) fn activity_codes(&self) -> impl Iterator<Item = &str> {
        self.whole.iter().flat_map(|it| it.activity_codes.iter())
    }

    /// Whether this fits the record, and where. The hits are the places of its anchor in the
    /// order of the text, where that is what brought it here.
    pub(super) fn fit(&self, view: &View, record: &Record<'_>, hits: &[(u32, u32)]) -> Option<Fit> {
        let mut fit = Fit { score: self.score, ..Fit::default() };
        if let Some(whole) = &self.whole {
            whole.holds(&mut fit, record)?;
        }
        if !self.codes.is_empty() {
            let (place, code) = deepest(view.codes(), &self.codes)?;
            fit.name(Clause::Code, place, code);
        }
        if !self.types.is_empty() {
            let (place, name) = deepest(view.types(), &self.types)?;
            fit.name(Clause::Type, place, name);
        }
        self.number(&mut fit, view)?;
        for (i, message) in self.messages.iter().enumerate() {
            let place = match hits {
                hits if !hits.is_empty() && self.longest == Some(i) => around(view, hits, message)?,
                _ => view.texts().find(|(_, text)| message.occurs(text))?.0,
            };
            fit.holds(Clause::Message, place);
        }
        self.nothing_against(view).then_some(fit)
    }

    fn number(&self, fit: &mut Fit, view: &View) -> Option<()> {
        if self.numbers.is_empty() {
            return Some(());
        }
        let held = view.numbers.iter().filter(|(it, _)| self.numbers.contains(it));
        let (number, place) = held.max_by_key(|(_, place)| *place)?;
        let http = number.system == System::Http;
        fit.holds(if http { Clause::Http } else { Clause::Number }, *place);
        Some(())
    }

    fn nothing_against(&self, view: &View) -> bool {
        let against = |text: &[u8]| self.unless.iter().any(|it| it.occurs(text));
        self.unless.is_empty() || !view.texts().any(|(_, text)| against(text))
    }
}

impl Whole {
    /// How many it holds.
    fn clauses(&self) -> usize {
        let texts =
            [&self.activity_codes, &self.activity_types, &self.failure_types, &self.connectors];
        let lists = [self.sides.is_empty(), self.formats.is_empty()];
        texts.iter().map(|it| it.is_empty()).chain(lists).filter(|empty| !empty).count()
    }

    /// Whether all of them hold; the cheapest clauses, so they are asked first.
    fn holds(&self, fit: &mut Fit, record: &Record<'_>) -> Option<()> {
        let context = &record.context;
        for (clause, wanted, found) in [
            (Clause::ActivityCode, &self.activity_codes, &record.code),
            (Clause::ActivityType, &self.activity_types, &context.activity_type),
            (Clause::FailureType, &self.failure_types, &record.failure_type),
            (Clause::Connector, &self.connectors, &context.connector),
        ] {
            if !wanted.is_empty() {
                let found = found.as_deref()?;
                wanted.iter().find(|it| it.eq_ignore_ascii_case(found))?;
                fit.holds(clause, Place::default());
            }
        }
        if !self.sides.is_empty() {
            record.side.filter(|it| self.sides.contains(it))?;
            fit.holds(Clause::Side, Place::default());
        }
        if !self.formats.is_empty() {
            Some(record.format).filter(|it| self.formats.contains(it))?;
            fit.holds(Clause::Format, Place::default());
        }
        Some(())
    }
}

/// The deepest text in which `message` occurs; the hits are the places of its longest literal.
fn around(view: &View, hits: &[(u32, u32)], message: &Template) -> Option<Place> {
    let mut asked = None;
    hits.iter().rev().find_map(|(_, at)| {
        let at = *at as usize;
        let spot = view.spot_of(at)?;
        let text = &view.text[spot.range.clone()];
        let again = asked.replace(spot.range.start) == Some(spot.range.start);
        let occurs = if message.begins_with_anchor() && hits.len() <= TRIES {
            message.occurs_at(text, at - spot.range.start)
        } else {
            !again && message.occurs(text)
        };
        occurs.then_some(spot.place)
    })
}

const FRAGMENT: &str =
    "is no fragment; write some words, and put some between two holes such as `{a}` and `{b}`";
const NUMBER: &str = "is no number; write it like `sql:18456`, `ora:1017`, `aadsts:7000215`, \
                      `sqlstate:08001`, `http:403`, `win:10060` or `hresult:0x80131904`";
const SIDE: &str = "is no side; write `source` or `sink`";
const FORMAT: &str = "is no format; write one such as `activity-run`, `event-log` or `plain`";

/// Compiles each text of a clause.
fn each<T>(
    texts: &Texts,
    compile: impl Fn(&str) -> Option<T>,
    refused: impl Fn(&str) -> CatalogueError,
) -> Result<Box<[T]>, CatalogueError> {
    texts.iter().map(|text| compile(text).ok_or_else(|| refused(text))).collect()
}

/// The deepest of `found` that is wanted.
fn deepest<'v>(
    found: impl Iterator<Item = (&'v [u8], Place)>,
    wanted: &[Box<[u8]>],
) -> Option<(Place, &'v [u8])> {
    let held = found.filter(|(name, _)| wanted.iter().any(|it| names(it, name)));
    held.max_by_key(|(_, place)| *place).map(|(name, place)| (place, name))
}

/// Whether a wanted code is that code, or, where it ends in `*`, the family of it.
fn names(wanted: &[u8], name: &[u8]) -> bool {
    match wanted.strip_suffix(b"*") {
        Some(family) => name.starts_with(family),
        None => wanted == name,
    }
}

fn side(text: &str) -> Option<Side> {
    match text {
        "source" => Some(Side::Source),
        "sink" => Some(Side::Sink),
        _ => None,
    }
}

fn format(text: &str) -> Option<Format> {
    const ALL: [Format; 9] = [
        Format::ActivityRun,
        Format::PipelineRun,
        Format::TriggerRun,
        Format::Ssis,
        Format::EventLog,
        Format::EventLogJson,
        Format::LogProperties,
        Format::SessionLog,
        Format::Plain,
    ];
    ALL.into_iter().find(|it| it.as_str() == text)
}
