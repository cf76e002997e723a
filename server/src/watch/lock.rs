//! Who has which part of a folder's `loading`: a lock file beside each, held for as long as its watch lives.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::names::with_suffix;
use super::spool::LOADING;
use super::trust::{self, PRIVATE};
use crate::files::{Folder, Found};

const LOCK: &str = "lock";
const FILE_MODE: u32 = 0o600;
const NAME_BYTES: usize = 8;

/// A lock that is held, and the name of what it is for.
#[derive(Debug)]
pub(super) struct Lock {
    owner: OsString,
    _file: File,
}

impl Lock {
    /// A lock of a name that nobody else has, in `loading`, which is made where it is missing.
    pub(super) fn make(folder: &Folder) -> io::Result<(Folder, Self)> {
        loop {
            let loading = trust::own_folder(folder, LOADING, PRIVATE)?;
            let mut random = [0; NAME_BYTES];
            getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
            let owner = OsString::from(format!("{:016x}", u64::from_ne_bytes(random)));
            let file = match loading.create(&lock_of(&owner), FILE_MODE) {
                // Another server has just ended its watch, and removed the folder.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                file => file?,
            };
            // Before it was locked, another server may have taken it for one that was left.
            let own = Found::of(&file.metadata()?);
            let is_there = loading.look_for(&lock_of(&owner))?.is_some_and(|found| found.identity == own.identity);
            if locks(&file)? && is_there {
                return Ok((loading, Self { owner, _file: file }));
            }
        }
    }

    /// What it is for.
    pub(super) fn owner(&self) -> &OsStr {
        &self.owner
    }
}

/// Takes the lock of what a watch that is gone has left; none where the watch is not gone.
pub(super) fn of_left(loading: &Folder, owner: &OsStr) -> io::Result<Option<File>> {
    let name = lock_of(owner);
    let file = match loading.file(&name) {
        Err(error) if error.kind() == ErrorKind::NotFound => loading.create(&name, FILE_MODE)?,
        file => file?,
    };
    Ok(if locks(&file)? { Some(file) } else { None })
}

/// Removes a lock file that a server left which was killed before it had made its folder, or after it had removed it.
pub(super) fn sweep(loading: &Folder, name: &OsStr) -> io::Result<()> {
    let owner = Path::new(name).file_stem().unwrap_or_default();
    if loading.look_for(owner)?.is_some() {
        return Ok(());
    }
    match loading.file(name) {
        Ok(file) if locks(&file)? => loading.remove(name).or_else(gone),
        Ok(_) => Ok(()),
        Err(error) => gone(error),
    }
}

pub(super) fn is_lock(name: &OsStr) -> bool {
    Path::new(name).extension() == Some(OsStr::new(LOCK))
}

pub(super) fn lock_of(owner: &OsStr) -> OsString {
    with_suffix(owner, LOCK)
}

/// Locks a file, unless somebody else has it locked.
fn locks(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What is gone already need not be moved or removed.
pub(super) fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
