//! The beginning and the end of a session.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::attach::explained;
use super::databases::{Database, Databases, Kind, LOCAL, PERSISTENT};
use super::handover::Handover;
use super::leftovers::Unfinished;
use super::local::Local;
use super::watchers::Watches;
use crate::call::Call;
use crate::config::Config;
use crate::engine::{Attachments, Confinement, Engine, Lane};
use crate::error::{Code, Error};
use crate::files::{Paths, unusable};
use crate::scratch::Scratch;
use crate::{own, sql};

/// A lock for each file.
pub(super) type FileLocks = Mutex<HashMap<PathBuf, Arc<tokio::sync::RwLock<()>>>>;

/// The databases of one server, and the way to them.
pub struct Session {
    pub(super) engine: Engine,
    pub(super) databases: RwLock<Databases>,
    /// One attach or detach at a time.
    pub(super) changes: tokio::sync::Mutex<()>,
    /// One writer at a time for each file, or several that change nothing but rows by one statement each.
    pub(super) writers: FileLocks,
    /// One writer at a time for each file's table catalogue, who need not wait for those that change its tables.
    pub(super) catalogs: FileLocks,
    pub(super) watches: Watches,
    pub(super) local: Local,
    pub(super) unfinished: Unfinished,
    /// Whether files that calls attach stay as they are.
    pub(super) read_only: bool,
    pub(super) handover: Handover,
    paths: Paths,
    scratch: Mutex<Option<Scratch>>,
    scratch_path: PathBuf,
}

impl Session {
    /// Starts the engine, makes the local database and opens the persistent one.
    pub async fn start(config: &Config) -> Result<Self, Error> {
        let scratch = scratch(config.scratch.as_deref())?;
        let scratch_path = scratch.path().canonicalize().unwrap_or_else(|_| scratch.path().to_owned());
        let persistent = match &config.persistent {
            Some(path) => Some(canonical_home(path).await?),
            None => None,
        };
        let unfinished = Unfinished::new();
        let memory = config.limits.hyperd_memory.clone();
        let confinement = Confinement { memory, ..confinement(&config.paths, &scratch_path, persistent.as_deref()) };
        let application = unfinished.application();
        let engine = Engine::start(&config.engine, &scratch_path, confinement, &config.limits, application).await?;
        let session = Self {
            engine,
            databases: RwLock::new(Databases::new(config.read_only)),
            changes: tokio::sync::Mutex::default(),
            writers: Mutex::default(),
            catalogs: Mutex::default(),
            watches: Watches::default(),
            local: Local::default(),
            unfinished,
            read_only: config.read_only,
            handover: Handover::default(),
            paths: config.paths.clone(),
            scratch: Mutex::new(Some(scratch)),
            scratch_path,
        };
        match session.open(persistent).await {
            Ok(()) => Ok(session),
            Err(error) => {
                session.stop().await;
                Err(error)
            }
        }
    }

    async fn open(&self, persistent: Option<PathBuf>) -> Result<(), Error> {
        let call = Call::housekeeping();
        let local = self.scratch_path.join("local.hyper");
        let mut databases =
            vec![Database { alias: LOCAL.into(), path: local, kind: Kind::Local, writable: true, handed: None }];
        if let Some(path) = persistent {
            databases.push(Database {
                alias: PERSISTENT.into(),
                path,
                kind: Kind::Persistent,
                writable: true,
                handed: None,
            });
        }
        let mut lease = self.engine.acquire(&call, &Attachments::default(), "", Lane::Work).await?;
        for database in databases.iter().filter(|database| !database.path.exists()) {
            let create = format!("CREATE DATABASE IF NOT EXISTS {}", sql::identifier(&database.path.to_string_lossy()));
            lease.execute(&call, &create).await.map_err(|error| not_opened(database, error))?;
        }
        let attachments = {
            let mut registry = self.databases.write().unwrap_or_else(PoisonError::into_inner);
            for database in &databases {
                registry.add(database.clone());
            }
            registry.attachments()
        };
        drop(lease);
        for database in &databases {
            let opened = self.engine.acquire(&call, &attachments, &database.alias, Lane::Work).await;
            opened.map_err(|error| not_opened(database, error))?;
        }
        for database in databases.iter().filter(|database| database.kind == Kind::Persistent && !self.read_only) {
            self.sweep(&call, database).await;
        }
        Ok(())
    }

