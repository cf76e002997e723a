//! Which state of a database file holds.
//!
//! hyperd writes pages as it likes, and notes at last, in one of two places at the file's beginning, which of them make
//! up the database (measured for the format versions 0 to 4). It does so when the last connection lets go of the file and
//! at no other time: two minutes of waiting, COPY, COMMIT and ANALYZE leave the note as it was. A note that differs from
//! the one that was there while a change was made says that the change is on disk.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The two places: one page each.
const ROOT_BYTES: u64 = 2 * 4096;

/// The note in the file; none where it cannot be read here, as when hyperd runs elsewhere.
pub(super) fn of(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(ROOT_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
