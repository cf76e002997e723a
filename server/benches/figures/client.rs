//! A client of a server that runs as a process.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use rmcp::model::{CallToolRequestParams, JsonObject};
use rmcp::service::{RoleClient, RunningService};
use rmcp::{ServiceExt, transport::async_rw::AsyncRwTransport};
use serde_json::Value;
use tokio::process::{Child, Command};

/// The command that is measured.
pub(super) struct Server {
    command: PathBuf,
    arguments: Vec<String>,
    hyperd: PathBuf,
}

impl Server {
    /// This package's own, unless `--server` names another one; `folder` gets its persistent database.
    pub(super) fn of(mut arguments: impl Iterator<Item = String>, folder: &Path) -> Self {
        let persistent = folder.join("persistent.hyper").to_string_lossy().into_owned();
        let mut own = vec!["--persistent-db".to_owned(), persistent];
        let command = match arguments.next().as_deref() {
            Some("--server") => PathBuf::from(arguments.next().expect("`--server` is followed by a path")),
            Some(other) => panic!("`{other}` is no option; there is `--server PATH [ARGUMENT...]`"),
            None => {
                own.extend(["--query-rows-max".to_owned(), super::ANSWER_ROWS.to_string()]);
                PathBuf::from(env!("CARGO_BIN_EXE_hyperd-mcp"))
            }
        };
        own.extend(arguments);
        let hyperd = hyperd_mcp::hyperd::locate().expect("there is a hyperd").path;
        Self { command, arguments: own, hyperd }
    }
}

/// A running server and its client.
pub(super) struct Client {
    child: Child,
    service: RunningService<RoleClient, ()>,
}

impl Client {
    /// Starts the server and introduces a client to it.
    pub(super) async fn start(server: &Server) -> Self {
        let mut child = Command::new(&server.command)
            .args(&server.arguments)
            .env("HYPERD_PATH", &server.hyperd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", server.command.display()));
        let output = child.stdout.take().expect("stdout is piped");
        let input = child.stdin.take().expect("stdin is piped");
        let service = ().serve(AsyncRwTransport::new_client(output, input)).await.expect("the handshake succeeds");
        Self { child, service }
    }

    /// Calls a tool; a refusal ends the program, because what comes after it would measure something else.
    pub(super) async fn call(&self, tool: &'static str, arguments: Value) {
        let arguments: JsonObject = serde_json::from_value(arguments).expect("arguments are an object");
        let params = CallToolRequestParams::new(tool).with_arguments(arguments);
        let answer = self.service.call_tool(params).await.expect("the tool answers");
        assert!(answer.is_error != Some(true), "{tool} refused: {:?}", answer.content);
    }

    /// Calls a tool; answers how long the client waited, in milliseconds.
    pub(super) async fn timed(&self, tool: &'static str, arguments: Value) -> f64 {
        let began = Instant::now();
        self.call(tool, arguments).await;
        began.elapsed().as_secs_f64() * 1e3
    }

    /// Ends the conversation and waits for the server's end.
    pub(super) async fn stop(mut self) {
        self.service.cancel().await.expect("the client stops");
        self.child.wait().await.expect("the server ends");
    }
}
