//! The connections of one server: opened when needed, kept while idle, shared by all calls.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::connection::{Attachments, Connection};
use super::lease::Lease;
use super::process::{self, Hyperd};
use crate::call::Call;
use crate::config::EngineSource;
use crate::error::{Code, Error};
use crate::limits::{self, Limits};

/// The way to hyperd.
pub struct Engine {
    hyperd: Source,
    permits: Arc<Semaphore>,
    idle: Arc<Idle>,
    epoch: AtomicU64,
    connections_max: usize,
    /// What its connections call themselves.
    application: String,
}

enum Source {
    Endpoint(String),
    Own { executable: PathBuf, log_dir: PathBuf, process: tokio::sync::Mutex<Arc<Hyperd>> },
}

impl Engine {
    /// Starts hyperd where the server is to have its own; its logs go to `log_dir`. Connections call themselves
    /// `application`, which `pg_stat_activity` shows.
    pub async fn start(
        source: &EngineSource,
        log_dir: &Path,
        limits: &Limits,
        application: String,
    ) -> Result<Self, Error> {
        let hyperd = match source {
            EngineSource::Endpoint(endpoint) => Source::Endpoint(endpoint.clone()),
            EngineSource::Hyperd(path) => Source::own(path.clone(), log_dir).await?,
            EngineSource::Spawn => Source::own(process::locate().await?, log_dir).await?,
        };
        Ok(Self {
            hyperd,
            permits: Arc::new(Semaphore::new(limits.connections_max)),
            idle: Arc::default(),
            epoch: AtomicU64::new(0),
            connections_max: limits.connections_max,
            application,
        })
    }

    /// A connection that has `attachments` attached, and on which unqualified names go to `database`.
    pub async fn acquire(&self, call: &Call, attachments: &Attachments, database: &str) -> Result<Lease, Error> {
        let permit = call.race(Arc::clone(&self.permits).acquire_owned()).await?.map_err(|_| stopped())?;
        let endpoint = self.endpoint().await?;
        let epoch = self.epoch();
        let mut permit = Some(permit);
        while let Some(kept) = self.idle.take(epoch) {
            let Some(held) = permit.take() else { break };
            let mut lease = Lease::new(kept, Arc::clone(&self.idle), held);
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
        let opened = call.race(Connection::open(&endpoint, epoch, &self.application)).await??;
        let mut lease = Lease::new(opened, Arc::clone(&self.idle), held);
        lease.prepare(call, attachments, database).await?;
        Ok(lease)
    }

    /// Brings each idle connection to `attachments`, so that a file that was detached is let go of at once.
    pub async fn settle(&self, attachments: &Attachments) {
        self.idle.version_min.store(attachments.version, Ordering::Release);
        for connection in self.idle.take_all() {
            let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else { continue };
            let mut lease = Lease::new(connection, Arc::clone(&self.idle), permit);
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
        if let Source::Own { process, .. } = &self.hyperd {
            process.lock().await.stop().await;
        }
    }

    /// The process id of a hyperd of the server's own.
    pub async fn pid(&self) -> Option<u32> {
        match &self.hyperd {
            Source::Endpoint(_) => None,
            Source::Own { process, .. } => Some(process.lock().await.pid()),
        }
    }

    /// How often hyperd was started anew.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Where hyperd listens; one that has died is started anew first.
    pub async fn endpoint(&self) -> Result<String, Error> {
        let (executable, log_dir, process) = match &self.hyperd {
            Source::Endpoint(endpoint) => return Ok(endpoint.clone()),
            Source::Own { executable, log_dir, process } => (executable, log_dir, process),
        };
        let mut process = process.lock().await;
        if process.has_exited() && !self.permits.is_closed() {
            tracing::warn!(pid = process.pid(), "hyperd has died and is started anew");
            *process = Arc::new(Hyperd::spawn(executable, log_dir).await?);
            self.epoch.fetch_add(1, Ordering::AcqRel);
            self.idle.clear();
        }
        Ok(process.endpoint().to_owned())
    }
}

impl Source {
    async fn own(executable: PathBuf, log_dir: &Path) -> Result<Self, Error> {
        let process = tokio::sync::Mutex::new(Arc::new(Hyperd::spawn(&executable, log_dir).await?));
        Ok(Self::Own { executable, log_dir: log_dir.to_owned(), process })
    }
}

/// Connections that nobody uses at the moment.
#[derive(Default)]
pub(super) struct Idle {
    connections: Mutex<Vec<Connection>>,
    /// The version of the attachments below which a connection holds a file that was detached.
    version_min: AtomicU64,
}

impl Idle {
    pub(super) fn give_back(&self, connection: Connection) {
        // Closing is the quickest way to let go of a file.
        if connection.version >= Some(self.version_min.load(Ordering::Acquire)) {
            self.lock().push(connection);
        }
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn take(&self, epoch: u64) -> Option<Connection> {
        let mut connections = self.lock();
        connections.retain(|kept| kept.epoch == epoch && kept.wire.is_alive());
        connections.pop()
    }

    fn take_all(&self) -> Vec<Connection> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stopped() -> Error {
    Error::new(Code::ConnectionLost, "The server is stopping and takes no more calls.")
        .suggest("Start the server again.")
}
