//! Why the store could not do what was asked.
//!
//! The kinds are told apart by what helps: another folder, more room, patience, or a new
//! database. The cause stays in `source`.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says it")]
pub enum StoreError {
    #[error(
        "state folder `{}` is in use by another shirwatch; stop that one or choose another `state_dir`",
        dir.display()
    )]
    InUse { dir: PathBuf },

    #[error(
        "cannot use state folder `{}`; let this user write there or choose another `state_dir`",
        dir.display()
    )]
    Folder { dir: PathBuf, source: io::Error },

    #[error(
        "no store in state folder `{}`; start `shirwatch run` once or name the right `state_dir`",
        dir.display()
    )]
    Absent { dir: PathBuf },

    #[error(
        "the store has schema {found} and this shirwatch reads {known}; use the same version as the daemon"
    )]
    Schema { found: i64, known: i64 },

    #[error("the store is full; free space on its disk or raise `limits.store_bytes`")]
    Full { source: rusqlite::Error },

    #[error("the store is busy; another program holds its database")]
    Busy { source: rusqlite::Error },

    #[error("the store is damaged; restart shirwatch, which puts it aside and begins a new one")]
    Corrupt { source: rusqlite::Error },

    #[error("the store cannot be read or written; check its disk and its rights")]
    Io { source: rusqlite::Error },

    #[error("the shared store {what}; see `store.postgres`")]
    Shared { what: String },

    #[error("the shared store {what}; it is tried again")]
    Away { what: String },

    #[error(
        "another daemon named `{member}` uses the shared store; stop it, or give this one another `store.postgres.member`"
    )]
    MemberInUse { member: String },

    #[error(
        "the shared store has schema {found}, which needs a newer shirwatch than this one (schema {known}); update this one"
    )]
    TooNew { found: i32, known: i32 },

    #[error(
        "another daemon has taken over {lost}, since this one gave no sign of life; begun again, it reads what is left to it"
    )]
    TakenOver { lost: String },

    #[error(
        "this shirwatch was built without PostgreSQL; build it with `--features postgres`, or leave out `store.postgres`"
    )]
    NotBuilt,

    #[error("there are too many silences; expire some, they are forgotten after a week")]
    TooManySilences,

    #[error("the store cannot keep a value")]
    Encode { source: serde_json::Error },
}

impl StoreError {
    /// True when the same call may succeed later: stop reading, and try again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Busy { .. } | Self::Io { .. } | Self::Away { .. })
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { source },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { source },
            _ => Self::Io { source },
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(source: serde_json::Error) -> Self {
        Self::Encode { source }
    }
}
