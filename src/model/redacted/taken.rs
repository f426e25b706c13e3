//! What was taken out of a record, so that it goes out of the advice as well.
//!
//! ```text
//! record   Login failed for user '[redacted:name]'.
//! advice   Check whether `etl_reader` is an SQL login.      ← filled in from the record
//! ```
//!
//! A cause or a step names what its rule found, without the words around it by which a name
//! is known. So the parts that left the record are remembered, and their pieces that look
//! like names, and leave the advice too. Words stay whole: `log` does not take `login` apart.

/// Parts that are remembered of one record, and the bytes of each.
const PARTS: usize = 64;
const LONGEST: usize = 300;

/// Bytes that a part, and a piece of one, must have.
const PART: usize = 3;
const PIECE: usize = 5;

/// The parts that left a record, each with its label.
#[derive(Debug, Default)]
pub(super) struct Taken(Vec<(String, &'static str)>);

impl Taken {
    /// Remembers a part, and its pieces.
    pub(super) fn remember(&mut self, part: &str, label: &'static str) {
        let named = |it: &&str| {
            it.len() >= PIECE && it.contains(|c: char| c.is_ascii_digit() || "_.-@$".contains(c))
        };
        let pieces = part.split([' ', ',', ':', ';', '/', '\\', '\'', '"', '(', ')']).filter(named);
        for it in [part].into_iter().chain(pieces) {
            let fits = (PART..=LONGEST).contains(&it.len()) && self.0.len() < PARTS;
            if fits && !self.0.iter().any(|(known, _)| known == it) {
                self.0.push((it.to_owned(), label));
            }
        }
    }

    /// The longest first, so that none hides another.
    pub(super) fn sort(&mut self) {
        self.0.sort_by_key(|(it, _)| std::cmp::Reverse(it.len()));
    }

    /// Takes what is remembered out of a text.
    pub(super) fn leave(&self, text: &mut String) {
        for (part, label) in &self.0 {
            // A part of a label would take the label apart.
            if text.contains(part.as_str()) && !label.contains(part.as_str()) {
                *text = replaced(text, part, label);
            }
        }
    }
}

/// The text with `label` for each `part` that is no piece of a longer word.
fn replaced(text: &str, part: &str, label: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, found) in text.match_indices(part) {
        let end = start + found.len();
        let before = text[..start].ends_with(char::is_alphanumeric);
        let after = text[end..].starts_with(char::is_alphanumeric);
        out.push_str(&text[at..start]);
        out.push_str(if before || after { found } else { label });
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn what_left_the_record_leaves_the_advice() {
        // taken out of the record, advice, what is left of it
        check(&["etl_reader"],          "is `etl_reader` a login?",         "is `«»` a login?");
        check(&["tcp:sql01.corp,1433"], "reach sql01.corp at port 1433",    "reach «» at port 1433");
        check(&["sql01", "sql01.corp"], "reach sql01.corp",                 "reach «»");
        check(&["sa"],                  "the same user",                    "the same user");
        check(&["/var/log/run"],        "look into the log of the run",     "look into the log of the run");
        check(&["log"],                 "the login of `log`",               "the login of `«»`");
        check(&["name"],                "a [redacted:name]",                "a [redacted:name]");
    }

    #[track_caller]
    fn check(parts: &[&str], advice: &str, expected: &str) {
        let mut taken = Taken::default();
        parts.iter().for_each(|it| taken.remember(it, "[redacted:name]"));
        taken.sort();
        let mut text = advice.to_owned();
        taken.leave(&mut text);
        assert_eq!(text, expected.replace("«»", "[redacted:name]"));
    }
}
