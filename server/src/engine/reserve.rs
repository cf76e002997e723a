//! Room on a disk that is kept for writing a database out.
//!
//! hyperd keeps a change in memory until the last connection lets go of the file. If there is no room by then, it throws
//! the change away. So room is taken before the change is made, which fails where there is none and nothing is changed
//! yet, and is given back just before the file is written.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::error::{Code, Error};
use crate::limits;

/// Room beside one database file; dropping it gives the room back.
#[derive(Debug)]
pub(super) struct Reserve {
    /// A file without a name, which goes with its handle, also where the process is killed.
    _file: Option<File>,
}

/// The reserves that are held at this moment: one a file, shared by all calls that change it.
#[derive(Debug, Default)]
pub(super) struct Reserves(Mutex<HashMap<PathBuf, Weak<Reserve>>>);

impl Reserves {
    /// Takes room beside `path`, or shares what is taken.
    ///
    /// # Errors
    ///
    /// `DISK_FULL` where there is no room.
    pub(super) async fn take(self: &Arc<Self>, path: &Path) -> Result<Arc<Reserve>, Error> {
        if let Some(held) = self.lock().get(path).and_then(Weak::upgrade) {
            return Ok(held);
        }
        let (this, path) = (Arc::clone(self), path.to_owned());
        let taken = tokio::task::spawn_blocking(move || {
            let reserve = Arc::new(Reserve { _file: allocate(&path)? });
            let mut all = this.lock();
            all.retain(|_, reserve| reserve.strong_count() > 0);
            all.insert(path, Arc::downgrade(&reserve));
            Ok(reserve)
        });
        taken.await.map_err(|error| Error::internal(format!("Looking for room on a disk panicked: {error}")))?
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Weak<Reserve>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room in the folder of `path`; none where the file system gives no promise of room, but has enough of it now.
fn allocate(path: &Path) -> Result<Option<File>, Error> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    match try_to_allocate(folder) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            Err(no_room(path, &error))
        }
        // A file may be writable in a folder that is not, and not every file system knows how to set room aside.
        Err(_) if free_bytes(folder).is_none_or(|free| free >= limits::RESERVE_BYTES) => Ok(None),
        Err(_) => Err(no_room(path, &io::ErrorKind::StorageFull.into())),
    }
}

#[cfg(target_os = "linux")]
fn try_to_allocate(folder: &Path) -> io::Result<File> {
    let file = tempfile::tempfile_in(folder)?;
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, limits::RESERVE_BYTES)?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
fn try_to_allocate(_folder: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(folder).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

fn no_room(path: &Path, error: &io::Error) -> Error {
    let needed = limits::RESERVE_BYTES >> 20;
    Error::new(Code::DiskFull, format!("There is no room to write {}: {error}. Nothing was changed.", path.display()))
        .suggest(format!(
            "Make at least {needed} MiB free on that disk and call again, or use a database on another disk."
        ))
}
