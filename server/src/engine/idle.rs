//! Connections that nobody uses at the moment.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::apart::Apart;
use super::connection::{Attachment, Attachments, Connection};
use super::disk::Disk;
use super::gate::Gates;
use super::modes::Modes;
use crate::error::Error;
use crate::limits;

/// Connections that nobody uses at the moment.
pub(super) struct Idle {
    disk: Arc<Disk>,
    connections: Mutex<Vec<Connection>>,
    /// The version of the attachments below which a connection holds a file that was detached.
    version_min: AtomicU64,
    /// How each read-only file was attached last.
    pub(super) modes: Modes,
    pub(super) gates: Gates,
    pub(super) apart: Arc<Apart>,
}

impl Idle {
    pub(super) fn new(disk: Arc<Disk>, locks: Option<PathBuf>) -> Self {
        let (gates, apart) = (Gates::new(locks.clone()), Apart::new(locks));
        Self {
            disk,
            connections: Mutex::default(),
            version_min: AtomicU64::new(0),
            modes: Modes::default(),
            gates,
            apart,
        }
    }

    /// Keeps a connection for the next call. What lasts is let go of when no call wants it soon: other servers of the
    /// same hyperd wait for that when they write.
    pub(super) fn give_back(self: &Arc<Self>, mut connection: Connection) {
        if connection.version < Some(self.version_min.load(Ordering::Acquire)) {
            self.close(connection);
            return;
        }
        connection.idle_since = Instant::now();
        let lasting = connection.holds(|database| database.lasting);
        self.lock().push(connection);
        if lasting && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tidy_later(Arc::downgrade(self)));
        }
    }

    /// Closes a connection after it has let go of all that it holds. What was not committed is undone.
    pub(super) fn close(&self, mut connection: Connection) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let disk = Arc::clone(&self.disk);
        runtime.spawn(async move {
            // Without a transaction it is refused with a warning, which changes nothing.
            let rolled_back = connection.wire.execute_command("ROLLBACK");
            let deadline = limits::ms(limits::HOUSEKEEPING_DEADLINE_MS);
            if let Ok(Ok(_)) = tokio::time::timeout(deadline, rolled_back).await {
                connection.let_go(&disk, |_| true).await;
            }
        });
    }

    /// Forgets all connections: they lead to a hyperd that is gone.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    pub(super) fn take(&self, epoch: u64) -> Option<Connection> {
        let mut connections = self.lock();
        connections.retain(|kept| kept.epoch == epoch && kept.wire.is_alive());
        connections.pop()
    }

    /// Makes all connections let go of what is not among `attachments`; one that comes back later is closed instead.
    ///
    /// # Errors
    ///
    /// That of the first file that hyperd could not save.
    pub(super) async fn settle(&self, attachments: &Attachments) -> Result<(), Error> {
        self.version_min.store(attachments.version, Ordering::Release);
        let connections = std::mem::take(&mut *self.lock());
        let mut unsaved = None;
        for mut connection in connections {
            let outcome = connection.let_go(&self.disk, |held| !attachments.databases.contains(held)).await;
            if outcome.usable {
                connection.version = Some(attachments.version);
                self.lock().push(connection);
            }
            unsaved = unsaved.or(outcome.unsaved);
        }
        unsaved.map_or(Ok(()), Err)
    }

    /// Makes the connections that are idle for at least `since` let go of the lasting databases that `of` chooses.
    pub(super) async fn let_go(&self, since: Instant, of: impl Fn(&Attachment) -> bool) {
        let of = |database: &Attachment| database.lasting && of(database);
        let chosen = |kept: &mut Connection| kept.holds(of) && kept.idle_since <= since;
        let holding: Vec<Connection> = self.lock().extract_if(.., chosen).collect();
        for mut connection in holding {
            if connection.let_go(&self.disk, of).await.usable {
                self.lock().push(connection);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn tidy_later(idle: Weak<Idle>) {
    let hold = limits::ms(limits::IDLE_HOLD_MS);
    tokio::time::sleep(hold).await;
    let (Some(idle), Some(since)) = (idle.upgrade(), Instant::now().checked_sub(hold)) else { return };
    idle.let_go(since, |_| true).await;
}
