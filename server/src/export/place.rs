//! Where an export goes: what may be there already, and how the new file gets there whole or not at all.
//!
//! The folder is opened once, and everything is done in what is open: who may rename and link in it cannot lead an
//! export elsewhere. hyperd, which opens by paths, gets one that leads to what is open here wherever there is such a path.

use std::ffi::{OsStr, OsString};
use std::fs::File;
#[cfg(unix)]
use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::leftovers::{self, Aside};
use super::unfinished::{Home, Unfinished};
use crate::args;
use crate::error::{Code, Error};
use crate::files::{FileKind, Folder, Found, refused};
use crate::session::{Database, Session};
use crate::words::excerpt;

/// What an Iceberg table consists of, so that no other folder is taken for one.
const ICEBERG_FOLDERS: [&str; 2] = ["data", METADATA_FOLDER];
const METADATA_FOLDER: &str = "metadata";
const METADATA_SUFFIX: &str = ".metadata.json";
/// What a file is called until it is whole.
const UNFINISHED: &str = "export";
/// A file that is made to see what permissions the user's umask leaves.
const SAMPLE: &str = "sample";
/// The permissions that the user's umask takes from.
const FILE_MODE: u32 = 0o666;
const FOLDER_MODE: u32 = 0o777;

/// A path that an export may write to.
#[derive(Debug)]
pub(super) struct Place {
    folder: Folder,
    name: OsString,
    path: PathBuf,
    overwrite: bool,
    /// What gives way.
    old: Option<Found>,
    restricted: bool,
}

/// A folder that is being written in its place; dropping it before [`Cleared::keep`] removes it and brings the old
/// one back.
pub(super) struct Cleared<'a> {
    place: &'a Place,
    old: Option<Aside<'a>>,
    kept: bool,
}

impl Place {
    /// Checks the path, before anything is done.
    pub(super) fn find(session: &Session, typed: &str, is_folder: bool, overwrite: bool) -> Result<Self, Error> {
        let typed_path = args::path("path", typed)?;
        if is_folder {
            session.paths().refuse_iceberg(&typed_path)?;
        }
        let ends_as_folder = typed.ends_with('/') && !is_folder;
        let (Some(_), Some(_), false) = (typed_path.parent(), typed_path.file_name(), ends_as_folder) else {
            return Err(Error::invalid(format!("{} names no file.", excerpt(typed))).suggest("Name the file to write."));
        };
        let mut place = Self::at(session, &typed_path, overwrite)?;
        // A link is followed, so that it stays one.
        if let Ok(Some(Found { kind: FileKind::Link, .. })) = place.folder.look_for(&place.name) {
            match place.path.canonicalize() {
                Ok(target) => place = Self::at(session, &target, overwrite)?,
                Err(_) if place.restricted => return Err(session.paths().refusal(&typed_path)),
                Err(_) => {}
            }
        }
        match place.folder.look_for(&place.name) {
            Ok(None) => {}
            Ok(Some(found)) => {
                place.refuse_attached(&found, &session.databases())?;
                place.refuse_taken(&found, is_folder)?;
                place.old = Some(found);
            }
            Err(error) => return Err(unwritable(&place.path, &error)),
        }
        Ok(place)
    }

    fn at(session: &Session, path: &Path, overwrite: bool) -> Result<Self, Error> {
        let parent = path.parent().unwrap_or(path);
        let name = path.file_name().unwrap_or_default().to_owned();
        let folder = session.paths().folder(parent)?.map_err(|error| missing(path, parent, &error))?;
        let path = folder.path().join(&name);
        Ok(Self { folder, name, path, overwrite, old: None, restricted: session.paths().is_restricted() })
    }

    /// The path without symbolic links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses a database of the session, under whatever name.
    fn refuse_attached(&self, found: &Found, databases: &[Database]) -> Result<(), Error> {
        let is = |database: &&Database| {
            let there = database.path.metadata();
            database.path == self.path || there.is_ok_and(|there| Found::of(&there).is_same(found))
        };
        let Some(database) = databases.iter().find(is) else { return Ok(()) };
        Err(Error::invalid(format!("{} is attached as `{}`.", self.path.display(), database.alias))
            .suggest("Choose another path, or detach the database first."))
    }

    fn refuse_taken(&self, found: &Found, is_folder: bool) -> Result<(), Error> {
        let path = self.path.display();
        if found.is_folder() && !is_folder {
            return Err(Error::invalid(format!("{path} is a folder.")).suggest("Name a file in it."));
        }
        if !found.is_folder() && !found.is_file() {
            return Err(Error::invalid(format!("{path} is no regular file.")).suggest("Choose another path."));
        }
        if !self.overwrite {
            return Err(taken(&self.path));
        }
        if is_folder && !(found.is_folder() && may_give_way(&self.folder, &self.name).unwrap_or_default()) {
            return Err(Error::invalid(format!("{path} is no Iceberg table, and is not replaced by one."))
                .suggest("Choose another path, or remove what is there first."));
        }
        Ok(())
    }

