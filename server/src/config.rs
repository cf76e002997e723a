//! Everything about a server that can be set.

use std::path::PathBuf;

use crate::limits::Limits;

/// Where the server's hyperd comes from.
#[derive(Debug, Clone)]
pub enum EngineSource {
    /// A hyperd of the server's own, found or fetched.
    Spawn,
    /// A hyperd of the server's own, started from this executable.
    Hyperd(PathBuf),
    /// A hyperd that runs already, as `host:port`.
    Endpoint(String),
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
            limits: Limits::default(),
            scratch: None,
        }
    }
}
