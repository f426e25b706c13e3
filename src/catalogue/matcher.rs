//! From a record to the rules that fit, at a cost that does not grow with their number.
//!
//! Each alternative is filed under one thing that it cannot do without:
//!
//! | it has | filed under |
//! |---|---|
//! | a fragment of some length | its longest literal |
//! | a number, a code, a type | a table of those |
//! | a family of codes (`DF-Hive-*`) | a table of beginnings, asked once for each length |
//! | only a short fragment | that |
//!
//! One pass over the record's texts finds all literals, and a few look-ups name the other
//! candidates; only those are asked whether all their clauses hold, and of those only the ones
//! that could still win. The same pass looks for what announces a number or a code in a text.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;
use shirwatch_parsers::Record;
use shirwatch_parsers::numbers::{MARKERS, Number};

use crate::catalogue::alternative::Alternative;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::fit::Fit;
use crate::catalogue::literals::Literals;
use crate::catalogue::rule::Rule;
use crate::catalogue::view::View;

/// Alternatives by what they are filed under; asked several times for each record.
type Table<K> = HashMap<K, Vec<u32>, RandomState>;

/// A code, a type or a literal in normal form.
type Name = Box<[u8]>;

/// A fragment of this many bytes tells one error from most others.
const TELLING: usize = 6;

/// All alternatives of all rules, filed.
#[derive(Debug)]
pub(super) struct Matcher {
    pub(super) alternatives: Vec<Alternative>,
    literals: Literals,
    /// For each literal after the markers, the alternatives filed there.
    anchored: Box<[Box<[u32]>]>,
    codes: Table<Name>,
    /// The beginnings that name a family of codes, and how long they are.
    codes_by_family: Table<Name>,
    families: Vec<usize>,
    types: Table<Name>,
    numbers: Table<Number>,
    activity_codes: Table<String>,
}

/// What is used again from record to record.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    view: View,
    candidates: Vec<Candidate>,
    /// The literals of rules that were found, with where they begin.
    hits: Vec<(u32, u32)>,
}

/// The alternative that fits best.
#[derive(Debug)]
pub(super) struct Best {
    pub(super) fit: Fit,
    pub(super) alternative: usize,
    /// Whether it, or one that fits less well, knows the error as that very one.
    pub(super) certain: bool,
}

/// An alternative that may fit, and where its longest literal was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    alternative: u32,
    hits: (u32, u32),
}

/// The literal that announces a code; it stands after the markers of numbers.
const CODE: usize = MARKERS.len();

/// What codes begin with that need no announcing. They stand after the literal above.
const CODES: [&str; 2] = ["usererror", "df-"];
const RULES: usize = CODE + 1 + CODES.len();

impl Matcher {
    /// Compiles and files the alternatives of `rules`.
    pub(super) fn new(rules: &[Rule]) -> Result<Self, CatalogueError> {
        let (mut alternatives, mut faults) = compile(rules);
        alternatives.shrink_to_fit();
        let mut filing = Filing::default();
        for (i, it) in alternatives.iter().enumerate() {
            if !filing.file(number(i), it) {
                faults.push(no_anchor(rules, &alternatives, i));
            }
        }
        CatalogueError::all(faults)?;
        Ok(filing.matcher(alternatives))
    }

    /// The alternative that fits best; `before` tells of two that fit equally well which comes first.
    /// Most need not be asked, since they could only come second.
    pub(super) fn best(
        &self,
        record: &Record<'_>,
        scratch: &mut Scratch,
        before: impl Fn(usize, usize) -> bool,
    ) -> Option<Best> {
        self.find(record, scratch);
        let mut best: Option<Best> = None;
        for it in &scratch.candidates {
            let (i, alternative, hits) = self.candidate(it, &scratch.hits);
            let second = |it: &Best| alternative.at_most(&scratch.view, hits) < it.fit.score;
            let needless = |it: &Best| second(it) && (it.certain || !alternative.certain());
            if best.as_ref().is_some_and(needless) {
                continue;
            }
            let Some(fit) = alternative.fit(&scratch.view, record, hits) else { continue };
            let better = |it: &Best| {
                fit.score > it.fit.score || fit.score == it.fit.score && before(i, it.alternative)
            };
            let certain = alternative.certain() || best.as_ref().is_some_and(|it| it.certain);
            match &mut best {
                Some(it) if !better(it) => it.certain = certain,
                _ => best = Some(Best { fit, alternative: i, certain }),
            }
        }
        best
    }

