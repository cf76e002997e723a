//! What exports put beside their places while they work, and what becomes of it where a server is killed meanwhile.
//!
//! Each is a folder with a name that says whose it is, and is locked for as long as the export goes on. (The file in it
//! could not be: hyperd locks what it writes.) What nobody has locked was left; the next export to that folder removes it, and puts back a table that had made way for one that did not come.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::place::is_whole;
use crate::files::{Folder, Found};

/// What the names start with.
const PREFIX: &str = ".hyperd-mcp-";
const NAME_BYTES: usize = 8;
/// The permissions of what nobody else is to look into.
const PRIVATE_MODE: u32 = 0o700;

/// A new name that nobody else has.
fn name() -> io::Result<OsString> {
    let mut random = [0; NAME_BYTES];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(format!("{PREFIX}{:016x}", u64::from_ne_bytes(random)).into())
}

/// A folder of an export's own beside its place, locked; dropping it removes it and what is in it.
pub(super) struct Aside<'a> {
    parent: &'a Folder,
    name: OsString,
    folder: Folder,
    kept: bool,
}

impl<'a> Aside<'a> {
    pub(super) fn make(parent: &'a Folder) -> io::Result<Self> {
        loop {
            let name = name()?;
            let folder = parent.make(&name, PRIVATE_MODE)?;
            // Some file systems lock no folders; there what is left stays.
            if matches!(folder.lock(), Ok(false)) {
                continue;
            }
            if still(parent, &name, &folder.found()?) {
                return Ok(Self { parent, name, folder, kept: false });
            }
        }
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Leaves it where it is.
    pub(super) fn keep(&mut self) -> PathBuf {
        self.kept = true;
        self.folder.path().to_owned()
    }
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = self.parent.remove_all(&self.name) {
            tracing::warn!(%error, path = %self.folder.path().display(), "a temporary folder is left behind");
        }
    }
}

/// Removes what servers that are gone have left in a folder. What cannot be removed stays, and hinders nobody.
pub(super) fn sweep(folder: &Folder) {
    let Ok(names) = folder.names() else { return };
    for name in names.iter().filter(|name| name.to_string_lossy().starts_with(PREFIX)) {
        if let Err(error) = sweep_one(folder, name) {
            tracing::debug!(%error, name = %name.to_string_lossy(), "what an export left could not be removed");
        }
    }
}

fn sweep_one(folder: &Folder, name: &OsStr) -> io::Result<()> {
    if !folder.look_for(name)?.is_some_and(|found| found.is_folder() && is_ours(&found)) {
        return Ok(());
    }
    let left = folder.child(name)?;
    if !left.lock()? {
        return Ok(());
    }
    for table in left.names()? {
        if left.look(&table)?.is_folder() {
            put_back(folder, &left, &table)?;
        }
    }
    folder.remove_all(name)
}

/// Puts a table back that had made way, unless the new one is whole.
fn put_back(folder: &Folder, left: &Folder, table: &OsStr) -> io::Result<()> {
    if folder.look_for(table)?.is_some() {
        if is_whole(&folder.child(table)?)? {
            return Ok(());
        }
        folder.move_to_free(table, left, &name()?)?;
    }
    left.move_to_free(table, folder, table)
}

#[cfg(unix)]
fn is_ours(found: &Found) -> bool {
    found.owner == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_ours(_found: &Found) -> bool {
    false
}

fn still(folder: &Folder, name: &OsStr, own: &Found) -> bool {
    match folder.look(name) {
        Ok(found) => found.identity == own.identity,
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}
