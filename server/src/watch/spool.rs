//! The files of a watched folder: taking one, and what becomes of it. The protocol is told in [`super`].

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::to_string_pretty;

use super::lock::{Lock, gone};
use super::mark::Mark;
use super::names::{is_sentinel, numbered, ready_name, sentinel_of, with_suffix};
use super::trust::{self, PRIVATE, SHARED};
use crate::error::Error;
use crate::files::{Folder, Found};

pub(super) const LOADING: &str = "loading";
pub(super) const FAILED: &str = "failed";
/// The permissions that the user's umask takes from.
const FILE_MODE: u32 = 0o666;

/// The part of a folder's `loading` that is this watch's own, for as long as it holds the lock beside it.
#[derive(Debug)]
pub(super) struct Spool {
    pub(super) folder: Folder,
    pub(super) loading: Folder,
    pub(super) own: Folder,
    pub(super) owner: OsString,
    pub(super) lock: Mutex<Option<Lock>>,
    count: AtomicU64,
    /// The names of the files that this watch has taken, of which no other one is taken meanwhile.
    taken: Mutex<BTreeSet<OsString>>,
}

/// A file that was taken, in a folder of its own.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    /// No other has it, in no folder.
    pub(super) id: String,
    /// The file's name.
    pub(super) name: OsString,
    /// It was taken by a watch that did not come to its end.
    pub(super) taken_over: bool,
    spool: Arc<Spool>,
}

/// What came of trying to take a file.
#[derive(Debug)]
pub(super) enum Claim {
    /// It was taken.
    Taken(Delivery),
    /// It is not there or not ready, or it is another's.
    Nothing,
    /// It was written to after its sentinel, and may not be whole: it is to be left alone while this goes on.
    Unsettled(Found),
}

impl Spool {
    /// Makes what is needed in `folder`.
    pub(super) fn open(folder: Folder) -> io::Result<Arc<Self>> {
        trust::check(&folder, FAILED)?;
        // The lock is held before there is a folder that another server could take for one that was left.
        let (loading, lock) = Lock::make(&folder)?;
        let owner = lock.owner().to_owned();
        let own = loading.make(&owner, PRIVATE)?;
        let (lock, count) = (Mutex::new(Some(lock)), AtomicU64::new(0));
        Ok(Arc::new(Self { folder, loading, own, owner, lock, count, taken: Mutex::default() }))
    }

    /// The names of the files that are said to be ready, in order.
    pub(super) fn ready(&self) -> io::Result<Vec<OsString>> {
        Ok(self.folder.names()?.iter().filter_map(|name| ready_name(Path::new(name))).collect())
    }

    /// Whether the folder is still what is under its path.
    pub(super) fn is_in_place(&self) -> bool {
        let there = Folder::open(self.folder.path()).and_then(|there| there.found());
        let own = self.folder.found();
        matches!((there, own), (Ok(there), Ok(own)) if there.identity == own.identity)
    }

    /// Takes a file. `settled` is what it was some time ago, where it had to be waited for.
    pub(super) fn claim(self: &Arc<Self>, name: &OsStr, settled: Option<&Found>) -> io::Result<Claim> {
        // A file that is itself named like a sentinel could not be told from one.
        if is_sentinel(name) {
            return Ok(Claim::Nothing);
        }
        let sentinel = self.folder.look_for(&sentinel_of(name))?.filter(Found::is_file);
        let (Some(sentinel), Some(found)) = (sentinel, self.folder.look_for(name)?) else { return Ok(Claim::Nothing) };
        if found.changed_ns > sentinel.changed_ns && !settled.is_some_and(|before| before.is_unchanged(&found)) {
            return Ok(Claim::Unsettled(found));
        }
        if self.is_held_by_others(name)? || !self.lock_taken().insert(name.to_owned()) {
            return Ok(Claim::Nothing);
        }
        let delivery = self.delivery(self.next_id(), name, false);
        match self.take(&delivery, &Mark::of(&sentinel)) {
            Ok(true) => Ok(Claim::Taken(delivery)),
            Ok(false) => Ok(Claim::Nothing),
            Err(error) => {
                self.lock_taken().remove(name);
                Err(error)
            }
        }
    }

    fn take(&self, delivery: &Delivery, mark: &Mark) -> io::Result<bool> {
        let (name, id) = (&delivery.name, OsStr::new(&delivery.id));
        let sentinel = sentinel_of(name);
        let own = self.own.make(id, PRIVATE)?;
        mark.write(own.create(&sentinel, FILE_MODE)?)?;
        let moved = self.folder.move_to(name, &own, name);
        // Another server may have taken an earlier file of that name a moment ago, whose sentinel that was.
        let is_free = moved.is_ok() && !self.is_held_by_others(name)?;
        if is_free && let Some(now) = self.folder.look_for(&sentinel)? {
            // Who makes a sentinel may go on with it for a moment, to set its time or to write into it.
            if Mark::of(&now) != *mark {
                own.remove(&sentinel)?;
                Mark::of(&now).write(own.create(&sentinel, FILE_MODE)?)?;
            }
            return Ok(true);
        }
        if moved.is_ok() && own.move_to_free(name, &self.folder, name).is_err() {
            // There is a new one already; this one stays for a later watch, which loads it.
            return Ok(false);
        }
        own.remove(&sentinel)?;
        self.own.remove_folder(id)?;
        self.lock_taken().remove(name);
        moved.or_else(gone).map(|()| false)
    }

    pub(super) fn delivery(self: &Arc<Self>, id: String, name: &OsStr, taken_over: bool) -> Delivery {
        Delivery { id, name: name.to_owned(), taken_over, spool: Arc::clone(self) }
    }

