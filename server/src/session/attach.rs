//! Attaching files under aliases, and letting go of them.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use schemars::JsonSchema;
use serde::Deserialize;

use super::databases::{self, Database, Kind, LOCAL, PERSISTENT};
use super::lifecycle::Session;
use crate::args::{self, excerpt};
use crate::call::Call;
use crate::engine::Lane;
use crate::error::{Code, Error};
use crate::limits;
use crate::sql;

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
        let (path, exists) = locate(&request.path, create).await?;
        let writable = request.writable.unwrap_or(!exists);
        if writable && self.read_only {
            let what = if exists { "A writable attachment lets calls change a file" } else { "A new file is a change" };
            return Err(Error::read_only(what));
        }
        let database = Database { alias, path, kind: Kind::Attached, writable };
        let attachments = {
            let registry = self.databases.read().unwrap_or_else(PoisonError::into_inner);
            refuse_taken(&database, registry.find(&database.alias), registry.holding(&database.path))?;
            if registry.iter().count() >= limits::DATABASES_MAX {
                let max = limits::DATABASES_MAX;
                return Err(Error::invalid(format!("{max} databases are attached, and no more can be."))
                    .suggest("Detach one with detach_database first."));
            }
            registry.attachments_with(&database)
        };
        if !exists {
            self.create(call, &database.path).await?;
        }
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

    async fn create(&self, call: &Call, path: &Path) -> Result<(), Error> {
        let mut lease = self.engine.acquire(call, &self.attachments(), LOCAL, Lane::Work).await?;
        let create = format!("CREATE DATABASE {}", sql::identifier(&path.to_string_lossy()));
        lease.execute(call, &create).await.map_err(|error| explained(error, path)).map(drop)
    }

    /// Deletes a database that nobody has attached, and that was made for what could not be done.
    ///
    /// Its file is removed as any file is; why not by SQL, [`Session::stop`] says.
    pub(crate) async fn discard(&self, path: &Path) {
        if let Err(error) = tokio::fs::remove_file(path).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "a file created for a failed attach is left behind");
        }
    }
}

/// The path without symbolic links, and whether there is a file.
async fn locate(typed: &str, create: bool) -> Result<(PathBuf, bool), Error> {
    let path = args::path("path", typed)?;
    match tokio::fs::canonicalize(&path).await {
        Ok(found) if found.is_dir() => {
            return Err(Error::invalid(format!("{} is a folder.", excerpt(typed))).suggest("Name a .hyper file in it."));
        }
        Ok(found) if !found.is_file() => {
            return Err(
                Error::invalid(format!("{} is no regular file.", excerpt(typed))).suggest("Name a .hyper file.")
            );
        }
        Ok(found) => return Ok((found, true)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && create => {}
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(Error::invalid(format!("The server may not look at {}: {error}.", path.display()))
                .suggest("Give the user that runs the server permission to use the folder."));
        }
        Err(error) => {
            return Err(Error::new(
                Code::FileNotFound,
                format!("Could not find the file {}: {error}.", excerpt(typed)),
            )
            .suggest("Check the path, or pass on_missing: \"create\" for an empty database there."));
        }
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::invalid(format!("{} names no file.", excerpt(typed))).suggest("Name a .hyper file."));
    };
    let folder = tokio::fs::canonicalize(folder).await.map_err(|error| {
        Error::new(Code::FileNotFound, format!("Could not use the folder {}: {error}.", folder.display()))
            .suggest("Make the folder first; only the database itself is created.")
    })?;
    Ok((folder.join(name), false))
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
            error.message = format!("Could not open {}: {}", path.display(), error.message);
            error.suggest("Check that the file exists and that the server may read and write it.")
        }
        _ => {
            error.message = format!("Could not open {}: {}", path.display(), error.message);
            error
        }
    }
}
