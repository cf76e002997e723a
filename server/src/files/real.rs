//! Where something that is open really is.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::found::Found;

/// The system's own link to what is open here, which leads to that and to nothing else; none where there are no such
/// links.
pub fn descriptor_link(file: &File) -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    return Some(link_of(file));
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        None
    }
}

/// Opens a file once more that is open already, from its start. Where the system can do that by the path alone, another
/// file that is there by now is an error.
pub fn open_again(file: &File, path: &Path) -> io::Result<File> {
    if let Some(link) = descriptor_link(file)
        && let Ok(again) = File::open(link)
    {
        return Ok(again);
    }
    let again = File::open(path)?;
    let same = Found::of(&again.metadata()?).identity == Found::of(&file.metadata()?).identity;
    if same { Ok(again) } else { Err(io::Error::other("another file has taken its place")) }
}

/// The path of an open file or folder, without links. `typed` is the path under which it was opened.
#[cfg(target_os = "linux")]
pub(super) fn path_of(handle: &File, typed: &Path) -> io::Result<PathBuf> {
    match std::fs::read_link(link_of(handle)) {
        Ok(path) => Ok(path),
        // Without /proc only the path tells.
        Err(_) => typed.canonicalize(),
    }
}

/// The system's own link to an open file, which leads to it and to nothing else.
#[cfg(target_os = "linux")]
pub(super) fn link_of(handle: &File) -> PathBuf {
    use std::os::fd::AsRawFd as _;
    PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), handle.as_raw_fd()))
}

#[cfg(target_vendor = "apple")]
pub(super) fn path_of(handle: &File, _typed: &Path) -> io::Result<PathBuf> {
    use std::os::unix::ffi::OsStringExt as _;
    let path = rustix::fs::getpath(handle)?;
    Ok(PathBuf::from(std::ffi::OsString::from_vec(path.into_bytes())))
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(super) fn path_of(_handle: &File, typed: &Path) -> io::Result<PathBuf> {
    typed.canonicalize()
}
