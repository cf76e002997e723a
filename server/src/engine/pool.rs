//! The connections of one server: opened when needed, kept while idle, shared by all calls.
//!
//! There are few of them. No ring of calls that wait for each other can form, because all take what they need in one
//! order: first the locks of files, then one connection, and nothing after it ([`Call::may_wait`]).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::connection::{Attachments, Connection};
use super::disk::Disk;
use super::idle::Idle;
use super::lease::{Lease, Permit};
use super::process::Confinement;
use super::source::Source;
use crate::call::Call;
use crate::config::EngineSource;
use crate::error::{Code, Error};
use crate::limits::{self, Limits};

/// The way to hyperd.
pub struct Engine {
    source: Arc<Source>,
    work: Arc<Semaphore>,
    looks: Arc<Semaphore>,
    idle: Arc<Idle>,
    disk: Arc<Disk>,
    connections_max: usize,
}

/// What a connection is wanted for. Each lane has places of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Whatever may take long.
    Work,
    /// A look at what there is, which must not wait for work.
    Look,
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
        let disk = Arc::<Disk>::default();
        let source = Source::start(source, log_dir, confinement, limits, application).await?;
        let locks = source.shared_locks();
        Ok(Self {
            source: Arc::new(source),
            work: Arc::new(Semaphore::new(limits.connections_max)),
            looks: Arc::new(Semaphore::new(limits::LOOK_CONNECTIONS_MAX)),
            idle: Arc::new(Idle::new(Arc::clone(&disk), locks)),
            disk,
            connections_max: limits.connections_max,
        })
    }

    /// A connection on which unqualified names go to `database`, and that attaches whatever of `attachments` its
    /// statements name. The call gives it back before it asks for another one or for a lock.
    pub async fn acquire(
        &self,
        call: &Call,
        attachments: &Attachments,
        database: &str,
        lane: Lane,
    ) -> Result<Lease, Error> {
        let mut permit = self.permit(call, lane).await?;
        if self.source.has_died().await {
            self.idle.clear();
        }
        while let Some(mut kept) = self.idle.take(self.epoch()) {
            // Sent again as the test of a connection that nobody has used for a while: its end is not seen before.
            kept.search_path = None;
            let mut lease = self.lease(kept, permit);
            match lease.prepare(call, attachments, database).await {
                Ok(()) => return Ok(lease),
                Err(error) if error.code != Code::ConnectionLost => return Err(error),
                // A connection that died while idle is no failure of this call.
                Err(_) => {
                    drop(lease);
                    permit = self.permit(call, lane).await?;
                }
            }
        }
        let opened = call.race(Box::pin(self.source.connect())).await??;
        self.disk.hyperd_died(opened.epoch);
        let mut lease = self.lease(opened, permit);
        lease.prepare(call, attachments, database).await?;
        Ok(lease)
    }

    async fn permit(&self, call: &Call, lane: Lane) -> Result<Permit, Error> {
        let in_hand = call.take_in_hand()?;
        let places = match lane {
            Lane::Work => &self.work,
            Lane::Look => &self.looks,
        };
        let place = call.race(Arc::clone(places).acquire_owned()).await?.map_err(|_| stopped())?;
        Ok(Permit { lane, _place: place, _in_hand: in_hand })
    }

    fn lease(&self, connection: Connection, permit: Permit) -> Lease {
        Lease::new(connection, Arc::clone(&self.idle), Arc::clone(&self.source), Arc::clone(&self.disk), permit)
    }

    /// Brings each idle connection to `attachments`, so that a file that was detached is let go of at once.
    ///
    /// # Errors
    ///
    /// hyperd could not save a file, and what had changed in it is lost.
    pub async fn settle(&self, attachments: &Attachments) -> Result<(), Error> {
        self.idle.settle(attachments).await
    }

    /// Waits a little until no call holds a connection.
    pub async fn rest(&self) {
        let all = u32::try_from(self.connections_max).unwrap_or(u32::MAX);
        let at_rest = tokio::time::timeout(limits::ms(limits::CANCEL_GRACE_MS), self.work.acquire_many(all)).await;
        if at_rest.is_err() {
            tracing::warn!("calls still hold connections, which are left to hyperd to close");
        }
    }

    /// Closes all connections and stops a hyperd of the server's own. Calls that come later fail.
    pub async fn stop(&self) {
        self.work.close();
        self.looks.close();
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

    /// The folder of the locks that servers of one hyperd share; none where no other server has this hyperd.
    pub fn shared_locks(&self) -> Option<PathBuf> {
        self.source.shared_locks()
    }

    /// Where hyperd listens; one of the server's own that has died is started anew first.
    pub async fn endpoint(&self) -> Result<String, Error> {
        self.source.endpoint().await
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    pub(super) fn disk(&self) -> &Disk {
        &self.disk
    }

    pub(super) fn idle(&self) -> &Arc<Idle> {
        &self.idle
    }
}

fn stopped() -> Error {
    Error::new(Code::ConnectionLost, "The server is stopping and takes no more calls.")
        .suggest("Start the server again.")
}
