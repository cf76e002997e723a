//! Where a call goes, and the connection that takes it there.

use std::sync::{Arc, PoisonError};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard};

use super::databases::Database;
use super::lifecycle::{FileLocks, Session};
use crate::args::Target;
use crate::call::Call;
use crate::engine::{Attachments, Lease};
use crate::error::Error;

impl Session {
    /// The database that a call reads.
    pub fn resolve(&self, target: &Target) -> Result<Database, Error> {
        self.databases.read().unwrap_or_else(PoisonError::into_inner).resolve(target)
    }

    /// The database that a call writes; one that is attached read-only is refused.
    pub fn resolve_writable(&self, target: &Target) -> Result<Database, Error> {
        let database = self.resolve(target)?;
        refuse_read_only(&database)?;
        Ok(database)
    }

    /// All databases, in the order in which they were attached.
    pub fn databases(&self) -> Vec<Database> {
        self.databases.read().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// A connection that has everything attached, and on which unqualified names go to `database`.
    pub async fn lease(&self, call: &Call, database: &Database) -> Result<Lease, Error> {
        self.renew_local(call).await?;
        let lease = self.lease_of(call, database).await?;
        if lease.epoch() == self.local.epoch() {
            return Ok(lease);
        }
        // hyperd was replaced this very moment.
        drop(lease);
        self.renew_local(call).await?;
        self.lease_of(call, database).await
    }

    async fn lease_of(&self, call: &Call, database: &Database) -> Result<Lease, Error> {
        let attachments = self.attachments();
        if !attachments.databases.iter().any(|attached| attached.alias == database.alias) {
            return Err(Error::invalid(format!("The database `{}` was detached meanwhile.", database.alias))
                .suggest("Attach it again with attach_database."));
        }
        self.engine.acquire(call, &attachments, &database.alias).await
    }

    /// Waits until what the call changed is on disk, where it is to last. The caller holds no connection.
    pub async fn write_out(&self, call: &Call) -> Result<(), Error> {
        self.engine.write_out(call).await
    }

    /// Whether a change of `database` was answered that is not on disk yet, because others went on using the file.
    pub fn is_unwritten(&self, database: &Database) -> bool {
        self.engine.is_unwritten(database.file())
    }

    /// Waits until nobody else of this session changes `database`; the guard keeps it so.
    pub async fn write_lock(&self, call: &Call, database: &Database) -> Result<OwnedRwLockWriteGuard<()>, Error> {
        call.race(lock_of(&self.writers, database).write_owned()).await
    }

    /// The same for one statement that changes rows. Others may do so meanwhile: Hyper keeps them apart, table by table.
    pub async fn rows_lock(&self, call: &Call, database: &Database) -> Result<OwnedRwLockReadGuard<()>, Error> {
        call.race(lock_of(&self.writers, database).read_owned()).await
    }

    /// The same, unless somebody changes `database` just now.
    pub(super) fn try_write_lock(&self, database: &Database) -> Option<OwnedRwLockWriteGuard<()>> {
        lock_of(&self.writers, database).try_write_owned().ok()
    }

    /// The databases that statements write which go to `database` and name `targets`, some of them by their full
    /// names; one that is attached read-only is refused.
    pub fn written(&self, database: &Database, targets: &[Vec<String>]) -> Result<Vec<Database>, Error> {
        let databases = self.databases();
        let full = |target: &&Vec<String>| target.len() > 1;
        let named = |target: &Vec<String>| databases.iter().find(|known| known.alias == target[0]).cloned();
        let mut written: Vec<Database> = targets.iter().filter(full).filter_map(named).collect();
        written.iter().try_for_each(refuse_read_only)?;
        written.push(database.clone());
        // In one order for everybody, so that two writers cannot wait for each other.
        written.sort_by(|a, b| a.path.cmp(&b.path));
        written.dedup();
        Ok(written)
    }

    pub(super) fn attachments(&self) -> Attachments {
        self.databases.read().unwrap_or_else(PoisonError::into_inner).attachments()
    }
}

/// A database's lock, shared by all aliases that its file ever has.
pub(super) fn lock_of(locks: &FileLocks, database: &Database) -> Arc<tokio::sync::RwLock<()>> {
    Arc::clone(locks.lock().unwrap_or_else(PoisonError::into_inner).entry(database.path.clone()).or_default())
}

/// The error of a write to a database that is attached read-only.
fn refuse_read_only(database: &Database) -> Result<(), Error> {
    if database.writable {
        return Ok(());
    }
    let alias = &database.alias;
    Err(Error::invalid(format!("`{alias}` is attached read-only; nothing was changed."))
        .suggest(format!("Detach it, then call attach_database with alias \"{alias}\" and writable: true.")))
}
