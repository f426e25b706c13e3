//! Where in a file of rules something is wrong.
//!
//! ```text
//! own.yaml:14: rule `my-rule`, key `severity`, is not written as a rule: unknown variant `bad`
//! └ line ────┘                └ key ─────────┘
//! ```
//!
//! Rules are read as maps first, since an entry of the operator may be half a rule that is
//! laid over ours, and a map has forgotten its lines. So the entry that is refused is read
//! once more from its own lines, the others blanked out, and the reader of YAML says where
//! it stops.

use serde_saphyr::Error;

use crate::catalogue::rule::Rule;

/// The line of a fault, from 1, and the key that stands there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) key: Option<String>,
}

/// Where the entry that begins on line `first`, and ends before line `next`, is wrong.
pub(super) fn of_fault(text: &str, first: usize, next: usize) -> Place {
    let inside = |number: usize| (first..next).contains(&number);
    let lines = text.lines().enumerate();
    let kept: Vec<_> = lines.map(|(i, it)| if inside(i + 1) { it } else { "" }).collect();
    let found = line_of_fault(&kept.join("\n")).filter(|it| inside(*it));
    let key = found.and_then(|it| key(text.lines().nth(it - 1)?));
    Place { line: found.unwrap_or(first), key }
}

/// The line at which the entry cannot be read as a rule. That a key is missing is told of
/// the whole entry, and of no line.
fn line_of_fault(text: &str) -> Option<usize> {
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let error: Error = serde_saphyr::from_str_with_options::<Vec<Rule>>(text, options).err()?;
    if error.to_string().contains("missing field") {
        return None;
    }
    usize::try_from(error.location()?.line()).ok()
}

/// The key that a line begins with.
fn key(line: &str) -> Option<String> {
    let (key, _) = line.trim_start_matches(['-', ' ']).split_once(':')?;
    let plain = !key.is_empty() && key.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    plain.then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# ours\n- id: a\n  title: A\n  category: dns\n  severity: info\n";

    #[test]
    #[rustfmt::skip]
    fn the_line_and_the_key_are_found() {
        // what follows the head            line and key
        check("  colour: red\n",            "6 colour");
        check("  retryable: perhaps\n",     "6 retryable");
        check("  match:\n    - cod: X\n",   "7 cod");
        check("  causes: [x]\n",            "6 causes");
        check("  references: none\n",       "6 references");
        check("",                           "2 -");
    }

    #[track_caller]
    fn check(rest: &str, expected: &str) {
        let text = format!("{HEAD}{rest}- id: b\n  titel: B\n");
        let place = of_fault(&text, 2, 6 + rest.lines().count());
        let key = place.key.unwrap_or("-".to_owned());
        assert_eq!(format!("{} {key}", place.line), expected);
    }
}
