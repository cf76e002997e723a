//! Everything about a server that can be set.

use std::path::PathBuf;
use std::time::Duration;

use crate::files::Paths;
use crate::limits::Limits;

/// Where the server's hyperd comes from.
#[derive(Debug, Clone)]
pub enum EngineSource {
    /// A hyperd of the server's own, found or fetched.
    Spawn,
    /// A hyperd of the server's own, started from this executable.
    Hyperd(PathBuf),
    /// A hyperd that runs already, as `host:port`, or as `tab.domain://FOLDER/domain/NAME` where it has a Unix socket.
    Endpoint(String),
    /// The one that the user's daemon keeps for all servers; the daemon is started where none runs.
    Daemon(DaemonOptions),
}

/// What a daemon is started with where none runs.
#[derive(Debug, Clone)]
pub struct DaemonOptions {
    /// The program to start as the daemon; this one otherwise.
    pub program: Option<PathBuf>,
    /// How long hyperd may leave a connection unanswered.
    pub hang_deadline: Duration,
    /// Whether a hyperd that hangs is replaced, or only reported.
    pub replace_hung: bool,
    /// Most memory of hyperd, as in [`Limits::hyperd_memory`].
    pub hyperd_memory: Option<String>,
}

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where hyperd comes from.
    pub engine: EngineSource,
    /// The file of the `persistent` database; none means that the session keeps nothing.
    pub persistent: Option<PathBuf>,
    /// Refuses each tool that writes.
    pub read_only: bool,
    /// Where calls may read and write files.
    pub paths: Paths,
    /// The bounds that an operator may set.
    pub limits: Limits,
    /// The parent of the session's temporary folder; none means the system's.
    pub scratch: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            engine: EngineSource::Spawn,
            persistent: None,
            read_only: false,
            paths: Paths::default(),
            limits: Limits::default(),
            scratch: None,
        }
    }
}
