//! The beginning and the end of a watch.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::events::Events;
use super::ledger;
use super::spool::{Delivery, Spool};
use super::worker::Worker;
use crate::args::{self, Target};
use crate::call::Call;
use crate::error::{Code, Error};
use crate::files::{Folder, refused};
use crate::limits::{self, Limits};
use crate::session::{Session, Watch, WatchRequest};
use crate::words::{excerpt, listed};

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
    let database = session.resolve_writable(&request.target)?;
    let table = session.table(call, &database, &request.table).await?;
    let folder = folder(session, &request.path).await?;
    let directory = folder.path().to_owned();
    let wanted = request.max_concurrent.unwrap_or(limits::WATCH_CONCURRENT_DEFAULT);
    // Half of the connections are left to those who wait for an answer.
    let max_concurrent = usize::try_from(wanted).unwrap_or(1).min(limits.connections_max / 2).max(1);
    let request = WatchRequest { directory, table, target: request.target, max_concurrent };
    let watch = session.add_watch(call, request).await?;
    let opened = open(session, &watch, folder, limits.statement_deadline).await;
    let (worker, events, left) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            session.remove_watch(&watch.directory);
            return Err(error);
        }
    };
    let (tell, swept) = oneshot::channel();
    tokio::spawn(worker.run(events, left, tell));
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
    folder: Folder,
    statement_deadline: Duration,
) -> Result<(Arc<Worker>, Events, Vec<Delivery>), Error> {
    let events = Events::of(&watch.directory)?;
    let opened = tokio::task::spawn_blocking(move || {
        let spool = Spool::open(folder)?;
        let left = spool.take_over()?;
        Ok((spool, left))
    });
    let opened = opened.await.map_err(|error| Error::internal(format!("Opening a folder panicked: {error}")))?;
    let (spool, left) = opened.map_err(|error: std::io::Error| {
        Error::io(format!("{} cannot be watched", watch.directory.display()), &error).suggest(
            "The server moves files within the folder and removes them; give the user that runs it permission to.",
        )
    })?;
    let worker = Arc::new(Worker::new(Arc::clone(session), Arc::clone(watch), spool, statement_deadline));
    if let Err(error) = tidy(session, watch, &worker).await {
        tracing::warn!(%error, "old notes about a watched folder are left");
    }
    Ok((worker, events, left))
}

/// Deletes notes that a server which was killed left about files that are gone.
async fn tidy(session: &Session, watch: &Watch, worker: &Arc<Worker>) -> Result<(), Error> {
    let noted = ledger::of_folder(session, watch).await?;
    let finished = worker.finished(noted).await?;
    ledger::forget(session, watch, &finished).await
}

async fn folder(session: &Session, typed: &str) -> Result<Folder, Error> {
    let path = args::path("path", typed)?;
    let (paths, wanted) = (session.paths().clone(), path.clone());
    let opened = tokio::task::spawn_blocking(move || paths.folder(&wanted)).await;
    let opened = opened.map_err(|error| Error::internal(format!("Opening a folder panicked: {error}")))??;
    opened.map_err(|error| match error.kind() {
        ErrorKind::NotADirectory if path.is_file() => {
            Error::invalid(format!("{} is a file; a folder is watched.", excerpt(typed))).suggest(suggested(&path))
        }
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            Error::new(Code::FileNotFound, format!("Could not find the folder {}: {error}.", excerpt(typed)))
                .suggest("Make the folder first, or check the path; it is one on the server's machine.")
        }
        _ => refused(format!("Could not use the folder {}", excerpt(typed)), &error),
    })
}

fn suggested(file: &Path) -> String {
    match file.parent() {
        Some(folder) => format!("Watch its folder, {}, or load the file with load_file.", folder.display()),
        None => "Load the file with load_file.".to_owned(),
    }
}