    fn next_id(&self) -> String {
        format!("{}-{}", self.owner.to_string_lossy(), self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether a watch of another server has a file of that name.
    fn is_held_by_others(&self, name: &OsStr) -> io::Result<bool> {
        for owner in self.loading.names()? {
            // What goes away meanwhile holds nothing.
            let Ok(other) = self.loading.child(&owner) else { continue };
            if owner == self.owner {
                continue;
            }
            for id in other.names().unwrap_or_default() {
                if other.child(&id).is_ok_and(|folder| folder.look(name).is_ok()) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Moves the sentinel that a delivery was taken for out of the folder, over its mark; false where it is gone, or
    /// where a later one has its name.
    fn take_sentinel(&self, own: &Folder, name: &OsStr) -> io::Result<bool> {
        let sentinel = sentinel_of(name);
        let mark = match own.file(&sentinel) {
            Ok(file) => Mark::read(file)?,
            Err(error) => return gone(error).map(|()| false),
        };
        let Some(mark) = mark else { return Ok(false) };
        // One that was only written to since is still this one's, unless there is a new file that it may stand for.
        let is_ours = |found: &Found| -> io::Result<bool> {
            let is_alone = || Ok(mark.is_same_file(found) && self.folder.look_for(name)?.is_none());
            if Mark::of(found) == mark { Ok(true) } else { is_alone() }
        };
        match self.folder.look_for(&sentinel)? {
            Some(found) if is_ours(&found)? => {}
            _ => return Ok(false),
        }
        match self.folder.move_to(&sentinel, own, &sentinel) {
            Ok(()) if is_ours(&own.look(&sentinel)?)? => Ok(true),
            // It became another one at the last moment, and says that a new file is ready.
            Ok(()) => own.move_to_free(&sentinel, &self.folder, &sentinel).map(|()| false),
            Err(error) => gone(error).map(|()| false),
        }
    }

    /// Ends what a folder of a delivery without its file was about: nothing was taken yet, or all was done.
    pub(super) fn conclude(&self, id: &OsStr, name: &OsStr) -> io::Result<()> {
        let own = self.own.child(id)?;
        let sentinel = sentinel_of(name);
        let is_mark = Mark::read(own.file(&sentinel)?)?.is_some();
        let is_there = self.folder.look_for(name)?.is_some();
        if is_mark && !is_there {
            self.take_sentinel(&own, name)?;
        } else if !is_mark && is_there && self.folder.look_for(&sentinel)?.is_none() {
            own.move_to_free(&sentinel, &self.folder, &sentinel)?;
        }
        own.remove(&sentinel).or_else(gone)?;
        self.own.remove_folder(id)
    }

    pub(super) fn lock_taken(&self) -> MutexGuard<'_, BTreeSet<OsString>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Delivery {
    /// The file, and what it is. What is no file of one name is not opened.
    pub(super) fn open(&self) -> io::Result<(Option<File>, Found)> {
        let own = self.own()?;
        let found = own.look(&self.name)?;
        if !found.is_file() || found.names > 1 {
            return Ok((None, found));
        }
        let file = own.file(&self.name)?;
        let found = Found::of(&file.metadata()?);
        Ok((Some(file), found))
    }

    /// Removes it: it was loaded.
    pub(super) fn discard(&self) -> io::Result<()> {
        let own = self.own()?;
        // The sentinel goes first: without its file it would seem to wait for one.
        self.spool.take_sentinel(&own, &self.name)?;
        own.remove(&self.name).or_else(gone)?;
        own.remove(&sentinel_of(&self.name)).or_else(gone)?;
        self.end()
    }

    /// Puts it back; where there is a new one of its name it stays where it is, for a later watch.
    pub(super) fn release(&self) -> io::Result<()> {
        let own = self.own()?;
        let (folder, sentinel) = (&self.spool.folder, sentinel_of(&self.name));
        match own.move_to_free(&self.name, folder, &self.name) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            moved => moved.or_else(gone)?,
        }
        if folder.look_for(&sentinel)?.is_none() {
            folder.create(&sentinel, FILE_MODE)?;
        }
        own.remove(&sentinel).or_else(gone)?;
        self.end()
    }

    /// Moves it to `failed`, with the reason beside it, and then its sentinel.
    pub(super) fn fail(&self, error: &Error) -> io::Result<()> {
        let own = self.own()?;
        let failed = trust::own_folder(&self.spool.folder, FAILED, SHARED)?;
        let mut reason = to_string_pretty(&error.to_json()["error"]).map_err(io::Error::from)?;
        reason.push('\n');
        let mut number = 1;
        let name = loop {
            let name = numbered(&self.name, number);
            // Making the file of the reason is what reserves the name: no failed file replaces an earlier one.
            match failed.create(&with_suffix(&name, "error"), FILE_MODE) {
                Ok(mut file) => {
                    file.write_all(reason.as_bytes())?;
                    break name;
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        };
        own.move_to(&self.name, &failed, &name).or_else(gone)?;
        if self.spool.take_sentinel(&own, &self.name)? {
            own.move_to(&sentinel_of(&self.name), &failed, &sentinel_of(&name))?;
        }
        own.remove(&sentinel_of(&self.name)).or_else(gone)?;
        self.end()
    }

    fn own(&self) -> io::Result<Folder> {
        self.spool.own.child(self.id.as_ref())
    }

    fn end(&self) -> io::Result<()> {
        self.spool.own.remove_folder(self.id.as_ref())?;
        self.spool.lock_taken().remove(&self.name);
        Ok(())
    }
}
