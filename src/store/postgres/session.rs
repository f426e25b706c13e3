//! One connection, asked and waited for.
//!
//! The thread that asks waits, at most [`PATIENCE`]; the connection lives on a small runtime of
//! its own, so that a server that does not answer cannot hold the thread for ever. What is said
//! of a failure is the server's short message or the system's word, never the address with its
//! password, nor values of a row.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use crate::store::error::StoreError;
use crate::store::place::PostgresConfig;
use crate::store::postgres::address::address;
use crate::store::postgres::tls::Tls;

/// How long an answer is waited for; the server gives up before that.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a connection is waited for.
const CONNECT: Duration = Duration::from_secs(5);

/// What the server is told at the start: it ends what takes too long, so that no member holds
/// up the others with its locks.
const LIMITS: &str = "SET statement_timeout = '15s'; SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = 'warning';";

/// What is given to a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// One connection.
pub(super) struct Session {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
    /// Set when nothing more is to be asked of it.
    pub(super) broken: bool,
    /// Set when the server ended a transaction for the sake of another: it may be tried again.
    pub(super) yielded: bool,
    runtime: Option<Runtime>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Session").field("broken", &self.broken).finish_non_exhaustive()
    }
}

impl Session {
    /// Connects, as `name` to the server.
    pub(super) fn connect(place: &PostgresConfig, name: &str) -> Result<Self, StoreError> {
        let mut config = address(place)?;
        config.application_name(name).connect_timeout(CONNECT).keepalives(true);
        config.keepalives_idle(Duration::from_secs(10)).keepalives_retries(3);
        config.keepalives_interval(Duration::from_secs(5)).tcp_user_timeout(PATIENCE);
        let tls = Tls::new(place.ca_file.as_deref())?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|it| away(&it.to_string()))?;
        let connecting = async {
            tokio::time::timeout(PATIENCE, config.connect(tls))
                .await
                .map_err(|_| away("does not answer"))?
                .map_err(|it| fault(&it))
        };
        let (client, connection) = runtime.block_on(connecting)?;
        runtime.spawn(async move {
            // How it ended is told to who asks next.
            let _ = connection.await;
        });
        let mut it = Self {
            client,
            prepared: HashMap::new(),
            broken: false,
            yielded: false,
            runtime: Some(runtime),
        };
        // The name of a schema is checked with the configuration: it needs no quotes.
        it.batch(&format!("{LIMITS} SET search_path = {};", place.schema))?;
        Ok(it)
    }

    /// Rows that a statement gives.
    pub(super) fn query(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepare(sql)?;
        let Self { client, runtime, .. } = self;
        let asked = wait(runtime.as_ref(), client.query(&statement, values));
        self.note(asked)
    }

    /// How many rows a statement changes.
    pub(super) fn execute(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<u64, StoreError> {
        let statement = self.prepare(sql)?;
        let Self { client, runtime, .. } = self;
        let asked = wait(runtime.as_ref(), client.execute(&statement, values));
        self.note(asked)
    }

    /// Statements without values.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        let Self { client, runtime, .. } = self;
        let asked = wait(runtime.as_ref(), client.batch_execute(sql));
        self.note(asked)
    }

    /// Does `work` in one transaction: all of it, or nothing.
    pub(super) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.yielded = false;
        self.batch("BEGIN")?;
        let done = work(self).and_then(|it| self.batch("COMMIT").map(|()| it));
        if done.is_err() && !self.broken {
            // Without effect where the server has ended it.
            let yielded = self.yielded;
            self.batch("ROLLBACK")?;
            self.yielded = yielded;
        }
        done
    }

    fn prepare(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(it) = self.prepared.get(sql) {
            return Ok(it.clone());
        }
        let Self { client, runtime, .. } = self;
        let asked = wait(runtime.as_ref(), client.prepare(sql));
        let statement = self.note(asked)?;
        self.prepared.insert(sql, statement.clone());
        Ok(statement)
    }

    fn note<T>(&mut self, asked: Asked<T>) -> Result<T, StoreError> {
        match asked {
            Ok(it) => Ok(it),
            Err(None) => {
                self.broken = true;
                Err(away("does not answer"))
            }
            Err(Some(error)) => {
                // A server that goes down, or that became a follower, says so: then ask anew.
                self.broken |= error.is_closed() || error.as_db_error().is_none_or(leaves);
                self.yielded |= error.code().is_some_and(|it| {
                    [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE]
                        .contains(it)
                });
                Err(fault(&error))
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Nothing is waited for: this may be a thread that must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What came of a question; without an error there was no answer in time.
type Asked<T> = Result<T, Option<Error>>;

fn wait<T>(runtime: Option<&Runtime>, asked: impl Future<Output = Result<T, Error>>) -> Asked<T> {
    let Some(runtime) = runtime else { return Err(None) };
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await });
    answer.map_err(|_| None)?.map_err(Some)
}

fn leaves(error: &tokio_postgres::error::DbError) -> bool {
    let code = error.code().code();
    code.starts_with("57P") || code.starts_with("08") || code == "25006" || code == "25P03"
}

fn away(what: &str) -> StoreError {
    StoreError::Away { what: what.to_owned() }
}

/// What the server or the system says, on one line.
fn fault(error: &Error) -> StoreError {
    use std::error::Error as _;
    let said = match (error.as_db_error(), error.source()) {
        (Some(it), _) => format!("refuses: {} ({})", it.message(), it.code().code()),
        (None, Some(why)) => format!("cannot be reached: {why}"),
        (None, None) => format!("cannot be reached: {error}"),
    };
    away(&said)
}
