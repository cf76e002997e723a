//! A folder that is held open.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::found::Found;
use super::system;

/// A folder that is held open: what is done by a name in it is done there, whatever becomes of its path meanwhile. No
/// link under a name is followed.
#[derive(Debug)]
pub struct Folder {
    pub(super) handle: system::Handle,
    path: PathBuf,
}

impl Folder {
    /// Opens the folder that is at `path` now, which may lead there through links.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { handle: system::open(path)?, path: path.to_owned() })
    }

    /// The same, with the path that it has without links.
    pub fn resolved(path: &Path) -> io::Result<Self> {
        let handle = system::open(path)?;
        let path = system::real_path(&handle, path)?;
        Ok(Self { handle, path })
    }

    /// Opens a folder in this one.
    pub fn child(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self { handle: system::child(self, name)?, path: self.path.join(name) })
    }

    /// Makes a folder in this one, with these permissions less those that the user's umask takes away.
    pub fn make(&self, name: &OsStr, mode: u32) -> io::Result<Self> {
        system::make(self, name, mode)?;
        self.child(name)
    }

    /// Where it was when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the folder itself is now.
    pub fn found(&self) -> io::Result<Found> {
        system::itself(self)
    }

    /// What is under a name.
    pub fn look(&self, name: &OsStr) -> io::Result<Found> {
        system::look(self, name)
    }

    /// What is under a name, if anything is.
    pub fn look_for(&self, name: &OsStr) -> io::Result<Option<Found>> {
        match self.look(name) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a file for reading; does not wait for anybody who would write to a FIFO.
    pub fn file(&self, name: &OsStr) -> io::Result<File> {
        system::file(self, name)
    }

    /// Makes a file that is not there yet, for reading and writing.
    pub fn create(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        system::create(self, name, mode)
    }

    /// Moves what is under a name to another folder of the same file system; a file that is there gives way.
    pub fn move_to(&self, name: &OsStr, to: &Self, new: &OsStr) -> io::Result<()> {
        system::replace(self, name, to, new)
    }

    /// The same, but fails where something is there.
    pub fn move_to_free(&self, name: &OsStr, to: &Self, new: &OsStr) -> io::Result<()> {
        system::place(self, name, to, new)
    }

    /// Removes a file or a link.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        system::remove(self, name)
    }

    /// Removes an empty folder.
    pub fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        system::remove_folder(self, name)
    }

    /// Removes whatever is under a name, with all that is in it.
    pub fn remove_all(&self, name: &OsStr) -> io::Result<()> {
        if !self.look(name)?.is_folder() {
            return self.remove(name);
        }
        let folder = self.child(name)?;
        for inner in folder.names()? {
            folder.remove_all(&inner)?;
        }
        self.remove_folder(name)
    }

    /// All names in it, in order.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = system::names(self)?;
        names.sort();
        Ok(names)
    }

    /// Writes its names to the disk, so that what was moved into it is there after a power cut.
    pub fn sync(&self) -> io::Result<()> {
        system::sync(self)
    }

    /// Does something with the open folder itself, where the system opens folders.
    pub fn with_handle(&self, work: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
        system::with_handle(self, work)
    }

    /// Locks the folder, unless somebody else has it locked; as long as this is open.
    pub fn lock(&self) -> io::Result<bool> {
        system::lock(self)
    }
}
