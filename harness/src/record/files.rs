//! The files that a session names: what they held before the request that names them, and which of them are the
//! session's own work.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;
use walkdir::WalkDir;

use super::exchange::{Content, Deed};
use crate::syntax::must_be_escaped;

/// A text up to so many bytes stands in the scenario.
const TEXT_BYTES_MAX: u64 = 64 * 1024;

/// Other content up to so many bytes stands in the scenario, as base64.
const BASE64_BYTES_MAX: u64 = 4 * 1024;

/// Anything else up to so many bytes is copied.
const COPY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A folder with more files than this is not taken.
const FOLDER_FILES_MAX: usize = 100;

/// The files and folders of a session.
#[derive(Debug)]
pub(super) struct Files {
    known: BTreeMap<PathBuf, Known>,
    /// Other ways in which paths are spelled.
    spelled: BTreeMap<String, PathBuf>,
    /// What is never taken: the persistent database, and the suite's own data.
    spared: Vec<PathBuf>,
    /// Where copies lie.
    hold: TempDir,
    held: usize,
}

#[derive(Debug)]
struct Known {
    /// Its name, with the folders above it that were not there either when it was first named.
    below: PathBuf,
    /// What it was like when the session last had to do with it; `None` where it was not there.
    state: Option<State>,
}

/// What a file is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Folder,
    /// A database, which the server changes whenever it likes.
    Database,
    File(u64, Option<SystemTime>),
}

/// What a file is before a request, and what was told of it.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// What a scenario has to do.
    pub(super) deeds: Vec<Deed>,
    /// The paths that are part of the recording.
    pub(super) paths: Vec<PathBuf>,
    /// What a person should know.
    pub(super) told: Vec<String>,
}

impl Files {
    /// No file yet.
    ///
    /// # Errors
    ///
    /// Why there is no folder for copies.
    pub(super) fn new(spared: Vec<PathBuf>) -> io::Result<Self> {
        let hold = tempfile::Builder::new().prefix("hyper-conform-record-").tempdir()?;
        Ok(Self { known: BTreeMap::new(), spelled: BTreeMap::new(), spared, hold, held: 0 })
    }

    /// Every path that is part of the recording, and its name as far as it was new.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.known.iter().map(|(path, known)| (path.as_path(), known.below.as_path()))
    }

    /// Paths in another spelling than their own.
    pub(super) fn spelled(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.spelled.iter().map(|(spelled, path)| (spelled.as_str(), path.as_path()))
    }

    /// Looks at what a request names, before the server sees it.
    pub(super) fn before(&mut self, named: &[(String, PathBuf)]) -> Before {
        let mut before = Before::default();
        for (spelled, path) in named {
            // What has `..` keeps it: it says which way it goes.
            if !spelled.contains("..") && path.to_string_lossy() != spelled.as_str() {
                self.spelled.insert(spelled.clone(), path.clone());
            }
            if self.spared.iter().any(|spared| path.starts_with(spared)) {
                continue;
            }
            if let Err(reason) = self.look(path, &mut before) {
                before.told.push(format!(
                    "{} is not part of the recording, so it runs only where that is: {reason}",
                    path.display()
                ));
            }
        }
        before
    }

    /// Looks at it again when the answer has come: what has changed until now is the session's own work.
    pub(super) fn after(&mut self, paths: &[PathBuf]) {
        for path in paths {
            self.keep(path, state(path));
        }
    }

    fn keep(&mut self, path: &Path, state: Option<State>) {
        let known = self.known.entry(path.to_owned());
        known.or_insert_with(|| Known { below: below_what_is(path), state }).state = state;
    }

    fn last(&self, path: &Path) -> Option<State> {
        self.known.get(path)?.state
    }

    fn look(&mut self, path: &Path, before: &mut Before) -> Result<(), String> {
        let now = state(path);
        if now.is_none() && path.exists() {
            return Err("it is neither a file nor a folder".to_owned());
        }
        match (self.last(path), now) {
            (Some(_), None) => before.deeds.push(Deed::Remove(path.to_owned())),
            (None, Some(State::Folder)) => self.take_folder(path, before)?,
            (last, Some(_)) if last != now => self.take(path, before)?,
            _ => {}
        }
        self.keep(path, now);
        before.paths.push(path.to_owned());
        Ok(())
    }

    fn take_folder(&mut self, path: &Path, before: &mut Before) -> Result<(), String> {
        let entries: Vec<PathBuf> = WalkDir::new(path)
            .sort_by_file_name()
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .map(walkdir::DirEntry::into_path)
            .take(FOLDER_FILES_MAX + 1)
            .collect();
        if entries.len() > FOLDER_FILES_MAX {
            return Err(format!("it is a folder of more than {FOLDER_FILES_MAX} files"));
        }
        before.deeds.push(Deed::Mkdir(path.to_owned()));
        for file in &entries {
            let now = state(file);
            if !self.spared.contains(file) && self.last(file) != now {
                self.take(file, before)?;
                self.keep(file, now);
            }
        }
        Ok(())
    }

    fn take(&mut self, path: &Path, before: &mut Before) -> Result<(), String> {
        let content = self.content(path)?;
        before.told.push(format!("took {}", path.display()));
        before.deeds.push(Deed::Write(path.to_owned(), content));
        Ok(())
    }

    fn content(&mut self, path: &Path) -> Result<Content, String> {
        let failed = |error: io::Error| format!("it cannot be read: {error}");
        let bytes = std::fs::metadata(path).map_err(failed)?.len();
        if bytes > COPY_BYTES_MAX {
            return Err(format!("it has {bytes} bytes, more than {COPY_BYTES_MAX}"));
        }
        if bytes <= TEXT_BYTES_MAX {
            let content = std::fs::read(path).map_err(failed)?;
            match String::from_utf8(content) {
                Ok(text) if !text.chars().any(|c| must_be_escaped(c) && !matches!(c, '\n' | '\r' | '\t')) => {
                    return Ok(Content::Text(text));
                }
                Ok(text) if bytes <= BASE64_BYTES_MAX => return Ok(Content::Bytes(text.into_bytes())),
                Err(error) if bytes <= BASE64_BYTES_MAX => return Ok(Content::Bytes(error.into_bytes())),
                _ => {}
            }
        }
        self.held += 1;
        let copy = self.hold.path().join(self.held.to_string());
        std::fs::copy(path, &copy).map_err(failed)?;
        Ok(Content::Copied(copy))
    }
}

/// The name of the file, with the folders above it that are not there either: without them it could be made.
fn below_what_is(path: &Path) -> PathBuf {
    let name = |path: &Path| PathBuf::from(path.file_name().unwrap_or_default());
    let missing = path.ancestors().skip(1).take_while(|folder| !folder.is_dir());
    missing.fold(name(path), |below, folder| name(folder).join(below))
}

/// `None` for what is not there, and for what is neither a file nor a folder.
fn state(path: &Path) -> Option<State> {
    let found = std::fs::metadata(path).ok()?;
    if found.is_dir() {
        return Some(State::Folder);
    }
    let database = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("hyper"));
    match (found.is_file(), database) {
        (true, true) => Some(State::Database),
        (true, false) => Some(State::File(found.len(), found.modified().ok())),
        (false, _) => None,
    }
}
