//! One connection and what it has attached: hyperd keeps that for each connection, the session for all.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyperdb_api::AsyncConnection;

use super::rows::{self, Bounds};
use super::{root, socket};
use crate::error::Error;
use crate::limits;
use crate::sql;

/// Connections that this process has opened, so that each has a name of its own.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// A database as a connection attaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The name that SQL knows it by.
    pub alias: String,
    /// Its file.
    pub path: PathBuf,
    /// Tells a file from another one that had the same alias before.
    pub generation: u64,
    /// Whether what is written into it must be on disk before it is answered as done.
    pub lasting: bool,
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
    /// The state that the file was in; it stays in that state for as long as anybody has it attached.
    pub(super) root: Option<Vec<u8>>,
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
        set_name(&wire, &name).await?;
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
            idle_since: Instant::now(),
            name,
        })
    }

    /// The statements that let go of what is not in `wanted` any more, each with the alias that it frees.
    pub(super) fn stale(&self, wanted: &Attachments) -> Vec<(String, String)> {
        let old = self.attached.iter().map(|attached| &attached.database);
        old.filter(|old| !wanted.databases.contains(old)).map(|old| (detach(&old.alias), old.alias.clone())).collect()
    }

    /// The statements that attach what the statement names and the connection lacks.
    pub(super) fn missing(&self, wanted: &Attachments, named: impl Fn(&str) -> bool) -> Vec<(String, Attachment)> {
        let lacks = |new: &&Attachment| !self.attached.iter().any(|attached| attached.database == **new);
        let new = wanted.databases.iter().filter(|new| named(&new.alias)).filter(lacks);
        new.map(|new| {
            let path = sql::identifier(&new.path.to_string_lossy());
            (format!("ATTACH DATABASE {path} AS {}", sql::identifier(&new.alias)), new.clone())
        })
        .collect()
    }

    pub(super) fn attached(&mut self, database: Attachment) {
        let root = if database.lasting { root::of(&database.path) } else { None };
        self.attached.push(Attached { database, root });
    }

    pub(super) fn detached(&mut self, alias: &str) {
        self.attached.retain(|old| old.database.alias != alias);
        // hyperd may forget a search path that names a database that is gone.
        self.search_path = None;
    }

    /// Lets go of the lasting databases that `of` chooses, so that hyperd writes out what nobody else has attached;
    /// whether the connection can be used again.
    pub(super) async fn let_go(&mut self, of: impl Fn(&Attachment) -> bool) -> bool {
        let chosen = |attached: &&Attached| attached.database.lasting && of(&attached.database);
        let aliases: Vec<String> = self.attached.iter().filter(chosen).map(|old| old.database.alias.clone()).collect();
        for alias in aliases {
            let sql = detach(&alias);
            let done =
                tokio::time::timeout(limits::ms(limits::HOUSEKEEPING_DEADLINE_MS), self.wire.execute_command(&sql));
            if !matches!(done.await, Ok(Ok(_))) {
                return false;
            }
            self.detached(&alias);
        }
        true
    }
}

/// Has `pg_stat_activity` show the connection under its name. The driver sends none when it opens a connection to a socket,
/// and `RESET ALL` takes it away.
pub(super) async fn set_name(wire: &AsyncConnection, name: &str) -> hyperdb_api::Result<()> {
    wire.execute_command(&format!("SET application_name = {}", sql::literal(name))).await.map(drop)
}

/// The statement that lets go of a database.
pub(super) fn detach(alias: &str) -> String {
    format!("DETACH DATABASE {}", sql::identifier(alias))
}

fn unreachable(endpoint: &str, reason: &str) -> Error {
    Error::new(crate::error::Code::ConnectionLost, format!("Could not connect to hyperd at {endpoint}: {reason}."))
        .suggest("Check that hyperd runs there, or leave --endpoint out to have one started.")
}
