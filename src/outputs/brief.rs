//! What a person is told, in the order of its worth, cut to what a receiver takes.
//!
//! ```text
//! summary   SQL Server refused the login in pipeline nightly
//! state     firing · error · authentication · first-seen
//! parts     Cause · What to do · How to check · Message · Evidence
//! facts     Pipelines, Activities, …, Count, First seen, Last seen, Rule, Fingerprint
//! links     Incident · Runbook · Documentation
//! ```
//!
//! Where there is too much, the end of this list goes first: cause and steps get their share
//! before message and evidence get any. Steps are cut between lines, all else between
//! characters, and `…` marks the place. Sizes are measured as the receiver will see them,
//! behind its own escaping, so that no escape is ever cut in two.
//!
//! Control characters become blanks here, once for all receivers: nobody's log line gets a
//! header, a new line or an escape sequence of its own. How a word is made inert beyond
//! that is the matter of each receiver.

use crate::model::Alert;
use crate::model::AlertStatus;

/// The mark of a cut.
const CUT: &str = "…";

/// Characters kept of one fact.
const FACT: usize = 200;

/// One part: its title and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) title: &'static str,
    pub(crate) text: String,
}

/// The parts, and how many hundredths of what is left each may take.
const PARTS: [(&str, &str, usize); 5] = [
    ("Cause", "cause", 40),
    ("What to do", "resolution", 75),
    ("How to check", "verify", 50),
    ("Message", "description", 60),
    ("Evidence", "evidence", 100),
];

/// The parts that fit into `total`, none larger than `each`, measured by `size`. Of an
/// incident that is over nobody needs the cure.
pub(crate) fn parts(
    alert: &Alert,
    total: usize,
    each: usize,
    size: impl Fn(char) -> usize,
) -> Vec<Part> {
    if alert.status == AlertStatus::Resolved {
        return Vec::new();
    }
    let mut left = total;
    let mut parts = Vec::new();
    for (title, key, share) in PARTS {
        let text = clean(note(alert, key));
        let room = if measure(&text, &size) <= left / 3 { left } else { left * share / 100 };
        let text = cut_lines(&text, room.min(each), &size);
        if !text.is_empty() {
            left -= measure(&text, &size).min(left);
            parts.push(Part { title, text });
        }
    }
    parts
}

/// The line above everything, `limit` at most.
pub(crate) fn summary(alert: &Alert, limit: usize, size: impl Fn(char) -> usize) -> String {
    cut(&one_line(note(alert, "summary")), limit, size)
}

/// `firing · error · authentication · first-seen`
pub(crate) fn state(alert: &Alert) -> String {
    let words = [status(alert), label(alert, "severity"), label(alert, "category")];
    // `resolved · resolved` would say it twice.
    let reason = Some(alert.reason.as_str()).filter(|it| *it != status(alert));
    words.into_iter().chain(reason).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// `firing` or `resolved`.
pub(crate) fn status(alert: &Alert) -> &'static str {
    match alert.status {
        AlertStatus::Firing => "firing",
        AlertStatus::Resolved => "resolved",
    }
}

/// Names and numbers, one line each.
pub(crate) fn facts(alert: &Alert) -> Vec<(&'static str, String)> {
    let notes = [
        ("Factory", "factory"),
        ("Pipelines", "pipelines"),
        ("Activities", "activities"),
        ("Integration runtime", "integration_runtime"),
        ("Nodes", "nodes"),
        ("Count", "count"),
        ("First seen", "first_seen"),
        ("Last seen", "last_seen"),
    ];
    let notes = notes.map(|(title, key)| (title, note(alert, key)));
    let labels = [("Rule", label(alert, "rule")), ("Fingerprint", label(alert, "fingerprint"))];
    let all = notes.into_iter().chain(labels).filter(|(_, text)| !text.is_empty());
    all.map(|(title, text)| (title, cut(&one_line(text), FACT, |_| 1))).collect()
}

/// Titles and addresses. What is no plain web address is left out: it could be a script.
pub(crate) fn links(alert: &Alert) -> Vec<(&'static str, &str)> {
    let links = [
        ("Incident", alert.generator_url.as_str()),
        ("Runbook", note(alert, "runbook_url")),
        ("Documentation", note(alert, "doc_url")),
    ];
    links.into_iter().filter(|(_, url)| is_plain_url(url)).collect()
}

fn is_plain_url(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    let tame = |it: char| it.is_ascii_graphic() && !"<>\"'`|\\^{}()[]".contains(it);
    web && url.len() <= 2000 && url.chars().all(tame)
}

/// A label; empty where there is none.
pub(crate) fn label<'a>(alert: &'a Alert, key: &str) -> &'a str {
    alert.labels.get(key).map_or("", String::as_str)
}

/// An annotation; empty where there is none.
pub(crate) fn note<'a>(alert: &'a Alert, key: &str) -> &'a str {
    alert.annotations.get(key).map_or("", String::as_str)
}

