//! Where an export goes: what may be there already, and how the new file gets there whole or not at all.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir, TempPath};

use crate::args::{self, excerpt};
use crate::error::{Code, Error};
use crate::session::Database;

/// What an Iceberg table consists of, so that no other folder is taken for one.
const ICEBERG_FOLDERS: [&str; 2] = ["data", "metadata"];

/// A path that an export may write to.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    folder: PathBuf,
    overwrite: bool,
}

/// A file that is being written beside its place; dropping it removes it.
pub(super) struct Unfinished {
    folder: TempDir,
    path: PathBuf,
}

/// A folder that is being written in its place; dropping it before [`Cleared::keep`] removes it and brings the old
/// one back.
pub(super) struct Cleared<'a> {
    place: &'a Place,
    old: Option<TempDir>,
    kept: bool,
}

impl Place {
    /// Checks the path, before anything is done. `databases` are those that the session has attached.
    pub(super) fn find(typed: &str, is_folder: bool, overwrite: bool, databases: &[Database]) -> Result<Self, Error> {
        let typed_path = args::path("path", typed)?;
        let ends_as_folder = typed.ends_with('/') && !is_folder;
        let (Some(parent), Some(name), false) = (typed_path.parent(), typed_path.file_name(), ends_as_folder) else {
            return Err(Error::invalid(format!("{} names no file.", excerpt(typed))).suggest("Name the file to write."));
        };
        let folder = parent.canonicalize().map_err(|error| missing(parent, &error))?;
        if !folder.is_dir() {
            return Err(missing(parent, &ErrorKind::NotADirectory.into()));
        }
        let path = folder.join(name);
        // A link is followed, so that it stays one.
        let path = if path.is_symlink() { path.canonicalize().unwrap_or(path) } else { path };
        let place = Self { folder: path.parent().map_or(folder, Path::to_owned), path, overwrite };
        if let Some(database) = databases.iter().find(|database| database.path == place.path) {
            return Err(Error::invalid(format!("{} is attached as `{}`.", place.path.display(), database.alias))
                .suggest("Choose another path, or detach the database first."));
        }
        match place.path.symlink_metadata() {
            Ok(found) => place.refuse_taken(&found, is_folder)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unwritable(&place.path, &error)),
        }
        Ok(place)
    }

    /// The path without symbolic links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn refuse_taken(&self, found: &fs::Metadata, is_folder: bool) -> Result<(), Error> {
        let path = self.path.display();
        if found.is_dir() && !is_folder {
            return Err(Error::invalid(format!("{path} is a folder.")).suggest("Name a file in it."));
        }
        if !found.is_dir() && !found.is_file() {
            return Err(Error::invalid(format!("{path} is no regular file.")).suggest("Choose another path."));
        }
        if !self.overwrite {
            return Err(taken(&self.path));
        }
        if is_folder && !(found.is_dir() && is_iceberg(&self.path)) {
            return Err(Error::invalid(format!("{path} is no Iceberg table, and is not replaced by one."))
                .suggest("Choose another path, or remove what is there first."));
        }
        Ok(())
    }

    /// A name for the file until it is whole, on the same file system. Nothing is there yet.
    pub(super) fn unfinished(&self) -> Result<Unfinished, Error> {
        let folder = self.scratch()?;
        let path = folder.path().join("export");
        Ok(Unfinished { folder, path })
    }

    /// Puts a file that is whole in its place; answers its size.
    pub(super) fn finish(&self, unfinished: Unfinished) -> Result<u64, Error> {
        let failed = |error: io::Error| unwritable(&self.path, &error);
        let bytes = unfinished.path.metadata().map_err(failed)?.len();
        let file = TempPath::try_from_path(&unfinished.path).map_err(failed)?;
        let put = if self.overwrite { file.persist(&self.path) } else { file.persist_noclobber(&self.path) };
        put.map_err(|error| match error.error.kind() {
            ErrorKind::AlreadyExists => taken(&self.path),
            _ => failed(error.error),
        })?;
        remove(unfinished.folder);
        Ok(bytes)
    }

    /// Makes way for a folder: an old one is kept aside for as long as the new one is not whole.
    pub(super) fn cleared(&self) -> Result<Cleared<'_>, Error> {
        let mut cleared = Cleared { place: self, old: None, kept: false };
        if self.path.symlink_metadata().is_ok() {
            let aside = self.scratch()?;
            fs::rename(&self.path, aside.path().join("old")).map_err(|error| unwritable(&self.path, &error))?;
            cleared.old = Some(aside);
        }
        // Made here, so that two exports to one path cannot both think that it is theirs.
        if let Err(error) = fs::create_dir(&self.path) {
            cleared.kept = true;
            cleared.bring_back();
            return Err(if error.kind() == ErrorKind::AlreadyExists {
                taken(&self.path)
            } else {
                unwritable(&self.path, &error)
            });
        }
        Ok(cleared)
    }

    fn scratch(&self) -> Result<TempDir, Error> {
        Builder::new().prefix(".hyperd-mcp-").tempdir_in(&self.folder).map_err(|error| unwritable(&self.folder, &error))
    }
}

impl Unfinished {
    /// Where the file is to be written.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Cleared<'_> {
    /// The folder is whole and stays; answers the size of its files.
    pub(super) fn keep(mut self) -> u64 {
        self.kept = true;
        if let Some(old) = self.old.take() {
            remove(old);
        }
        size(&self.place.path)
    }

    fn bring_back(&mut self) {
        let Some(aside) = self.old.take() else { return };
        if let Err(error) = fs::rename(aside.path().join("old"), &self.place.path) {
            // It must not go with its folder: that is all that is left of it.
            let left = aside.keep();
            tracing::error!(%error, path = %left.display(), "a table could not be put back and is kept here");
        }
    }
}

impl Drop for Cleared<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = fs::remove_dir_all(&self.place.path) {
            tracing::warn!(%error, path = %self.place.path.display(), "a part of a failed export is left behind");
        }
        self.bring_back();
    }
}

/// Whether a folder is an Iceberg table, or empty.
fn is_iceberg(path: &Path) -> bool {
    let Ok(entries) = fs::read_dir(path) else { return false };
    let own = |name: &std::ffi::OsStr| ICEBERG_FOLDERS.iter().any(|folder| name == *folder);
    entries.into_iter().all(|entry| entry.is_ok_and(|entry| own(&entry.file_name()) && entry.path().is_dir()))
}

/// The bytes of all files of a folder; what cannot be looked at does not count.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.flatten().map(bytes).sum()
}

fn remove(folder: TempDir) {
    let path = folder.path().to_owned();
    if let Err(error) = folder.close() {
        tracing::warn!(%error, path = %path.display(), "a temporary folder is left behind");
    }
}

fn taken(path: &Path) -> Error {
    Error::new(Code::FileExists, format!("{} exists already; it was not changed.", path.display()))
        .suggest("Pass overwrite: true to replace it, or choose another path.")
}

fn missing(folder: &Path, error: &io::Error) -> Error {
    Error::new(Code::FileNotFound, format!("Could not use the folder {}: {error}.", folder.display()))
        .suggest("Make the folder first, or choose another path.")
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::invalid(format!("Could not write to {}: {error}.", path.display()))
        .suggest("Check that the server may write there and that there is space left, or choose another path.")
}
