//! What a client is told at the handshake: which tables an earlier session has kept. `catalog.kept_tables_in_instructions`

use std::time::{Duration, Instant};

use hyperd_mcp::config::{Config, EngineSource};
use hyperd_mcp::server::Server;
use rmcp::model::{CallToolRequestParams, ProtocolVersion};
use rmcp::service::{RoleClient, RunningService};
use rmcp::{ClientLifecycleMode, ClientServiceExt as _};
use serde_json::{Value, json};

use crate::support::{Running, hyperd, said};

const PIPE_BYTES: usize = 1 << 16;

/// Ten times as long as the server looks for what was kept, and half as long as it waits for a hyperd that hangs.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);

/// A client of a server in this process.
async fn client(server: &Server, lifecycle: ClientLifecycleMode) -> RunningService<RoleClient, ()> {
    let (near, far) = tokio::io::duplex(PIPE_BYTES);
    let (serving, (read, write)) = (server.clone(), tokio::io::split(far));
    tokio::spawn(async move { serving.serve_client(read, write).await });
    ().serve_with_lifecycle(near, lifecycle).await.expect("the client is let in")
}

fn instructions(client: &RunningService<RoleClient, ()>) -> String {
    client.peer_info().and_then(|info| info.instructions.clone()).expect("there are instructions")
}

/// Clients that come until one is told: the handshake waits for the answer for half a second only, which is too short for a
/// machine that is busy.
const TRIES: u32 = 20;

async fn call(client: &RunningService<RoleClient, ()>, tool: &'static str, arguments: Value) -> Value {
    let arguments = serde_json::from_value(arguments).expect("arguments are an object");
    said(&client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.expect("the tool answers"))
}

#[tokio::test]
async fn a_later_session_reads_in_its_instructions_what_was_kept() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let database = home.path().join("kept.hyper").to_string_lossy().into_owned();
    let arguments = ["--persistent-db", &database];
    let mut first = Running::start(&arguments).await;
    assert!(!instructions(&first.client).contains("held"), "there was nothing to tell");
    let load = json!({ "table": "delays", "data": "a\n1\n2\n", "format": "csv", "persist": true });
    first.call("load_data", load).await;
    let note = json!({ "table": "delays", "purpose": "which carrier\nis late", "database": "persistent" });
    first.call("set_table_metadata", note).await;
    first.client.cancel().await.expect("the client closes");
    first.child.wait().await.expect("the server ends");

    let expected = r#"`persistent` held these tables: "delays" (2 rows, noted as "which carrier\nis late")."#;
    let mut told = String::new();
    for _ in 0..TRIES {
        let mut second = Running::start(&arguments).await;
        told = instructions(&second.client);
        if told.contains(expected) {
            return;
        }
        second.client.cancel().await.expect("the client closes");
        second.child.wait().await.expect("the server ends");
    }
    panic!("{told}");
}

#[tokio::test]
async fn a_client_without_a_handshake_is_told_too_and_a_stopped_hyperd_delays_none() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let persistent = Some(folder.path().join("persistent.hyper"));
    let config = Config { engine: EngineSource::Hyperd(hyperd().await), persistent, ..Config::default() };
    let server = Server::start(config).await.expect("the server starts");
    let first = client(&server, ClientLifecycleMode::Initialize).await;
    call(&first, "execute", json!({ "sql": ["CREATE TABLE kept (a INT)"], "database": "persistent" })).await;
    let versions = vec![ProtocolVersion::V_2026_07_28];
    let mut told = String::new();
    for _ in 0..TRIES {
        let mode = ClientLifecycleMode::Discover { preferred_versions: versions.clone() };
        told = instructions(&client(&server, mode).await);
        if told.contains("held") {
            break;
        }
    }
    assert!(told.contains(r#""kept" (0 rows)"#), "{told}");

    let pid = call(&first, "status", json!({})).await["engine"]["pid"].to_string();
    let signal = |name: &str| {
        let sent = std::process::Command::new("kill").args([name, &pid]).status().expect("kill runs");
        assert!(sent.success(), "failed to send {name} to {pid}");
    };
    signal("-STOP");
    let began = Instant::now();
    let late = client(&server, ClientLifecycleMode::Initialize).await;
    let took = began.elapsed();
    signal("-CONT");
    assert!(took < HANDSHAKE_MAX, "the handshake took {took:?}");
    assert!(!instructions(&late).contains("held"), "nothing is told that was not found out");
    let answer = call(&late, "query", json!({ "sql": "SELECT 1 AS a" })).await;
    assert_eq!(answer["result"][0]["a"], 1, "{answer}");
    server.stop().await;
}
