//! Locks on files that other servers of the same user see.

use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::own;

/// A lock that other servers see. The last one who has it removes its file.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
    path: PathBuf,
}

/// How a lock is asked for: [`File::try_lock`] or [`File::try_lock_shared`].
pub(crate) type Way = fn(&File) -> Result<(), TryLockError>;

impl FileLock {
    /// The lock on the file at `path`, which is made with its folder where it is missing; none where another one has it.
    pub(crate) fn try_take(path: &Path, way: Way) -> io::Result<Option<Self>> {
        own::make_folder(path.parent().unwrap_or(path))?;
        let file = own::open_or_make(path)?;
        match way(&file) {
            // Whoever had it before may have removed the file since it was opened.
            Ok(()) if own::is_at(&file, path) => Ok(Some(Self { file, path: path.to_owned() })),
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Who has it alone takes it from nobody; who waits for it sees that the file is another one, and opens that.
        if self.file.try_lock().is_ok() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Where the lock of a `kind` on the file of a database is: the same for every path and alias of one file.
pub(crate) fn path_of(folder: &Path, file: &Path, kind: &str) -> io::Result<PathBuf> {
    Ok(folder.join(format!("{}.{kind}", name_of(&file.metadata()?))))
}

/// The error of a lock on a database that cannot be had.
pub(crate) fn failed(database: &str, error: &io::Error) -> Error {
    Error::io(format!("Could not lock {database} for other servers of the same hyperd"), error)
        .suggest("Check the daemon's folder, or use --no-daemon for a hyperd of this server's own.")
}

#[cfg(unix)]
fn name_of(file: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt as _;
    format!("{}-{}", file.dev(), file.ino())
}

/// Windows tells no number of a file here; one lock serves all of them.
#[cfg(not(unix))]
fn name_of(_file: &Metadata) -> String {
    "all".to_owned()
}
