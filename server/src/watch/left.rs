//! What watches that are gone have left in `loading`.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::lock::{self, gone, is_lock, lock_of};
use super::names::{is_sentinel, ready_name};
use super::spool::{Delivery, LOADING, Spool};
use super::trust;
use crate::files::Folder;

impl Spool {
    /// Takes over what watches of the folder that are gone had taken. What is a link, or another user's, is left alone.
    pub(super) fn take_over(self: &Arc<Self>) -> io::Result<Vec<Delivery>> {
        let mut deliveries = Vec::new();
        for name in self.loading.names()? {
            if is_lock(&name) {
                lock::sweep(&self.loading, &name)?;
                continue;
            }
            if name == self.owner || !trust::is_own_folder(&self.loading, &name)? {
                continue;
            }
            let Some(_lock) = lock::of_left(&self.loading, &name)? else { continue };
            let left = match self.loading.child(&name) {
                Ok(left) => left,
                Err(error) => {
                    gone(error)?;
                    continue;
                }
            };
            for id in left.names()? {
                if trust::is_own_folder(&left, &id)? {
                    deliveries.extend(self.adopt(&left, &id)?);
                }
            }
            match self.loading.remove_folder(&name) {
                // What is not ours to move keeps it there.
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => continue,
                removed => removed.or_else(gone)?,
            }
            self.loading.remove(&lock_of(&name)).or_else(gone)?;
        }
        Ok(deliveries)
    }

    /// Moves one taken file here, and completes what its taker was about to do.
    fn adopt(self: &Arc<Self>, left: &Folder, id: &OsStr) -> io::Result<Option<Delivery>> {
        match left.move_to(id, &self.own, id) {
            Ok(()) => {}
            Err(error) => return gone(error).map(|()| None),
        }
        let names = self.own.child(id)?.names()?;
        let data = names.iter().find(|name| !is_sentinel(name));
        let sentinel = names.iter().find_map(|name| ready_name(Path::new(name)));
        match (data, sentinel) {
            (Some(name), _) => {
                self.lock_taken().insert(name.clone());
                Ok(Some(self.delivery(id.to_string_lossy().into_owned(), name, true)))
            }
            (None, Some(name)) => self.conclude(id, &name).map(|()| None),
            (None, None) => self.own.remove_folder(id).map(|()| None),
        }
    }

    /// The ids in `noted` that no watch of the folder has any more.
    pub(super) fn finished(&self, noted: Vec<String>) -> io::Result<Vec<String>> {
        let mut owners: Vec<OsString> = Vec::new();
        let mut held: Vec<OsString> = Vec::new();
        for owner in self.loading.names()? {
            if let Ok(folder) = self.loading.child(&owner) {
                held.extend(folder.names()?);
                owners.push(owner);
            }
        }
        let open = |id: &String| {
            let owner = id.rsplit_once('-').map(|(owner, _)| OsStr::new(owner));
            held.iter().any(|held| held == OsStr::new(id))
                || owners.iter().any(|known| Some(known.as_os_str()) == owner)
        };
        Ok(noted.into_iter().filter(|id| !open(id)).collect())
    }

    /// Removes what [`Spool::open`] made, unless a file is left in it.
    pub(super) fn close(&self) {
        let Some(lock) = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        // A later watch takes over what is there; the lock file stays, without its lock.
        if self.loading.remove_folder(&self.owner).is_ok() {
            let _ = self.loading.remove(&lock_of(&self.owner));
            drop(lock);
            // Another watch, here or in another server, may still need it.
            let _ = self.folder.remove_folder(LOADING.as_ref());
        }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.close();
    }
}
