//! What the system refused, as an error that blames the right thing.

use std::fmt::Display;
use std::io::{self, ErrorKind};

use crate::error::{Code, Error};

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

/// A file or folder that cannot be used: one that is not there, one that can be none, or what the system refused. `advice`
/// is for the first two.
pub fn unusable(what: impl Display, error: &io::Error, advice: &str) -> Error {
    let code = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Code::FileNotFound,
        ErrorKind::IsADirectory | ErrorKind::InvalidFilename | ErrorKind::InvalidInput | ErrorKind::Other => {
            Code::InvalidArgument
        }
        _ => return refused(what, error),
    };
    Error::new(code, format!("{what}: {error}.")).suggest(advice)
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};

    use rstest::rstest;

    use super::unusable;
    use crate::error::Code;

    #[rstest]
    #[case(ErrorKind::NotFound, Code::FileNotFound)]
    #[case(ErrorKind::NotADirectory, Code::FileNotFound)]
    #[case(ErrorKind::IsADirectory, Code::InvalidArgument)]
    #[case(ErrorKind::InvalidFilename, Code::InvalidArgument)]
    #[case(ErrorKind::PermissionDenied, Code::IoError)]
    #[case(ErrorKind::ReadOnlyFilesystem, Code::IoError)]
    #[case(ErrorKind::StorageFull, Code::DiskFull)]
    fn kinds_have_codes(#[case] kind: ErrorKind, #[case] code: Code) {
        let error = unusable("Could not use it", &kind.into(), "Do something else.");
        assert_eq!(error.code, code);
        assert_eq!(
            error.suggestion.as_deref() == Some("Do something else."),
            !matches!(code, Code::IoError | Code::DiskFull)
        );
    }

    /// EIO, EMFILE.
    #[rstest]
    #[case(5)]
    #[case(24)]
    fn what_has_no_kind_is_the_systems(#[case] errno: i32) {
        assert_eq!(unusable("Could not use it", &io::Error::from_raw_os_error(errno), "").code, Code::IoError);
    }
}
