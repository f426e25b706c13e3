//! A finding as a page of text: what it is, the chain as a tree, why, and what to do.

use shirwatch_parsers::{Link, Record, Side};

use crate::cli::terminal;
use crate::cli::terminal::{Look, Style};
use crate::model::finding::Finding;
use crate::model::finding::Severity;

/// Links of a chain that are shown; of a longer one the middle is left out.
const LINKS: usize = 12;

/// A finding as a page of text.
pub(crate) fn page(it: &Finding, style: Style) -> String {
    let mut out = heading(it, style);
    out.push_str(&tree(it, style));
    if let Some(cause) = &it.cause {
        out.push_str(&section("Cause", style));
        out.push_str(&style.prose("  ", cause));
    }
    out.push_str(&steps(it, style));
    if let Some(verify) = &it.verify {
        out.push_str(&section("Then check", style));
        out.push_str(&style.prose("  ", verify));
    }
    out.push_str(&more(it, style));
    out
}

/// Where and when it happened, as far as the record says.
pub(crate) fn whereabouts(it: &Record<'_>, style: Style) -> String {
    let at = &it.context;
    let side = it.side.map(|it| if it == Side::Sink { "the sink" } else { "the source" }.into());
    let time = it.time.map(|it| it.strftime("%Y-%m-%d %H:%M:%S UTC").to_string().into());
    let mut out = String::new();
    for (name, value) in [
        ("pipeline", &at.pipeline),
        ("activity", &at.activity),
        ("side", &side),
        ("runtime", &at.integration_runtime),
        ("node", &at.node),
        ("time", &time),
    ] {
        if let Some(value) = value {
            let label = format!("  {name:8}  ");
            let text = style.wrap(&label, value);
            let text = text.strip_prefix(&label).unwrap_or(&text);
            out.push_str(&format!("{}{text}", style.paint(Look::Faint, &label)));
        }
    }
    if out.is_empty() { out } else { section("Where it happened", style) + &out }
}

fn heading(it: &Finding, style: Style) -> String {
    let mut facts = vec![it.category.as_str().to_owned(), it.severity.as_str().to_owned()];
    facts.push(format!("fault: {}", it.fault.as_str()));
    match it.retryable {
        Some(true) => facts.push("a retry may help".to_owned()),
        Some(false) => facts.push("a retry will not help".to_owned()),
        None => {}
    }
    facts.push(it.rule.clone());
    let facts = style.paint(Look::Faint, &style.wrap("", &facts.join(" · ")));
    if !style.terminal {
        return format!("{}\n{facts}", terminal::clean(&it.title));
    }
    // A badge, and the title beside it.
    let badge = format!(" {} ", it.severity.as_str().to_uppercase());
    let blank = " ".repeat(badge.len() + 1);
    let title = style.wrap(&blank, &it.title);
    let badge = style.paint(badge_look(it.severity), &badge);
    format!("{badge} {}\n{facts}", style.paint(Look::Bold, title.trim()))
}

fn badge_look(severity: Severity) -> Look {
    match severity {
        Severity::Critical | Severity::Error => Look::Alarm,
        Severity::Warning => Look::Warning,
        Severity::Info => Look::Note,
    }
}

fn section(name: &str, style: Style) -> String {
    format!("\n{}\n", style.paint(Look::Bold, name))
}

/// The chain as a tree, the root cause marked.
fn tree(it: &Finding, style: Style) -> String {
    let mut out = String::from("\n");
    let chain = &it.record.chain;
    if chain.is_empty() {
        let text = if it.record.message.is_empty() { "(no text)" } else { &it.record.message };
        return out + &style.wrap("  ", &shorten(text));
    }
    let shown = shown(chain.len());
    // Where the margin would take a third of the line, it grows more slowly.
    let step = if shown.len() * 9 > style.width { 1 } else { 3 };
    for (depth, index) in shown.iter().enumerate() {
        let last = depth + 1 == shown.len();
        match index {
            Some(index) => branch(&mut out, &chain[*index], depth * step, step, last, style),
            None => {
                let left_out = chain.len() + 1 - shown.len();
                let text = format!("{}⋮ {left_out} more\n", " ".repeat(2 + depth * step));
                out.push_str(&style.paint(Look::Faint, &text));
            }
        }
    }
    if it.record.truncated {
        let text = style.wrap("  ", "the text is cut: the real root may be missing");
        out.push_str(&style.paint(Look::Yellow, &text));
    }
    out
}

