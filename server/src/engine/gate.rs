//! Who may take hold of a file, and when.
//!
//! hyperd writes a file out at a moment in which no connection holds it. Calls that follow each other closely leave no
//! such moment, so that a change would never get to disk. So whoever waits for that moment closes the file's gate after a
//! while: calls that come wait in front of it until those that are under way are done. Where a statement that takes long
//! holds the file, that is of no use, and the gate stays open for longer each time.
//!
//! Other servers of the same hyperd see that a gate is closed by a lock on a file.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, RwLock};

use crate::call::Call;
use crate::error::Error;
use crate::file_lock::{self, FileLock};
use crate::limits;

/// The gates of all files, under their own paths.
pub(super) struct Gates {
    gates: Mutex<HashMap<PathBuf, Arc<Gate>>>,
    /// Where the locks are that other servers see; none where no other server has this hyperd.
    folder: Option<PathBuf>,
}

/// The gate of one file.
#[derive(Default)]
pub(super) struct Gate {
    file: PathBuf,
    /// Where the locks are that other servers see.
    folder: Option<PathBuf>,
    /// Shared by those who attach the file to write; alone for whoever looks at it read-only, which keeps them out.
    pub(super) modes: RwLock<()>,
    /// Held by the one who looks whether the file is held: the answer is the same for all who want to know.
    pub(super) looking: tokio::sync::Mutex<()>,
    closing: Mutex<Closing>,
    opened: Notify,
}

/// When the gate is closed.
#[derive(Default)]
struct Closing {
    until: Option<Instant>,
    /// When it may be closed again.
    not_before: Option<Instant>,
    /// How often in a row it was closed to no purpose.
    in_vain: u32,
    /// Keeps the gate closed for other servers.
    lock: Option<FileLock>,
}

impl Gates {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { gates: Mutex::default(), folder }
    }

    pub(super) fn of(&self, file: &Path) -> Arc<Gate> {
        let make = || Arc::new(Gate { file: file.to_owned(), folder: self.folder.clone(), ..Gate::default() });
        Arc::clone(lock(&self.gates).entry(file.to_owned()).or_insert_with(make))
    }
}

impl Gate {
    /// Waits in front of the gate while it is closed. Whoever waits must hold no file: those who hold the one may wait for
    /// the other.
    ///
    /// # Errors
    ///
    /// The call is interrupted.
    pub(super) async fn pass(&self, call: &Call) -> Result<(), Error> {
        let began = Instant::now();
        while self.is_closed() && began.elapsed() < limits::ms(limits::GATE_CLOSED_MS) {
            let opened = self.opened.notified();
            // Other servers tell nobody that they have opened it.
            let _ = call.race(tokio::time::timeout(limits::ms(limits::LOCK_LOOK_MS), opened)).await?;
        }
        Ok(())
    }

    /// Whether it is closed, by this server or another one.
    pub(super) fn is_closed(&self) -> bool {
        lock(&self.closing).until.is_some_and(|until| Instant::now() < until) || self.is_closed_elsewhere()
    }

    fn is_closed_elsewhere(&self) -> bool {
        let Some(path) = self.lock_path().filter(|path| path.exists()) else { return false };
        // What it cannot find out does not keep it.
        matches!(FileLock::try_take(&path, File::try_lock_shared), Ok(None))
    }

    /// The file whose lock stands for the closed gate; none where no other server has this hyperd, or the file is gone.
    fn lock_path(&self) -> Option<PathBuf> {
        file_lock::path_of(self.folder.as_ref()?, &self.file, "gate").ok()
    }

    /// Closes the gate for a while, unless it was closed to no purpose a short time ago.
    pub(super) fn close(self: &Arc<Self>) {
        let now = Instant::now();
        let mut closing = lock(&self.closing);
        if closing.not_before.is_some_and(|not_before| now < not_before) {
            return;
        }
        let rest = limits::ms(limits::GATE_REST_MS).saturating_mul(1 << closing.in_vain);
        let until = now + limits::ms(limits::GATE_CLOSED_MS);
        closing.until = Some(until);
        closing.not_before = Some(until + rest.min(limits::ms(limits::GATE_REST_MAX_MS)));
        closing.in_vain = (closing.in_vain + 1).min(limits::GATE_DOUBLINGS_MAX);
        // None where another server has closed it already, or where it cannot be locked: then this server waits alone.
        closing.lock = self.lock_path().and_then(|path| FileLock::try_take(&path, File::try_lock).ok()?);
        if closing.lock.is_some() {
            let gate = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep_until(until.into()).await;
                let mut closing = lock(&gate.closing);
                if closing.until == Some(until) {
                    closing.lock = None;
                }
            });
        }
    }

    /// Opens it: the file is written out.
    pub(super) fn open(&self) {
        *lock(&self.closing) = Closing::default();
        self.opened.notify_waiters();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_closed_gate_opens_for_all_who_wait() {
        let gate = Arc::new(Gate::default());
        gate.close();
        let waits = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.pass(&Call::housekeeping()).await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished(), "it is closed");
        gate.open();
        waits.await.expect("it ends").expect("nothing interrupts it");
    }

    #[tokio::test]
    async fn another_server_sees_a_closed_gate() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("d.hyper");
        std::fs::write(&file, "").expect("a file can be made");
        let locks = folder.path().join("locks");
        let (here, there) = (Gates::new(Some(locks.clone())), Gates::new(Some(locks.clone())));
        let (here, there) = (here.of(&file), there.of(&file));
        here.close();
        assert!(here.is_closed() && there.is_closed());
        here.open();
        assert!(!here.is_closed() && !there.is_closed());
        assert_eq!(std::fs::read_dir(locks).expect("it is there").count(), 0, "no lock is left behind");
    }

    #[test]
    fn a_gate_that_was_closed_to_no_purpose_stays_open_for_longer_each_time() {
        let gate = Arc::new(Gate::default());
        let mut rests = Vec::new();
        for _ in 0..20 {
            gate.close();
            let mut closing = lock(&gate.closing);
            let (until, not_before) = (closing.until.expect("it is closed"), closing.not_before.expect("it rests"));
            rests.push(not_before - until);
            closing.not_before = None;
        }
        assert!(rests.is_sorted() && rests[1] == 2 * rests[0], "{rests:?}");
        assert_eq!(rests.last(), Some(&Duration::from_millis(limits::GATE_REST_MAX_MS)));
        gate.open();
        assert!(!gate.is_closed());
    }
}
