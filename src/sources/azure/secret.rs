//! Secrets come from files, and are read anew each time they are used: they change.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::sources::azure::trouble::Kind;
use crate::sources::azure::trouble::Trouble;

/// Bytes that a secret may have; a certificate with its key has the most.
const LONGEST: u64 = 64 * 1024;

/// The secret in the file that `key` of the configuration names.
pub(in crate::sources) fn read(key: &str, path: &Path) -> Result<String, Trouble> {
    let refused = |why: &str| {
        let text = format!("`{key}`: `{}` {why}", path.display());
        Trouble::new(Kind::Other, text)
    };
    let file = File::open(path)
        .map_err(|error| refused(&format!("cannot be read: {error}; check path and rights")))?;
    let mut text = String::new();
    let read = file.take(LONGEST + 1).read_to_string(&mut text);
    // The error of damaged text quotes nothing of it.
    read.map_err(|error| refused(&format!("cannot be read: {error}")))?;
    let secret = text.trim_start_matches('\u{feff}').trim();
    match secret.len() as u64 {
        0 => Err(refused("is empty; write the secret into it")),
        1..=LONGEST => Ok(secret.to_owned()),
        _ => Err(refused("is too long to be a secret")),
    }
}
