//! How long a server takes from its start to its first answer, with the daemon's hyperd and with one of its own.
//!
//! `cargo run --release -p hyperd-mcp --example start_to_first_answer` prints medians and their ratio. The servers take
//! turns, so that what else the machine does befalls both.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::process::Command;

/// Starts of each kind.
const ROUNDS: usize = 15;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::current_exe()?.parent().and_then(Path::parent).ok_or("no folder")?.join("hyperd-mcp");
    if !program.is_file() {
        return Err(format!("{} is not there: cargo build --release -p hyperd-mcp", program.display()).into());
    }
    let home = tempfile::tempdir()?;
    // Started, and warm.
    first_answer(&program, home.path(), &[]).await?;
    let (mut daemon, mut own) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        daemon.push(first_answer(&program, home.path(), &[]).await?);
        own.push(first_answer(&program, home.path(), &["--no-daemon"]).await?);
    }
    Command::new(&program).args(["daemon", "stop"]).env("HYPERD_MCP_DAEMON_DIR", home.path()).status().await?;
    let (daemon, own) = (median(daemon), median(own));
    eprintln!("start to first answer, median of {ROUNDS}: daemon {daemon:.1?}, private hyperd {own:.1?}");
    eprintln!("ratio {:.2}", daemon.as_secs_f64() / own.as_secs_f64());
    Ok(())
}

async fn first_answer(program: &Path, home: &Path, options: &[&str]) -> Result<Duration, Box<dyn std::error::Error>> {
    let began = Instant::now();
    let mut command = Command::new(program);
    command.arg("--ephemeral-only").args(options).env("HYPERD_MCP_DAEMON_DIR", home);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let (output, input) = (child.stdout.take().ok_or("no output")?, child.stdin.take().ok_or("no input")?);
    let client = ().serve(AsyncRwTransport::new_client(output, input)).await?;
    let arguments = serde_json::Map::from_iter([("sql".to_owned(), "SELECT 1 AS a".into())]);
    let answer = client.call_tool(CallToolRequestParams::new("query").with_arguments(arguments)).await?;
    let took = began.elapsed();
    if answer.is_error == Some(true) {
        return Err(format!("the query failed: {answer:?}").into());
    }
    client.cancel().await?;
    child.wait().await?;
    Ok(took)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
