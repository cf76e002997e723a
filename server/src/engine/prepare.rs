//! Brings a connection to what its call needs: the databases that are attached, and where unqualified names go.

use std::path::Path;
use std::sync::Arc;

use super::connection::{Attachment, Attachments};
use super::lease::{Fate, Lease};
use super::pool::Lane;
use super::turn::Turn;
use crate::call::Call;
use crate::error::{Code, Error};
use crate::sql;

impl Lease {
    /// Lets go of what is not attached any more, attaches `database`, and sends unqualified names to it. What else a
    /// statement names is attached when it is sent.
    pub(super) async fn prepare(&mut self, call: &Call, wanted: &Attachments, database: &str) -> Result<(), Error> {
        self.clear_gates().await?;
        database.clone_into(&mut self.database);
        self.wanted = wanted.clone();
        self.reset(call).await?;
        if self.connection()?.version != Some(wanted.version) {
            let disk = Arc::clone(&self.disk);
            let outcome = self.connection()?.let_go(&disk, |held| !wanted.databases.contains(held)).await;
            self.usable(outcome.usable)?;
            self.connection()?.version = Some(wanted.version);
        }
        for attachment in self.connection()?.missing(wanted, |alias| alias == database) {
            self.attach(call, attachment).await?;
        }
        let current = self.connection()?.search_path.as_deref();
        if current != Some(database) && !database.is_empty() {
            self.send(call, &format!("SET schema_search_path = {}", sql::identifier(database))).await?;
            self.connection()?.search_path = Some(database.to_owned());
        }
        Ok(())
    }

    /// Lets go of files whose gate is closed.
    async fn clear_gates(&mut self) -> Result<(), Error> {
        if self.lane == Lane::Look {
            return Ok(());
        }
        let (disk, idle) = (Arc::clone(&self.disk), Arc::clone(self.idle()));
        let outcome =
            self.connection()?.let_go(&disk, |held| held.lasting && idle.gates.of(&held.real).is_closed()).await;
        self.usable(outcome.usable)
    }

    fn usable(&mut self, usable: bool) -> Result<(), Error> {
        if usable {
            return Ok(());
        }
        self.fate = Fate::Doubtful;
        Err(super::error::lost("it did not let go of a database that was detached."))
    }

    /// Waits in front of a file's gate. A look waits for nobody.
    pub(super) async fn pass(&self, call: &Call, path: &Path) -> Result<(), Error> {
        match self.lane {
            Lane::Look => Ok(()),
            Lane::Work => self.idle().gates.of(path).pass(call).await,
        }
    }

    /// Attaches the databases that a statement names. A file is held only while somebody needs it: hyperd writes it out
    /// when the last connection lets go of it.
    pub(super) async fn attach_named(&mut self, call: &Call, sql: &str) -> Result<(), Error> {
        let wanted = self.wanted.clone();
        if self.connection()?.missing(&wanted, |_| true).is_empty() {
            return Ok(());
        }
        let words = sql::names(sql);
        let named = |alias: &str| words.as_ref().is_none_or(|words| words.contains(alias));
        for attachment in self.connection()?.missing(&wanted, named) {
            let alias = attachment.alias.clone();
            match self.attach(call, attachment).await {
                Ok(()) => {}
                Err(error) if error.code == Code::ConnectionLost => return Err(error),
                // It may be named by chance. If not, the statement fails, and only the statements that name it.
                Err(error) => tracing::warn!(%error, %alias, "a database could not be attached to a connection"),
            }
        }
        Ok(())
    }

    /// Notes that the connection has a database attached.
    pub(super) fn attached(&mut self, attachment: Attachment) -> Result<(), Error> {
        let disk = Arc::clone(&self.disk);
        self.connection()?.attached(&disk, attachment);
        Ok(())
    }

    /// Attaches, or changes what tables there are. Hyper refuses either at a moment in which another connection does one of
    /// them in the same database, and has done nothing then.
    pub(super) async fn change(&mut self, call: &Call, sql: &str) -> Result<u64, Error> {
        let mut turn = Turn::new();
        loop {
            let error = match self.send(call, sql).await {
                Ok(rows) => return Ok(rows),
                Err(error) => error,
            };
            let Some(pause) = turn.pause_after(&error) else { return Err(error) };
            call.race(tokio::time::sleep(pause)).await?;
        }
    }
}
