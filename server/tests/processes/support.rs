//! The command as a process, with a client on its standard input and output.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rmcp::model::{CallToolRequestParams, CallToolResult, JsonObject};
use rmcp::service::{RoleClient, RunningService};
use rmcp::{ServiceExt, transport::async_rw::AsyncRwTransport};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

/// Long enough for a slow machine; a process that is still there after it was left behind.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Running {
    /// The process.
    pub(crate) child: Child,
    /// Its client.
    pub(crate) client: RunningService<RoleClient, ()>,
    /// The folder that the server was told to put its temporary files into.
    pub(crate) temporary: tempfile::TempDir,
}

impl Running {
    /// Starts the command and introduces a client to it.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        Self::start_below(&[], arguments).await
    }

    /// The same below a command that becomes the server's, such as `setpriv`.
    pub(crate) async fn start_below(below: &[&str], arguments: &[&str]) -> Self {
        let variables = [("HYPERD_PATH", hyperd().await.to_string_lossy().into_owned())];
        Self::with(below, &[&["--no-daemon"], arguments].concat(), &variables).await
    }

    /// The same with environment variables, and with a hyperd of its own only where the arguments ask for one.
    pub(crate) async fn with(below: &[&str], arguments: &[&str], variables: &[(&str, String)]) -> Self {
        let temporary = tempfile::tempdir().expect("a temporary folder can be made");
        Self::within(temporary, below, arguments, variables).await
    }

    /// The same with its temporary files in a folder that is there already.
    pub(crate) async fn within(
        temporary: tempfile::TempDir,
        below: &[&str],
        arguments: &[&str],
        variables: &[(&str, String)],
    ) -> Self {
        let command = [below, &[env!("CARGO_BIN_EXE_hyperd-mcp")], arguments].concat();
        let mut child = Command::new(command[0])
            .args(&command[1..])
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .env("TMPDIR", temporary.path())
            .env_remove("HYPERDB_PERSISTENT_DB")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log())
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let output = child.stdout.take().expect("stdout is piped");
        let input = child.stdin.take().expect("stdin is piped");
        let client = ().serve(AsyncRwTransport::new_client(output, input)).await.expect("the handshake succeeds");
        Self { child, client, temporary }
    }

    /// Calls a tool; the answer, or the error under `error`.
    pub(crate) async fn call(&self, tool: &'static str, arguments: Value) -> Value {
        let arguments: JsonObject = serde_json::from_value(arguments).expect("arguments are an object");
        let params = CallToolRequestParams::new(tool).with_arguments(arguments);
        let answer = self.client.call_tool(params).await.expect("the tool answers");
        said(&answer)
    }

    /// The process id of its hyperd.
    pub(crate) async fn hyperd_pid(&self) -> u64 {
        self.call("status", json!({})).await["engine"]["pid"].as_u64().expect("the server started hyperd itself")
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().expect("the server runs").to_string();
        let sent = std::process::Command::new("kill").args([name, &pid]).status().expect("kill runs");
        assert!(sent.success(), "failed to send {name} to {pid}");
    }
}

/// Where servers log to: nowhere, or the end of the file that the environment's `SERVER_LOG` names, where a test is run by
/// hand to see what happened. `RUST_LOG` says how much.
fn log() -> Stdio {
    let Some(path) = std::env::var_os("SERVER_LOG") else { return Stdio::null() };
    File::options().create(true).append(true).open(path).expect("the log can be written").into()
}

/// The JSON of a tool's answer, or of its error.
pub(crate) fn said(answer: &CallToolResult) -> Value {
    let text = answer.content.first().and_then(|block| block.as_text()).map_or("", |block| &block.text);
    serde_json::from_str(text).expect("the text of an answer is JSON")
}

/// The executable of hyperd.
pub(crate) async fn hyperd() -> PathBuf {
    let hyperd = tokio::task::spawn_blocking(hyperd_mcp::hyperd::locate).await;
    hyperd.expect("looking does not panic").expect("there is a hyperd").path
}

/// Whether a process runs; a zombie does not.
pub(crate) fn runs(pid: u64) -> bool {
    let shown = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output();
    let state = shown.expect("ps runs").stdout;
    state.first().is_some_and(|first| *first != b'Z')
}

/// Waits until `holds` does.
pub(crate) async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < GONE_WITHIN, "{what} did not come true within {GONE_WITHIN:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All paths below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}