    /// An empty file that hyperd writes to, on the same file system.
    pub(super) fn unfinished(&self, session: &Session) -> Result<Unfinished<'_>, Error> {
        leftovers::sweep(&self.folder);
        let (aside, file) = self.aside_file().map_err(|error| unwritable(&self.path, &error))?;
        let handed = session.hand_over(&Arc::new(file));
        let path = match &handed {
            Some(handed) => handed.path().to_owned(),
            None => aside.folder().path().join(UNFINISHED),
        };
        Ok(Unfinished::new(Home::Ours { aside, _handed: handed }, path))
    }

    fn aside_file(&self) -> io::Result<(Aside<'_>, File)> {
        let aside = Aside::make(&self.folder)?;
        let file = aside.folder().create(UNFINISHED.as_ref(), FILE_MODE)?;
        Ok((aside, file))
    }

    /// A name for a file that hyperd makes itself.
    pub(super) fn unfinished_database(&self, session: &Session) -> Result<Unfinished<'_>, Error> {
        let failed = |error: io::Error| unwritable(&self.path, &error);
        if self.restricted {
            // Where others can link, hyperd could be led away; what is made elsewhere is copied.
            let folder = TempDir::new_in(session.scratch()).map_err(failed)?;
            let path = folder.path().join(UNFINISHED);
            return Ok(Unfinished::new(Home::Scratch(folder), path));
        }
        leftovers::sweep(&self.folder);
        let aside = Aside::make(&self.folder).map_err(failed)?;
        let path = aside.folder().path().join(UNFINISHED);
        Ok(Unfinished::new(Home::Theirs(aside), path))
    }

    /// Puts a file that is whole in its place; answers its size.
    pub(super) fn finish(&self, unfinished: &Unfinished<'_>) -> Result<u64, Error> {
        self.put(unfinished).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => taken(&self.path),
            _ => unwritable(&self.path, &error),
        })
    }

    fn put(&self, unfinished: &Unfinished<'_>) -> io::Result<u64> {
        let copied;
        let (home, made_by_hyperd) = match &unfinished.home {
            Home::Ours { aside, .. } => (aside.folder(), false),
            Home::Theirs(aside) => (aside.folder(), true),
            Home::Scratch(folder) => {
                copied = self.copied(folder)?;
                (copied.folder(), false)
            }
        };
        let file = home.file(UNFINISHED.as_ref())?;
        self.permit(&file, home, made_by_hyperd)?;
        // A crash of the machine after the rename must not leave a file without its content.
        file.sync_all()?;
        if self.overwrite {
            home.move_to(UNFINISHED.as_ref(), &self.folder, &self.name)?;
        } else {
            home.move_to_free(UNFINISHED.as_ref(), &self.folder, &self.name)?;
        }
        Ok(file.metadata()?.len())
    }

    /// A copy, beside the place, of what was made in the session's own folder.
    fn copied(&self, scratch: &TempDir) -> io::Result<Aside<'_>> {
        let mut made = Folder::open(scratch.path())?.file(UNFINISHED.as_ref())?;
        let (aside, mut copy) = self.aside_file()?;
        io::copy(&mut made, &mut copy)?;
        Ok(aside)
    }

    /// Gives the new file the permissions of the old one, or those that the user's umask leaves.
    fn permit(&self, file: &File, home: &Folder, made_by_hyperd: bool) -> io::Result<()> {
        if let Some(old) = &self.old {
            return keep_owner_and_mode(file, old);
        }
        if made_by_hyperd {
            let sample = home.create(SAMPLE.as_ref(), FILE_MODE)?;
            set_mode(file, Found::of(&sample.metadata()?).mode)?;
        }
        Ok(())
    }

    /// Makes way for a folder: an old one is kept aside for as long as the new one is not whole.
    pub(super) fn cleared(&self) -> Result<Cleared<'_>, Error> {
        leftovers::sweep(&self.folder);
        let failed = |error: io::Error| unwritable(&self.path, &error);
        let mut cleared = Cleared { place: self, old: None, kept: false };
        if self.old.is_some() {
            let aside = Aside::make(&self.folder).map_err(failed)?;
            // What is there by now may be another than was looked at.
            let moved = may_give_way(&self.folder, &self.name).and_then(|may| {
                if may {
                    self.folder.move_to(&self.name, aside.folder(), &self.name)
                } else {
                    Err(ErrorKind::AlreadyExists.into())
                }
            });
            moved.map_err(failed)?;
            cleared.old = Some(aside);
        }
        // Made here, so that two exports to one path cannot both think that it is theirs.
        if let Err(error) = self.folder.make(&self.name, FOLDER_MODE) {
            cleared.kept = true;
            cleared.bring_back();
            return Err(if error.kind() == ErrorKind::AlreadyExists { taken(&self.path) } else { failed(error) });
        }
        Ok(cleared)
    }
}

