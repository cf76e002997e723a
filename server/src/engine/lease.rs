//! A connection in the hands of one call.

use std::future::Future;
use std::sync::Arc;

use hyperdb_api::AsyncConnection;
use tokio::sync::OwnedSemaphorePermit;

use super::apart::Place;
use super::changes::changes_for_certain;
use super::connection::{Attachments, Connection};
use super::disk::Disk;
use super::error::translate;
use super::idle::Idle;
use super::pool::Lane;
use super::reserve::Reserve;
use super::rows::{self, Bounds, Column, Rows};
use super::source::Source;
use crate::call::{Call, InHand};
use crate::error::{Code, Error, Sought, UNDEFINED_TABLE};
use crate::limits;
use crate::sql::classify::{Kind, classify};

/// SQLSTATEs of tables, columns and schemas that there are not.
const UNKNOWN: [&str; 3] = [UNDEFINED_TABLE, "42703", "3F000"];

/// A connection for as long as a call needs it; dropping it gives it back.
///
/// A statement that is interrupted is cancelled in hyperd, also when the future that waits for it is dropped. The
/// connection is used again only if nothing is in doubt about it: no open transaction, no statement that may go on.
pub struct Lease {
    connection: Option<Connection>,
    idle: Arc<Idle>,
    source: Arc<Source>,
    pub(super) disk: Arc<Disk>,
    _permit: Permit,
    /// Room to write out what is changed, for as long as it is being changed.
    pub(super) reserves: Vec<Arc<Reserve>>,
    /// Where unqualified names go.
    pub(super) database: String,
    /// What there is to attach.
    pub(super) wanted: Attachments,
    /// A statement was sent and its end was not seen.
    running: bool,
    pub(super) fate: Fate,
    pub(super) transaction: bool,
    pub(super) lane: Lane,
    /// Those that it is kept apart by from statements which it must not meet.
    pub(super) places: Vec<Place>,
}

/// A place among the connections, and the word that its call holds one.
pub(super) struct Permit {
    pub(super) lane: Lane,
    pub(super) _place: OwnedSemaphorePermit,
    pub(super) _in_hand: InHand,
}

/// What becomes of a connection when its call has done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Reused,
    /// It has something of the call's own.
    Closed,
    /// A statement may still go on, or its result may be on the wire.
    Doubtful,
}

impl Lease {
    pub(super) fn new(
        connection: Connection,
        idle: Arc<Idle>,
        source: Arc<Source>,
        disk: Arc<Disk>,
        permit: Permit,
    ) -> Self {
        let lane = permit.lane;
        Self {
            connection: Some(connection),
            lane,
            idle,
            source,
            disk,
            _permit: permit,
            reserves: Vec::new(),
            database: String::new(),
            wanted: Attachments::default(),
            running: false,
            fate: Fate::Reused,
            transaction: false,
            places: Vec::new(),
        }
    }

    /// Which hyperd it leads to: how often another one had taken the place of the one before.
    pub fn epoch(&self) -> u64 {
        self.connection.as_ref().map_or(0, |connection| connection.epoch)
    }

    /// Runs one statement that returns no rows; answers how many rows it changed.
    ///
    /// # Errors
    ///
    /// Besides Hyper's own: `DISK_FULL` where there is no room to write what it would change, `IO_ERROR` where the file
    /// was replaced while it was in use. Nothing is changed then.
    pub async fn execute(&mut self, call: &Call, sql: &str) -> Result<u64, Error> {
        self.trace(sql)?;
        self.attach_named(call, sql).await?;
        let statement = classify(sql);
        self.keep_apart(call, sql, Some(&statement)).await?;
        self.secure(&statement).await?;
        // What answers how many rows it changed is noted by that; whatever else may have changed something by failing.
        if !statement.is_counted {
            self.note_change(call, &statement, false)?;
        }
        let ended = match statement.kind {
            Kind::Ddl if !self.transaction => self.change(call, sql).await,
            _ => self.send(call, sql).await,
        };
        self.leave();
        if statement.is_counted && (self.fate == Fate::Doubtful || matches!(ended, Ok(1..))) {
            self.note_change(call, &statement, ended.is_ok())?;
        } else if ended.is_ok() && changes_for_certain(&statement, sql) {
            self.note_change(call, &statement, true)?;
        }
        ended
    }

