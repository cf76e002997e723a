//! Which sentinel a delivery was taken for.

use std::fs::File;
use std::io::{self, Read as _, Write as _};

use crate::files::Found;

/// Longest text of a mark: four numbers.
const MARK_BYTES_MAX: u64 = 200;

/// A sentinel as it was when its file was taken, so that a later one of its name is not taken for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark(String);

impl Mark {
    pub(super) fn of(sentinel: &Found) -> Self {
        let (device, number) = sentinel.identity;
        Self(format!("{device} {number} {} {}\n", sentinel.changed_ns, sentinel.bytes))
    }

    /// Whether a sentinel is the same file; it may have been written to since.
    pub(super) fn is_same_file(&self, sentinel: &Found) -> bool {
        let (device, number) = sentinel.identity;
        self.0.starts_with(&format!("{device} {number} "))
    }

    pub(super) fn write(&self, mut file: File) -> io::Result<()> {
        file.write_all(self.0.as_bytes())
    }

    /// None of a file that is no mark: a sentinel itself.
    pub(super) fn read(file: File) -> io::Result<Option<Self>> {
        let mut text = String::new();
        file.take(MARK_BYTES_MAX).read_to_string(&mut text)?;
        let numbers = text.strip_suffix('\n').unwrap_or_default().split(' ');
        let is_mark = numbers.clone().count() == 4 && numbers.clone().all(|number| number.parse::<i128>().is_ok());
        Ok(is_mark.then_some(Self(text)))
    }
}