/// The links of a chain that are shown; `None` for those in the middle that are not.
pub(crate) fn shown(links: usize) -> Vec<Option<usize>> {
    if links <= LINKS {
        return (0..links).map(Some).collect();
    }
    let end = links - (LINKS - 4);
    (0..3).map(Some).chain([None]).chain((end..links).map(Some)).collect()
}

/// One link: its name behind an elbow, and what it says behind a guide to the next one.
fn branch(out: &mut String, link: &Link<'_>, depth: usize, step: usize, root: bool, style: Style) {
    let margin = |depth| " ".repeat(2 + depth);
    let elbow = match depth.checked_sub(step) {
        None => margin(0),
        Some(above) => margin(above) + if step == 3 { "└─ " } else { "└" },
    };
    let mark = if root { style.paint(Look::Red, "  ◀ root cause") } else { String::new() };
    let name = style.paint(if root { Look::Root } else { Look::Cyan }, &name(link));
    out.push_str(&format!("{}{name}{mark}\n", style.paint(Look::Faint, &elbow)));
    let lead = margin(depth) + if root { "" } else { "│ " };
    if !link.message.is_empty() {
        out.push_str(&behind(&lead, &shorten(&link.message), None, style));
    }
    let fields = details(link);
    if !fields.is_empty() {
        out.push_str(&behind(&lead, &shorten(&fields), Some(Look::Faint), style));
    }
}

/// The fields of a link but for those that repeat its message.
pub(crate) fn details(link: &Link<'_>) -> String {
    let fields = link.details.iter().filter(|(key, _)| key != "Errors");
    fields.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" · ")
}

/// Code and type of a link, the type without its namespace.
pub(crate) fn name(link: &Link<'_>) -> String {
    let name = link.class().unwrap_or("error");
    let short = name.rsplit('.').next().unwrap_or(name);
    let code = link.error_code.as_deref().map(|it| format!("{it} · ")).unwrap_or_default();
    terminal::clean(&format!("{code}{short}")).replace('\n', " ")
}

/// Text behind a guide line.
fn behind(lead: &str, text: &str, look: Option<Look>, style: Style) -> String {
    let wrapped = terminal::wrapped(style.width, lead, lead, text);
    let mut out = String::new();
    for line in wrapped.lines() {
        let text = line.strip_prefix(lead).unwrap_or(line);
        let text = look.map_or_else(|| text.to_owned(), |look| style.paint(look, text));
        out.push_str(&format!("{}{text}\n", style.paint(Look::Faint, lead)));
    }
    out
}

/// The beginning of a long text.
pub(crate) fn shorten(text: &str) -> String {
    const SHOWN: usize = 600;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}

fn steps(it: &Finding, style: Style) -> String {
    let mut out = String::new();
    if !it.resolution.is_empty() {
        out.push_str(&section("What to do", style));
    }
    for (index, step) in it.resolution.iter().enumerate() {
        let number = format!("  {}. ", index + 1);
        let text = style.prose(&number, step);
        let rest = text.strip_prefix(&number).unwrap_or(&text);
        out.push_str(&format!("{}{rest}", style.paint(Look::Green, &number)));
    }
    out
}

fn more(it: &Finding, style: Style) -> String {
    let mut out = String::new();
    if it.causes.len() > 1 {
        out.push_str(&section("It may also be", style));
        for cause in &it.causes[1..] {
            out.push_str(&style.prose("  - ", &cause.cause));
        }
    }
    if !it.references.is_empty() {
        out.push('\n');
    }
    for reference in &it.references {
        out.push_str(&format!("  {}\n", style.paint(Look::Faint, reference)));
    }
    out
}

#[cfg(test)]
mod tests;
