//! Temporary folders that do not outlive their process for long, however it ends.
//!
//! A process that is killed deletes nothing. Each folder therefore has a file in it that its maker keeps locked, and a
//! lock ends with its process. Whoever makes a folder first removes its siblings whose lock nobody holds.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::limits;
use crate::own;

/// The file in each folder that its maker keeps locked.
const LOCK: &str = ".lock";
/// Characters that are drawn for each name, after its prefix.
const RANDOM_CHARS: usize = 6;

/// A folder for its user alone, deleted when it is dropped. One whose process was killed is deleted by whoever makes the
/// next one of the same prefix beside it: nothing belongs here that must not be lost.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// None once the folder was deleted.
    lock: Option<File>,
}

impl Scratch {
    /// Makes a folder in `parent`, whose name begins with `prefix`, and removes what killed processes of this user left
    /// there under that prefix.
    ///
    /// # Errors
    ///
    /// Why the folder could not be made. What cannot be removed is logged, and stays.
    pub fn new_in(parent: &Path, prefix: &str) -> io::Result<Self> {
        sweep(parent, prefix);
        for _ in 0..limits::SCRATCH_TRIES_MAX {
            if let Some(made) = Self::try_new_in(parent, prefix)? {
                return Ok(made);
            }
        }
        Err(io::Error::new(ErrorKind::ResourceBusy, "each new folder was taken for one that is left over"))
    }

    /// None where another process took the folder for one that is left over, before its lock was held.
    fn try_new_in(parent: &Path, prefix: &str) -> io::Result<Option<Self>> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix).rand_bytes(RANDOM_CHARS);
        own::restrict(&mut builder);
        let folder = builder.tempdir_in(parent)?;
        let lock = match own::open_or_make(&folder.path().join(LOCK)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            lock => lock?,
        };
        if lock.try_lock().is_err() || !folder.path().join(LOCK).exists() {
            return Ok(None);
        }
        Ok(Some(Self { path: folder.keep(), lock: Some(lock) }))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Deletes the folder.
    ///
    /// # Errors
    ///
    /// What kept it, or a part of it, from being deleted.
    pub fn close(mut self) -> io::Result<()> {
        let lock = self.lock.take();
        delete(&self.path, lock)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        if let Err(error) = delete(&self.path, Some(lock)) {
            tracing::warn!(%error, path = %self.path.display(), "a temporary folder could not be deleted");
        }
    }
}

/// Deletes a folder whose lock is held. The lock goes last, so that a part that stays is found again.
fn delete(folder: &Path, lock: Option<File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == LOCK {
            continue;
        }
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) }?;
    }
    // Windows deletes no file that is open.
    drop(lock);
    fs::remove_dir_all(folder)
}

/// Deletes what is left in `parent` of killed processes of this user.
fn sweep(parent: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_str().is_some_and(|name| is_ours(name, prefix)) {
            continue;
        }
        let path = entry.path();
        match sweep_one(&path) {
            Ok(true) => {
                tracing::info!(path = %path.display(), "a temporary folder of a process that was killed is deleted");
            }
            Ok(false) => {}
            // Another process sweeps as well, or the folder is another user's.
            Err(error) => tracing::debug!(%error, path = %path.display(), "a temporary folder is left as it is"),
        }
    }
}

