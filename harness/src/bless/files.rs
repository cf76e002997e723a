//! A file with mended expectations: told as a difference, written as a whole.

use std::io::Write;
use std::path::{Path, PathBuf};

use similar::TextDiff;

/// How many lines around a change are shown.
const CONTEXT_LINES: usize = 3;

/// A file that changes.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The path as messages show it.
    pub shown: String,
    /// The path on disk.
    pub path: PathBuf,
    /// Its text when it was read.
    pub before: String,
    /// Its text with what was mended.
    pub after: String,
    /// How many expectations that are.
    pub expectations: usize,
}

impl Changed {
    /// The changes as a unified diff.
    pub fn diff(&self) -> String {
        let diff = TextDiff::from_lines(&self.before, &self.after);
        diff.unified_diff().context_radius(CONTEXT_LINES).header(&self.shown, &self.shown).to_string()
    }

    /// Makes sure that nobody has written the file since it was read.
    pub(super) fn unchanged(&self) -> Result<(), String> {
        let now = std::fs::read_to_string(&self.path)
            .map_err(|error| format!("failed to read {} again: {error}; nothing was written", self.shown))?;
        if now == self.before {
            return Ok(());
        }
        Err(format!("{} was changed while its scenarios ran, so nothing was written; run again", self.shown))
    }

    /// The file is as it was, or as it is to be, and never in between.
    pub(super) fn write(&self) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("failed to write {}: {error}", self.shown);
        // What is replaced is the file that a link leads to.
        let path = self.path.canonicalize().map_err(failed)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".hyper-conform-").tempfile_in(folder).map_err(failed)?;
        let mode = path.metadata().map_err(failed)?.permissions();
        file.as_file().set_permissions(mode).map_err(failed)?;
        file.write_all(self.after.as_bytes()).map_err(failed)?;
        file.persist(&path).map(drop).map_err(|error| failed(error.error))
    }
}
