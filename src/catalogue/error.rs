//! Why a catalogue was refused.
//!
//! Each message is one line that names the file and the rule and shows what was found,
//! so that the author can repair it without opening our code. The cause stays in
//! `source` and is printed by whoever reports the error.

use std::io;
use std::path::PathBuf;

/// Why a catalogue was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read catalogue file `{}`", file.display())]
    Read {
        /// The file or folder.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// The text is no YAML, or no list of rules.
    #[error("catalogue file `{}` is not a YAML list of rules", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// What the reader said, with line and column.
        source: Box<serde_saphyr::Error>,
    },

    /// The file is larger than the reader of YAML takes.
    #[error(
        "catalogue file `{}` is too large to be read; put some of its rules into another file",
        file.display()
    )]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Which of the reader's bounds it breaks.
        source: Box<serde_saphyr::Error>,
    },

    /// A rule has a key that is unknown, missing or of the wrong kind.
    #[error("{file}: rule `{rule}`{} is not written as a rule", at_key(key.as_deref()))]
    Shape {
        /// The file, and the line where it is known.
        file: String,
        /// The rule, or its number in the file.
        rule: String,
        /// The key on that line, where one stands there.
        key: Option<String>,
        /// What is wrong with it.
        source: serde_json::Error,
    },

    /// Two rules of one layer have one id.
    #[error("rule `{rule}` is defined in `{first}` and again in `{second}`; rename one")]
    DuplicateRule {
        /// The id.
        rule: String,
        /// The file that has it.
        first: String,
        /// The file that has it again.
        second: String,
    },

    /// A clause means nothing.
    #[error("{file}: rule `{rule}`: `{clause}: {found}` {remedy}")]
    Clause {
        /// The file.
        file: String,
        /// The rule.
        rule: String,
        /// The key of the clause.
        clause: &'static str,
        /// What is written there.
        found: String,
        /// What to write.
        remedy: &'static str,
    },

    /// An alternative that would match everything.
    #[error(
        "{file}: rule `{rule}`: alternative {number} has no code, type, message, number or \
         activity_code; add one, since it would fit every record"
    )]
    NoAnchor {
        /// The file.
        file: String,
        /// The rule.
        rule: String,
        /// Which of its alternatives, from 1.
        number: usize,
    },

    /// The rule that answers last is missing or switched off.
    #[error("the catalogue has no active rule `unclassified`; do not switch it off")]
    NoUnclassified,

    /// More than one fault; each is told.
    #[error("{} faults in the catalogue:\n{}", .0.len(), lines(.0))]
    Many(Vec<CatalogueError>),
}

impl CatalogueError {
    /// One error for all that was found; `Ok` when nothing was.
    pub(super) fn all(mut faults: Vec<Self>) -> Result<(), Self> {
        match faults.len() {
            0 => Ok(()),
            1 => Err(faults.remove(0)),
            _ => Err(Self::Many(faults)),
        }
    }
}

fn at_key(key: Option<&str>) -> String {
    key.map(|it| format!(", key `{it}`,")).unwrap_or_default()
}

/// Each error with its causes, one a line.
fn lines(faults: &[CatalogueError]) -> String {
    let mut lines = Vec::new();
    for fault in faults {
        let mut line = fault.to_string();
        let mut cause = std::error::Error::source(fault);
        while let Some(it) = cause {
            line.push_str(": ");
            line.push_str(&it.to_string());
            cause = it.source();
        }
        lines.push(line);
    }
    lines.join("\n")
}
