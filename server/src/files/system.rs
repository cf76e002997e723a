//! Unix: each folder is a descriptor.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};

use super::folder::Folder;
use super::found::Found;

pub(super) type Handle = File;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
const CREATE: OFlags =
    OFlags::RDWR.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

pub(super) fn open(path: &Path) -> io::Result<Handle> {
    Ok(rustix::fs::open(path, FOLDER, Mode::empty())?.into())
}

/// Opens a regular file for reading, links followed. What is none is answered as it was found and not opened.
#[cfg(target_os = "linux")]
pub(super) fn open_file(path: &Path) -> io::Result<(File, Found)> {
    let there: File = rustix::fs::open(path, OFlags::PATH.union(OFlags::CLOEXEC), Mode::empty())?.into();
    let found = Found::of(&there.metadata()?);
    if !found.is_file() {
        return Ok((there, found));
    }
    // The very file that was looked at, and not whatever its path leads to by now.
    let file = File::open(super::real::link_of(&there)).or_else(|error| match error.kind() {
        // Without /proc there is only the path.
        ErrorKind::NotFound => open_plain(path),
        _ => Err(error),
    })?;
    let found = Found::of(&file.metadata()?);
    Ok((file, found))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn open_file(path: &Path) -> io::Result<(File, Found)> {
    let file = open_plain(path)?;
    let found = Found::of(&file.metadata()?);
    Ok((file, found))
}

fn open_plain(path: &Path) -> io::Result<File> {
    Ok(rustix::fs::open(path, READ.difference(OFlags::NOFOLLOW), Mode::empty())?.into())
}

pub(super) fn real_path(handle: &Handle, path: &Path) -> io::Result<PathBuf> {
    super::real::path_of(handle, path)
}

pub(super) fn child(folder: &Folder, name: &OsStr) -> io::Result<Handle> {
    let flags = FOLDER.union(OFlags::NOFOLLOW);
    Ok(rustix::fs::openat(&folder.handle, checked(name)?, flags, Mode::empty())?.into())
}

pub(super) fn make(folder: &Folder, name: &OsStr, mode: u32) -> io::Result<()> {
    Ok(rustix::fs::mkdirat(&folder.handle, checked(name)?, mode_of(mode))?)
}

pub(super) fn itself(folder: &Folder) -> io::Result<Found> {
    Ok(Found::of(&folder.handle.metadata()?))
}

#[cfg(target_os = "linux")]
pub(super) fn look(folder: &Folder, name: &OsStr) -> io::Result<Found> {
    let flags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
    let handle: File = rustix::fs::openat(&folder.handle, checked(name)?, flags, Mode::empty())?.into();
    Ok(Found::of(&handle.metadata()?))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn look(folder: &Folder, name: &OsStr) -> io::Result<Found> {
    let told = rustix::fs::statat(&folder.handle, checked(name)?, AtFlags::SYMLINK_NOFOLLOW)?;
    // std's metadata has no way in from here; the folder is compared, so that a path that leads elsewhere is noticed.
    let found = Found::of(&folder.path().join(name).symlink_metadata()?);
    let same = found.identity.1 == u64::from(told.st_ino);
    if same { Ok(found) } else { Err(ErrorKind::NotFound.into()) }
}

pub(super) fn file(folder: &Folder, name: &OsStr) -> io::Result<File> {
    Ok(rustix::fs::openat(&folder.handle, checked(name)?, READ, Mode::empty())?.into())
}

pub(super) fn create(folder: &Folder, name: &OsStr, mode: u32) -> io::Result<File> {
    Ok(rustix::fs::openat(&folder.handle, checked(name)?, CREATE, mode_of(mode))?.into())
}

pub(super) fn replace(from: &Folder, name: &OsStr, to: &Folder, new: &OsStr) -> io::Result<()> {
    Ok(rustix::fs::renameat(&from.handle, checked(name)?, &to.handle, checked(new)?)?)
}

pub(super) fn place(from: &Folder, name: &OsStr, to: &Folder, new: &OsStr) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    match rustix::fs::renameat_with(
        &from.handle,
        checked(name)?,
        &to.handle,
        checked(new)?,
        rustix::fs::RenameFlags::NOREPLACE,
    ) {
        // Not every file system knows it.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {}
        moved => return Ok(moved?),
    }
    // A folder has no second name; where one is moved, nobody else has made anything of that name a moment before.
    if look(from, name)?.is_folder() {
        return match to.look_for(new)? {
            Some(_) => Err(ErrorKind::AlreadyExists.into()),
            None => replace(from, name, to, new),
        };
    }
    rustix::fs::linkat(&from.handle, name, &to.handle, new, AtFlags::empty())?;
    remove(from, name)
}

pub(super) fn remove(folder: &Folder, name: &OsStr) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(&folder.handle, checked(name)?, AtFlags::empty())?)
}

pub(super) fn remove_folder(folder: &Folder, name: &OsStr) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(&folder.handle, checked(name)?, AtFlags::REMOVEDIR)?)
}

pub(super) fn names(folder: &Folder) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(&folder.handle)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

pub(super) fn sync(folder: &Folder) -> io::Result<()> {
    folder.handle.sync_all()
}

pub(super) fn lock(folder: &Folder) -> io::Result<bool> {
    match folder.handle.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A name and no path: nothing that leads out of the folder.
fn checked(name: &OsStr) -> io::Result<&OsStr> {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.contains(&b'/') || bytes.contains(&0) {
        return Err(ErrorKind::InvalidFilename.into());
    }
    Ok(name)
}

fn mode_of(mode: u32) -> Mode {
    #[cfg_attr(target_os = "linux", expect(clippy::useless_conversion, reason = "the type differs between systems"))]
    Mode::from_raw_mode(mode.try_into().unwrap_or_default())
}

pub(super) fn with_handle(folder: &Folder, work: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    work(&folder.handle)
}
