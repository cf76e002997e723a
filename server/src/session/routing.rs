//! Where a call goes, and the connection that takes it there.

use std::sync::{Arc, PoisonError};

use tokio::sync::MutexGuard;

use super::databases::{Database, Kind};
use super::lifecycle::{FileLocks, Session};
use crate::args::Target;
use crate::call::Call;
use crate::engine::{Attachments, Lane, Lease, Protection, WrittenOut};
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
        self.lease_in(call, database, Lane::Work).await
    }

    /// The same for a look at what there is, which waits for no work of other calls.
    pub async fn look(&self, call: &Call, database: &Database) -> Result<Lease, Error> {
        self.lease_in(call, database, Lane::Look).await
    }

    async fn lease_in(&self, call: &Call, database: &Database, lane: Lane) -> Result<Lease, Error> {
        self.renew_local(call).await?;
        let lease = self.lease_of(call, database, lane).await?;
        if lease.epoch() == self.local.epoch() {
            return Ok(lease);
        }
        // hyperd was replaced this very moment.
        drop(lease);
        self.renew_local(call).await?;
        self.lease_of(call, database, lane).await
    }

    async fn lease_of(&self, call: &Call, database: &Database, lane: Lane) -> Result<Lease, Error> {
        let attachments = self.attachments();
        if !attachments.databases.iter().any(|attached| attached.alias == database.alias) {
            return Err(Error::invalid(format!("The database `{}` was detached meanwhile.", database.alias))
                .suggest("Attach it again with attach_database."));
        }
        loop {
            call.room().await?;
            let lease = self.engine.acquire(call, &attachments, &database.alias, lane).await?;
            // Others may have answered while this call waited for the connection.
            if call.has_room() {
                return Ok(lease);
            }
        }
    }

    /// Waits until what the call changed is on disk, where it is to last. The caller holds no connection.
    pub async fn write_out(&self, call: &Call) -> Result<WrittenOut, Error> {
        call.may_wait()?;
        self.engine.write_out(call).await
    }

    /// Waits until what the next call sees of `database` is what is on disk; false where others go on using the file.
    pub async fn settled(&self, call: &Call, database: &Database) -> Result<bool, Error> {
        call.may_wait()?;
        if database.kind == Kind::Local {
            // It is never read from disk.
            return Ok(true);
        }
        self.engine.settle_file(&database.path, database.file()).await
    }

    /// Whether a change of `database` was answered that is not on disk yet, because others went on using the file.
    pub fn is_unwritten(&self, database: &Database) -> bool {
        self.engine.is_unwritten(database.file())
    }

    /// What keeps a database as it is that no call may change; none of one that calls may change.
    pub fn protection(&self, database: &Database) -> Option<Protection> {
        let is_protected = self.databases.read().unwrap_or_else(PoisonError::into_inner).is_protected(database);
        is_protected.then(|| self.engine.protection(&database.path).unwrap_or(Protection::Guard))
    }

    /// Waits until no other call attaches or detaches.
    pub(super) async fn change_lock(&self, call: &Call) -> Result<MutexGuard<'_, ()>, Error> {
        call.may_wait()?;
        call.race(self.changes.lock()).await
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
