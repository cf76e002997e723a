//! What can go wrong between a package's name and a folder with its files.

use std::io;
use std::path::{Path, PathBuf};

/// A package that could not be fetched; nothing was left where the package would have gone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No pip answers under any of its usual names.
    #[error("fetching {package} needs pip, and none was found (tried: {tried})")]
    NoPip {
        /// The package, as `name version`.
        package: String,
        /// The command lines that were tried.
        tried: String,
    },
    /// pip ran and failed.
    #[error("`{command}` could not fetch {package}: {detail}")]
    Pip {
        /// The package, as `name version`.
        package: String,
        /// The command line.
        command: String,
        /// The end of what pip wrote to stderr.
        detail: String,
    },
    /// The archive is not the one that was pinned, or not the one that was fetched the first time.
    #[error("{file} has SHA-256 {actual}, expected {expected}; the file was removed and nothing of it was used")]
    DigestMismatch {
        /// The archive's file name.
        file: String,
        /// The digest that was asked for.
        expected: String,
        /// The digest of the file that came.
        actual: String,
    },
    /// The archive cannot be read, or does not hold what was looked for.
    #[error("{}: {detail}", file.display())]
    Archive {
        /// The archive.
        file: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The file system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb: `create`, `read`, `rename`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The platform names no folder for caches.
    #[error("no cache folder is known for this user; set HYPER_CONFORM_CACHE to a folder that may be written")]
    NoCache,
}

impl Error {
    /// For `map_err` on file operations.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// What the user can do next.
    pub fn suggestion(&self) -> String {
        match self {
            Self::NoPip { .. } => {
                "Install pip (`python3 -m ensurepip`, `apt install python3-pip`, `brew install python`), \
                 or put a virtual environment's pip on PATH (`python3 -m venv .venv && . .venv/bin/activate`)."
                    .to_owned()
            }
            Self::Pip { .. } => {
                "Check the network and pip's configuration (`pip config list`: index, proxy, certificate), \
                 then try the command by hand."
                    .to_owned()
            }
            Self::DigestMismatch { .. } => {
                "Check which index pip uses (`pip config list`). If a mirror serves a file of its own \
                 on purpose, unpack it by hand and point to it instead."
                    .to_owned()
            }
            Self::Archive { .. } => "Try again; if it stays so, report it with the file's name.".to_owned(),
            Self::Io { .. } | Self::NoCache => {
                "Set HYPER_CONFORM_CACHE to a folder that may be written and has 500 MB to spare.".to_owned()
            }
        }
    }
}