    /// Every alternative that fits, with how well.
    pub(super) fn fits(&self, record: &Record<'_>, scratch: &mut Scratch) -> Vec<(Fit, usize)> {
        self.find(record, scratch);
        let asked = scratch.candidates.iter().filter_map(|it| {
            let (i, alternative, hits) = self.candidate(it, &scratch.hits);
            Some((alternative.fit(&scratch.view, record, hits)?, i))
        });
        asked.collect()
    }

    /// Leaves in `scratch` the candidates for a record, each once: a text may print the same number
    /// a thousand times.
    fn find(&self, record: &Record<'_>, scratch: &mut Scratch) {
        scratch.view.read(record);
        scratch.candidates.clear();
        self.scan(scratch);
        self.look_up(record, scratch);
        scratch.candidates.sort_unstable();
        scratch.candidates.dedup();
    }

    /// The number of a candidate, what it is, and where its longest literal was found.
    fn candidate<'s>(
        &'s self,
        it: &Candidate,
        hits: &'s [(u32, u32)],
    ) -> (usize, &'s Alternative, &'s [(u32, u32)]) {
        let i = it.alternative as usize;
        (i, &self.alternatives[i], &hits[it.hits.0 as usize..it.hits.1 as usize])
    }

    /// One pass over the texts: candidates, and the numbers and codes they print.
    fn scan(&self, scratch: &mut Scratch) {
        let Scratch { view, candidates, hits, .. } = scratch;
        hits.clear();
        let text = std::mem::take(&mut view.text);
        self.literals.each(&text, |hit| match hit.literal {
            CODE => view.code_after(&text, hit.end),
            i if i < CODE => announced(view, &text, i, hit.start, hit.end),
            i if i < RULES && in_word(&text, hit.start) => {}
            i if i < RULES => view.code_at(&text, hit.start),
            i => hits.push((number(i - RULES), number(hit.start))),
        });
        view.text = text;
        hits.sort_unstable();
        let mut from = 0;
        for same in hits.chunk_by(|a, b| a.0 == b.0) {
            let hits = (from, from + number(same.len()));
            from = hits.1;
            let found = self.anchored[same[0].0 as usize].iter();
            candidates.extend(found.map(|it| Candidate { alternative: *it, hits }));
        }
    }

    /// Candidates by what the record names.
    fn look_up(&self, record: &Record<'_>, scratch: &mut Scratch) {
        let Scratch { view, candidates, .. } = scratch;
        let mut add = |found: Option<&Vec<u32>>| {
            let found = found.into_iter().flatten();
            candidates.extend(found.map(|it| Candidate { alternative: *it, hits: (0, 0) }));
        };
        for (code, _) in view.codes() {
            add(self.codes.get(code));
            for family in self.families.iter().filter_map(|it| code.get(..*it)) {
                add(self.codes_by_family.get(family));
            }
        }
        view.types().for_each(|(name, _)| add(self.types.get(name)));
        view.numbers.iter().for_each(|(number, _)| add(self.numbers.get(number)));
        if let Some(code) = record.code.as_deref() {
            add(self.activity_codes.get(&code.to_ascii_lowercase()));
        }
    }
}

/// Takes in the number that a marker announces.
fn announced(view: &mut View, text: &[u8], marker: usize, start: usize, end: usize) {
    let marker = &MARKERS[marker];
    if marker.alone && in_word(text, start) {
        return;
    }
    if let Some(number) = (marker.read)(&text[end..]) {
        let place = view.place_of(start);
        view.number(number, place);
    }
}

