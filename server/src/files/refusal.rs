//! What the system refused, as an error that blames the right thing.

use std::fmt::Display;
use std::io::{self, ErrorKind};

use crate::error::Error;

/// The system refused to read or write. `what` is the beginning of the sentence, for example "Could not write to /x".
pub fn refused(what: impl Display, error: &io::Error) -> Error {
    let advice = match error.kind() {
        ErrorKind::StorageFull => "Make room on that disk, or choose a path on another one.",
        ErrorKind::QuotaExceeded => {
            "The user that runs the server has used up its quota there: remove files, or raise it."
        }
        ErrorKind::PermissionDenied => {
            "Give the user that runs the server permission for that path, or choose another one."
        }
        ErrorKind::ReadOnlyFilesystem => "The file system is mounted read-only: choose a path on another one.",
        ErrorKind::FileTooLarge => "The file system or a limit of the system allows no file of that size.",
        _ => "Look at that disk or file system; the system said no more than this.",
    };
    Error::io(what, error).suggest(advice)
}