/// The beginning that fits, with a mark where something was cut.
pub(crate) fn cut(text: &str, limit: usize, size: impl Fn(char) -> usize) -> String {
    if measure(text, &size) <= limit {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(measure(CUT, &size)) else { return String::new() };
    let mut used = 0;
    let fits = |it: &char| {
        used += size(*it);
        used <= room
    };
    let begin: String = text.chars().take_while(fits).collect();
    format!("{}{CUT}", begin.trim_end())
}

/// The lines that fit; the first is cut within where not even it does.
fn cut_lines(text: &str, limit: usize, size: impl Fn(char) -> usize) -> String {
    if measure(text, &size) <= limit {
        return text.to_owned();
    }
    let mark = 1 + measure(CUT, &size);
    let mut kept = String::new();
    let mut used = 0;
    for line in text.lines() {
        used += measure(line, &size) + size('\n');
        if used + mark > limit {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    if kept.is_empty() { cut(text, limit, size) } else { format!("{kept}{CUT}") }
}

/// How large a text is for the receiver.
pub(crate) fn measure(text: &str, size: impl Fn(char) -> usize) -> usize {
    text.chars().map(size).sum()
}

/// The text without control characters, but for the ends of lines.
pub(crate) fn clean(text: &str) -> String {
    text.lines().map(|it| plain(it).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// The text on one line.
pub(crate) fn one_line(text: &str) -> String {
    let spaced = plain(text);
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Blanks in the place of control characters, and of those that turn the direction of
/// writing, behind which a name can pretend to be another.
pub(crate) fn plain(text: &str) -> String {
    let turns = |it: char| matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |it: char| matches!(it, '\u{2028}' | '\u{2029}' | '\u{feff}');
    let blank = |it: char| it.is_control() || turns(it) || breaks(it);
    text.chars().map(|it| if blank(it) { ' ' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::outputs::tests::alert;

    #[test]
    #[rustfmt::skip]
    fn cause_and_steps_are_kept_longest() {
        // sizes of cause, steps, message, evidence; room; what is left of each
        check([10, 10, 10, 10],         100,  "Cause 10, What to do 10, Message 10, Evidence 10");
        check([10, 10, 10, 900],        100,  "Cause 10, What to do 10, Message 10, Evidence 70");
        check([10, 10, 900, 900],       100,  "Cause 10, What to do 10, Message 48, Evidence 32");
        check([900, 900, 900, 900],     1000, "Cause 400, What to do 450, Message 90, Evidence 60");
        check([9000, 10, 9000, 9000],   100,  "Cause 40, What to do 10, Message 30, Evidence 20");
        check([0, 0, 0, 5],             3,    "Evidence 3");
        check([5, 5, 5, 5],             0,    "");
    }

    #[test]
    #[rustfmt::skip]
    fn steps_are_cut_between_lines_and_words_between_characters() {
        // text, limit; what is left
        check_lines("1. Do.\n2. Go.\n3. End.", 22, "1. Do.\n2. Go.\n3. End.");
        check_lines("1. Do.\n2. Go.\n3. End.", 20, "1. Do.\n2. Go.\n…");
        check_lines("1. Do.\n2. Go.\n3. End.", 12, "1. Do.\n…");
        check_lines("ääää\nb",                 4,  "äää…");
        check_lines("👩‍💻 x",                     2,  "👩…");
        check_lines("abc",                     0,  "");
    }

    #[test]
    #[rustfmt::skip]
    fn only_plain_web_addresses_are_links() {
        for (url, expected) in [
            ("https://learn.example/a?b=c#d",  true),
            ("http://h:1/x",                   true),
            ("javascript:alert(1)",            false),
            ("https://h/a b",                  false),
            ("https://h/<!channel>",           false),
            ("https://h/x|y",                  false),
            ("https://h/\r\nBcc: x",           false),
            ("",                               false),
        ] {
            assert_eq!(is_plain_url(url), expected, "{url}");
        }
    }

    #[test]
    fn a_text_is_one_line_where_one_is_asked_for() {
        assert_eq!(one_line("a\r\nBcc: b\u{1b}[2J\u{202e}c\u{2028}d"), "a Bcc: b [2J c d");
        assert_eq!(clean("a\r\nb\u{0}c\n\n"), "a\nb c\n");
    }

    #[track_caller]
    fn check(sizes: [usize; 4], room: usize, expected: &str) {
        let mut alert = alert(Reason::FirstSeen);
        alert.annotations.clear();
        for (key, size) in ["cause", "resolution", "description", "evidence"].iter().zip(sizes) {
            alert.annotations.insert((*key).to_owned(), "x".repeat(size));
        }
        let parts = parts(&alert, room, usize::MAX, |_| 1);
        let told = parts.iter().map(|it| format!("{} {}", it.title, it.text.chars().count()));
        assert_eq!(told.collect::<Vec<_>>().join(", "), expected);
    }

    #[track_caller]
    fn check_lines(text: &str, limit: usize, expected: &str) {
        let left = cut_lines(text, limit, |_| 1);
        assert_eq!(left, expected);
        assert!(left.chars().count() <= limit, "{left}");
    }
}
