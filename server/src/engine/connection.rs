//! One connection and what it has attached: hyperd keeps that for each connection, the session for all.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyperdb_api::AsyncConnection;

use super::disk::{Disk, Held};
use super::error;
use super::rows::{self, Bounds};
use super::socket;
use super::turn::Turn;
use crate::call::OnDisk;
use crate::error::{Code, Error};
use crate::limits;
use crate::sql;

/// Connections that this process has opened, so that each has a name of its own.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// A database as a connection attaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The name that SQL knows it by.
    pub alias: String,
    /// The path under which hyperd opens its file.
    pub path: PathBuf,
    /// The file's own path, without symbolic links.
    pub real: PathBuf,
    /// Tells a file from another one that had the same alias before.
    pub generation: u64,
    /// Whether what is written into it must be on disk before it is answered as done.
    pub lasting: bool,
    /// Whether no call may change it, so that hyperd is asked to hold it read-only.
    pub read_only: bool,
}

/// All that a connection must have attached before a statement runs on it.
#[derive(Debug, Clone, Default)]
pub struct Attachments {
    /// Grows with each change, so that a connection that is up to date is known by one comparison.
    pub version: u64,
    /// In the order in which they are attached.
    pub databases: Vec<Attachment>,
}

/// A connection with its state in hyperd.
pub(super) struct Connection {
    pub(super) wire: Arc<AsyncConnection>,
    /// The version of [`Attachments`] that it was last brought to.
    pub(super) version: Option<u64>,
    pub(super) attached: Vec<Attached>,
    pub(super) search_path: Option<String>,
    /// Which hyperd it leads to; a hyperd that is started anew counts one up.
    pub(super) epoch: u64,
    /// When hyperd was started that it leads to, as hyperd says it.
    pub(super) started: String,
    /// Whether a statement of a call may have left a setting on it.
    pub(super) has_settings: bool,
    /// Since when nobody uses it.
    pub(super) idle_since: Instant,
    /// What `pg_stat_activity` calls it, and no other connection.
    pub(super) name: String,
}

/// Why there is no connection.
pub(super) enum Unopened {
    /// Nobody listens there, or whoever does refused.
    Refused(Error),
    /// The deadline passed.
    Silent,
}

/// A database that a connection has attached.
pub(super) struct Attached {
    pub(super) database: Attachment,
    /// The file as it was when it was attached; it stays in that state for as long as anybody has it attached.
    pub(super) before: Option<OnDisk>,
    _held: Option<Arc<Held>>,
}

/// What came of letting go of databases.
#[derive(Debug)]
pub(super) struct LetGo {
    /// Whether the connection can be used again.
    pub(super) usable: bool,
    /// What hyperd said of the first file that it could not save.
    pub(super) unsaved: Option<Error>,
}

impl Connection {
    /// Opens a connection whose first statement is answered within `deadline`.
    pub(super) async fn open(endpoint: &str, application: &str, deadline: Duration) -> Result<Self, Unopened> {
        let opened = async {
            loop {
                match Self::try_open(endpoint, application).await {
                    Err(_) if socket::has_full_queue(endpoint).await => {
                        tokio::time::sleep(limits::ms(limits::REPLACE_PAUSE_MS)).await;
                    }
                    tried => break tried.map_err(|error| Unopened::Refused(unreachable(endpoint, &error.to_string()))),
                }
            }
        };
        tokio::time::timeout(deadline, opened).await.unwrap_or(Err(Unopened::Silent))
    }

    /// Whether hyperd has a connection of that name still: it keeps one whose statement goes on, also when its client has
    /// gone.
    pub(super) async fn sees(&self, name: &str) -> hyperdb_api::Result<bool> {
        let sql = format!("SELECT 1 FROM pg_catalog.pg_stat_activity WHERE application_name = {}", sql::literal(name));
        Ok(!rows::read(&self.wire, &sql, Bounds::NONE).await?.rows.is_empty())
    }

