//! Where hyperd is, whether it still is the same one, and what becomes of one that does not answer.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::process::{self, Confinement, Hyperd};
use crate::config::{DaemonOptions, EngineSource};
use crate::daemon::client::{self, Attendance};
use crate::error::{Code, Error};
use crate::limits::{self, Limits};

/// The way to hyperd, whoever started it.
pub(super) struct Source {
    kind: Kind,
    /// What connections call themselves.
    application: String,
    /// When the hyperd was started that was last connected to, as hyperd says it.
    started: Mutex<Option<String>>,
    epoch: AtomicU64,
    hang_deadline: Duration,
    replace_hung: bool,
    stopping: AtomicBool,
}

enum Kind {
    Endpoint(String),
    Own { executable: PathBuf, log_dir: PathBuf, confinement: Confinement, process: tokio::sync::Mutex<Arc<Hyperd>> },
    Daemon { options: DaemonOptions, attendance: tokio::sync::Mutex<Attendance> },
}

/// Whether the hyperd at `endpoint` answers within the deadline, be it that nobody listens there.
pub async fn answers(endpoint: &str, deadline: Duration) -> bool {
    tokio::time::timeout(deadline, Connection::open(endpoint, env!("CARGO_PKG_NAME"))).await.is_ok()
}

impl Source {
    /// Starts hyperd where the server is to have its own; its logs go to `log_dir`.
    pub(super) async fn start(
        source: &EngineSource,
        log_dir: &Path,
        confinement: Confinement,
        limits: &Limits,
        application: String,
    ) -> Result<Self, Error> {
        let kind = match source {
            EngineSource::Endpoint(endpoint) => Kind::Endpoint(endpoint.clone()),
            EngineSource::Hyperd(path) => own(path.clone(), log_dir, confinement).await?,
            EngineSource::Daemon(options) => {
                let attendance = tokio::sync::Mutex::new(client::attend(options).await?);
                Kind::Daemon { options: options.clone(), attendance }
            }
            EngineSource::Spawn => own(process::locate().await?, log_dir, confinement).await?,
        };
        Ok(Self {
            kind,
            application,
            started: Mutex::default(),
            epoch: AtomicU64::new(0),
            hang_deadline: limits.hang_deadline,
            replace_hung: limits.replace_hung,
            stopping: AtomicBool::new(false),
        })
    }

    /// How often another hyperd took the place of the one before.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Whether a hyperd of the server's own is gone, so that no connection to it is worth a try.
    pub(super) async fn has_died(&self) -> bool {
        match &self.kind {
            Kind::Endpoint(_) | Kind::Daemon { .. } => false,
            Kind::Own { process, .. } => process.lock().await.has_exited(),
        }
    }

