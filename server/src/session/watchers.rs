//! Which folders are watched, and for which table of which database. The work itself is done in [`crate::watch`].

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::databases::Database;
use super::lifecycle::Session;
use super::named::Named;
use crate::args::Target;
use crate::call::Call;
use crate::error::{Code, Error};
use crate::limits;

/// The folders that a session watches.
pub(super) type Watches = Mutex<Vec<Arc<Watch>>>;

/// A folder to watch.
#[derive(Debug)]
pub struct WatchRequest {
    /// The folder, without symbolic links.
    pub directory: PathBuf,
    /// The table that its files are appended to.
    pub table: Named,
    /// The database of the table.
    pub target: Target,
    /// Most files that are loaded at once.
    pub max_concurrent: usize,
}

/// What became of the files of a watched folder.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Counts {
    /// Files that were appended to the table.
    pub files_ingested: u64,
    /// Files that were moved to `failed`.
    pub files_failed: u64,
    /// Rows that were appended.
    pub rows: u64,
    /// Files that are being loaded.
    pub in_flight: u64,
    /// The last thing that went wrong, until a file is loaded again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// A watched folder.
#[derive(Debug)]
pub struct Watch {
    /// The folder, without symbolic links.
    pub directory: PathBuf,
    /// The table that its files are appended to.
    pub table: Named,
    /// The database of the table.
    pub database: Database,
    /// Most files that are loaded at once.
    pub max_concurrent: usize,
    counts: Mutex<Counts>,
    /// Takes no more files once this is cancelled.
    pub stopping: CancellationToken,
    /// Cancels what is being loaded.
    pub cancelled: CancellationToken,
    /// Nothing is done any more once this is cancelled.
    pub ended: CancellationToken,
}

/// A watched folder as tools show it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct WatcherEntry {
    /// The folder, without symbolic links.
    directory: String,
    table: String,
    /// The database of the table.
    target_db: String,
    max_concurrent: usize,
    #[serde(flatten)]
    counts: Counts,
}

impl Watch {
    /// What became of its files so far.
    pub fn counts(&self) -> Counts {
        self.lock().clone()
    }

    /// Changes the counts.
    pub fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.lock());
    }

    /// The watch as tools show it.
    pub fn entry(&self) -> WatcherEntry {
        WatcherEntry {
            directory: self.directory.to_string_lossy().into_owned(),
            table: self.table.shown.clone(),
            target_db: self.database.alias.clone(),
            max_concurrent: self.max_concurrent,
            counts: self.counts(),
        }
    }

    /// Ends it: what is being loaded has `grace_ms` to come to its end before it is cancelled and undone.
    pub async fn stop(&self, grace_ms: u64) {
        self.stopping.cancel();
        if tokio::time::timeout(limits::ms(grace_ms), self.ended.cancelled()).await.is_err() {
            self.cancelled.cancel();
            let undone = tokio::time::timeout(limits::ms(limits::HOUSEKEEPING_DEADLINE_MS), self.ended.cancelled());
            if undone.await.is_err() {
                tracing::warn!(directory = %self.directory.display(), "a watcher did not end in time");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Notes that a folder is watched. Its database cannot be detached from then on.
    pub async fn add_watch(&self, call: &Call, request: WatchRequest) -> Result<Arc<Watch>, Error> {
        let _one_at_a_time = self.change_lock(call).await?;
        let database = self.resolve_writable(&request.target)?;
        let mut watches = self.lock_watches();
        if let Some(watch) = watches.iter().find(|watch| watch.directory == request.directory) {
            return Err(Error::new(
                Code::ResourceBusy,
                format!(
                    "{} is watched already, for the table `{}` of `{}`.",
                    watch.directory.display(),
                    watch.table.shown,
                    watch.database.alias
                ),
            )
            .suggest("Call unwatch_directory with that folder first, to watch it in another way."));
        }
        if watches.len() >= limits::WATCHES_MAX {
            let max = limits::WATCHES_MAX;
            return Err(Error::invalid(format!("{max} folders are watched, and no more can be."))
                .suggest("End one with unwatch_directory first; status lists them."));
        }
        let watch = Arc::new(Watch {
            directory: request.directory,
            table: request.table,
            database,
            max_concurrent: request.max_concurrent,
            counts: Mutex::default(),
            stopping: CancellationToken::new(),
            cancelled: CancellationToken::new(),
            ended: CancellationToken::new(),
        });
        watches.push(Arc::clone(&watch));
        Ok(watch)
    }

    /// Notes that a folder is not watched any more.
    pub fn remove_watch(&self, directory: &Path) {
        self.lock_watches().retain(|watch| watch.directory != directory);
    }

    /// The watched folders, in the order in which that began.
    pub fn watches(&self) -> Vec<Arc<Watch>> {
        self.lock_watches().clone()
    }

    /// Refuses to let go of a database that files of a watched folder go to.
    pub(super) fn refuse_watched(&self, alias: &str) -> Result<(), Error> {
        let watches = self.lock_watches();
        let Some(watch) = watches.iter().find(|watch| watch.database.alias == alias) else { return Ok(()) };
        let directory = watch.directory.display();
        Err(Error::new(
            Code::ResourceBusy,
            format!("`{alias}` cannot be detached: files of {directory} go to its table `{}`.", watch.table.shown),
        )
        .suggest(format!("Call unwatch_directory with path \"{directory}\" first.")))
    }

    /// Ends all watches at once; what is being loaded is undone.
    pub(super) async fn stop_watches(&self) {
        let watches = std::mem::take(&mut *self.lock_watches());
        for watch in &watches {
            watch.cancelled.cancel();
        }
        futures::future::join_all(watches.iter().map(|watch| watch.stop(0))).await;
    }

    fn lock_watches(&self) -> MutexGuard<'_, Vec<Arc<Watch>>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
