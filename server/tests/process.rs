//! The command as a process: what it leaves behind when it ends, however it ends. Unix only: it sends signals.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rmcp::model::{CallToolRequestParams, JsonObject};
use rmcp::service::{RoleClient, RunningService};
use rmcp::{ServiceExt, transport::async_rw::AsyncRwTransport};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

/// Long enough for a slow machine; a process that is still there after it was left behind.
const GONE_WITHIN: Duration = Duration::from_secs(20);

struct Running {
    child: Child,
    client: RunningService<RoleClient, ()>,
    /// The folder that the server was told to put its temporary files into.
    temporary: tempfile::TempDir,
}

impl Running {
    async fn start(arguments: &[&str]) -> Self {
        let hyperd = tokio::task::spawn_blocking(hyperd_mcp::hyperd::locate).await;
        let hyperd = hyperd.expect("looking does not panic").expect("there is a hyperd").path;
        let temporary = tempfile::tempdir().expect("a temporary folder can be made");
        let mut child = Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"))
            .arg("--hyperd")
            .arg(hyperd)
            .args(arguments)
            .env("TMPDIR", temporary.path())
            .env_remove("HYPERDB_PERSISTENT_DB")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let output = child.stdout.take().expect("stdout is piped");
        let input = child.stdin.take().expect("stdin is piped");
        let client = ().serve(AsyncRwTransport::new_client(output, input)).await.expect("the handshake succeeds");
        Self { child, client, temporary }
    }

    async fn call(&self, tool: &'static str, arguments: Value) -> Value {
        let arguments: JsonObject = serde_json::from_value(arguments).expect("arguments are an object");
        let params = CallToolRequestParams::new(tool).with_arguments(arguments);
        let answer = self.client.call_tool(params).await.expect("the tool answers");
        answer.structured_content.unwrap_or_default()
    }

    async fn hyperd_pid(&self) -> u64 {
        self.call("status", json!({})).await["engine"]["pid"].as_u64().expect("the server started hyperd itself")
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().expect("the server runs").to_string();
        let sent = std::process::Command::new("kill").args([name, &pid]).status().expect("kill runs");
        assert!(sent.success(), "failed to send {name} to {pid}");
    }
}

/// Whether a process runs; a zombie does not.
fn runs(pid: u64) -> bool {
    let shown = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output();
    let state = shown.expect("ps runs").stdout;
    state.first().is_some_and(|first| *first != b'Z')
}

async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < GONE_WITHIN, "{what} did not come true within {GONE_WITHIN:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    entries.map(|entry| entry.expect("the entry can be read").path()).collect()
}

#[rstest]
#[case::killed("-KILL", false)]
#[case::terminated("-TERM", true)]
#[case::interrupted("-INT", true)]
#[tokio::test]
async fn a_signal_leaves_no_hyperd_behind(#[case] signal: &str, #[case] cleans_up: bool) {
    let mut server = Running::start(&["--ephemeral-only"]).await;
    let hyperd = server.hyperd_pid().await;
    assert!(runs(hyperd), "hyperd runs while the server does");
    server.signal(signal);
    server.child.wait().await.expect("the server ends");
    wait_until("the end of hyperd", || !runs(hyperd)).await;
    if cleans_up {
        assert_eq!(entries(server.temporary.path()), Vec::<PathBuf>::new(), "temporary files were left behind");
    }
}

#[tokio::test]
async fn the_end_of_its_input_ends_the_server() {
    let mut server = Running::start(&["--ephemeral-only"]).await;
    let hyperd = server.hyperd_pid().await;
    server.client.cancel().await.expect("the client closes");
    let status = server.child.wait().await.expect("the server ends");
    assert!(status.success(), "the server ended with {status}");
    wait_until("the end of hyperd", || !runs(hyperd)).await;
    assert_eq!(entries(server.temporary.path()), Vec::<PathBuf>::new(), "temporary files were left behind");
}

#[tokio::test]
async fn the_persistent_database_outlives_the_server() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("kept.hyper");
    let file = file.to_str().expect("the path is text");
    let target = |sql: &str| json!({ "sql": [sql], "database": "persistent" });
    let mut server = Running::start(&["--persistent-db", file]).await;
    server.call("execute", target("CREATE TABLE kept (a INT)")).await;
    server.call("execute", target("INSERT INTO kept VALUES (41)")).await;
    server.signal("-KILL");
    server.child.wait().await.expect("the server ends");

    let server = Running::start(&["--persistent-db", file]).await;
    let query = json!({ "sql": "SELECT a FROM kept", "database": "persistent" });
    let answer = server.call("query", query).await;
    assert_eq!(answer["result"], json!([{ "a": 41 }]), "what was answered as done was kept: {answer}");
}
