//! `web: basic_auth:` who may read and change what is served.
//!
//! ```text
//! # one user a line, as `htpasswd -nB -C 12 NAME` writes it
//! ada: $2y$12$…
//! ```
//!
//! A password is checked against a bcrypt hash, which is slow on purpose. So that a page does
//! not wait for it with each request, what was right once is remembered by a keyed hash that
//! no other process knows. A name that does not exist takes as long as one that does.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::Semaphore;

use crate::web::error::WebError;

/// Users of one file.
const LIMIT: usize = 1000;

/// What was right and is remembered.
const REMEMBERED: usize = 200;

/// Passwords that are checked at one time, since each takes a whole core.
const CHECKS: usize = 1;

/// The dearest hash that is taken: about a second for each check.
const COST: u32 = 14;

/// Who may come in.
pub struct Users {
    hashes: Arc<BTreeMap<String, String>>,
    /// The hash against which names are checked that do not exist.
    nobody: String,
    key: hmac::Key,
    right: Mutex<HashSet<[u8; 32]>>,
    checks: Arc<Semaphore>,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").field("count", &self.hashes.len()).finish_non_exhaustive()
    }
}

impl Users {
    /// The users of `file`.
    pub fn read(file: &Path) -> Result<Self, WebError> {
        let fault = |line, why: &str| WebError::Users { file: file.into(), line, why: why.into() };
        let text = std::fs::read_to_string(file).map_err(|it| fault(0, &it.to_string()))?;
        let mut hashes = BTreeMap::new();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, hash) = user(line).map_err(|why| fault(index + 1, why))?;
            if hashes.insert(name.to_owned(), hash.to_owned()).is_some() {
                return Err(fault(index + 1, "this user is there twice"));
            }
        }
        if hashes.is_empty() || hashes.len() > LIMIT {
            return Err(fault(0, "it must hold 1 to 1000 users, one a line: NAME: HASH"));
        }
        Self::new(hashes).ok_or_else(|| fault(0, "the system gives no random numbers"))
    }

    fn new(hashes: BTreeMap<String, String>) -> Option<Self> {
        let nobody = hashes.values().next()?.clone();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        let checks = Arc::new(Semaphore::new(CHECKS));
        Some(Self { hashes: Arc::new(hashes), nobody, key, right: Mutex::default(), checks })
    }

    /// Whether the value of an `Authorization` header was right before.
    pub(super) fn knows(&self, authorization: &str) -> bool {
        self.right().contains(&self.tag(authorization))
    }

    /// Whether the value of an `Authorization` header is right. Takes its time.
    pub(super) async fn admits(&self, authorization: &str) -> bool {
        let Some((name, password)) = credentials(authorization) else { return false };
        let Ok(turn) = Arc::clone(&self.checks).acquire_owned().await else { return false };
        let (known, hash) = match self.hashes.get(&name) {
            Some(hash) => (true, hash.clone()),
            None => (false, self.nobody.clone()),
        };
        let checked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            bcrypt::verify(password, &hash).unwrap_or(false)
        });
        let right = known && checked.await.unwrap_or(false);
        if right {
            self.remember(authorization);
        }
        right
    }

    fn remember(&self, authorization: &str) {
        let tag = self.tag(authorization);
        let mut right = self.right();
        if right.len() >= REMEMBERED {
            right.clear();
        }
        right.insert(tag);
    }

    fn tag(&self, authorization: &str) -> [u8; 32] {
        let tag = hmac::sign(&self.key, authorization.as_bytes());
        tag.as_ref().try_into().unwrap_or_default()
    }

    fn right(&self) -> std::sync::MutexGuard<'_, HashSet<[u8; 32]>> {
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Name and hash of a line, or why it is none.
fn user(line: &str) -> Result<(&str, &str), &'static str> {
    let (name, hash) = line.split_once(':').ok_or("write NAME: HASH")?;
    let (name, hash) =
        (name.trim().trim_matches(['"', '\'']), hash.trim().trim_matches(['"', '\'']));
    if name.is_empty() {
        return Err("the user has no name");
    }
    let parts: bcrypt::HashParts =
        hash.parse().map_err(|_| "this is no bcrypt hash; `htpasswd -nB -C 12 NAME` writes one")?;
    if parts.get_cost() > COST {
        return Err("the cost of this hash is above 14, so that each login takes seconds; use 12");
    }
    Ok((name, hash))
}

/// Name and password of `Basic …`.
fn credentials(authorization: &str) -> Option<(String, String)> {
    let (scheme, text) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = STANDARD.decode(text.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(text: &str) -> Result<Users, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("users");
        std::fs::write(&file, text).unwrap();
        Users::read(&file).map_err(|it| it.to_string())
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[tokio::test]
    async fn only_a_right_password_of_a_known_user_is_admitted() {
        let hash = bcrypt::hash("correct horse", 4).unwrap();
        let users = users(&format!("# staff\nada: {hash}\n\n\"bob\": '{hash}'\n")).unwrap();
        assert!(!format!("{users:?}").contains("$2"), "a hash is told to nobody");
        #[rustfmt::skip]
        let table = [
            // header                               admitted
            (basic("ada:correct horse"),            true),
            (basic("bob:correct horse"),            true),
            (basic("ada:correct horse "),           false),
            (basic("ada:"),                         false),
            (basic("eve:correct horse"),            false),
            (basic(&format!("ada:{hash}")),         false),
            (basic("correct horse"),                false),
            ("Basic %%%".to_owned(),                false),
            ("Bearer correct horse".to_owned(),     false),
            (String::new(),                         false),
        ];
        for (header, expected) in table {
            assert_eq!(users.admits(&header).await, expected, "{header}");
            assert_eq!(users.knows(&header), expected, "{header}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn a_file_that_admits_nobody_is_refused() {
        // file                       why
        check("",                     "1 to 1000 users");
        check("# nobody\n",           "1 to 1000 users");
        check("ada\n",                "line 1: write NAME: HASH");
        check("\nada: secret\n",      "line 2: this is no bcrypt hash");
        check("ada: $apr1$x$y\n",     "line 1: this is no bcrypt hash");
        check(&format!(": {}\n", hash(4)),                        "line 1: the user has no name");
        check(&format!("ada: {}\n", hash(15)),                    "line 1: the cost");
        check(&format!("ada: {}\nada: {}\n", hash(4), hash(4)),   "line 2: this user is there twice");
    }

    /// A hash of this cost, of no password.
    fn hash(cost: u32) -> String {
        format!("$2b${cost:02}$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde")
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let error = users(text).unwrap_err();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("secret") && !error.contains("$2b$"), "{error}");
    }
}
