//! The beginning and the end of a watch.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::events::Events;
use super::ledger;
use super::spool::{Delivery, Spool};
use super::worker::Worker;
use crate::args::{self, Target, excerpt, listed};
use crate::call::Call;
use crate::error::{Code, Error};
use crate::ingest::check_name;
use crate::limits::{self, Limits};
use crate::session::{Session, Watch, WatchRequest};

/// A folder to watch.
#[derive(Debug)]
pub struct FolderRequest {
    /// The folder as the user typed it.
    pub path: String,
    /// The table that its files are appended to.
    pub table: String,
    /// The database of the table.
    pub target: Target,
    /// Most files that are loaded at once.
    pub max_concurrent: Option<u32>,
}

/// Begins to watch a folder and loads what is ready in it. True where that came to its end before the call's deadline.
pub async fn start(
    session: &Arc<Session>,
    call: &Call,
    limits: &Limits,
    request: FolderRequest,
) -> Result<(Arc<Watch>, bool), Error> {
    check_name(&request.table)?;
    session.resolve_writable(&request.target)?;
    let directory = folder(&request.path).await?;
    let wanted = request.max_concurrent.unwrap_or(limits::WATCH_CONCURRENT_DEFAULT);
    // Half of the connections are left to those who wait for an answer.
    let max_concurrent = usize::try_from(wanted).unwrap_or(1).min(limits.connections_max / 2).max(1);
    let request = WatchRequest { directory, table: request.table, target: request.target, max_concurrent };
    let watch = session.add_watch(call, request).await?;
    let opened = open(session, &watch, limits.statement_deadline).await;
    let (worker, left) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            session.remove_watch(&watch.directory);
            return Err(error);
        }
    };
    let (tell, swept) = oneshot::channel();
    tokio::spawn(worker.run(left, tell));
    tokio::select! {
        _ = swept => Ok((watch, true)),
        reason = call.interrupted() => {
            if reason.code == Code::Timeout {
                return Ok((watch, false));
            }
            watch.stop(0).await;
            session.remove_watch(&watch.directory);
            Err(reason)
        }
    }
}

/// Ends the watch of a folder. What is being loaded comes to its end, or is undone and left in the folder.
pub async fn stop(session: &Session, typed: &str) -> Result<Arc<Watch>, Error> {
    let path = args::path("path", typed)?;
    let directory = tokio::fs::canonicalize(&path).await.unwrap_or(path);
    let watches = session.watches();
    let Some(watch) = watches.iter().find(|watch| watch.directory == directory) else {
        let folders: Vec<String> = watches.iter().map(|watch| watch.directory.to_string_lossy().into_owned()).collect();
        let folders = listed(folders.iter().map(String::as_str));
        return Err(Error::invalid(format!("The folder {} is not watched; watched are {folders}.", excerpt(typed)))
            .suggest("Call status to see what is watched."));
    };
    watch.stop(limits::UNWATCH_GRACE_MS).await;
    session.remove_watch(&directory);
    Ok(Arc::clone(watch))
}

async fn open(
    session: &Arc<Session>,
    watch: &Arc<Watch>,
    statement_deadline: Duration,
) -> Result<(Arc<Worker>, Vec<Delivery>), Error> {
    let events = Events::of(&watch.directory)?;
    let directory = watch.directory.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let spool = Spool::open(&directory)?;
        match spool.take_over() {
            Ok(left) => Ok((spool, left)),
            Err(error) => {
                spool.close();
                Err(error)
            }
        }
    });
    let opened = opened.await.map_err(|error| Error::internal(format!("Opening a folder panicked: {error}")))?;
    let (spool, left) = opened.map_err(|error| {
        Error::invalid(format!("{} cannot be watched: {error}.", watch.directory.display())).suggest(
            "The server moves files within the folder and removes them; give the user that runs it permission to.",
        )
    })?;
    let worker = Arc::new(Worker::new(Arc::clone(session), Arc::clone(watch), spool, events, statement_deadline));
    if let Err(error) = tidy(session, watch, &worker).await {
        tracing::warn!(%error, "old notes about a watched folder are left");
    }
    Ok((worker, left))
}

/// Deletes notes that a server which was killed left about files that are gone.
async fn tidy(session: &Session, watch: &Watch, worker: &Arc<Worker>) -> Result<(), Error> {
    let noted = ledger::of_folder(session, watch).await?;
    let finished = worker.finished(noted).await?;
    ledger::forget(session, watch, &finished).await
}

async fn folder(typed: &str) -> Result<PathBuf, Error> {
    let path = args::path("path", typed)?;
    let found = tokio::fs::canonicalize(&path).await.map_err(|error| {
        Error::new(Code::FileNotFound, format!("Could not find the folder {}: {error}.", excerpt(typed)))
            .suggest("Make the folder first, or check the path; it is one on the server's machine.")
    })?;
    if !found.is_dir() {
        return Err(
            Error::invalid(format!("{} is a file; a folder is watched.", excerpt(typed))).suggest(suggested(&found))
        );
    }
    Ok(found)
}

fn suggested(file: &Path) -> String {
    match file.parent() {
        Some(folder) => format!("Watch its folder, {}, or load the file with load_file.", folder.display()),
        None => "Load the file with load_file.".to_owned(),
    }
}
