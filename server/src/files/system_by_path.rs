//! Elsewhere: each folder is its path, and what is checked may be another a moment later.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::found::Found;

pub(super) type Handle = ();

fn at(folder: &Folder, name: &OsStr) -> PathBuf {
    folder.path().join(name)
}

fn is_folder(path: &Path) -> io::Result<()> {
    if path.symlink_metadata()?.is_dir() { Ok(()) } else { Err(ErrorKind::NotADirectory.into()) }
}

pub(super) fn open(path: &Path) -> io::Result<Handle> {
    is_folder(&path.canonicalize()?)
}

pub(super) fn open_file(path: &Path) -> io::Result<(File, Found)> {
    let file = File::open(path)?;
    let found = Found::of(&file.metadata()?);
    Ok((file, found))
}

pub(super) fn real_path(_handle: &Handle, path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

pub(super) fn child(folder: &Folder, name: &OsStr) -> io::Result<Handle> {
    is_folder(&at(folder, name))
}

pub(super) fn make(folder: &Folder, name: &OsStr, _mode: u32) -> io::Result<()> {
    fs::create_dir(at(folder, name))
}

pub(super) fn itself(folder: &Folder) -> io::Result<Found> {
    Ok(Found::of(&folder.path().metadata()?))
}

pub(super) fn look(folder: &Folder, name: &OsStr) -> io::Result<Found> {
    Ok(Found::of(&at(folder, name).symlink_metadata()?))
}

pub(super) fn file(folder: &Folder, name: &OsStr) -> io::Result<File> {
    File::open(at(folder, name))
}

pub(super) fn create(folder: &Folder, name: &OsStr, _mode: u32) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).open(at(folder, name))
}

pub(super) fn replace(from: &Folder, name: &OsStr, to: &Folder, new: &OsStr) -> io::Result<()> {
    fs::rename(at(from, name), at(to, new))
}

pub(super) fn place(from: &Folder, name: &OsStr, to: &Folder, new: &OsStr) -> io::Result<()> {
    if to.look_for(new)?.is_some() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    replace(from, name, to, new)
}

pub(super) fn remove(folder: &Folder, name: &OsStr) -> io::Result<()> {
    fs::remove_file(at(folder, name))
}

pub(super) fn remove_folder(folder: &Folder, name: &OsStr) -> io::Result<()> {
    fs::remove_dir(at(folder, name))
}

pub(super) fn names(folder: &Folder) -> io::Result<Vec<OsString>> {
    fs::read_dir(folder.path())?.map(|entry| entry.map(|entry| entry.file_name())).collect()
}

pub(super) fn sync(_folder: &Folder) -> io::Result<()> {
    Ok(())
}

pub(super) fn lock(_folder: &Folder) -> io::Result<bool> {
    Err(ErrorKind::Unsupported.into())
}

pub(super) fn with_handle(_folder: &Folder, _work: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    Ok(())
}
