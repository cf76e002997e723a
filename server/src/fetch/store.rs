//! The folder that keeps what was fetched: one folder a package, complete or absent, written by one process at a time.

use std::env;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use tempfile::TempDir;

use super::Error;

const LOCK_FILE: &str = ".lock";
const UNFINISHED: &str = ".unfinished-";

/// A folder of fetched packages.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// The right to write to a [`Store`]; other processes wait until it is dropped.
#[derive(Debug)]
pub struct Guard<'a> {
    store: &'a Store,
    _lock: File,
}

impl Store {
    /// The store in `folder`, which need not exist yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The store of that name below the user's cache: `$HYPER_CONFORM_CACHE`, else `hyper-conform` in the platform's
    /// cache folder.
    pub fn of_user(name: &str) -> Result<Self, Error> {
        let root = match env::var_os("HYPER_CONFORM_CACHE").filter(|value| !value.is_empty()) {
            Some(root) => std::path::absolute(&root).map_err(Error::io("resolve", Path::new(&root)))?,
            None => etcetera::choose_base_strategy().map_err(|_| Error::NoCache)?.cache_dir().join("hyper-conform"),
        };
        Ok(Self::new(root.join(name)))
    }

    /// Where the store lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names of the finished folders, sorted.
    pub fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names
    }

    /// Waits until no other process writes to the store, and says so while it waits.
    pub fn lock(&self) -> Result<Guard<'_>, Error> {
        fs::create_dir_all(&self.folder).map_err(Error::io("create", &self.folder))?;
        let path = self.folder.join(LOCK_FILE);
        let lock = File::create(&path).map_err(Error::io("create", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                announce(&format!("waiting: another process is fetching into {}", self.folder.display()));
                lock.lock().map_err(Error::io("lock", &path))?;
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
        }
        Ok(Guard { store: self, _lock: lock })
    }
}

impl Guard<'_> {
    /// A temporary folder on the store's own file system; what killed processes left of theirs is removed first.
    pub fn scratch(&self) -> Result<TempDir, Error> {
        let folder = &self.store.folder;
        for entry in fs::read_dir(folder).map_err(Error::io("read", folder))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_dir_all(entry.path()).map_err(Error::io("remove", &entry.path()))?;
            }
        }
        tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(folder).map_err(Error::io("create a folder in", folder))
    }

    /// Puts a finished folder, prepared in `scratch`, in its place; what stood there before goes away with `scratch`.
    pub fn place(&self, prepared: &Path, name: &str, scratch: &TempDir) -> Result<PathBuf, Error> {
        let place = self.store.folder.join(name);
        if place.exists() {
            fs::rename(&place, scratch.path().join("replaced")).map_err(Error::io("replace", &place))?;
        }
        fs::rename(prepared, &place).map_err(Error::io("rename the unpacked files to", &place))?;
        sync_folder(&self.store.folder)?;
        Ok(place)
    }
}

/// Says on stderr what a person should know before waiting; logs may be off, and stdout may be a protocol's channel.
pub fn announce(text: &str) {
    eprintln!("{text}");
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io("sync", folder))
}

/// Only Unix lets a folder be opened and synced.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> Result<(), Error> {
    Ok(())
}
