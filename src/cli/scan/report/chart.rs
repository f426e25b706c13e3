//! The charts of the report, drawn as SVG of numbers and times.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::scan::timeline::{Bar, Timeline};

/// Units of the picture; it is scaled to the page.
const WIDTH: usize = 960;
const HEIGHT: u64 = 140;
/// Parts of the time.
const PARTS: usize = 96;

/// Errors over time.
#[derive(Serialize)]
pub(super) struct Chart {
    /// The picture; it holds numbers and times, and no text of a log.
    svg: String,
    /// The height of the axis.
    most: u64,
    /// Five times from first to last.
    ticks: Vec<String>,
}

/// The chart of all errors.
pub(super) fn chart(times: &Timeline) -> Option<Chart> {
    let span = times.span()?;
    Some(draw(times, span, PARTS, HEIGHT))
}

/// The chart of one kind, on the time of all, so that they can be compared.
pub(super) fn small(times: &Timeline, span: Option<(Timestamp, Timestamp)>) -> Option<Chart> {
    times.span()?;
    Some(draw(times, span?, 48, 36))
}

fn draw(times: &Timeline, span: (Timestamp, Timestamp), parts: usize, height: u64) -> Chart {
    let bars = times.bars_of(span, parts);
    let most = bars.iter().map(|it| it.total()).max().unwrap_or(0).max(1);
    let mut svg = format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Errors over time" preserveAspectRatio="none">"#
    );
    for (at, bar) in bars.into_iter().enumerate().filter(|(_, bar)| bar.total() > 0) {
        let from = minute(moment(span, at, parts));
        svg.push_str(&column(at, WIDTH / parts, bar, &from, most, height));
    }
    svg.push_str("</svg>");
    let ticks = (0..=4).map(|at| minute(moment(span, at, 4))).collect();
    Chart { svg, most, ticks }
}

/// One part of the time: errors below, warnings on top, and what a pointer is told.
fn column(at: usize, step: usize, bar: Bar, from: &str, most: u64, height: u64) -> String {
    // What is there is seen, be it one of a million.
    let scaled = |count: u64| match count {
        0 => 0,
        _ => u64::try_from(u128::from(count) * u128::from(height) / u128::from(most.max(1)))
            .unwrap_or(height)
            .clamp(2, height),
    };
    let bad = scaled(bar.bad);
    let mild = scaled(bar.mild).min(height - bad);
    let mut out =
        format!("<g><title>{} errors, {} warnings from {from}</title>", bar.bad, bar.mild);
    for (class, top, tall) in [("bad", height - bad, bad), ("mild", height - bad - mild, mild)] {
        if tall > 0 {
            let (x, width) = (at * step, step.saturating_sub(2));
            out.push_str(&format!(
                r#"<rect class="{class}" x="{x}" y="{top}" width="{width}" height="{tall}"/>"#
            ));
        }
    }
    out + "</g>"
}

/// The time at which a part begins.
fn moment((from, to): (Timestamp, Timestamp), part: usize, parts: usize) -> Timestamp {
    let length = to.as_second() - from.as_second();
    let at = from.as_second() + length * part as i64 / parts.max(1) as i64;
    Timestamp::from_second(at).unwrap_or(from)
}

/// A time for people.
pub(super) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}
