//! Attaching files under aliases, and letting go of them.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use schemars::JsonSchema;
use serde::Deserialize;

use super::databases::{self, Database, Kind, LOCAL, PERSISTENT};
use super::handover::Handed;
use super::lifecycle::Session;
use crate::args;
use crate::call::Call;
use crate::engine::Lane;
use crate::error::{Code, Error};
use crate::files::{Found, refused, unusable};
use crate::limits;
use crate::sql;
use crate::words::excerpt;

/// What to do where the file does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum OnMissing {
    /// Refuse.
    #[default]
    Error,
    /// Create an empty database there.
    Create,
}

/// A file to attach.
#[derive(Debug, Clone)]
pub struct AttachRequest {
    /// The alias as the user typed it.
    pub alias: String,
    /// The path as the user typed it.
    pub path: String,
    /// Whether calls may change it; said by neither, a created file is writable and another is not.
    pub writable: Option<bool>,
    /// What to do where the file does not exist.
    pub on_missing: OnMissing,
}

impl Session {
    /// Attaches a file. On an error nothing is attached, and no file is left behind that was not there before.
    pub async fn attach(&self, call: &Call, request: &AttachRequest) -> Result<Database, Error> {
        let alias = databases::alias(&request.alias)?;
        let create = request.on_missing == OnMissing::Create;
        if create && request.writable == Some(false) {
            return Err(Error::invalid(
                "`on_missing: create` contradicts `writable: false`: nothing could be put into it.",
            )
            .suggest("Leave out `writable`, or set it to true."));
        }
        let _one_at_a_time = self.change_lock(call).await?;
        if self.paths().is_restricted() {
            self.try_handover(call).await;
        }
        let located = self.locate(&request.path, create).await?;
        let (path, exists) = (located.path, located.exists);
        let writable = request.writable.unwrap_or(!exists);
        if writable && self.read_only {
            let what = if exists { "A writable attachment lets calls change a file" } else { "A new file is a change" };
            return Err(Error::read_only(what));
        }
        let mut database = Database { alias, path, kind: Kind::Attached, writable, handed: located.handed };
        {
            let registry = self.databases.read().unwrap_or_else(PoisonError::into_inner);
            refuse_taken(&database, registry.find(&database.alias), registry.holding(&database.path))?;
            if registry.iter().count() >= limits::DATABASES_MAX {
                let max = limits::DATABASES_MAX;
                return Err(Error::invalid(format!("{max} databases are attached, and no more can be."))
                    .suggest("Detach one with detach_database first."));
            }
        }
        if !exists {
            database.handed = self.create(call, &database.path).await?;
        }
        let attachments = self.databases.read().unwrap_or_else(PoisonError::into_inner).attachments_with(&database);
        // Whoever gets this connection next needs the attachment anyhow; making it here is the test of the file.
        let attached = self.engine.acquire(call, &attachments, &database.alias, Lane::Work).await;
        match attached {
            Ok(lease) => {
                self.databases.write().unwrap_or_else(PoisonError::into_inner).add(database.clone());
                drop(lease);
                if exists && writable {
                    self.sweep(call, &database).await;
                }
                Ok(database)
            }
            Err(error) => {
                if !exists {
                    self.discard(&database.path).await;
                }
                Err(explained(error, &database.path))
            }
        }
    }

    /// Detaches an alias; false where there is none. The file is free for other processes afterwards.
    pub async fn detach(&self, call: &Call, typed: &str) -> Result<bool, Error> {
        let alias = typed.to_lowercase();
        if [LOCAL, PERSISTENT].contains(&alias.as_str()) {
            return Err(Error::invalid(format!("`{alias}` belongs to the session and cannot be detached."))
                .suggest("Detach only what attach_database attached; list_attached_databases shows it."));
        }
        databases::alias(typed)?;
        let _one_at_a_time = self.change_lock(call).await?;
        let attachments = {
            let mut registry = self.databases.write().unwrap_or_else(PoisonError::into_inner);
            let Some(database) = registry.find(&alias) else { return Ok(false) };
            self.refuse_watched(&alias)?;
            let path = database.path.clone();
            registry.remove(&alias);
            self.writers.lock().unwrap_or_else(PoisonError::into_inner).remove(&path);
            registry.attachments()
        };
        self.engine.settle(&attachments).await.map_err(|error| {
            let message = format!("`{alias}` is detached, but what had changed in it last is lost: {}", error.message);
            Error { message, ..error }
        })?;
        Ok(true)
    }

    /// Makes an empty database; answers it as it is open where hyperd is to open nothing else.
    async fn create(&self, call: &Call, path: &Path) -> Result<Option<Arc<Handed>>, Error> {
        let mut lease = self.engine.acquire(call, &self.attachments(), LOCAL, Lane::Work).await?;
        let mut create = async |path: &Path| {
            let create = format!("CREATE DATABASE {}", sql::identifier(&path.to_string_lossy()));
            lease.execute(call, &create).await.map_err(|error| explained(error, path)).map(drop)
        };
        if !self.paths().is_restricted() {
            return create(path).await.map(|()| None);
        }
        // hyperd could be led away where others can link; what it makes in the session's own folder is copied.
        let failed = |error: io::Error| refused(format!("Could not make {}", path.display()), &error);
        let folder = tempfile::TempDir::new_in(self.scratch()).map_err(failed)?;
        let made = folder.path().join("new.hyper");
        create(&made).await?;
        let file = self.put(path, &made)?.map_err(failed)?;
        self.handed(path, file)
    }

