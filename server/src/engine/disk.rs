//! What is known about the files of databases beyond hyperd: which changes are not on disk yet, and which are lost.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::on_disk;
use super::reserve::Reserves;
use crate::call::{OnDisk, Unwritten};
use crate::error::{Code, Error};

/// The files of one server's databases.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) reserves: Arc<Reserves>,
    /// The files that connections of this server hold.
    held: Mutex<HashMap<PathBuf, Weak<Held>>>,
    /// When hyperd last threw away what it could not save, and what it said.
    failures: Mutex<HashMap<PathBuf, Failure>>,
    /// Changes that were answered although they are not on disk, because others went on using the file.
    unwritten: Mutex<HashMap<PathBuf, Unwritten>>,
    /// Such changes that were lost afterwards, for people.
    lost: Mutex<Vec<String>>,
}

/// A file that connections of this server hold, by its device and inode: all that come later get that file from hyperd,
/// whatever its path leads to by then.
#[derive(Debug)]
pub(super) struct Held((u64, u64));

#[derive(Debug)]
struct Failure {
    at: Instant,
    error: Error,
}

/// What a look at a changed file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// hyperd has written it since the change.
    Written,
    /// It is as it was before the change.
    AsBefore,
    /// The path leads to another file, or to none.
    Replaced,
    /// It cannot be read here.
    Unknown,
}

impl Disk {
    /// Notes that one more connection holds the file, for as long as it keeps what is returned. The state is that of the
    /// file which hyperd has; there is none where it cannot be read here.
    pub(super) fn hold(&self, path: &Path) -> Option<(Arc<Held>, OnDisk)> {
        let now = match on_disk::of(path) {
            Ok(now) => now,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => on_disk::nothing(),
            Err(_) => return None,
        };
        let mut all = lock(&self.held);
        let known = all.get(path).and_then(Weak::upgrade);
        let held = known.unwrap_or_else(|| Arc::new(Held(now.file)));
        all.retain(|_, held| held.strong_count() > 0);
        all.insert(path.to_owned(), Arc::downgrade(&held));
        let file = held.0;
        Some((held, OnDisk { file, ..now }))
    }

    /// Notes that hyperd could not save the file and has dropped what had changed in it.
    pub(super) fn failed(&self, path: &Path, error: Error) {
        tracing::error!(%error, path = %path.display(), "hyperd could not save a database and dropped what had changed");
        let answered = lock(&self.unwritten).remove(path);
        if answered.is_some() {
            lock(&self.lost).push(format!(
                "A change of {} that was answered with `unwritten` was lost: {}",
                path.display(),
                error.message
            ));
        }
        lock(&self.failures).insert(path.to_owned(), Failure { at: Instant::now(), error });
    }

    /// Why a change that was made at `since` is lost, if hyperd could not save the file after that.
    pub(super) fn failure_since(&self, path: &Path, since: Instant) -> Option<Error> {
        let failures = lock(&self.failures);
        failures.get(path).filter(|failure| failure.at >= since).map(|failure| unsaved(path, &failure.error))
    }

    /// What has become of a change on disk.
    pub(super) fn look(path: &Path, before: &OnDisk) -> Seen {
        match on_disk::of(path) {
            Ok(now) if now.file != before.file => Seen::Replaced,
            Ok(now) if now.root != before.root => Seen::Written,
            Ok(_) => Seen::AsBefore,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Seen::Replaced,
            Err(_) => Seen::Unknown,
        }
    }

    /// Keeps a change in mind that is answered before it is on disk.
    pub(super) fn answered_unwritten(&self, path: &Path, change: Unwritten) {
        lock(&self.unwritten).insert(path.to_owned(), change);
    }

    /// Whether a change of the file was answered that is not on disk yet.
    pub(super) fn is_unwritten(&self, path: &Path) -> bool {
        let mut unwritten = lock(&self.unwritten);
        unwritten.retain(|path, change| Self::look(path, &change.before) == Seen::AsBefore);
        unwritten.contains_key(path)
    }

    /// hyperd has died: what it had not written is lost.
    pub(super) fn hyperd_died(&self, epoch: u64) {
        let mut lost = lock(&self.lost);
        lock(&self.unwritten).retain(|path, change| {
            let kept = change.epoch == epoch || Self::look(path, &change.before) == Seen::Written;
            if !kept {
                lost.push(format!(
                    "A change of {} that was answered with `unwritten` was lost when hyperd died.",
                    path.display()
                ));
            }
            kept
        });
    }

    /// The changes that were answered and lost afterwards, a sentence each.
    pub(super) fn lost(&self) -> Vec<String> {
        lock(&self.lost).clone()
    }
}

/// The error of a call whose change hyperd could not save.
fn unsaved(path: &Path, cause: &Error) -> Error {
    let message = format!(
        "hyperd could not save {} and has dropped what this call changed: {} The file is as it was before.",
        path.display(),
        cause.message
    );
    let suggestion = match cause.code {
        Code::DiskFull => "Make room on that disk and call again, or use a database on another disk.",
        _ => "Check the disk that the file is on, and call again.",
    };
    let code = if cause.code == Code::DiskFull { Code::DiskFull } else { Code::IoError };
    Error { code, message, suggestion: Some(suggestion.to_owned()), sqlstate: cause.sqlstate.clone(), sought: None }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
