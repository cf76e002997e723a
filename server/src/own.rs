//! Files and folders that are this user's alone. What another user may have put in their place is refused: it is neither
//! followed (a link), nor waited for (a pipe), nor believed (a file of somebody else).
//!
//! Windows keeps a user's folders to the user, and makes no link without a privilege: there, nothing is checked.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// What its user alone may enter.
#[cfg(unix)]
const FOLDER_MODE: u32 = 0o700;
/// What its user alone may read and write.
#[cfg(unix)]
const FILE_MODE: u32 = 0o600;
#[cfg(unix)]
const OTHERS_MODE: u32 = 0o077;

/// Opens a file that this user made. A pipe, a link or another user's file is an error, and nobody waits for it.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_with(path, File::options().read(true).write(true))
}

/// The same, and the file is made where it is missing, for this user alone.
pub(crate) fn open_or_make(path: &Path) -> io::Result<File> {
    open_with(path, File::options().read(true).write(true).create(true))
}

/// The same for a file that only grows.
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    open_with(path, File::options().append(true).create(true))
}

/// Reads a file that this user made, and no more of it than `bytes_max`.
pub(crate) fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_with(path, File::options().read(true))?.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes a folder for this user alone, and those above it that are missing. One that is there is closed to others.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    match platform::make_folder(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    check_folder(path)?;
    platform::close_folder(path)
}

/// Refuses what is no folder, a link to one, and a folder of another user.
pub(crate) fn check_folder(path: &Path) -> io::Result<()> {
    let found = path.symlink_metadata()?;
    if found.is_symlink() {
        return Err(refused("it is a link"));
    }
    if !found.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    check_owner(&found)
}

/// Whether a path is a folder that only this user can enter and change.
pub(crate) fn is_private_folder(path: &Path) -> io::Result<bool> {
    let found = path.symlink_metadata()?;
    Ok(found.is_dir() && platform::is_own(&found) && platform::is_private(&found))
}

/// Whether the file that is open is the one that a path leads to.
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(opened), Ok(found)) => platform::is_same(&opened, &found),
        _ => false,
    }
}

/// Has a temporary folder made for this user alone.
pub(crate) fn restrict(builder: &mut tempfile::Builder<'_, '_>) {
    platform::restrict(builder);
}

fn open_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = platform::guarded(options).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(refused("it is no regular file"));
    }
    check_owner(&found)?;
    Ok(file)
}

fn check_owner(found: &Metadata) -> io::Result<()> {
    if platform::is_own(found) { Ok(()) } else { Err(refused("it belongs to another user")) }
}

fn refused(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, reason)
}

#[cfg(unix)]
mod platform {
    use std::fs::{self, DirBuilder, Metadata, OpenOptions, Permissions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
    use std::path::Path;

    use rustix::fs::OFlags;

    use super::{FILE_MODE, FOLDER_MODE, OTHERS_MODE};

    pub(super) fn guarded(options: &mut OpenOptions) -> &mut OpenOptions {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        options.mode(FILE_MODE).custom_flags(flags.bits().cast_signed())
    }

    pub(super) fn make_folder(path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(FOLDER_MODE).create(path)
    }

    pub(super) fn close_folder(path: &Path) -> io::Result<()> {
        fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))
    }

    pub(super) fn is_own(found: &Metadata) -> bool {
        found.uid() == rustix::process::geteuid().as_raw()
    }

    pub(super) fn is_private(found: &Metadata) -> bool {
        found.mode() & OTHERS_MODE == 0
    }

    pub(super) fn is_same(one: &Metadata, other: &Metadata) -> bool {
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }

    pub(super) fn restrict(builder: &mut tempfile::Builder<'_, '_>) {
        builder.permissions(Permissions::from_mode(FOLDER_MODE));
    }
}

#[cfg(not(unix))]
mod platform {
    use std::fs::{self, Metadata, OpenOptions};
    use std::io;
    use std::path::Path;

    pub(super) fn guarded(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn make_folder(path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the signature is that of the other systems")]
    pub(super) fn close_folder(_path: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn is_own(_found: &Metadata) -> bool {
        true
    }

    pub(super) fn is_private(_found: &Metadata) -> bool {
        true
    }

    /// No file that is open can be taken away.
    pub(super) fn is_same(_one: &Metadata, _other: &Metadata) -> bool {
        true
    }

    pub(super) fn restrict(_builder: &mut tempfile::Builder<'_, '_>) {}
}