    fn put(&self, path: &Path, made: &Path) -> Result<io::Result<File>, Error> {
        let parent = path.parent().unwrap_or(path);
        let folder = match self.paths().folder(parent)? {
            Ok(folder) => folder,
            Err(error) => return Ok(Err(error)),
        };
        let put = || {
            let mut file = folder.create(path.file_name().unwrap_or_default(), FILE_MODE)?;
            io::copy(&mut File::open(made)?, &mut file)?;
            file.sync_all()?;
            Ok(file)
        };
        Ok(put())
    }

    /// A database's file for hyperd as it is open here.
    fn handed(&self, path: &Path, file: File) -> Result<Option<Arc<Handed>>, Error> {
        match self.hand_over(&Arc::new(file)) {
            Some(handed) => Ok(Some(Arc::new(handed))),
            // Elsewhere there is no such way, and the path that was checked is what there is.
            None if !cfg!(target_os = "linux") => Ok(None),
            None => Err(Error::new(
                Code::PathNotAllowed,
                format!("hyperd cannot be given {} in a way in which it opens that and nothing else.", path.display()),
            )
            .suggest("hyperd has to see the server's open files under /proc; without that, leave --allow-path out.")),
        }
    }

    /// Deletes a database that nobody has attached, and that was made for what could not be done.
    ///
    /// Its file is removed as any file is; why not by SQL, [`Session::stop`] says.
    pub(crate) async fn discard(&self, path: &Path) {
        let (paths, wanted) = (self.paths().clone(), path.to_owned());
        let removing = tokio::task::spawn_blocking(move || {
            let folder = paths.folder(wanted.parent().unwrap_or(&wanted));
            let folder = folder.map_err(|error| io::Error::other(error.message))??;
            folder.remove(wanted.file_name().unwrap_or_default())
        });
        let removed = removing.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        if let Err(error) = removed
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "a file created for a failed attach is left behind");
        }
    }
}

/// Where a database is, or is to be made.
struct Located {
    /// Its path without symbolic links.
    path: PathBuf,
    exists: bool,
    /// The file, where hyperd is to open no other.
    handed: Option<Arc<Handed>>,
}

/// The permissions that the user's umask takes from.
const FILE_MODE: u32 = 0o666;

impl Session {
    async fn locate(&self, typed: &str, create: bool) -> Result<Located, Error> {
        let path = args::path("path", typed)?;
        let found = if self.paths().is_restricted() {
            self.paths().file(&path)?.map(|opened| (opened.real, opened.found, Some(opened.file)))
        } else {
            tokio::fs::canonicalize(&path)
                .await
                .and_then(|real| Ok((Found::of(&real.metadata()?), real)))
                .map(|(found, real)| (real, found, None))
        };
        match found {
            Ok((_, found, _)) if found.is_folder() => {
                return Err(
                    Error::invalid(format!("{} is a folder.", excerpt(typed))).suggest("Name a .hyper file in it.")
                );
            }
            Ok((_, found, _)) if !found.is_file() => {
                return Err(
                    Error::invalid(format!("{} is no regular file.", excerpt(typed))).suggest("Name a .hyper file.")
                );
            }
            Ok((path, _, file)) => {
                let handed = match file {
                    Some(file) => self.handed(&path, file)?,
                    None => None,
                };
                return Ok(Located { path, exists: true, handed });
            }
            Err(error) if error.kind() == ErrorKind::NotFound && create => {}
            Err(error) => {
                let advice = "Check the path, or pass on_missing: \"create\" for an empty database there.";
                return Err(unusable(format!("Could not find the file {}", excerpt(typed)), &error, advice));
            }
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Error::invalid(format!("{} names no file.", excerpt(typed))).suggest("Name a .hyper file."));
        };
        let folder = self.paths().folder(parent)?.map_err(|error| {
            let advice = "Make the folder first; only the database itself is created.";
            unusable(format!("Could not use the folder {}", parent.display()), &error, advice)
        })?;
        Ok(Located { path: folder.path().join(name), exists: false, handed: None })
    }
}

fn refuse_taken(wanted: &Database, alias: Option<&Database>, path: Option<&Database>) -> Result<(), Error> {
    if let Some(taken) = alias {
        return Err(Error::invalid(format!("The alias `{}` is in use for {}.", taken.alias, taken.path.display()))
            .suggest("Detach it first with detach_database, or choose another alias."));
    }
    if let Some(held) = path {
        let mode = if held.writable { "writable" } else { "read-only" };
        return Err(Error::invalid(format!(
            "{} is attached already, {mode}, as `{}`; Hyper attaches a file once.",
            wanted.path.display(),
            held.alias
        ))
        .suggest(match held.kind {
            Kind::Attached => format!("Use `{0}`, or detach `{0}` first.", held.alias),
            Kind::Local | Kind::Persistent => format!("Use `{}`.", held.alias),
        }));
    }
    Ok(())
}

/// Says of a refused file what is wrong with it.
pub(super) fn explained(mut error: Error, path: &Path) -> Error {
    match error.sqlstate.as_deref() {
        Some("42809") => {
            error.code = Code::UnsupportedFormat;
            error.message = format!("{} is not a Hyper database: {}", path.display(), error.message);
            error.suggest("Attach a .hyper file; load other files into a table with load_file.")
        }
        Some("58S01" | "58030" | "42501") => {
            if error.code == Code::SqlError {
                error.code = Code::IoError;
            }
            error.message = format!("Could not open {}: {}", path.display(), error.message);
            error.suggest(
                "Check that the user that runs the server may read and write the file, and that its file system is not \
                 mounted read-only; without writable: true a file that is there is only read.",
            )
        }
        Some(state) if state.starts_with("XX") => {
            error.code = Code::IoError;
            error.message = format!("{} is damaged: {}", path.display(), error.message);
            error.suggest("Restore the file from a copy, or load the data into a new database.")
        }
        _ => {
            error.message = format!("Could not open {}: {}", path.display(), error.message);
            error
        }
    }
}
