//! Which state of a database a file holds.
//!
//! hyperd writes pages as it likes, and notes at last, in one of two places at the file's beginning, which of them make
//! up the database (measured for the format versions 0 to 4). It does so when the last connection lets go of the file and
//! at no other time: two minutes of waiting, COPY, COMMIT and ANALYZE leave the note as it was.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::call::OnDisk;

/// The two places: one page each.
const ROOT_BYTES: u64 = 2 * 4096;

/// The file at `path` now. It cannot be read where hyperd runs on another machine.
pub(super) fn of(path: &Path) -> io::Result<OnDisk> {
    let mut file = File::open(path)?;
    let identity = identity(&file.metadata()?);
    let mut root = Vec::new();
    io::Read::by_ref(&mut file).take(ROOT_BYTES).read_to_end(&mut root)?;
    Ok(OnDisk { file: identity, root })
}

/// What there is where no file is.
pub(super) fn nothing() -> OnDisk {
    OnDisk { file: (0, 0), root: Vec::new() }
}

/// Whether `path` still leads to the file that it led to when `before` was read; true where nobody can tell.
pub(super) fn is_same_file(path: &Path, before: &OnDisk) -> bool {
    match std::fs::metadata(path) {
        Ok(now) => identity(&now) == before.file,
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// Windows lets nobody replace a file that is open.
#[cfg(not(unix))]
fn identity(_metadata: &std::fs::Metadata) -> (u64, u64) {
    (0, 0)
}