impl Cleared<'_> {
    /// The folder is whole and stays; answers the size of its files.
    pub(super) fn keep(mut self) -> Result<u64, Error> {
        let place = self.place;
        let failed = |error: io::Error| unwritable(&place.path, &error);
        let folder = place.folder.child(&place.name).map_err(failed)?;
        let modes = folder.found().map(|found| found.mode).map_err(failed)?;
        let bytes = settle(&folder, modes).map_err(failed)?;
        if let Some(old) = &place.old {
            folder.with_handle(|handle| keep_owner_and_mode(handle, old)).map_err(failed)?;
        }
        self.kept = true;
        self.old = None;
        Ok(bytes)
    }

    fn bring_back(&mut self) {
        let Some(mut aside) = self.old.take() else { return };
        if let Err(error) = aside.folder().move_to_free(&self.place.name, &self.place.folder, &self.place.name) {
            // It must not go with its folder: that is all that is left of it.
            let left = aside.keep();
            tracing::error!(%error, path = %left.display(), "a table could not be put back and is kept here");
        }
    }
}

impl Drop for Cleared<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = self.place.folder.remove_all(&self.place.name) {
            tracing::warn!(%error, path = %self.place.path.display(), "a part of a failed export is left behind");
        }
        self.bring_back();
    }
}

/// Whether a folder is an Iceberg table and nothing else, or empty.
pub(super) fn may_give_way(folder: &Folder, name: &OsStr) -> io::Result<bool> {
    let table = folder.child(name)?;
    let names = table.names()?;
    for name in &names {
        if !ICEBERG_FOLDERS.iter().any(|own| name == own) || !table.look(name)?.is_folder() {
            return Ok(false);
        }
    }
    Ok(names.is_empty() || is_whole(&table)?)
}

/// Whether a folder has the metadata of an Iceberg table, which is written last.
pub(super) fn is_whole(table: &Folder) -> io::Result<bool> {
    let metadata = match table.child(METADATA_FOLDER.as_ref()) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    for name in metadata.names()? {
        if name.to_string_lossy().ends_with(METADATA_SUFFIX) && metadata.look(&name)?.is_file() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Gives what hyperd made in a folder the permissions that the folder was made with; answers the bytes of all files.
fn settle(folder: &Folder, mode: u32) -> io::Result<u64> {
    let mut bytes = 0;
    for name in folder.names()? {
        let found = folder.look(&name)?;
        if found.is_folder() {
            let inner = folder.child(&name)?;
            bytes += settle(&inner, mode)?;
            inner.with_handle(|handle| set_mode(handle, mode))?;
        } else if found.is_file() {
            set_mode(&folder.file(&name)?, mode & FILE_MODE)?;
            bytes += found.bytes;
        }
    }
    Ok(bytes)
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Makes a file like the one that it replaces. Who may not give a file to another group takes from the group what
/// others may not do either, so that nobody gets in who was kept out.
#[cfg(unix)]
fn keep_owner_and_mode(file: &File, old: &Found) -> io::Result<()> {
    const GROUP: u32 = 0o070;
    const OTHERS: u32 = 0o007;
    const GROUP_OVER_OTHERS: u32 = 3;
    let now = Found::of(&file.metadata()?);
    let mut mode = old.mode;
    if now.owner != old.owner {
        // Only root may; for all others the file becomes theirs, as with any program that replaces files.
        let _ = std::os::unix::fs::fchown(file, Some(old.owner), None);
    }
    if now.group != old.group && std::os::unix::fs::fchown(file, None, Some(old.group)).is_err() {
        mode &= !GROUP | ((mode & OTHERS) << GROUP_OVER_OTHERS);
    }
    set_mode(file, mode)
}

#[cfg(not(unix))]
fn keep_owner_and_mode(_file: &File, _old: &Found) -> io::Result<()> {
    Ok(())
}

fn taken(path: &Path) -> Error {
    Error::new(Code::FileExists, format!("{} exists already; it was not changed.", path.display()))
        .suggest("Pass overwrite: true to replace it, or choose another path.")
}

fn missing(path: &Path, folder: &Path, error: &io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            Error::new(Code::FileNotFound, format!("Could not use the folder {}: {error}.", folder.display()))
                .suggest("Make the folder first, or choose another path.")
        }
        _ => unwritable(path, error),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    refused(format!("Could not write to {}", path.display()), error)
}
