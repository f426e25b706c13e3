//! The sums as text: tables for whoever reads a pipe, with bars and a line of time for
//! whoever looks at a terminal.
//!
//! ```text
//! 24 files, 631 lines, 105 records, 58 errors (4 unclassified)
//! 05:01 ▂▁▁▃▁▁▂█▅▁▁▃▂▁▂ 07:59
//!
//! by rule
//!        3  ━━━━━━━━━╸    SQL Server refused the login   sql-connect-login-failed
//! ```

use crate::cli::scan::digest::Digest;
use crate::cli::terminal;
use crate::cli::terminal::{Look, Style};
use crate::model::finding::Severity;
use crate::service::tally::{Table, Tally};

/// Columns of the longest bar.
const BAR: usize = 12;

/// The sums as text.
pub(crate) fn summary(it: &Tally, digest: Option<&Digest>, style: Style) -> String {
    let head = format!(
        "{} files, {} lines, {} records, {} errors ({} unclassified)",
        it.files, it.lines, it.records, it.findings, it.unclassified
    );
    let mut out = style.paint(Look::Bold, style.wrap("", &head).trim_end()) + "\n";
    out.push_str(&digest.map(|it| line_of_time(it, style)).unwrap_or_default());
    for (name, table) in [
        ("by category", &it.by_category),
        ("by rule", &it.by_rule),
        ("unclassified, for `shirwatch rules draft`", &it.by_template),
        ("by pipeline", &it.by_pipeline),
        ("by node", &it.by_node),
        ("dropped", &it.dropped),
    ] {
        out.push_str(&rows(name, table, digest, style));
    }
    if style.terminal && it.findings > 0 {
        let next = "`shirwatch rules show RULE` says what to do. All of it as one page: \
                    `shirwatch scan --format html PATH >report.html`";
        out.push('\n');
        out.push_str(&style.prose("", next));
    }
    out
}

/// From when to when, and how many in each part of that time.
fn line_of_time(digest: &Digest, style: Style) -> String {
    let Some((first, last)) = digest.times.span() else { return String::new() };
    let (from, to) = (first.strftime("%Y-%m-%d %H:%M"), last.strftime("%Y-%m-%d %H:%M"));
    let (from, to) = (from.to_string(), to.to_string() + " UTC");
    if !style.terminal {
        return format!("{from} to {to}\n");
    }
    let room = style.width.saturating_sub(from.len() + to.len() + 2).min(60);
    let bars = digest.times.bars(room);
    let most = bars.iter().map(|it| it.total()).max().unwrap_or(0).max(1);
    let line: String = bars.iter().map(|it| level(it.total(), most)).collect();
    format!(
        "{} {} {}\n",
        style.paint(Look::Faint, &from),
        style.paint(Look::Red, &line),
        style.paint(Look::Faint, &to)
    )
}

/// One of eight heights; nothing is a dot.
fn level(count: u64, most: u64) -> char {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if count == 0 {
        return '·';
    }
    let index = (u128::from(count) * 8).div_ceil(u128::from(most.max(1))).clamp(1, 8) - 1;
    LEVELS[usize::try_from(index).unwrap_or(0)]
}

/// One table, the greatest first.
fn rows(title: &str, table: &Table, digest: Option<&Digest>, style: Style) -> String {
    let rows = table.greatest_first();
    let Some(&(_, most)) = rows.first() else { return String::new() };
    // A screen holds less than a page.
    let shown = if style.terminal { 10 } else { 20 };
    let mut out = format!("\n{}\n", style.paint(Look::Bold, title));
    for (name, count) in rows.iter().take(shown) {
        let name = if name.is_empty() { "(no text)" } else { name };
        let row = if style.terminal {
            bar(*count, most, look(name, digest), style) + &label(name, digest, style)
        } else {
            terminal::clean(name)
        };
        out.push_str(&format!("{count:>8}  {row}\n"));
    }
    if rows.len() > shown {
        let more = format!("          and {} more\n", rows.len() - shown);
        out.push_str(&style.paint(Look::Faint, &more));
    }
    out
}

/// A bar in halves of a column, and blanks up to the next column.
fn bar(count: u64, most: u64, look: Look, style: Style) -> String {
    let halves = (u128::from(count) * (BAR * 2) as u128).div_ceil(u128::from(most.max(1)));
    let halves = usize::try_from(halves).unwrap_or(0).clamp(1, BAR * 2);
    let bar = "━".repeat(halves / 2) + ["", "╸"][halves % 2];
    let blank = " ".repeat(BAR + 2 - terminal::width(&bar));
    style.paint(look, &bar) + &blank
}

/// A name; that of a rule stands behind its title, as far as there is room.
fn label(name: &str, digest: Option<&Digest>, style: Style) -> String {
    let room = style.width.saturating_sub(10 + BAR + 2);
    let Some(kind) = digest.and_then(|it| it.kinds.get(name)) else {
        return terminal::fitted(name, room);
    };
    // The longest names of rules are of about this length.
    let column = room.saturating_sub(38);
    if column < 30 {
        return terminal::fitted(&kind.sample.title, room);
    }
    let title = terminal::fitted(&kind.sample.title, column);
    let blank = " ".repeat(column + 2 - terminal::width(&title));
    format!("{title}{blank}{}", style.paint(Look::Faint, &terminal::fitted(name, 36)))
}

/// The colour of what has a severity.
fn look(name: &str, digest: Option<&Digest>) -> Look {
    let severity = digest.and_then(|it| {
        let of_rule = it.kinds.get(name).map(|it| it.severity);
        of_rule.or_else(|| it.worst.iter().find(|(at, _)| at.as_str() == name).map(|it| *it.1))
    });
    match severity {
        Some(Severity::Critical | Severity::Error) => Look::Red,
        Some(_) => Look::Yellow,
        None => Look::Cyan,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn bars_and_levels_keep_their_proportion() {
        // count, most            bar              level
        check(0, 0,               "╸             ", '·');
        check(1, 12,              "━             ", '▁');
        check(6, 12,              "━━━━━━        ", '▄');
        check(12, 12,             "━━━━━━━━━━━━  ", '█');
        check(u64::MAX, u64::MAX, "━━━━━━━━━━━━  ", '█');
    }

    #[test]
    fn a_pipe_gets_the_sums_and_nothing_else() {
        let mut tally = Tally { files: 2, findings: 3, ..Tally::default() };
        tally.by_category.add("dns\x1b[31m", 3);
        let expected = "2 files, 0 lines, 0 records, 3 errors (0 unclassified)\n\nby category\n       3  dns\u{fffd}[31m\n";
        assert_eq!(summary(&tally, Some(&Digest::default()), Style::PLAIN), expected);
    }

    #[track_caller]
    fn check(count: u64, most: u64, expected: &str, height: char) {
        assert_eq!(bar(count, most, Look::Red, Style::PLAIN), expected);
        assert_eq!(level(count, most), height);
    }
}