    pub(super) async fn send(&mut self, call: &Call, sql: &str) -> Result<u64, Error> {
        let wire = self.wire()?;
        tracing::trace!(sql, "sent");
        let done = self.watch(call, async { wire.execute_command(sql).await }).await;
        done.map_err(|error| self.seeking(error, sql))
    }

    /// Runs one query and reads its rows until one of the bounds is reached.
    pub async fn query(&mut self, call: &Call, sql: &str, bounds: Bounds) -> Result<Rows, Error> {
        self.trace(sql)?;
        self.attach_named(call, sql).await?;
        self.keep_apart(call, sql, None).await?;
        let wire = self.wire()?;
        tracing::trace!(sql, "sent");
        let rows = self.watch(call, rows::read(&wire, sql, bounds)).await;
        // hyperd was told to stop in the midst of the result; what is left of it is still on the wire.
        if matches!(&rows, Ok(rows) if rows.truncated) {
            self.fate = Fate::Doubtful;
        }
        self.leave();
        rows.map_err(|error| self.seeking(error, sql))
    }

    /// The columns of a query's result, of whatever types; none of its rows is read.
    pub async fn columns(&mut self, call: &Call, sql: &str) -> Result<Vec<Column>, Error> {
        self.trace(sql)?;
        self.attach_named(call, sql).await?;
        self.keep_apart(call, sql, None).await?;
        let wire = self.wire()?;
        let none = format!("SELECT * FROM ({sql}\n) no_rows LIMIT 0");
        let columns = self.watch(call, rows::columns(&wire, &none)).await;
        self.leave();
        columns.map_err(|error| self.seeking(error, sql))
    }

    /// Runs a query of the server's own, whose result is known to be small.
    pub async fn rows(&mut self, call: &Call, sql: &str) -> Result<Rows, Error> {
        self.query(call, sql, Bounds::NONE).await
    }

    /// The first value of the first row as an integer, for counts.
    pub async fn count(&mut self, call: &Call, sql: &str) -> Result<i64, Error> {
        let rows = self.rows(call, sql).await?;
        let value = rows.rows.first().and_then(|row| row.first()).and_then(serde_json::Value::as_i64);
        value.ok_or_else(|| Error::internal(format!("`{sql}` returned no integer.")))
    }

    /// Closes the connection in the end instead of giving it back, as one that has something attached of its own.
    pub fn retire(&mut self) {
        if self.fate == Fate::Reused {
            self.fate = Fate::Closed;
        }
    }

    /// Begins a transaction. Dropping the lease before [`Lease::commit`] undoes it.
    pub async fn begin(&mut self, call: &Call) -> Result<(), Error> {
        self.keep_apart_throughout(call).await?;
        self.transaction = true;
        self.send(call, "BEGIN TRANSACTION").await.map(drop)
    }

    /// Makes the transaction's changes permanent.
    pub async fn commit(&mut self, call: &Call) -> Result<(), Error> {
        self.send(call, "COMMIT").await?;
        self.transaction = false;
        self.leave();
        Ok(())
    }

    /// Undoes the transaction's changes, whatever became of the call.
    pub async fn rollback(&mut self) {
        if self.fate == Fate::Doubtful || !self.transaction {
            return;
        }
        if self.send(&Call::housekeeping(), "ROLLBACK").await.is_ok() {
            self.transaction = false;
            self.leave();
        }
    }

