//! Where hyperd is: `HYPERD_PATH`, then PATH, then the cache of releases, then the network.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::pins::Platform;
use super::releases::{self, EXECUTABLE};
use crate::error::{Code, Error};
use crate::fetch::{Receipt, Store};

/// Where an executable was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// The environment variable `HYPERD_PATH` names it.
    HyperdPath,
    /// A folder of PATH holds it.
    Path,
    /// The cache of releases had it.
    Cache,
    /// It was fetched just now.
    Fetched,
}

/// A hyperd that can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The executable.
    pub path: PathBuf,
    /// The release, where it is known without running the executable.
    pub release: Option<String>,
    /// Where it was found.
    pub found_by: FoundBy,
}

/// What the look-up depends on.
struct Surroundings {
    hyperd_path: Option<OsString>,
    path: Option<OsString>,
    store: Store,
    platform: Platform,
}

impl fmt::Display for FoundBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HyperdPath => "HYPERD_PATH",
            Self::Path => "PATH",
            Self::Cache => "the cache",
            Self::Fetched => "a fetch",
        })
    }
}

/// Finds hyperd, and fetches the pinned release when this machine has none. A fetch is announced on stderr.
pub fn locate() -> Result<Located, Error> {
    let surroundings = Surroundings::of_process()?;
    if let Some(located) = surroundings.find()? {
        return Ok(located);
    }
    let pin = surroundings.platform.pin()?;
    let installed = releases::install_into(&surroundings.store, pin, pin.release)?;
    Ok(Located { path: installed.path, release: Some(installed.release), found_by: FoundBy::Fetched })
}

/// Finds hyperd on this machine; none is an error that names every way to get one.
pub fn locate_without_fetch() -> Result<Located, Error> {
    let surroundings = Surroundings::of_process()?;
    surroundings.find()?.ok_or_else(|| surroundings.nowhere())
}

impl Surroundings {
    fn of_process() -> Result<Self, Error> {
        Ok(Self {
            hyperd_path: env::var_os("HYPERD_PATH"),
            path: env::var_os("PATH"),
            store: releases::user_store()?,
            platform: Platform::current(),
        })
    }

    fn find(&self) -> Result<Option<Located>, Error> {
        if let Some(value) = self.hyperd_path.as_ref().filter(|value| !value.is_empty()) {
            return from_hyperd_path(Path::new(value)).map(Some);
        }
        if let Some(located) = self.on_path() {
            return Ok(Some(located));
        }
        // An unsupported platform has no pin, hence nothing in the cache; whoever goes on to fetch says so.
        let cached = self.platform.pin().ok().and_then(|pin| releases::find(&self.store, pin.release));
        Ok(cached.map(|found| Located { path: found.path, release: Some(found.release), found_by: FoundBy::Cache }))
    }

    fn on_path(&self) -> Option<Located> {
        let path = env::split_paths(self.path.as_ref()?)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(EXECUTABLE))
            .find(|candidate| executable(candidate))?;
        Some(Located { release: release_beside(&path), path, found_by: FoundBy::Path })
    }

    fn nowhere(&self) -> Error {
        let message = "No hyperd on this machine: HYPERD_PATH is not set, no folder of PATH holds one";
        match self.platform.pin() {
            Err(unsupported) => unsupported,
            Ok(pin) => Error::new(
                Code::HyperdNotFound,
                format!("{message}, and {} has no release {}.", self.store.folder().display(), pin.release),
            )
            .suggest(format!(
                "Fetch it with `hyper-conform hyperd install {}`, set HYPERD_PATH to the executable or its folder, or \
                 connect to one that runs (--endpoint HOST:PORT).",
                pin.release
            )),
        }
    }
}

fn from_hyperd_path(value: &Path) -> Result<Located, Error> {
    let wrong = |what: String| {
        Error::new(Code::HyperdNotFound, format!("HYPERD_PATH is {}: {what}.", value.display())).suggest(format!(
            "Set HYPERD_PATH to the {EXECUTABLE} executable or to the folder that holds it, or unset it to have one \
             looked for on PATH and fetched."
        ))
    };
    let metadata = fs::metadata(value).map_err(|error| wrong(error.to_string()))?;
    let path = if metadata.is_dir() { value.join(EXECUTABLE) } else { value.to_owned() };
    if !path.is_file() {
        return Err(wrong(format!("that folder holds no {EXECUTABLE}")));
    }
    if !executable(&path) {
        return Err(wrong(format!("{} is not executable", path.display())));
    }
    // hyperd is started in a folder of its own, where a relative path would mean another file.
    let path = std::path::absolute(&path).map_err(|error| wrong(error.to_string()))?;
    Ok(Located { release: release_beside(&path), path, found_by: FoundBy::HyperdPath })
}

fn release_beside(executable: &Path) -> Option<String> {
    Receipt::of(executable.parent()?).map(|receipt| receipt.version)
}

#[cfg(unix)]
fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    const RUN_BY_ANY_MODE: u32 = 0o111;
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & RUN_BY_ANY_MODE != 0)
}

/// Windows goes by the file's name.
#[cfg(not(unix))]
fn executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests;
