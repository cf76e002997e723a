//! The connections of one server: opened when needed, kept while idle, shared by all calls.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::connection::Attachments;
use super::idle::Idle;
use super::lease::Lease;
use super::process::Confinement;
use super::source::Source;
use crate::call::Call;
use crate::config::EngineSource;
use crate::error::{Code, Error};
use crate::limits::{self, Limits};

/// The way to hyperd.
pub struct Engine {
    source: Arc<Source>,
    permits: Arc<Semaphore>,
    idle: Arc<Idle>,
    connections_max: usize,
    /// Files that were changed and not written out for long, as they began before.
    unwritten: Mutex<HashMap<PathBuf, Vec<u8>>>,
}

impl Engine {
    /// Starts hyperd where the server is to have its own; its logs go to `log_dir`. Connections call themselves
    /// `application`, which `pg_stat_activity` shows.
    pub async fn start(
        source: &EngineSource,
        log_dir: &Path,
        confinement: Confinement,
        limits: &Limits,
        application: String,
    ) -> Result<Self, Error> {
        Ok(Self {
            source: Arc::new(Source::start(source, log_dir, confinement, limits, application).await?),
            permits: Arc::new(Semaphore::new(limits.connections_max)),
            idle: Arc::default(),
            connections_max: limits.connections_max,
            unwritten: Mutex::default(),
        })
    }

    /// A connection on which unqualified names go to `database`, and that attaches whatever of `attachments` its
    /// statements name.
    pub async fn acquire(&self, call: &Call, attachments: &Attachments, database: &str) -> Result<Lease, Error> {
        let permit = call.race(Arc::clone(&self.permits).acquire_owned()).await?.map_err(|_| stopped())?;
        if self.source.has_died().await {
            self.idle.clear();
        }
        let mut permit = Some(permit);
        while let Some(kept) = self.idle.take(self.epoch()) {
            let Some(held) = permit.take() else { break };
            let mut kept = kept;
            // Sent again as the test of a connection that nobody has used for a while: its end is not seen before.
            kept.search_path = None;
            let mut lease = Lease::new(kept, Arc::clone(&self.idle), Arc::clone(&self.source), held);
            match lease.prepare(call, attachments, database).await {
                Ok(()) => return Ok(lease),
                Err(error) if error.code != Code::ConnectionLost => return Err(error),
                // A connection that died while idle is no failure of this call.
                Err(_) => {
                    drop(lease);
                    permit = Some(call.race(Arc::clone(&self.permits).acquire_owned()).await?.map_err(|_| stopped())?);
                }
            }
        }
        let held = permit.take().ok_or_else(|| Error::internal("A call lost its place in the pool."))?;
        let opened = call.race(Box::pin(self.source.connect())).await??;
        let mut lease = Lease::new(opened, Arc::clone(&self.idle), Arc::clone(&self.source), held);
        lease.prepare(call, attachments, database).await?;
        Ok(lease)
    }

    /// Brings each idle connection to `attachments`, so that a file that was detached is let go of at once.
    pub async fn settle(&self, attachments: &Attachments) {
        self.idle.require(attachments.version);
        for connection in self.idle.take_all() {
            let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else { continue };
            let mut lease = Lease::new(connection, Arc::clone(&self.idle), Arc::clone(&self.source), permit);
            if let Err(error) = lease.prepare(&Call::housekeeping(), attachments, "").await {
                tracing::debug!(%error, "an idle connection could not follow and is closed");
            }
        }
    }

    /// Waits a little until no call holds a connection.
    pub async fn rest(&self) {
        let all = u32::try_from(self.connections_max).unwrap_or(u32::MAX);
        let at_rest = tokio::time::timeout(limits::ms(limits::CANCEL_GRACE_MS), self.permits.acquire_many(all)).await;
        if at_rest.is_err() {
            tracing::warn!("calls still hold connections, which are left to hyperd to close");
        }
    }

    /// Closes all connections and stops a hyperd of the server's own. Calls that come later fail.
    pub async fn stop(&self) {
        self.permits.close();
        self.idle.clear();
        self.source.stop().await;
    }

    /// The process id of a hyperd of the server's own.
    pub async fn pid(&self) -> Option<u32> {
        self.source.pid().await
    }

    /// How often another hyperd took the place of the one before.
    pub fn epoch(&self) -> u64 {
        self.source.epoch()
    }

    /// Where hyperd listens; one of the server's own that has died is started anew first.
    pub async fn endpoint(&self) -> Result<String, Error> {
        self.source.endpoint().await
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    pub(super) fn unwritten(&self) -> MutexGuard<'_, HashMap<PathBuf, Vec<u8>>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn idle(&self) -> &Arc<Idle> {
        &self.idle
    }
}

fn stopped() -> Error {
    Error::new(Code::ConnectionLost, "The server is stopping and takes no more calls.")
        .suggest("Start the server again.")
}
