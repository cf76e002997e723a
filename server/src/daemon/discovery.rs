//! The daemon's folder: where it is found, why it failed, and who may start one.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::own;

/// More than any of the daemon's files has.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Names another folder, as tests do.
pub const FOLDER_VARIABLE: &str = "HYPERD_MCP_DAEMON_DIR";

/// The folder of the user's daemon.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

/// What a daemon says of itself in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The version of the program.
    pub version: String,
    /// The daemon's process id.
    pub pid: u32,
    /// Where it listens, on the loopback address.
    pub port: u16,
    /// What both ends prove to know, in hexadecimal digits.
    pub secret: String,
    /// Where its hyperd listens, as `--endpoint` takes it.
    pub endpoint: String,
}

impl Home {
    /// The folder in `$HYPERD_MCP_DAEMON_DIR`, else in the platform's folder for what lives as long as the user's
    /// session, else in that for state or data.
    pub fn of_user() -> Result<Self, Error> {
        if let Some(folder) = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty()) {
            // The daemon is elsewhere than whoever starts it.
            return std::path::absolute(&folder).map(|folder| Self { folder }).map_err(|error| {
                Error::io(format!("{FOLDER_VARIABLE} names {}, which is no path", folder.display()), &error)
            });
        }
        let strategy = etcetera::choose_base_strategy().map_err(|error| {
            Error::invalid(format!("There is no folder for the daemon's files: {error}."))
                .suggest(format!("Name one with {FOLDER_VARIABLE}, or use --no-daemon."))
        })?;
        // A runtime folder that is named and not there is a session that has ended.
        let runtime = strategy.runtime_dir().filter(|folder| folder.is_dir());
        let folder = runtime.or_else(|| strategy.state_dir()).unwrap_or_else(|| strategy.data_dir());
        Ok(Self { folder: folder.join("hyperd-mcp") })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that says where the daemon is.
    pub fn file(&self) -> PathBuf {
        self.folder.join("daemon.json")
    }

    /// The daemon's log.
    pub fn log(&self) -> PathBuf {
        self.folder.join("daemon.log")
    }

    /// Held by the daemon for as long as it runs.
    pub fn running_lock(&self) -> PathBuf {
        self.folder.join("daemon.lock")
    }

    /// Held by the one who starts a daemon.
    pub fn start_lock(&self) -> PathBuf {
        self.folder.join("start.lock")
    }

    fn failure(&self) -> PathBuf {
        self.folder.join("daemon.failed")
    }

    /// Makes the folder, for its user alone.
    pub(super) fn make(&self) -> Result<(), Error> {
        own::make_folder(&self.folder).map_err(|error| self.unusable(&error))
    }

    /// Refuses a folder that is another user's, or a link: whoever made it decides what is found there.
    pub fn check(&self) -> Result<(), Error> {
        match own::check_folder(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.unusable(&error)),
            _ => Ok(()),
        }
    }

    fn unusable(&self, error: &io::Error) -> Error {
        Error::io(format!("Could not use {} as the daemon's folder", self.folder.display()), error)
            .suggest(format!("Name a folder of your own with {FOLDER_VARIABLE}, or use --no-daemon."))
    }

    /// What the daemon's file says.
    ///
    /// # Errors
    ///
    /// Why there is nothing to believe: the rest of a sentence that begins with the file.
    pub fn read(&self) -> Result<Announcement, String> {
        let bytes = own::read(&self.file(), FILE_BYTES_MAX).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "is missing".to_owned(),
            _ => format!("is not used ({error})"),
        })?;
        serde_json::from_slice(&bytes).map_err(|error| format!("is damaged ({error})"))
    }

    /// The process id of a daemon that has announced itself and runs, whatever has become of its file.
    pub fn running(&self) -> Option<u32> {
        let path = self.running_lock();
        if !is_locked(&path) {
            return None;
        }
        String::from_utf8(own::read(&path, FILE_BYTES_MAX).ok()?).ok()?.trim().parse().ok()
    }

    /// Writes the daemon's file, in one step and for its user alone.
    pub(super) fn announce(&self, announcement: &Announcement) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(announcement).map_err(io::Error::other)?;
        self.put(&self.file(), &text)
    }

    /// Removes the daemon's file, if it is this daemon's.
    pub(super) fn withdraw(&self) {
        if self.read().is_ok_and(|announced| announced.pid == std::process::id()) {
            // What stays is found out to be stale.
            let _ = fs::remove_file(self.file());
        }
    }

    /// Leaves word for the next client why the daemon has ended.
    pub(super) fn leave_failure(&self, reason: &str) {
        if let Err(error) = self.put(&self.failure(), reason.as_bytes()) {
            tracing::warn!(%error, "the reason of the daemon's end could not be left");
        }
    }

    /// Why the last daemon ended, if it failed. It is told once.
    pub(super) fn take_failure(&self) -> Option<String> {
        let reason = self.failure_left()?;
        let _ = fs::remove_file(self.failure());
        Some(reason)
    }

    /// Why the last daemon ended, if it failed and nobody was told yet.
    pub fn failure_left(&self) -> Option<String> {
        String::from_utf8(own::read(&self.failure(), FILE_BYTES_MAX).ok()?).ok()
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // Such files are readable by their user alone.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.persist(path).map(drop).map_err(|error| error.error)
    }
}

/// The lock on `path`, which ends with the file that is returned; none where another process has it.
pub(super) fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let file = own::open_or_make(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether somebody holds the lock on `path`, found out without making the file.
pub fn is_locked(path: &Path) -> bool {
    own::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
