//! The folders in a watched folder that are the server's own, where others may write beside them.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};

use crate::files::{FileKind, Folder, Found};

/// Permissions to write that are not the owner's.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// Permissions of a folder that nobody else looks into.
pub(super) const PRIVATE: u32 = 0o700;
/// Permissions of a folder that others may read, as far as the user's umask lets them.
pub(super) const SHARED: u32 = 0o755;

/// A folder of the server's own in another one, made where it is missing. A link is not followed, and what somebody else
/// has made is not used: whoever makes it decides what becomes of what is moved there.
pub(super) fn own_folder(parent: &Folder, name: &str, mode: u32) -> io::Result<Folder> {
    let own = match parent.make(name.as_ref(), mode) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => existing(parent, name)?,
        new => new?,
    };
    let found = own.found()?;
    refuse_foreign(name, &found)?;
    // What others may read is worked on by names that are made anew; what is loaded must stay what it was.
    if mode == PRIVATE && found.mode & WRITABLE_BY_OTHERS != 0 {
        return Err(refusal(name, "writable by others"));
    }
    Ok(own)
}

/// The same, where it is there.
pub(super) fn existing(parent: &Folder, name: &str) -> io::Result<Folder> {
    match parent.look(name.as_ref())?.kind {
        FileKind::Folder => parent.child(name.as_ref()),
        FileKind::Link => Err(refusal(name, "a symbolic link")),
        FileKind::File | FileKind::Other => Err(refusal(name, "no folder")),
    }
}

/// Refuses a folder that is there and is not the server's own; none is fine.
pub(super) fn check(parent: &Folder, name: &str) -> io::Result<()> {
    match parent.look_for(name.as_ref())? {
        None => Ok(()),
        Some(_) => refuse_foreign(name, &existing(parent, name)?.found()?),
    }
}

fn refuse_foreign(name: &str, found: &Found) -> io::Result<()> {
    if !is_ours(found) {
        return Err(refusal(name, &format!("another user's (uid {})", found.owner)));
    }
    Ok(())
}

/// Whether something is this user's own, and a folder that nobody else writes to.
pub(super) fn is_own_folder(parent: &Folder, name: &OsStr) -> io::Result<bool> {
    let found = parent.look_for(name)?;
    Ok(found.is_some_and(|found| found.is_folder() && is_ours(&found) && found.mode & WRITABLE_BY_OTHERS == 0))
}

fn refusal(name: &str, what: &str) -> io::Error {
    io::Error::new(
        ErrorKind::PermissionDenied,
        format!(
            "its folder `{name}` is {what}, and the server keeps files there; remove it or give it to the server's user"
        ),
    )
}

#[cfg(unix)]
fn is_ours(found: &Found) -> bool {
    // What root has made is root's to decide.
    const ROOT: u32 = 0;
    found.owner == rustix::process::geteuid().as_raw() || found.owner == ROOT
}

#[cfg(not(unix))]
fn is_ours(_found: &Found) -> bool {
    true
}
