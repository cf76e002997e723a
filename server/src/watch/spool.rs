//! The files of a watched folder: taking one, and what becomes of it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::to_string_pretty;
use tempfile::NamedTempFile;

use crate::error::Error;

/// What the name of a sentinel adds to that of its file.
const READY: &str = "ready";
const LOADING: &str = "loading";
const FAILED: &str = "failed";
const LOCK: &str = "lock";

/// The part of a folder's `loading` that is this watch's own, for as long as it holds the lock beside it.
#[derive(Debug)]
pub(super) struct Spool {
    directory: PathBuf,
    own: PathBuf,
    owner: String,
    lock: Mutex<Option<NamedTempFile>>,
    count: AtomicU64,
}

/// A file that was taken, in a folder of its own.
#[derive(Debug)]
pub(super) struct Delivery {
    /// No other has it, in no folder.
    pub(super) id: String,
    /// The file's name.
    pub(super) name: OsString,
    /// It was taken by a watch that did not come to its end.
    pub(super) taken_over: bool,
    folder: PathBuf,
}

impl Delivery {
    /// The file where it is now.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Removes it: it was loaded.
    pub(super) fn discard(&self) -> io::Result<()> {
        // The sentinel goes first: a sentinel alone means that the file is still to be taken.
        fs::remove_file(self.sentinel()).or_else(gone)?;
        fs::remove_file(self.path()).or_else(gone)?;
        fs::remove_dir(&self.folder)
    }

    fn sentinel(&self) -> PathBuf {
        self.folder.join(sentinel_of(&self.name))
    }
}

