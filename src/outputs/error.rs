//! Why a receiver was refused, and why an alert could not be written.

use std::error::Error;
use std::io;
use std::path::PathBuf;

/// Why a receiver was refused. Each message is one line that says how to repair it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// No name.
    #[error("a receiver has no name; give it a `name:`, which routes and metrics use")]
    NoName,
    /// None of the kinds.
    #[error("receiver `{receiver}` says nothing to anybody; give it one of {}", listed(kinds))]
    NoKind {
        /// Its name.
        receiver: String,
        /// The kinds there are.
        kinds: Vec<&'static str>,
    },
    /// More than one kind.
    #[error("receiver `{receiver}` has {}; make a receiver for each", kinds.join(" and "))]
    ManyKinds {
        /// Its name.
        receiver: String,
        /// The kinds it has.
        kinds: Vec<&'static str>,
    },
    /// Two receivers have one name.
    #[error("two receivers are named `{receiver}`; rename one, since routes could not tell them")]
    Twice {
        /// The name.
        receiver: String,
    },
    /// Nothing to send to.
    #[error("receiver `{receiver}` has no address; set `{key}:`")]
    NoAddress {
        /// Its name.
        receiver: String,
        /// The key that is missing.
        key: &'static str,
    },
    /// An address that no client can use.
    #[error("receiver `{receiver}`: `{key}` is no address of the form {form} (found `{found}`)")]
    BadAddress {
        /// Its name.
        receiver: String,
        /// The key.
        key: &'static str,
        /// What it should look like.
        form: &'static str,
        /// What may be shown of the address.
        found: String,
    },
    /// A key and its file.
    #[error("receiver `{receiver}` has both `{key}` and `{key}_file`; keep one of them")]
    Both {
        /// Its name.
        receiver: String,
        /// The key.
        key: &'static str,
    },
    /// A name or value that no HTTP header can have.
    #[error("receiver `{receiver}`: header `{header}` cannot be sent; {remedy}")]
    BadHeader {
        /// Its name.
        receiver: String,
        /// The name of the header.
        header: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A file that cannot be read.
    #[error(
        "receiver `{receiver}`: cannot read `{key}: {}`; \
         the service account needs to read this file", file.display()
    )]
    Secret {
        /// Its name.
        receiver: String,
        /// The key.
        key: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A value that does not do.
    #[error("receiver `{receiver}`: `{key}` {fault}")]
    BadValue {
        /// Its name.
        receiver: String,
        /// The key.
        key: &'static str,
        /// What is wrong with it, and the remedy. It holds no secret.
        fault: String,
    },
    /// A kind that this platform does not have.
    #[error("receiver `{receiver}`: `{kind}` exists on {platform} only; {remedy}")]
    Platform {
        /// Its name.
        receiver: String,
        /// The kind.
        kind: &'static str,
        /// Where it exists.
        platform: &'static str,
        /// What to use instead.
        remedy: &'static str,
    },
}

/// `` `a:`, `b:` or `c:` ``
fn listed(kinds: &[&str]) -> String {
    let quoted: Vec<_> = kinds.iter().map(|it| format!("`{it}:`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Why an alert could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the alert of incident `{incident}` for {output}")]
pub struct RenderError {
    /// The kind of output.
    pub output: &'static str,
    /// The key of the incident.
    pub incident: String,
    /// What went wrong.
    pub source: Box<dyn Error + Send + Sync>,
}
