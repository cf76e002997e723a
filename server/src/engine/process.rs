//! A hyperd of the server's own, reached through a socket in a folder that only its user can enter.
//!
//! It ends with the server, however the server ends: hyperd watches the connection that it called back on, and stops when
//! that closes; a [`Guard`] ends one that does not.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyperdb_api::{HyperProcess, Parameters, TransportMode};
use tokio::process::Command;

use super::socket;
use crate::error::{Code, Error};
use crate::guard::{self, Guard};
use crate::scratch::Scratch;
use crate::{limits, own};

/// Warnings and worse, as JSON lines in `hyperd.log`. hyperd's own default logs several lines for every statement: a tenth
/// of the time of small statements, and disk without end below a server that runs for weeks.
const LOG_CONFIG: &str = "file,json,warning,hyperd,0";

/// The folders that hyperd keeps to by itself, and its memory; without any folder it goes wherever its user may.
///
/// It resolves folders, but follows a link at the end of a path: this is a second line behind what the server checks.
#[derive(Debug, Clone, Default)]
pub struct Confinement {
    /// Of files that SQL reads and writes.
    pub files: Vec<PathBuf>,
    /// Of databases.
    pub databases: Vec<PathBuf>,
    /// Most memory, as in [`limits::Limits::hyperd_memory`].
    pub memory: Option<String>,
}

/// A running hyperd.
pub struct Hyperd {
    running: Mutex<Option<Running>>,
    endpoint: String,
    pid: u32,
}

/// Dropped in this order: the folder goes when hyperd has ended, and the guard is told so.
struct Running {
    process: HyperProcess,
    socket: Option<Scratch>,
    _guard: Option<Guard>,
}

impl Hyperd {
    /// Starts `executable`; its logs go to `log_dir`, and so does its socket where the path is not too long. It is
    /// kept to `confinement`.
    pub async fn spawn(executable: &Path, log_dir: &Path, confinement: &Confinement) -> Result<Self, Error> {
        check(executable).await?;
        let executable = executable.to_owned();
        let log_dir = log_dir.to_owned();
        let confinement = confinement.clone();
        let started = tokio::task::spawn_blocking(move || start(&executable, &log_dir, &confinement)).await;
        started.map_err(|error| Error::internal(format!("Starting hyperd panicked: {error}")))?
    }

    /// Where it listens, as the driver takes it: `tab.domain://FOLDER/domain/NAME`, on Windows `tab.pipe://./pipe/NAME`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the process is gone.
    pub fn has_exited(&self) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_mut().is_none_or(|running| running.process.has_exited())
    }

    /// Kills one that does not answer, and waits until it is gone.
    pub async fn kill(&self) {
        self.end(Duration::ZERO).await;
    }

    /// Stops it and waits until it is gone.
    pub async fn stop(&self) {
        self.end(limits::ms(limits::SHUTDOWN_DEADLINE_MS)).await;
    }

    async fn end(&self, grace: Duration) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(running) = running else { return };
        let stopped = tokio::task::spawn_blocking(move || {
            let Running { process, socket, _guard } = running;
            let ended = process.shutdown_timeout(grace);
            if let Some(Err(error)) = socket.map(Scratch::close) {
                tracing::warn!(%error, "the folder of hyperd's socket could not be deleted");
            }
            ended
        });
        if let Ok(Err(error)) = stopped.await {
            tracing::warn!(%error, pid = self.pid, "hyperd did not stop cleanly");
        }
    }
}

fn start(executable: &Path, log_dir: &Path, confinement: &Confinement) -> Result<Hyperd, Error> {
    let failed = |error: hyperdb_api::Error| not_started(executable, &error.to_string());
    // One that is started anew may find that somebody has deleted the folder, and the socket of the one before with it.
    own::make_folder(log_dir)
        .map_err(|error| not_started(executable, &format!("there is no folder for its log: {error}")))?;
    let mut parameters = Parameters::new();
    parameters.set("log_dir", log_dir.to_string_lossy());
    parameters.set("log_config", LOG_CONFIG);
    if let Some(memory) = &confinement.memory {
        parameters.set("memory_limit", memory);
    }
    parameters.set_transport_mode(TransportMode::Ipc);
    let socket = socket::folder(log_dir).map_err(|error| {
        not_started(executable, &format!("there is no folder for its socket: {error}"))
            .suggest("Point TMPDIR to a folder that exists and can be written to.")
    })?;
    if let Some(socket) = &socket {
        socket::put_into(&mut parameters, socket.path());
    }
    guard::keep_files();
    let lists = [("external_file_whitelist", &confinement.files), ("database_dir_whitelist", &confinement.databases)];
    for (name, folders) in lists.into_iter().filter(|(_, folders)| !folders.is_empty()) {
        let folders: Vec<String> = folders.iter().map(|folder| folder.to_string_lossy().into_owned()).collect();
        parameters.set(name, folders.join(";"));
    }
    let process = HyperProcess::new(Some(executable), Some(&parameters)).map_err(failed)?;
    let pid = process.pid().ok_or_else(|| not_started(executable, "it has no process id"))?;
    let endpoint = process.connection_endpoint().ok_or_else(|| not_started(executable, "it listens nowhere"))?;
    let endpoint = endpoint.to_descriptor();
    let guard = Guard::start(pid).unwrap_or_else(|error| {
        tracing::warn!(%error, pid, "hyperd has no guard: where this process is killed, a busy one stays for a while");
        None
    });
    tracing::debug!(pid, %endpoint, "hyperd runs");
    Ok(Hyperd { running: Mutex::new(Some(Running { process, socket, _guard: guard })), endpoint, pid })
}

/// Asks the executable who it is: one that is no hyperd would never call back, and be waited for in vain.
async fn check(executable: &Path) -> Result<(), Error> {
    let mut command = Command::new(executable);
    command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let deadline = limits::ms(limits::VERSION_DEADLINE_MS);
    let output = match tokio::time::timeout(deadline, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(not_started(executable, &error.to_string())),
        Err(_) => return Err(not_started(executable, "it did not answer --version")),
    };
    if String::from_utf8_lossy(&output.stdout).starts_with("Hyper version") {
        return Ok(());
    }
    Err(not_started(executable, "it does not answer --version as hyperd does"))
}

fn not_started(executable: &Path, reason: &str) -> Error {
    Error::new(Code::HyperdNotFound, format!("Could not start hyperd from {}: {reason}.", executable.display()))
        .suggest("Name a hyperd executable with --hyperd or HYPERD_PATH, or leave both out to have one found.")
}

/// The executable of a hyperd that is to be found, or fetched where there is none.
pub async fn locate() -> Result<PathBuf, Error> {
    let located = tokio::task::spawn_blocking(crate::hyperd::locate).await;
    let located = located.map_err(|error| Error::internal(format!("Looking for hyperd panicked: {error}")))??;
    Ok(located.path)
}