    /// A new connection. One that leads to another hyperd than before counts the epoch up.
    pub(super) async fn connect(&self) -> Result<Connection, Error> {
        let began = Instant::now();
        let mut connection = loop {
            let endpoint = self.endpoint().await?;
            match tokio::time::timeout(self.hang_deadline, Connection::open(&endpoint, &self.application)).await {
                Ok(Ok(connection)) => break connection,
                // One that dies is still there for a moment, and only a new one is worth waiting for.
                Ok(Err(_)) if self.is_replaced() && began.elapsed() < limits::ms(limits::REPLACE_DEADLINE_MS) => {
                    tokio::time::sleep(limits::ms(limits::REPLACE_PAUSE_MS)).await;
                    self.ask_daemon().await?;
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(self.hung(&endpoint).await),
            }
        };
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if started.as_ref().is_some_and(|known| *known != connection.started) {
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
        *started = Some(connection.started.clone());
        connection.epoch = self.epoch();
        Ok(connection)
    }

    /// Asks the daemon again where its hyperd is; a daemon that has ended is started anew.
    async fn ask_daemon(&self) -> Result<(), Error> {
        if let Kind::Daemon { options, attendance } = &self.kind {
            let mut attendance = attendance.lock().await;
            *attendance = client::attend(options).await?;
        }
        Ok(())
    }

    /// Whether somebody starts another hyperd where one has died.
    fn is_replaced(&self) -> bool {
        !matches!(self.kind, Kind::Endpoint(_))
    }

    /// Where hyperd listens; one of the server's own that has died is started anew first.
    pub(super) async fn endpoint(&self) -> Result<String, Error> {
        let (executable, log_dir, confinement, process) = match &self.kind {
            Kind::Endpoint(endpoint) => return Ok(endpoint.clone()),
            Kind::Daemon { attendance, .. } => return Ok(attendance.lock().await.state.endpoint.clone()),
            Kind::Own { executable, log_dir, confinement, process } => (executable, log_dir, confinement, process),
        };
        let mut process = process.lock().await;
        if process.has_exited() && !self.stopping.load(Ordering::Acquire) {
            tracing::warn!(pid = process.pid(), "hyperd has died and is started anew");
            *process = Arc::new(Hyperd::spawn(executable, log_dir, confinement).await?);
        }
        Ok(process.endpoint().to_owned())
    }

    /// The process id of a hyperd of the server's own, or of the daemon's.
    pub(super) async fn pid(&self) -> Option<u32> {
        match &self.kind {
            Kind::Endpoint(_) => None,
            Kind::Own { process, .. } => Some(process.lock().await.pid()),
            Kind::Daemon { attendance, .. } => Some(attendance.lock().await.state.hyperd_pid),
        }
    }

    /// Ends when hyperd is found not to answer, with the place where it listens.
    pub(super) async fn watch_pulse(&self) -> String {
        loop {
            tokio::time::sleep(limits::ms(limits::PULSE_MS)).await;
            let Ok(endpoint) = self.endpoint().await else { continue };
            // Any answer is a sign of life; a hyperd that is gone breaks the connection of its own accord.
            if !answers(&endpoint, self.hang_deadline).await {
                return endpoint;
            }
        }
    }

    /// Ends a hyperd of the server's own that hangs, unless it is to be kept. The next call starts another.
    pub(super) async fn hung(&self, endpoint: &str) -> Error {
        let deadline_s = self.hang_deadline.as_secs_f64();
        let message =
            format!("hyperd at {endpoint} does not answer: a connection was not served within {deadline_s} s.");
        let suggestion = match &self.kind {
            Kind::Own { process, .. } if self.replace_hung => {
                let process = Arc::clone(&*process.lock().await);
                if process.endpoint() == endpoint && !process.has_exited() {
                    tracing::error!(pid = process.pid(), deadline_s, "hyperd hangs and is replaced");
                    process.kill().await;
                }
                "Call again: it is being replaced. Nothing of this call is kept."
            }
            Kind::Own { .. } => {
                tracing::error!(deadline_s, "hyperd hangs and is kept, as --on-hang report asks for");
                "It was left alone, as --on-hang report asks for. End it to have it replaced."
            }
            Kind::Daemon { .. } => {
                tracing::error!(endpoint, deadline_s, "hyperd hangs");
                "Call again: the daemon replaces it, unless it was told to leave it alone. Nothing of this call is kept."
            }
            Kind::Endpoint(_) => {
                tracing::error!(endpoint, deadline_s, "hyperd hangs");
                "Whoever started it has to replace it; call again then."
            }
        };
        Error::new(Code::ConnectionLost, message).suggest(suggestion)
    }

    /// Stops a hyperd of the server's own; none is started any more.
    pub(super) async fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        if let Kind::Own { process, .. } = &self.kind {
            process.lock().await.stop().await;
        }
    }
}

async fn own(executable: PathBuf, log_dir: &Path, confinement: Confinement) -> Result<Kind, Error> {
    let process = tokio::sync::Mutex::new(Arc::new(Hyperd::spawn(&executable, log_dir, &confinement).await?));
    Ok(Kind::Own { executable, log_dir: log_dir.to_owned(), confinement, process })
}
