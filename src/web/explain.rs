//! One text becomes one finding: the way of a log line, without memory of others.

use shirwatch_parsers::Record;
use shirwatch_parsers::parse;

use crate::catalogue::Catalogue;
use crate::catalogue::Verdict;
use crate::model::Finding;
use crate::model::Redacted;
use crate::web::shared::Shared;

/// The finding of `text`. Of several records the first that a rule knows is told, else the
/// first with an exception, else the first; of a text without any, the text as it stands.
#[must_use]
pub fn explain(shared: &Shared, text: &str) -> Redacted<Finding> {
    let catalogue = shared.catalogue();
    let mut records = parse(text, &shared.settings());
    if records.is_empty() {
        records.push(Record { message: text.into(), ..Record::default() });
    }
    let best = best(&catalogue, &records);
    let record = records.swap_remove(best);
    let verdict = catalogue.classify(&record);
    let fingerprint = verdict.fingerprint(&record);
    let finding = catalogue.finding(record.into_owned(), &verdict, fingerprint);
    shared.redactor().redact(finding)
}

/// Which of the records is told.
fn best(catalogue: &Catalogue, records: &[Record<'_>]) -> usize {
    let certain = records.iter().position(|it| Verdict::certain(&catalogue.classify(it)));
    let chained = || records.iter().position(|it| !it.chain.is_empty());
    let known = || records.iter().position(|it| Verdict::known(&catalogue.classify(it)));
    certain.or_else(chained).or_else(known).unwrap_or(0)
}
