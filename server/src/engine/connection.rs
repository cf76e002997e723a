//! One connection and what it has attached: hyperd keeps that for each connection, the session for all.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use hyperdb_api::AsyncConnection;

use super::root;
use super::rows::{self, Bounds};
use crate::error::Error;
use crate::limits;
use crate::sql;

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
    /// What it calls itself in hyperd, which RESET ALL takes away.
    pub(super) application: String,
    /// Whether a statement of a call may have left a setting on it.
    pub(super) has_settings: bool,
    /// Since when nobody uses it.
    pub(super) idle_since: Instant,
}

/// A database that a connection has attached.
pub(super) struct Attached {
    pub(super) database: Attachment,
    /// The state that the file was in; it stays in that state for as long as anybody has it attached.
    pub(super) root: Option<Vec<u8>>,
}

impl Connection {
    pub(super) async fn open(endpoint: &str, application: &str) -> Result<Self, Error> {
        let opening = AsyncConnection::builder(endpoint)
            .user("tableau_internal_user")
            .application_name(application)
            .login_timeout(limits::ms(limits::CONNECT_DEADLINE_MS))
            .build();
        let opened = tokio::time::timeout(limits::ms(limits::CONNECT_DEADLINE_MS), opening).await;
        let wire = match opened {
            Ok(Ok(wire)) => wire,
            Ok(Err(error)) => return Err(unreachable(endpoint, &error.to_string())),
            Err(_) => return Err(unreachable(endpoint, "it did not answer in time")),
        };
        let mut connection = Self {
            wire: Arc::new(wire),
            version: None,
            attached: Vec::new(),
            search_path: None,
            epoch: 0,
            started: String::new(),
            application: application.to_owned(),
            has_settings: false,
            idle_since: Instant::now(),
        };
        connection.started = connection.ask_when_started(endpoint).await?;
        Ok(connection)
    }

    /// Tells a hyperd from another one that listens where it did.
    async fn ask_when_started(&self, endpoint: &str) -> Result<String, Error> {
        let asked = rows::read(&self.wire, "SELECT CAST(pg_postmaster_start_time() AS TEXT)", Bounds::NONE);
        let answer = match tokio::time::timeout(limits::ms(limits::CONNECT_DEADLINE_MS), asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(unreachable(endpoint, &error.to_string())),
            Err(_) => return Err(unreachable(endpoint, "it did not answer in time")),
        };
        let value = answer.rows.first().and_then(|row| row.first()).and_then(serde_json::Value::as_str);
        Ok(value.unwrap_or_default().to_owned())
    }

    /// The statements that let go of what is not in `wanted` any more, each with the alias that it frees.
    pub(super) fn stale(&self, wanted: &Attachments) -> Vec<(String, String)> {
        let old = self.attached.iter().map(|attached| &attached.database);
        old.filter(|old| !wanted.databases.contains(old)).map(|old| (detach(&old.alias), old.alias.clone())).collect()
    }

    /// What a statement names and the connection has not attached.
    pub(super) fn missing(&self, wanted: &Attachments, named: impl Fn(&str) -> bool) -> Vec<Attachment> {
        let lacks = |new: &&Attachment| !self.attached.iter().any(|attached| attached.database == **new);
        wanted.databases.iter().filter(|new| named(&new.alias)).filter(lacks).cloned().collect()
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

/// The statement that lets go of a database.
pub(super) fn detach(alias: &str) -> String {
    format!("DETACH DATABASE {}", sql::identifier(alias))
}

fn unreachable(endpoint: &str, reason: &str) -> Error {
    Error::new(crate::error::Code::ConnectionLost, format!("Could not connect to hyperd at {endpoint}: {reason}."))
        .suggest("Check that hyperd runs there, or leave --endpoint out to have one started.")
}
