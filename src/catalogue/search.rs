//! Finds rules by words.
//!
//! ```text
//! rules search 18456              a number of a vendor, in any spelling
//! rules search SqlFailedToConnect a code
//! rules search firewall storage   words of titles, fragments, causes, steps
//! ```
//!
//! Where a word stands says how much it tells: an id or a code that is the word itself
//! tells most, a step that mentions it least. A rule must hold all the words; only when
//! no rule does, those that hold some are given. Rules that no log shows are found too,
//! since this is the only way to them.

use std::cmp::Reverse;

use crate::catalogue::rule::Rule;
use crate::catalogue::view::plain_code;

/// Words looked for in one search.
const WORDS: usize = 16;

/// The rules that `words` speak of, the best first.
pub(super) fn search<'r>(rules: &'r [Rule], words: &str) -> Vec<&'r Rule> {
    let words: Vec<String> =
        words.split_whitespace().take(WORDS).map(str::to_ascii_lowercase).collect();
    let mut found: Vec<(usize, u32, &Rule)> = Vec::new();
    for rule in rules {
        let fields = Fields::of(rule);
        let weights: Vec<u32> =
            words.iter().map(|it| fields.weight(it)).filter(|it| *it > 0).collect();
        if !weights.is_empty() {
            found.push((weights.len(), weights.iter().sum(), rule));
        }
    }
    if found.iter().any(|(held, ..)| *held == words.len()) {
        found.retain(|(held, ..)| *held == words.len());
    }
    found.sort_by_key(|(held, weight, rule)| (Reverse((*held, *weight)), &rule.id));
    found.into_iter().map(|(.., rule)| rule).collect()
}

/// What a rule can be found by, in lower case.
struct Fields {
    /// Found by the whole of it.
    names: Vec<String>,
    /// Found by any part of it, each with what that tells.
    texts: [(u32, String); 5],
}

impl Fields {
    fn of(rule: &Rule) -> Self {
        let mut names = vec![rule.id.clone(), rule.category.as_str().to_owned()];
        let (mut codes, mut fragments) = (String::new(), String::new());
        for it in &rule.alternatives {
            for code in it.code.iter() {
                names.push(String::from_utf8_lossy(&plain_code(code)).into_owned());
                names.push(code.to_ascii_lowercase());
            }
            names.extend(it.number.iter().filter_map(|it| Some(digits(it.split_once(':')?.1))));
            it.code.iter().chain(it.types.iter()).for_each(|it| add(&mut codes, it));
            it.message.iter().for_each(|it| add(&mut fragments, it));
        }
        let mut causes = String::new();
        for cause in &rule.causes {
            let steps = cause.resolution.iter().map(String::as_str);
            let all = [cause.cause.as_str()].into_iter().chain(cause.when.as_deref()).chain(steps);
            all.for_each(|it| add(&mut causes, it));
        }
        let title = rule.title.to_ascii_lowercase();
        let texts = [(20, rule.id.clone()), (15, title), (12, codes), (10, fragments), (3, causes)];
        Self { names, texts }
    }

    /// How much it tells that `word` stands here; 0 when it does not.
    fn weight(&self, word: &str) -> u32 {
        let number = digits(word);
        let named = self.names.iter().any(|it| it == word || (!number.is_empty() && *it == number));
        let held = self.texts.iter().filter(|(_, text)| text.contains(word));
        held.map(|(weight, _)| weight).sum::<u32>() + if named { 60 } else { 0 }
    }
}

fn add(to: &mut String, text: &str) {
    to.push_str(&text.to_ascii_lowercase());
    to.push('\n');
}

/// `ora-01017`, `aadsts50173` and `18456` as the bare number; `""` for any other word.
fn digits(word: &str) -> String {
    let bare = word.trim_start_matches(|it: char| it.is_ascii_alphabetic());
    let bare = bare.strip_prefix('-').filter(|_| bare.len() < word.len()).unwrap_or(bare);
    let number = bare.trim_start_matches('0');
    let sound = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit() || it == b'-');
    if sound { number.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::Catalogue;

    const RULES: &str = r#"
- { id: sql-login, title: Login refused, category: authentication, severity: error,
    match: [{ number: "sql:18456", message: "Login failed for user '{user}'" }],
    causes: [{ cause: The password is wrong., resolution: [Ask the firewall team.] }] }
- { id: oracle-login, title: Login refused by Oracle, category: authentication, severity: error,
    match: [{ number: ["ora:1017"] }, { code: UserErrorOracleFailed }] }
- { id: storage-firewall, title: The firewall of the storage, category: firewall, severity: error,
    match: [{ code: AuthorizationFailure, type: X.StorageException }] }
- { id: firewall-rule-portal, title: Unseen, category: firewall, severity: error, observable: false }
"#;

    #[test]
    #[rustfmt::skip]
    fn the_best_stands_first() {
        // words                          rules
        check("18456",                    "sql-login");
        check("ORA-01017",                "oracle-login");
        check("ora-1017 login",           "oracle-login");
        check("OracleFailed",             "oracle-login");
        check("usererrororaclefailed",    "oracle-login");
        check("authorizationfailure",     "storage-firewall");
        check("StorageException",         "storage-firewall");
        check("firewall",                 "storage-firewall firewall-rule-portal sql-login");
        check("firewall password",        "sql-login");
        check("firewall-rule-portal",     "firewall-rule-portal");
        check("login",                    "sql-login oracle-login");
        check("login nonsense",           "sql-login oracle-login");
        check("1845",                     "");
        check("",                         "");
    }

    #[track_caller]
    fn check(words: &str, expected: &str) {
        let catalogue = Catalogue::from_yaml("small.yaml", RULES).unwrap();
        let found = catalogue.search(words);
        let ids: Vec<_> = found.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids.join(" "), expected);
    }
}
