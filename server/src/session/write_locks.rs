//! One writer at a time for each database file, whatever the number of servers on one hyperd.
//!
//! hyperd 0.0.26963 damages a file for good when two of its sessions give two tables the same name at the same moment
//! (measured: 24 of 33 files, after six such pairs each). A load of a table that is not there ends with such a renaming.
//! So whoever changes what tables there are keeps all others out: calls of this server by a lock in memory, other servers
//! of the user by a lock on a file beside the daemon's.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard};

use super::databases::{Database, Kind};
use super::lifecycle::Session;
use super::routing::lock_of;
use crate::call::Call;
use crate::error::Error;
use crate::file_lock::{self, FileLock, Way};
use crate::limits;

/// The right to change a database, alone.
#[derive(Debug)]
pub struct WriteGuard {
    _here: OwnedRwLockWriteGuard<()>,
    _elsewhere: Option<FileLock>,
}

/// The right to change rows of a database, beside others who do that.
#[derive(Debug)]
pub struct RowsGuard {
    _here: OwnedRwLockReadGuard<()>,
    _elsewhere: Option<FileLock>,
}

impl Session {
    /// Waits until nobody else changes `database`; the guard keeps it so.
    pub async fn write_lock(&self, call: &Call, database: &Database) -> Result<WriteGuard, Error> {
        call.may_wait()?;
        let here = call.race(lock_of(&self.writers, database).write_owned()).await?;
        let elsewhere = self.lock_elsewhere(call, database, File::try_lock).await?;
        Ok(WriteGuard { _here: here, _elsewhere: elsewhere })
    }

    /// The same for one statement that changes rows. Others may do so meanwhile: Hyper keeps them apart, table by table.
    pub async fn rows_lock(&self, call: &Call, database: &Database) -> Result<RowsGuard, Error> {
        call.may_wait()?;
        let here = call.race(lock_of(&self.writers, database).read_owned()).await?;
        let elsewhere = self.lock_elsewhere(call, database, File::try_lock_shared).await?;
        Ok(RowsGuard { _here: here, _elsewhere: elsewhere })
    }

    /// The same as [`Session::write_lock`], unless somebody changes `database` just now.
    pub(super) fn try_write_lock(&self, database: &Database) -> Option<WriteGuard> {
        let here = lock_of(&self.writers, database).try_write_owned().ok()?;
        let elsewhere = match self.lock_path(database).ok()? {
            Some(path) => Some(FileLock::try_take(&path, File::try_lock).ok()??),
            None => None,
        };
        Some(WriteGuard { _here: here, _elsewhere: elsewhere })
    }

    async fn lock_elsewhere(&self, call: &Call, database: &Database, lock: Way) -> Result<Option<FileLock>, Error> {
        let failed = |error: &io::Error| file_lock::failed(&format!("`{}`", database.alias), error);
        let Some(path) = self.lock_path(database).map_err(|error| failed(&error))? else { return Ok(None) };
        loop {
            if let Some(lock) = FileLock::try_take(&path, lock).map_err(|error| failed(&error))? {
                return Ok(Some(lock));
            }
            call.race(tokio::time::sleep(limits::ms(limits::LOCK_LOOK_MS))).await?;
        }
    }

    /// The file whose lock stands for a database's; none where no other server can have the database.
    fn lock_path(&self, database: &Database) -> io::Result<Option<PathBuf>> {
        let Some(folder) = self.engine.shared_locks().filter(|_| database.kind != Kind::Local) else { return Ok(None) };
        file_lock::path_of(&folder, &database.path, "lock").map(Some)
    }
}
