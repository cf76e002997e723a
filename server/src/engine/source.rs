//! Where hyperd is, whether it still is the same one, and what becomes of one that does not answer.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::connection::{Connection, Unopened};
use super::effort::Effort;
use super::process::{self, Confinement, Hyperd};
use super::pulse::{Heart, Pulse};
use crate::config::{DaemonOptions, EngineSource};
use crate::daemon::client::{self, Attendance};
use crate::daemon::discovery::Home;
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
    heart: Heart,
    stopping: AtomicBool,
}

enum Kind {
    Endpoint(String),
    Own { executable: PathBuf, log_dir: PathBuf, confinement: Confinement, process: tokio::sync::Mutex<Arc<Hyperd>> },
    Daemon { options: Box<DaemonOptions>, attendance: tokio::sync::Mutex<Attendance> },
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
                Kind::Daemon { options: Box::new(options.clone()), attendance }
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
            heart: Heart::default(),
            stopping: AtomicBool::new(false),
        })
    }

    /// The folder of the locks that servers of one hyperd share; none where no other server has this hyperd.
    pub(super) fn shared_locks(&self) -> Option<PathBuf> {
        match self.kind {
            Kind::Own { .. } => None,
            Kind::Endpoint(_) | Kind::Daemon { .. } => Home::of_user().ok().map(|home| home.folder().join("locks")),
        }
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
        let mut connection = self.open().await?;
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if started.as_ref().is_some_and(|known| *known != connection.started) {
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
        *started = Some(connection.started.clone());
        connection.epoch = self.epoch();
        Ok(connection)
    }

    /// A connection to the hyperd that there is, or to the one that takes its place.
    async fn open(&self) -> Result<Connection, Error> {
        let mut refused_since = None;
        let mut is_replaced = false;
        loop {
            let endpoint = self.endpoint().await?;
            let effort = Effort::of(self.pid().await);
            match Connection::open(&endpoint, &self.application, self.hang_deadline).await {
                Ok(connection) => return Ok(connection),
                // Its statements end, or are cancelled at their deadline; whoever waits has a deadline of its own.
                Err(Unopened::Silent) if effort.is_work() => continue,
                Err(Unopened::Silent) => {
                    let hung = self.hung(&endpoint).await;
                    if is_replaced || !self.replaces_hung() {
                        return Err(hung);
                    }
                    is_replaced = true;
                }
                Err(Unopened::Refused(error)) => {
                    let since: Instant = *refused_since.get_or_insert_with(Instant::now);
                    let waited = since.elapsed() >= self.patience();
                    if waited && (is_replaced || !self.replace_unreachable(&endpoint).await) {
                        return Err(error);
                    }
                    if waited {
                        (refused_since, is_replaced) = (None, true);
                    }
                    tokio::time::sleep(limits::ms(limits::REPLACE_PAUSE_MS)).await;
                }
            }
            self.ask_daemon().await?;
        }
    }

    /// Asks the daemon again where its hyperd is; a daemon that has ended is started anew.
    async fn ask_daemon(&self) -> Result<(), Error> {
        if let Kind::Daemon { options, attendance } = &self.kind {
            let mut attendance = attendance.lock().await;
            *attendance = client::attend(options).await?;
        }
        Ok(())
    }

    /// Whether somebody starts another hyperd where one hangs.
    fn replaces_hung(&self) -> bool {
        self.replace_hung && !matches!(self.kind, Kind::Endpoint(_))
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
            // A hyperd that is gone breaks the connection of its own accord, and one without a socket still serves it.
            if self.heart.pulse(&endpoint, self.pid().await, self.hang_deadline).await == Pulse::Silent {
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
                // Nobody starts another one before this one is gone: it has its files locked.
                let process = process.lock().await;
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

    /// Looks whether a statement that was cancelled ends, on a connection of that name which was closed. A hyperd that goes
    /// on with it is replaced as one that hangs: it keeps the statement's files, and a thread, for ever.
    pub(super) async fn see_cancelled(&self, name: &str) {
        tokio::time::sleep(self.hang_deadline).await;
        if self.has_died().await {
            return;
        }
        // Of one that is silent the next call finds out.
        let Ok(endpoint) = self.endpoint().await else { return };
        let Ok(connection) = Connection::open(&endpoint, &self.application, self.hang_deadline).await else { return };
        let goes_on = tokio::time::timeout(self.hang_deadline, connection.sees(name)).await;
        if !matches!(goes_on, Ok(Ok(true))) {
            return;
        }
        match &self.kind {
            Kind::Endpoint(endpoint) => tracing::error!(endpoint, "hyperd goes on with a statement that was cancelled"),
            Kind::Own { process, .. } => {
                let process = process.lock().await;
                tracing::error!(pid = process.pid(), "hyperd goes on with a statement that was cancelled");
                if self.replace_hung && process.endpoint() == endpoint {
                    process.kill().await;
                }
            }
            Kind::Daemon { attendance, .. } => {
                let pid = attendance.lock().await.state.hyperd_pid;
                if let Err(error) = client::accuse(pid).await {
                    tracing::warn!(%error, "the daemon could not be told that hyperd hangs");
                }
            }
        }
    }

    /// How long a hyperd is waited for that takes no connection. One that dies is there for a moment still.
    fn patience(&self) -> Duration {
        /// The daemon waits as long as a server would, looks every now and then, and starts another one.
        const FOR_THE_DAEMON: u32 = 3;
        match self.kind {
            Kind::Endpoint(_) => Duration::ZERO,
            Kind::Own { .. } => limits::ms(limits::REPLACE_DEADLINE_MS),
            Kind::Daemon { .. } => limits::ms(limits::REPLACE_DEADLINE_MS) * FOR_THE_DAEMON,
        }
    }

    /// Ends a hyperd of the server's own that takes no connection for so long and still runs: somebody has deleted its
    /// socket. False where it is not the server's to end; the daemon sees to its own.
    async fn replace_unreachable(&self, endpoint: &str) -> bool {
        let Kind::Own { process, .. } = &self.kind else { return false };
        let process = process.lock().await;
        if process.endpoint() == endpoint && !process.has_exited() {
            tracing::error!(pid = process.pid(), endpoint, "hyperd takes no connection and is replaced");
            process.kill().await;
        }
        true
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
