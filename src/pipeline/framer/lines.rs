//! Where an event of plain text begins, and which lines go on the last one.
//!
//! ```text
//! 2026-11-20 02:14:22 Error Copy failed.          begins: a time
//!    at Contoso.Sink.Write(IEnumerable`1 rows)    goes on: a stack frame
//! Job ID: 97e70903-46b5-5348-b59b-9889a708b8e4    goes on: a trailer
//! ```
//!
//! Where lines begin with a time, or lines of dashes stand between events, a line without
//! goes on the last event. Elsewhere a line begins an event unless it looks like a piece of
//! one.

use memchr::{memchr, memrchr};

/// The line that begins at `at`, without its end.
pub(super) fn line(bytes: &[u8], at: usize) -> &[u8] {
    let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |it| at + it);
    &bytes[at..end]
}

/// Where the line after the one at `at` begins; `None` where the last line is not ended.
pub(super) fn next_line(bytes: &[u8], at: usize) -> Option<usize> {
    memchr(b'\n', &bytes[at..]).map(|it| at + it + 1)
}

/// Where the line that holds `at` begins.
pub(super) fn line_start(bytes: &[u8], at: usize) -> usize {
    memrchr(b'\n', &bytes[..at]).map_or(0, |it| it + 1)
}

/// Whether a line begins an event.
pub(super) fn begins(line: &[u8], timed: bool) -> bool {
    if line.iter().all(u8::is_ascii_whitespace) {
        return false;
    }
    has_time(line) || carries(line) || (!timed && !goes_on(line))
}

/// Whether a line begins a failure of its own, even while the chain before it is open: that
/// one was cut.
pub(super) fn tells(line: &[u8]) -> bool {
    let openings: [&[u8]; 4] = [
        b"ErrorCode=",
        b"Operation on target ",
        b"Failure happened on ",
        b"Copy activity encountered ",
    ];
    carries(line) || has_time(line) || openings.iter().any(|it| line.starts_with(it))
}

/// Whether a line opens a carrier of its own.
fn carries(line: &[u8]) -> bool {
    let openings: [&[u8]; 4] = [b"{\"", b"<Event ", b"<LogProperties>", b"-----"];
    openings.iter().any(|it| line.starts_with(it))
}

/// Whether a line without a time looks like a piece of an event.
fn goes_on(line: &[u8]) -> bool {
    let pieces: [&[u8]; 16] = [
        b"at ",
        b"---",
        b"Job ID:",
        b"Log ID:",
        b"Activity ID:",
        b"'Type=",
        b"Type=",
        b"Message=",
        b"Message:",
        b"Source=",
        b"StackTrace=",
        b"Exception:",
        b"Exception detail",
        b"Server stack trace",
        b"Request URL",
        b"Response:",
    ];
    line.first().is_some_and(u8::is_ascii_whitespace)
        || pieces.iter().any(|it| line.starts_with(it))
}

/// Whether a line is a trailer that belongs to an event which was already taken.
pub(super) fn trails(line: &[u8], timed: bool) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
        || if timed { !begins(line, true) } else { goes_on(line) }
}

/// Whether a line begins with a time: `2026-11-20`, `11/20/2026`, `[11/20/2026`, or the
/// `[14]0460.3404::` of a trace.
pub(super) fn has_time(line: &[u8]) -> bool {
    let bracket = line.first() == Some(&b'[');
    let text = if bracket { &line[1..] } else { line };
    let shape = |form: &[u8]| {
        text.len() >= form.len()
            && text.iter().zip(form).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte == form,
            })
    };
    let american = [b"00/00/0000".as_slice(), b"0/00/0000", b"00/0/0000", b"0/0/0000"];
    shape(b"0000-00-00") || american.iter().any(|it| shape(it)) || (bracket && is_trace(text))
}

/// The head of a trace line after its bracket: `14]0460.3404::`.
fn is_trace(text: &[u8]) -> bool {
    let Some(end) = memchr(b']', text.get(..8).unwrap_or(text)) else { return false };
    let head = line(text, 0).get(end + 1..end + 24).unwrap_or(&text[end + 1..]);
    end > 0
        && text[..end].iter().all(u8::is_ascii_digit)
        && memchr::memmem::find(head, b"::").is_some()
}

/// Whether the lines of a stream begin with a time, judged by the first twenty that could.
pub(super) fn is_timed(head: &[u8]) -> bool {
    let (mut seen, mut timed) = (0, 0);
    for line in head.split(|it| *it == b'\n').filter(|it| !goes_on(it) && !it.is_empty()).take(20) {
        seen += 1;
        timed += usize::from(has_time(line));
    }
    timed * 2 >= seen && timed > 0
}

/// Whether lines of dashes stand between the events of a stream, as where messages were
/// exported one after another: at least two, with little between them.
pub(super) fn is_ruled(head: &[u8]) -> bool {
    let rules = head.split(|it| *it == b'\n').enumerate().filter(|(_, line)| is_rule(line));
    let rules: Vec<usize> = rules.map(|(at, _)| at).take(8).collect();
    rules.len() >= 2 && rules.windows(2).all(|it| (2..=FAR).contains(&(it[1] - it[0])))
}

/// Lines between two lines of dashes that still belong together.
const FAR: usize = 100;

/// Whether a line is nothing but dashes.
pub(super) fn is_rule(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.len() >= 5 && line.iter().all(|it| *it == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_line_begins_an_event_or_goes_on_the_last() {
        // line                                         timed  begins
        check("2026-11-20T02:14:22Z Error x",           true,  true);
        check("[11/20/2026 02:00:00] Start",            true,  true);
        check("4/14/2021 7:10:35 AM +00:00 : failed",   true,  true);
        check("[14]0460.3404::0../21-00:23:32 [S] x",   true,  true);
        check("Something without a time",               true,  false);
        check("Something without a time",               false, true);
        check("   at Contoso.Run()",                    false, false);
        check("Job ID: 97e70903",                       false, false);
        check("",                                       false, false);
        check("-----",                                  false, true);
        check("{\"time\":1}",                           true,  true);
    }

    #[track_caller]
    fn check(text: &str, timed: bool, expected: bool) {
        assert_eq!(begins(text.as_bytes(), timed), expected);
    }
}