impl Spool {
    /// Makes what is needed in `directory`.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let loading = directory.join(LOADING);
        // The lock is held before there is a folder that another server could take for one that was left.
        let lock = own_lock(&loading)?;
        let own = lock.path().with_extension("");
        fs::create_dir(&own)?;
        let owner = own.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { directory: directory.to_owned(), own, owner, lock: Mutex::new(Some(lock)), count: AtomicU64::new(0) })
    }

    /// The names of the files that are said to be ready, in order.
    pub(super) fn ready(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            names.extend(ready_name(&entry?.path()));
        }
        names.sort();
        Ok(names)
    }

    /// Takes a file; none where it is not there or not ready, or where another server was quicker.
    pub(super) fn claim(&self, name: &OsStr) -> io::Result<Option<Delivery>> {
        let (file, sentinel) = (self.directory.join(name), self.directory.join(sentinel_of(name)));
        let ready = fs::symlink_metadata(&sentinel).is_ok_and(|found| found.is_file());
        // A file that is itself named like a sentinel could not be told from one.
        if !ready || is_sentinel(name) || fs::symlink_metadata(&file).is_err() {
            return Ok(None);
        }
        let id = format!("{}-{}", self.owner, self.count.fetch_add(1, Ordering::Relaxed));
        let folder = self.own.join(&id);
        fs::create_dir(&folder)?;
        let delivery = Delivery { id, name: name.to_owned(), taken_over: false, folder };
        let moved = fs::rename(&sentinel, delivery.sentinel()).and_then(|()| fs::rename(&file, delivery.path()));
        match moved {
            Ok(()) => Ok(Some(delivery)),
            Err(error) => {
                self.release(&delivery)?;
                if error.kind() == ErrorKind::NotFound { Ok(None) } else { Err(error) }
            }
        }
    }

    /// Takes over what watches of the folder that are gone had taken.
    pub(super) fn take_over(&self) -> io::Result<Vec<Delivery>> {
        let mut deliveries = Vec::new();
        for left in entries(&self.directory.join(LOADING))? {
            if left.extension() == Some(OsStr::new(LOCK)) {
                sweep_lock(&left)?;
                continue;
            }
            if left == self.own || !left.is_dir() {
                continue;
            }
            let lock_path = left.with_extension(LOCK);
            let lock = File::options().create(true).truncate(false).write(true).open(&lock_path)?;
            if !locks(&lock)? {
                continue;
            }
            for folder in entries(&left)? {
                deliveries.extend(self.adopt(&folder)?);
            }
            fs::remove_dir(&left).or_else(gone)?;
            fs::remove_file(&lock_path).or_else(gone)?;
        }
        Ok(deliveries)
    }

    /// Moves one taken file here, and completes what its taker was about to do.
    fn adopt(&self, left: &Path) -> io::Result<Option<Delivery>> {
        let id = left.file_name().unwrap_or_default().to_owned();
        let folder = self.own.join(&id);
        match fs::rename(left, &folder) {
            Ok(()) => {}
            Err(error) => return gone(error).map(|()| None),
        }
        let id = id.to_string_lossy().into_owned();
        let names: Vec<OsString> =
            entries(&folder)?.iter().filter_map(|path| path.file_name().map(OsStr::to_owned)).collect();
        let sentinel = names.iter().find_map(|name| ready_name(Path::new(name)));
        let data = names.iter().find(|name| !is_sentinel(name));
        match (data.cloned(), sentinel) {
            (Some(name), _) => Ok(Some(Delivery { id, name, taken_over: true, folder })),
            (None, Some(name)) => {
                // It was killed between taking the sentinel and taking the file.
                let delivery = Delivery { id, name, taken_over: true, folder };
                match fs::rename(self.directory.join(&delivery.name), delivery.path()) {
                    Ok(()) => Ok(Some(delivery)),
                    Err(error) => gone(error).and_then(|()| delivery.discard()).map(|()| None),
                }
            }
            (None, None) => fs::remove_dir(&folder).map(|()| None),
        }
    }

    /// Puts a file back; where there is a new one of its name it stays where it is, for a later watch.
    pub(super) fn release(&self, delivery: &Delivery) -> io::Result<()> {
        let (file, sentinel) = (self.directory.join(&delivery.name), self.directory.join(sentinel_of(&delivery.name)));
        for (from, to) in [(delivery.path(), file), (delivery.sentinel(), sentinel)] {
            if fs::symlink_metadata(&from).is_err() {
                continue;
            }
            if fs::symlink_metadata(&to).is_ok() {
                return Ok(());
            }
            fs::rename(from, to)?;
        }
        fs::remove_dir(&delivery.folder)
    }

    /// Moves a file that could not be loaded to `failed`, with the reason beside it.
    pub(super) fn fail(&self, delivery: &Delivery, error: &Error) -> io::Result<()> {
        let failed = self.directory.join(FAILED);
        fs::create_dir_all(&failed)?;
        let mut reason = to_string_pretty(&error.to_json()["error"]).map_err(io::Error::from)?;
        reason.push('\n');
        let mut number = 1;
        let name = loop {
            let name = numbered(&delivery.name, number);
            // Making the file of the reason is what reserves the name: no failed file replaces an earlier one.
            match File::create_new(failed.join(with_suffix(&name, "error"))) {
                Ok(mut file) => {
                    file.write_all(reason.as_bytes())?;
                    break name;
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        };
        fs::rename(delivery.sentinel(), failed.join(sentinel_of(&name))).or_else(gone)?;
        fs::rename(delivery.path(), failed.join(&name)).or_else(gone)?;
        fs::remove_dir(&delivery.folder)
    }

    /// The ids in `noted` that no watch of the folder has any more.
    pub(super) fn finished(&self, noted: Vec<String>) -> io::Result<Vec<String>> {
        let mut owners = Vec::new();
        let mut held = Vec::new();
        for owner in entries(&self.directory.join(LOADING))?.into_iter().filter(|path| path.is_dir()) {
            held.extend(
                entries(&owner)?.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())),
            );
            owners.extend(owner.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
        let open = |id: &String| {
            held.contains(id) || id.rsplit_once('-').is_some_and(|(owner, _)| owners.iter().any(|known| known == owner))
        };
        Ok(noted.into_iter().filter(|id| !open(id)).collect())
    }

    /// Removes what [`Spool::open`] made, unless a file is left in it.
    pub(super) fn close(&self) {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        if fs::remove_dir(&self.own).is_ok() {
            drop(lock);
            // Another watch, here or in another server, may still need it.
            let _ = fs::remove_dir(self.directory.join(LOADING));
        } else if let Some(lock) = lock {
            // A later watch takes over what is there; the lock file stays, without its lock.
            if let Err(error) = lock.keep() {
                tracing::warn!(%error, "a lock of a watched folder could not be kept");
            }
        }
    }
}

/// A lock file of a name that nobody else has, and its lock.
fn own_lock(loading: &Path) -> io::Result<NamedTempFile> {
    loop {
        fs::create_dir_all(loading)?;
        let lock = match tempfile::Builder::new().prefix("").suffix(".lock").rand_bytes(12).tempfile_in(loading) {
            // Another server has just ended its watch, and removed the folder.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            lock => lock?,
        };
        // Before it was locked, another server may have taken it for one that was left.
        if locks(lock.as_file())? && lock.path().exists() {
            return Ok(lock);
        }
    }
}

/// Removes a lock file that a server left which was killed before it had made its folder, or after it had removed it.
fn sweep_lock(path: &Path) -> io::Result<()> {
    if path.with_extension("").exists() {
        return Ok(());
    }
    match File::options().write(true).open(path) {
        Ok(lock) if locks(&lock)? => fs::remove_file(path).or_else(gone),
        Ok(_) => Ok(()),
        Err(error) => gone(error),
    }
}

/// Locks a file, unless somebody else has it locked.
fn locks(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The name of the file that a sentinel stands for.
pub(super) fn ready_name(path: &Path) -> Option<OsString> {
    (path.extension() == Some(OsStr::new(READY))).then(|| path.file_stem().map(OsStr::to_owned)).flatten()
}

fn is_sentinel(name: &OsStr) -> bool {
    ready_name(Path::new(name)).is_some()
}

fn sentinel_of(name: &OsStr) -> OsString {
    with_suffix(name, READY)
}

fn with_suffix(name: &OsStr, suffix: &str) -> OsString {
    let mut longer = name.to_owned();
    longer.push(".");
    longer.push(suffix);
    longer
}

/// `x.csv`, `x-2.csv`, `x-3.csv`.
fn numbered(name: &OsStr, number: u32) -> OsString {
    if number == 1 {
        return name.to_owned();
    }
    let path = Path::new(name);
    let mut numbered = path.file_stem().unwrap_or_default().to_owned();
    numbered.push(format!("-{number}"));
    match path.extension() {
        Some(extension) => {
            numbered.push(".");
            numbered.push(extension);
            numbered
        }
        None => numbered,
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

/// What is gone already need not be moved or removed.
fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use rstest::rstest;

    use super::{numbered, ready_name};

    #[rstest]
    #[case::sentinel("/in/a.csv.ready", Some("a.csv"))]
    #[case::no_extension("/in/a.ready", Some("a"))]
    #[case::file("/in/a.csv", None)]
    #[case::inside("/in/a.ready.csv", None)]
    #[case::nothing_before("/in/.ready", None)]
    fn sentinels_name_their_files(#[case] path: &str, #[case] name: Option<&str>) {
        assert_eq!(ready_name(Path::new(path)).as_deref(), name.map(OsStr::new));
    }

    #[rstest]
    #[case::first("a.csv", 1, "a.csv")]
    #[case::second("a.csv", 2, "a-2.csv")]
    #[case::no_extension("a", 3, "a-3")]
    #[case::several("a.csv.gz", 2, "a.csv-2.gz")]
    fn later_failures_have_names_of_their_own(#[case] name: &str, #[case] number: u32, #[case] expected: &str) {
        assert_eq!(numbered(OsStr::new(name), number), expected);
    }
}
