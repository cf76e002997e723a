//! Connections that nobody uses at the moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::connection::{Attachment, Connection};
use super::modes::Modes;
use crate::limits;

/// Connections that nobody uses at the moment.
#[derive(Default)]
pub(super) struct Idle {
    connections: Mutex<Vec<Connection>>,
    /// The version of the attachments below which a connection holds a file that was detached.
    version_min: AtomicU64,
    /// How each read-only file was attached last.
    pub(super) modes: Modes,
}

impl Idle {
    /// Keeps a connection for the next call. What lasts is let go of when no call wants it soon: other servers of the
    /// same hyperd wait for that when they write.
    pub(super) fn give_back(self: &Arc<Self>, mut connection: Connection) {
        // Closing is the quickest way to let go of a file.
        if connection.version < Some(self.version_min.load(Ordering::Acquire)) {
            return;
        }
        connection.idle_since = Instant::now();
        let lasting = connection.attached.iter().any(|attached| attached.database.lasting);
        self.lock().push(connection);
        if lasting && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tidy_later(Arc::downgrade(self)));
        }
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    pub(super) fn take(&self, epoch: u64) -> Option<Connection> {
        let mut connections = self.lock();
        connections.retain(|kept| kept.epoch == epoch && kept.wire.is_alive());
        connections.pop()
    }

    pub(super) fn take_all(&self) -> Vec<Connection> {
        std::mem::take(&mut *self.lock())
    }

    /// From now on a connection that is not up to `version` is closed instead of kept.
    pub(super) fn require(&self, version: u64) {
        self.version_min.store(version, Ordering::Release);
    }

    /// Makes the connections that are idle for at least `since` let go of the lasting databases that `of` chooses.
    pub(super) async fn let_go(&self, since: Instant, of: impl Fn(&Attachment) -> bool) {
        let chosen = |kept: &mut Connection| {
            let holds = kept.attached.iter().any(|held| held.database.lasting && of(&held.database));
            holds && kept.idle_since <= since
        };
        let holding: Vec<Connection> = self.lock().extract_if(.., chosen).collect();
        for mut connection in holding {
            if connection.let_go(&of).await {
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
