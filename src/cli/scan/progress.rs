//! How far a scan is, on one line of standard error, where somebody looks at it.

use std::io::Write;

use crate::cli::terminal::{Look, Style};

/// The line; it is written anew a few times a second and wiped at the end.
pub(super) struct Progress {
    style: Style,
    /// What was said last, so that the same is not said again.
    said: String,
}

impl Progress {
    /// A line where standard error is a terminal, else silence.
    pub(super) fn new() -> Self {
        Self { style: Style::of_stderr(), said: String::new() }
    }

    /// So many bytes were read, so many are left, so many errors were found.
    pub(super) fn show(&mut self, read: u64, left: u64, errors: u64) {
        if !self.style.terminal {
            return;
        }
        let text = line(read, left, errors);
        if text != self.said {
            let painted = self.style.paint(Look::Faint, &text);
            let _ = write!(std::io::stderr(), "\r\x1b[K{painted}");
            self.said = text;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if !self.said.is_empty() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// One line without a break; a percentage is all that changes often.
fn line(read: u64, left: u64, errors: u64) -> String {
    let share = u128::from(read) * 100 / u128::from(read.saturating_add(left).max(1));
    let filled = usize::try_from(share / 5).unwrap_or(0).min(20);
    let mib = (read.saturating_add(left)) >> 20;
    format!("{}{} {share:>3} % of {mib} MiB", "━".repeat(filled), "╌".repeat(20 - filled))
        + &if errors > 0 { format!(", {errors} errors") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    #[rustfmt::skip]
    fn the_line_says_how_far_it_is() {
        assert_eq!(line(0, 0, 0),               "╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌   0 % of 0 MiB");
        assert_eq!(line(1 << 20, 3 << 20, 7),   "━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  25 % of 4 MiB, 7 errors");
        assert_eq!(line(u64::MAX, u64::MAX, 1), "━━━━━━━━━━━━━━━━━━━━ 100 % of 17592186044415 MiB, 1 errors");
    }
}