/// Whether the folder was left over, and is gone.
fn sweep_one(folder: &Path) -> io::Result<bool> {
    // Only its user can put anything into such a folder: what has our lock in it was made here.
    if !own::is_private_folder(folder)? {
        return Ok(false);
    }
    let lock = match own::open(&folder.join(LOCK)) {
        Ok(lock) => lock,
        // Its maker was killed before it made the lock, or is about to: it makes another folder then. Whatever has
        // something in it stays.
        Err(error) if error.kind() == ErrorKind::NotFound => return fs::remove_dir(folder).map(|()| true),
        Err(error) => return Err(error),
    };
    match lock.try_lock() {
        Ok(()) => delete(folder, Some(lock)).map(|()| true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether a name is one that is drawn for this prefix.
fn is_ours(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|drawn| drawn.len() == RANDOM_CHARS && drawn.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::{Path, PathBuf};

    use super::{LOCK, Scratch};

    const PREFIX: &str = "hyperd-mcp-";

    /// A folder as a killed process leaves it.
    fn left_over(parent: &Path, name: &str) -> PathBuf {
        let folder = parent.join(name);
        crate::own::make_folder(&folder).expect("a folder can be made");
        fs::create_dir(folder.join("below")).expect("a folder can be made");
        fs::write(folder.join("below/local.hyper"), "1").expect("a file can be written");
        File::create(folder.join(LOCK)).expect("a file can be made");
        folder
    }

    fn names(parent: &Path) -> Vec<String> {
        let entries = fs::read_dir(parent).expect("the folder can be read");
        entries.map(|entry| entry.expect("it is there").file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn what_a_killed_process_left_is_deleted_and_what_a_living_one_has_is_not() {
        let parent = tempfile::tempdir().expect("a folder can be made");
        let left = left_over(parent.path(), "hyperd-mcp-AbCd12");
        let living = Scratch::new_in(parent.path(), PREFIX).expect("a folder is made");
        fs::write(living.path().join("local.hyper"), "2").expect("a file can be written");
        assert!(!left.exists());
        let another = Scratch::new_in(parent.path(), PREFIX).expect("a folder is made");
        assert!(living.path().join("local.hyper").exists());
        living.close().expect("it is deleted");
        drop(another);
        assert_eq!(names(parent.path()), Vec::<String>::new());
    }

    #[test]
    fn what_has_another_name_or_no_lock_stays() {
        let parent = tempfile::tempdir().expect("a folder can be made");
        for name in
            ["hyperd-mcp-AbCd1", "hyperd-mcp-AbCd123", "hyperd-mcp-Ab.d12", "xhyperd-mcp-AbCd12", "hyperd-AbCd12"]
        {
            left_over(parent.path(), name);
        }
        fs::remove_file(left_over(parent.path(), "hyperd-mcp-NoLock").join(LOCK)).expect("it is there");
        let before = names(parent.path());
        Scratch::new_in(parent.path(), PREFIX).expect("a folder is made").close().expect("it is deleted");
        assert_eq!(names(parent.path()), before);
    }

    /// The user's own data, moved under such a name by somebody else: no lock could be put into it, or others could have.
    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_change_and_a_link_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let parent = tempfile::tempdir().expect("a folder can be made");
        let open = left_over(parent.path(), "hyperd-mcp-AbCd12");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).expect("they can be set");
        let elsewhere = left_over(parent.path(), "elsewhere");
        symlink(&elsewhere, parent.path().join("hyperd-mcp-AbCd13")).expect("a link can be made");
        let linked = left_over(parent.path(), "hyperd-mcp-AbCd14");
        fs::remove_file(linked.join(LOCK)).expect("it is there");
        symlink(elsewhere.join(LOCK), linked.join(LOCK)).expect("a link can be made");
        Scratch::new_in(parent.path(), PREFIX).expect("a folder is made").close().expect("it is deleted");
        assert_eq!(names(parent.path()).len(), 4);
        assert!(elsewhere.join("below/local.hyper").exists() && linked.join("below/local.hyper").exists());
    }

    #[test]
    fn an_empty_one_without_a_lock_is_deleted() {
        let parent = tempfile::tempdir().expect("a folder can be made");
        crate::own::make_folder(&parent.path().join("hyperd-mcp-AbCd12")).expect("a folder can be made");
        Scratch::new_in(parent.path(), PREFIX).expect("a folder is made").close().expect("it is deleted");
        assert_eq!(names(parent.path()), Vec::<String>::new());
    }

    #[test]
    fn many_at_once_neither_fail_nor_take_each_others_folder() {
        let parent = tempfile::tempdir().expect("a folder can be made");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let made = Scratch::new_in(parent.path(), PREFIX).expect("a folder is made");
                        fs::write(made.path().join("x"), "1").expect("nobody deletes it");
                        made.close().expect("it is deleted");
                    }
                });
            }
        });
        assert_eq!(names(parent.path()), Vec::<String>::new());
    }
}