/// As it is kept; no text that is looked at is longer, and no catalogue holds so many.
fn number(it: usize) -> u32 {
    u32::try_from(it).unwrap_or(u32::MAX)
}

/// True when a word goes on over `at`.
fn in_word(text: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|it| text.get(it)).is_some_and(u8::is_ascii_alphanumeric)
}

/// The alternatives of the rules that match, and what is wrong with the others.
fn compile(rules: &[Rule]) -> (Vec<Alternative>, Vec<CatalogueError>) {
    let (mut alternatives, mut faults) = (Vec::new(), Vec::new());
    for (i, rule) in rules.iter().enumerate().filter(|(_, it)| it.matches()) {
        for it in &rule.alternatives {
            match Alternative::new(i, rule, it) {
                Ok(it) => alternatives.push(it),
                Err(fault) => faults.push(fault),
            }
        }
    }
    (alternatives, faults)
}

fn no_anchor(rules: &[Rule], alternatives: &[Alternative], i: usize) -> CatalogueError {
    let index = alternatives[i].rule;
    let rule = &rules[index];
    let number = alternatives[..=i].iter().filter(|it| it.rule == index).count();
    CatalogueError::NoAnchor { file: rule.file.clone(), rule: rule.id.clone(), number }
}

/// The tables while they are filled.
#[derive(Default)]
struct Filing {
    anchors: Table<Name>,
    codes: Table<Name>,
    types: Table<Name>,
    numbers: Table<Number>,
    activity_codes: Table<String>,
}

impl Filing {
    /// Files one alternative; false when there is nothing to file it under.
    fn file(&mut self, i: u32, it: &Alternative) -> bool {
        let anchor = it.anchor();
        match anchor {
            Some(anchor) if anchor.len() >= TELLING => self.anchor(anchor, i),
            _ if !it.numbers.is_empty() => under(&mut self.numbers, &it.numbers, i),
            _ if !it.codes.is_empty() => under(&mut self.codes, &it.codes, i),
            _ if !it.types.is_empty() => under(&mut self.types, &it.types, i),
            Some(anchor) => self.anchor(anchor, i),
            None => {
                let codes: Vec<_> = it.activity_codes().map(str::to_ascii_lowercase).collect();
                under(&mut self.activity_codes, &codes, i);
            }
        }
        anchor.is_some()
            || !it.numbers.is_empty()
            || !it.codes.is_empty()
            || !it.types.is_empty()
            || it.activity_codes().next().is_some()
    }

    fn anchor(&mut self, literal: &[u8], i: u32) {
        self.anchors.entry(literal.into()).or_default().push(i);
    }

    fn matcher(self, alternatives: Vec<Alternative>) -> Matcher {
        let mut anchors: Vec<_> = self.anchors.into_iter().collect();
        anchors.sort();
        let markers = MARKERS.iter().map(|it| it.text).chain(["code"]).chain(CODES);
        let literals = markers.map(str::as_bytes).chain(anchors.iter().map(|it| &*it.0));
        let literals = Literals::new(literals);
        let (codes_by_family, codes) = parted(self.codes);
        let mut families: Vec<_> = codes_by_family.keys().map(|it| it.len()).collect();
        families.sort_unstable();
        families.dedup();
        Matcher {
            families,
            alternatives,
            literals,
            anchored: anchors.into_iter().map(|(_, it)| it.into()).collect(),
            codes,
            codes_by_family,
            types: self.types,
            numbers: self.numbers,
            activity_codes: self.activity_codes,
        }
    }
}

/// The families of codes without their `*`, and the other codes.
fn parted(codes: Table<Name>) -> (Table<Name>, Table<Name>) {
    let (families, codes): (Table<_>, Table<_>) =
        codes.into_iter().partition(|(it, _)| it.ends_with(b"*"));
    let plain = |(it, found): (Name, _)| (it[..it.len() - 1].into(), found);
    (families.into_iter().map(plain).collect(), codes)
}

fn under<K: Clone + Eq + Hash>(table: &mut Table<K>, keys: &[K], i: u32) {
    for key in keys {
        table.entry(key.clone()).or_default().push(i);
    }
}
