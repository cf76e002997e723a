//! One connection and what it has attached: hyperd keeps that for each connection, the session for all.

use std::path::PathBuf;
use std::sync::Arc;

use hyperdb_api::AsyncConnection;

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
    pub(super) attached: Vec<Attachment>,
    pub(super) search_path: Option<String>,
    /// Which hyperd it leads to; a hyperd that is started anew counts one up.
    pub(super) epoch: u64,
}

impl Connection {
    pub(super) async fn open(endpoint: &str, epoch: u64, application: &str) -> Result<Self, Error> {
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
        Ok(Self { wire: Arc::new(wire), version: None, attached: Vec::new(), search_path: None, epoch })
    }

    /// The statements that bring it to `wanted`, each with the state that it leaves behind.
    pub(super) fn missing(&self, wanted: &Attachments) -> Vec<(String, Change)> {
        let mut changes = Vec::new();
        for old in self.attached.iter().filter(|old| !wanted.databases.contains(old)) {
            let sql = format!("DETACH DATABASE {}", sql::identifier(&old.alias));
            changes.push((sql, Change::Detached(old.alias.clone())));
        }
        for new in wanted.databases.iter().filter(|new| !self.attached.contains(new)) {
            let path = sql::identifier(&new.path.to_string_lossy());
            let sql = format!("ATTACH DATABASE {path} AS {}", sql::identifier(&new.alias));
            changes.push((sql, Change::Attached(new.clone())));
        }
        changes
    }

    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Attached(attachment) => self.attached.push(attachment),
            Change::Detached(alias) => {
                self.attached.retain(|old| old.alias != alias);
                // hyperd may forget a search path that names a database that is gone.
                self.search_path = None;
            }
        }
    }
}

/// What one statement of [`Connection::missing`] does to the connection.
pub(super) enum Change {
    Attached(Attachment),
    Detached(String),
}

impl Change {
    /// Whether a call to `database` can do without it.
    pub(super) fn spares(&self, database: &str) -> bool {
        matches!(self, Self::Attached(attachment) if attachment.alias != database)
    }
}

fn unreachable(endpoint: &str, reason: &str) -> Error {
    Error::new(crate::error::Code::ConnectionLost, format!("Could not connect to hyperd at {endpoint}: {reason}."))
        .suggest("Check that hyperd runs there, or leave --endpoint out to have one started.")
}
