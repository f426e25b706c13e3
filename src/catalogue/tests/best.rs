//! Who is found without asking all is who wins when all are asked.

use std::cmp::Reverse;

use shirwatch_parsers::{Link, Record, Settings, parse};

use crate::catalogue::Catalogue;
use crate::catalogue::matcher::Scratch;

/// Each example alone, and as the cause of another: then many rules fit, at several depths.
#[test]
fn the_best_is_the_first_of_all_that_fit() {
    let catalogue = Catalogue::embedded().unwrap();
    let examples: Vec<&str> =
        catalogue.rules().iter().flat_map(|it| &it.examples).map(|it| it.text.as_str()).collect();
    let others = examples.iter().cycle().skip(examples.len() / 3);
    let mut rivalled = 0;
    for (outer, inner) in examples.iter().zip(others) {
        for mut record in parse(outer, &Settings::default()) {
            check(&catalogue, &record);
            record.chain.push(Link { message: (*inner).into(), ..Link::default() });
            rivalled += usize::from(check(&catalogue, &record) > 1);
        }
    }
    assert!(rivalled > examples.len() / 2, "{rivalled} of {}", examples.len());
}

/// Says how many fit.
#[track_caller]
pub(super) fn check(catalogue: &Catalogue, record: &Record<'_>) -> usize {
    let mut fits = catalogue.matcher.fits(record, &mut Scratch::default());
    fits.sort_by_key(|(fit, i)| (Reverse(fit.score), catalogue.rank(*i)));
    let first = fits.first().map(|(fit, i)| (*i, fit.by, usize::from(fit.link)));
    let verdict = catalogue.classify(record);
    let found = verdict.alternative.map(|it| (it, verdict.by, verdict.link.unwrap_or_default()));
    assert_eq!(found, first);
    fits.len()
}
