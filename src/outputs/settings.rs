//! What receivers have in common in the configuration: addresses, headers, secrets in files.
//!
//! ```yaml
//! slack: { url_file: /etc/shirwatch/slack.url }     # read once, when the receiver is built
//! ```
//!
//! All that could fail later for a reason in the configuration fails here. A secret is
//! never part of a message: of an address its door is shown, of a file its path.

use std::path::Path;
use std::path::PathBuf;

use crate::outputs::OutputError;
use crate::outputs::door;

/// The trimmed content of a file that holds one secret.
pub(crate) fn secret(
    receiver: &str,
    key: &'static str,
    file: &Path,
) -> Result<String, OutputError> {
    let text = std::fs::read_to_string(file).map_err(|source| OutputError::Secret {
        receiver: receiver.to_owned(),
        key,
        file: file.into(),
        source,
    })?;
    match text.trim() {
        "" => Err(bad(receiver, key, format!("names `{}`, which is empty", file.display()))),
        text => Ok(text.to_owned()),
    }
}

/// The secret in the file that must be named.
pub(crate) fn required(
    receiver: &str,
    key: &'static str,
    file: Option<&PathBuf>,
) -> Result<String, OutputError> {
    let missing = || OutputError::NoAddress { receiver: receiver.to_owned(), key };
    secret(receiver, key, file.ok_or_else(missing)?)
}

/// The address of `url`, or of its file.
pub(crate) fn address(
    receiver: &str,
    url: Option<&String>,
    file: Option<&PathBuf>,
) -> Result<String, OutputError> {
    let url = match (url, file) {
        (Some(_), Some(_)) => {
            return Err(OutputError::Both { receiver: receiver.to_owned(), key: "url" });
        }
        (Some(url), None) => url.clone(),
        (None, Some(file)) => secret(receiver, "url_file", file)?,
        (None, None) => {
            return Err(OutputError::NoAddress { receiver: receiver.to_owned(), key: "url" });
        }
    };
    check_address(receiver, "url", &url)?;
    Ok(url)
}

/// Refuses an address that no client could use.
pub(crate) fn check_address(
    receiver: &str,
    key: &'static str,
    url: &str,
) -> Result<(), OutputError> {
    let usable = reqwest::Url::parse(url)
        .is_ok_and(|it| matches!(it.scheme(), "http" | "https") && it.has_host());
    if usable {
        return Ok(());
    }
    Err(OutputError::BadAddress {
        receiver: receiver.to_owned(),
        key,
        form: "http://host:port or https://host",
        found: door(url),
    })
}

/// Refuses a header that no client could send.
pub(crate) fn check_header(receiver: &str, name: &str, value: &str) -> Result<(), OutputError> {
    let bad = |remedy| OutputError::BadHeader {
        receiver: receiver.to_owned(),
        header: name.to_owned(),
        remedy,
    };
    if reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(bad("a name has letters, digits and hyphens only"));
    }
    if reqwest::header::HeaderValue::from_str(value).is_err() {
        return Err(bad("its value must be one line of plain characters"));
    }
    Ok(())
}

/// A value that does not do.
pub(crate) fn bad(receiver: &str, key: &'static str, fault: impl Into<String>) -> OutputError {
    OutputError::BadValue { receiver: receiver.to_owned(), key, fault: fault.into() }
}
