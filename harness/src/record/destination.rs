//! Where a recording goes: checked before the session, written whole or not at all.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::document::Recording;
use crate::report::beside;
use crate::source::Diagnostic;
use crate::suite;

/// A scenario file that can be written.
#[derive(Debug)]
pub struct Destination {
    /// The folder of the suite that it belongs to.
    pub root: PathBuf,
    /// Its path.
    pub path: PathBuf,
    /// `<area>/<feature>`, its place in the suite without the ending.
    pub place: String,
    file: NamedTempFile,
    force: bool,
}

impl Destination {
    /// Makes sure that `out` is a scenario file's path and can be written. Its folder is made.
    ///
    /// # Errors
    ///
    /// What is wrong with the path, or why it cannot be written.
    pub fn open(out: &Path, force: bool) -> Result<Self, String> {
        let path = std::path::absolute(out).map_err(|error| format!("--out {}: {error}", out.display()))?;
        let (root, place) = place_of(&path).ok_or_else(|| {
            format!(
                "--out {} is no scenario file: it is SUITE/<area>/<feature>.yaml in the folder of a suite, such as \
                 scenarios/loading/people.yaml; area and feature are lower-case letters, digits and `_`",
                out.display()
            )
        })?;
        let copies = copies_of(&root, &place);
        if let Some(taken) = [&path, &copies].into_iter().find(|path| path.exists() && !force) {
            return Err(format!(
                "{} is there already; name another file with --out, or pass --force to replace it",
                taken.display()
            ));
        }
        let (file, path) =
            beside(&path).map_err(|error| format!("--out {} cannot be written: {error}", out.display()))?;
        Ok(Self { root, path, place, file, force })
    }

    /// Writes the file, and the files that it copies. Says what is wrong in it, should it not be read as a scenario.
    ///
    /// # Errors
    ///
    /// Why it could not be written.
    pub fn write(mut self, recording: &Recording) -> Result<Vec<Diagnostic>, String> {
        let failed = |path: &Path, error: &io::Error| format!("failed to write {}: {error}", path.display());
        let copies = copies_of(&self.root, &self.place);
        for (from, name) in &recording.copies {
            let to = copies.join(name);
            let made = to.parent().map_or(Ok(()), std::fs::create_dir_all);
            made.and_then(|()| std::fs::copy(from, &to)).map_err(|error| failed(&to, &error))?;
        }
        self.file.write_all(recording.text.as_bytes()).map_err(|error| failed(&self.path, &error))?;
        let written = if self.force { self.file.persist(&self.path) } else { self.file.persist_noclobber(&self.path) };
        written.map_err(|error| failed(&self.path, &error.error))?;
        Ok(suite::check_alone(&self.root, &self.path))
    }
}

/// The suite's folder, and the area and feature.
fn place_of(path: &Path) -> Option<(PathBuf, String)> {
    let area = path.parent()?;
    let root = area.parent().filter(|root| root.is_dir())?;
    let name = path.file_name()?.to_str()?.strip_suffix(".yaml")?;
    let area = area.file_name()?.to_str()?;
    (suite::is_module(area) && suite::is_module(name) && suite::is_area(area))
        .then(|| (root.to_owned(), format!("{area}/{name}")))
}

/// The folder of the files that are too big to stand in the scenario.
fn copies_of(root: &Path, place: &str) -> PathBuf {
    root.join("data").join(place)
}
