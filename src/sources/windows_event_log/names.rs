//! Names of channels: which are meant, and how this machine writes them.

/// The channels of the integration runtime, as its event viewer shows them. The
/// documentation printed the first one with an en dash for a while.
pub(crate) const OF_THE_RUNTIME: [&str; 2] =
    ["Connectors - Integration Runtime", "Integration Runtime"];

/// The longest name that Windows takes.
const LONGEST: usize = 255;

/// What no channel has in its name, by the rules of Windows for channel paths.
const NEVER: &[char] = &['<', '>', '&', '"', '|', '\\', ':', '`', '?', '*', '\''];

/// Whether a channel may be named so.
pub(super) fn may_be(name: &str) -> bool {
    let fits = !name.trim().is_empty() && name.chars().count() <= LONGEST;
    fits && !name.contains(NEVER) && !name.contains(char::is_control)
}

/// The channels that are asked for, each once.
pub(super) fn asked(configured: &[String]) -> Vec<String> {
    let mut names: Vec<String> = match configured {
        [] => OF_THE_RUNTIME.map(str::to_owned).to_vec(),
        some => some.to_vec(),
    };
    let mut known = std::collections::BTreeSet::new();
    names.retain(|it| known.insert(folded(it)));
    names
}

/// How this machine writes the name that is asked for.
pub(super) fn written<'a>(asked: &str, there: &'a [String]) -> Option<&'a str> {
    let wanted = folded(asked);
    there.iter().map(String::as_str).find(|it| folded(it) == wanted)
}

/// The name without what people write differently: case, the kind of dash, blanks at it.
fn folded(name: &str) -> String {
    let plain = name.to_lowercase().replace(['\u{2013}', '\u{2014}'], "-");
    let parts: Vec<_> = plain.split('-').map(str::trim).collect();
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_name_is_found_however_it_is_written() {
        // asked for                           there                               found
        check("Connectors - Integration Runtime", "Connectors \u{2013} Integration Runtime", true);
        check("Connectors-Integration Runtime",   "Connectors - Integration Runtime",     true);
        check("integration runtime",              "Integration Runtime",                  true);
        check("Integration Runtime",              "Connectors - Integration Runtime",     false);
        check("Integration Runtime",              "IntegrationRuntime",                   false);
    }

    #[track_caller]
    fn check(name: &str, there: &str, found: bool) {
        let there = ["System".to_owned(), there.to_owned()];
        assert_eq!(written(name, &there), found.then_some(there[1].as_str()));
    }

    #[test]
    fn names_that_are_no_names_are_refused() {
        for good in ["System", "Microsoft-Windows-Sysmon/Operational", OF_THE_RUNTIME[0]] {
            assert!(may_be(good), "{good}");
        }
        for bad in ["", " ", "a\nb", "*", "System' or '1'='1", "<QueryList>", r"C:\x.evtx"] {
            assert!(!may_be(bad), "{bad}");
        }
        assert!(!may_be(&"x".repeat(LONGEST + 1)));
    }

    #[test]
    fn by_default_the_channels_of_the_runtime_are_asked_for() {
        assert_eq!(asked(&[]), OF_THE_RUNTIME);
        let twice = ["System".to_owned(), "system".to_owned()];
        assert_eq!(asked(&twice), ["System"]);
    }
}