    /// Waits for a statement; interrupted, cancels it in hyperd and waits a little for its end.
    async fn watch<T>(
        &mut self,
        call: &Call,
        statement: impl Future<Output = hyperdb_api::Result<T>>,
    ) -> Result<T, Error> {
        if call.is_cancelled() {
            return Err(Call::cancelled_error());
        }
        let wire = self.wire()?;
        self.running = true;
        let mut statement = std::pin::pin!(statement);
        let ended = tokio::select! {
            biased;
            ended = &mut statement => ended,
            endpoint = Box::pin(self.source.watch_pulse()) => {
                self.fate = Fate::Doubtful;
                self.running = false;
                self.idle.clear();
                return Err(self.source.hung(&endpoint).await);
            }
            reason = call.interrupted() => {
                self.fate = Fate::Doubtful;
                cancel(&wire).await;
                let grace = limits::ms(limits::CANCEL_GRACE_MS);
                match tokio::time::timeout(grace, &mut statement).await {
                    // It had ended before it could be cancelled: what it did is done, and that is the answer.
                    Ok(Ok(value)) => Ok(value),
                    Ok(Err(_)) => {
                        self.running = false;
                        return Err(reason.with_sqlstate("57014"));
                    }
                    Err(_) => return Err(reason),
                }
            }
        };
        self.running = false;
        ended.map_err(|error| self.failed(error))
    }

    fn failed(&mut self, error: hyperdb_api::Error) -> Error {
        let error = translate(error, &self.database);
        if error.code == Code::ConnectionLost {
            self.fate = Fate::Doubtful;
            // The others lead to the same hyperd.
            self.idle.clear();
        }
        error
    }

    /// The refusal of a statement; where it names what there is not, with what is needed to look for what was meant.
    fn seeking(&self, error: Error, sql: &str) -> Error {
        let is_unknown = error.sqlstate.as_deref().is_some_and(|state| UNKNOWN.contains(&state));
        // Releases up to 0.0.22502 say so of a column of UPDATE under the state of syntax errors.
        if !is_unknown && !error.message.starts_with("unknown column") {
            return error;
        }
        error.seeking(Sought::InSql { database: self.database.clone(), sql: sql.to_owned() })
    }

    /// Whether hyperd would answer a statement with rows; it parses it and does nothing.
    pub(super) async fn returns_rows(&mut self, call: &Call, sql: &str) -> Result<bool, Error> {
        self.attach_named(call, sql).await?;
        self.keep_apart(call, sql, None).await?;
        let wire = self.wire()?;
        let returns = self.watch(call, rows::returns_rows(&wire, sql)).await;
        self.leave();
        returns.map_err(|error| self.seeking(error, sql))
    }

    pub(super) fn idle(&self) -> &Arc<Idle> {
        &self.idle
    }

    pub(super) fn connection(&mut self) -> Result<&mut Connection, Error> {
        self.connection.as_mut().ok_or_else(given_back)
    }

    fn wire(&mut self) -> Result<Arc<AsyncConnection>, Error> {
        Ok(Arc::clone(&self.connection()?.wire))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if self.running {
            // Without a runtime the process is about to end, and the connection with it.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                let source = Arc::clone(&self.source);
                let places = std::mem::take(&mut self.places);
                runtime.spawn(async move {
                    cancel(&connection.wire).await;
                    let Connection { name, wire, .. } = connection;
                    drop(wire);
                    source.see_cancelled(&name).await;
                    drop(places);
                });
            }
        } else if self.fate == Fate::Reused && !self.transaction {
            self.idle.give_back(connection);
        } else if self.fate != Fate::Doubtful {
            self.idle.close(connection);
        }
    }
}

fn given_back() -> Error {
    Error::internal("A lease was used after it was given back.")
}

async fn cancel(wire: &AsyncConnection) {
    let sent = tokio::time::timeout(limits::ms(limits::CANCEL_GRACE_MS), wire.cancel()).await;
    if !matches!(sent, Ok(Ok(()))) {
        tracing::warn!("a cancellation did not reach hyperd");
    }
}