    async fn try_open(endpoint: &str, application: &str) -> hyperdb_api::Result<Self> {
        let wire = AsyncConnection::builder(endpoint).user("tableau_internal_user").build().await?;
        let name = format!("{application} {}", COUNT.fetch_add(1, Ordering::Relaxed));
        wire.execute_command(&naming(&name)).await?;
        // Tells a hyperd from another one that listens where it did.
        let asked = rows::read(&wire, "SELECT CAST(pg_postmaster_start_time() AS TEXT)", Bounds::NONE).await?;
        let started = asked.rows.first().and_then(|row| row.first()).and_then(serde_json::Value::as_str);
        Ok(Self {
            wire: Arc::new(wire),
            version: None,
            attached: Vec::new(),
            search_path: None,
            epoch: 0,
            started: started.unwrap_or_default().to_owned(),
            has_settings: false,
            idle_since: Instant::now(),
            name,
        })
    }

    /// What a statement names and the connection has not attached.
    pub(super) fn missing(&self, wanted: &Attachments, named: impl Fn(&str) -> bool) -> Vec<Attachment> {
        let lacks = |new: &&Attachment| !self.attached.iter().any(|attached| attached.database == **new);
        wanted.databases.iter().filter(|new| named(&new.alias)).filter(lacks).cloned().collect()
    }

    pub(super) fn attached(&mut self, disk: &Disk, database: Attachment) {
        let (held, before) = match database.lasting.then(|| disk.hold(&database.real)).flatten() {
            Some((held, before)) => (Some(held), Some(before)),
            None => (None, None),
        };
        self.attached.push(Attached { database, before, _held: held });
    }

    /// Whether it has a database attached that `of` chooses.
    pub(super) fn holds(&self, of: impl Fn(&Attachment) -> bool) -> bool {
        self.attached.iter().any(|attached| of(&attached.database))
    }

    /// Lets go of the databases that `of` chooses; hyperd writes out what nobody else has attached. What it could not
    /// save is noted in `disk`.
    ///
    /// A connection is never closed instead: hyperd would write at that moment too, and nobody would hear that it could
    /// not.
    pub(super) async fn let_go(&mut self, disk: &Disk, of: impl Fn(&Attachment) -> bool) -> LetGo {
        let chosen: Vec<Attachment> =
            self.attached.iter().map(|old| &old.database).filter(|old| of(old)).cloned().collect();
        let mut outcome = LetGo { usable: true, unsaved: None };
        for database in chosen {
            let Err(error) = self.detach(&database.alias).await else { continue };
            if error.code == Code::ConnectionLost {
                outcome.usable = false;
                return outcome;
            }
            if database.lasting {
                disk.failed(&database.real, error.clone());
                outcome.unsaved.get_or_insert(error);
            }
        }
        outcome
    }

    async fn detach(&mut self, alias: &str) -> Result<(), Error> {
        let sql = detach(alias);
        let deadline = limits::ms(limits::HOUSEKEEPING_DEADLINE_MS);
        let mut turn = Turn::new();
        let failed = loop {
            let error = match tokio::time::timeout(deadline, self.wire.execute_command(&sql)).await {
                Ok(Ok(_)) => break None,
                Ok(Err(error)) => error::translate(error, alias),
                Err(_) => Error::new(Code::ConnectionLost, "hyperd did not let go of a database in time."),
            };
            let Some(pause) = turn.pause_after(&error) else { break Some(error) };
            tokio::time::sleep(pause).await;
        };
        // Also where it failed: hyperd has dropped the database then.
        self.attached.retain(|old| old.database.alias != alias);
        // hyperd may forget a search path that names a database that is gone.
        self.search_path = None;
        failed.map_or(Ok(()), Err)
    }
}

/// The statement that has `pg_stat_activity` show the connection under its name. The driver sends none when it opens a
/// connection to a socket, and `RESET ALL` takes it away.
pub(super) fn naming(name: &str) -> String {
    format!("SET application_name = {}", sql::literal(name))
}

/// The statement that lets go of a database.
pub(super) fn detach(alias: &str) -> String {
    format!("DETACH DATABASE {}", sql::identifier(alias))
}

fn unreachable(endpoint: &str, reason: &str) -> Error {
    Error::new(crate::error::Code::ConnectionLost, format!("Could not connect to hyperd at {endpoint}: {reason}."))
        .suggest("Check that hyperd runs there, or leave --endpoint out to have one started.")
}