    /// Lets go of all files, deletes what the session made for itself and stops a hyperd of its own.
    ///
    /// The local database is deleted with its folder, never by `DROP DATABASE`: that takes hyperd down (SIGSEGV in
    /// 0.0.26963) when it meets the moment in which the last connection that had the file lets go of it.
    pub async fn stop(&self) {
        let Some(scratch) = self.lock_scratch().take() else { return };
        self.stop_watches().await;
        let nothing = Attachments { version: u64::MAX, databases: Vec::new() };
        self.engine.rest().await;
        if let Err(error) = self.engine.settle(&nothing).await {
            tracing::error!(%error, "what had changed last in a database is lost");
        }
        self.engine.stop().await;
        if let Err(error) = scratch.close() {
            tracing::warn!(%error, "the session's temporary folder could not be deleted");
        }
    }

    /// The session's temporary folder, deleted at its end.
    pub fn scratch(&self) -> &Path {
        &self.scratch_path
    }

    /// Where calls may read and write files.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The process id of a hyperd of the server's own, and where hyperd listens.
    pub async fn engine(&self) -> (Option<u32>, Result<String, Error>) {
        (self.engine.pid().await, self.engine.endpoint().await)
    }

    fn lock_scratch(&self) -> MutexGuard<'_, Option<Scratch>> {
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn scratch(parent: Option<&Path>) -> Result<Scratch, Error> {
    let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
    Scratch::new_in(&parent, "hyperd-mcp-").map_err(|error| {
        let what = format!("Could not make a temporary folder in {}", parent.display());
        unusable(what, &error, "Point TMPDIR to a folder that exists and can be written to.")
    })
}

/// What hyperd keeps to where calls are kept to some folders: the session's own, where it gets each file that a tool has
/// opened for it. Not the folders themselves: hyperd follows a link at the end of a path that SQL names.
fn confinement(paths: &Paths, scratch: &Path, persistent: Option<&Path>) -> Confinement {
    if !paths.is_restricted() {
        return Confinement::default();
    }
    let own = persistent.and_then(Path::parent).map(Path::to_owned);
    let databases = [Some(scratch.to_owned()), own].into_iter().flatten().collect();
    Confinement { databases, files: vec![scratch.to_owned()], memory: None }
}

/// The persistent database's path without symbolic links; its folder is made where it is missing.
async fn canonical_home(path: &Path) -> Result<PathBuf, Error> {
    let failed = |error: std::io::Error| {
        let what = format!("Could not use {} as the persistent database", path.display());
        let advice = "Name a file in a folder that can be written to with --persistent-db, or use --ephemeral-only.";
        unusable(what, &error, advice)
    };
    if path.is_dir() {
        return Err(failed(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
    }
    if let Ok(existing) = tokio::fs::canonicalize(path).await {
        return Ok(existing);
    }
    let path = std::path::absolute(path).map_err(failed)?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(failed(std::io::Error::from(std::io::ErrorKind::InvalidInput)));
    };
    if !folder.is_dir() {
        own::make_folder(folder).map_err(failed)?;
    }
    Ok(tokio::fs::canonicalize(folder).await.map_err(failed)?.join(name))
}

fn not_opened(database: &Database, error: Error) -> Error {
    let error = explained(error, &database.path);
    if database.kind != Kind::Persistent {
        return error;
    }
    let elsewhere = "name another file with --persistent-db, or use --ephemeral-only.";
    let first = match error.code {
        Code::ResourceBusy => {
            "Close the file where another process holds it, share one hyperd with --endpoint,".to_owned()
        }
        Code::ConnectionLost | Code::Timeout | Code::Cancelled => return error,
        _ => {
            error.suggestion.clone().unwrap_or_else(|| "Look at the file".to_owned()).trim_end_matches('.').to_owned()
                + ","
        }
    };
    error.suggest(format!("{first} {elsewhere}"))
}
