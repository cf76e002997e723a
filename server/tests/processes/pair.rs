//! Two servers that have one database on one daemon's hyperd.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Running, hyperd};

/// The servers, and the folder in which the daemon and their database `kept.hyper` are.
pub(crate) struct Pair {
    pub(crate) servers: [Running; 2],
    variables: [(&'static str, String); 2],
    home: tempfile::TempDir,
}

impl Pair {
    pub(crate) async fn start() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        let path = |name: &str| home.path().join(name).to_string_lossy().into_owned();
        let hyperd = hyperd().await.to_string_lossy().into_owned();
        let variables = [("HYPERD_MCP_DAEMON_DIR", path("daemon")), ("HYPERD_PATH", hyperd)];
        let persistent = path("kept.hyper");
        let arguments = ["--persistent-db", &persistent];
        let servers =
            [Running::with(&[], &arguments, &variables).await, Running::with(&[], &arguments, &variables).await];
        Self { servers, variables, home }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Ends the daemon.
    pub(crate) fn stop(self) {
        let mut stop = Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"));
        stop.args(["daemon", "stop"]).envs(self.variables).stdout(Stdio::null());
        assert!(stop.status().expect("the command runs").success());
        drop(self.home);
    }
}
