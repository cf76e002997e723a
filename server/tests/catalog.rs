//! What the table catalogue costs: the statements that one call of `execute` sends to hyperd, counted in the log.

use hyperd_mcp::config::{Config, EngineSource};
use hyperd_mcp::server::Server;
use rmcp::ServiceExt as _;
use rmcp::model::{CallToolRequestParams, JsonObject};
use rmcp::service::{RoleClient, RunningService};
use rstest::rstest;
use serde_json::{Value, json};
use tracing::Instrument as _;
use tracing_test::traced_test;

const PIPE_BYTES: usize = 1 << 16;

struct Running {
    server: Server,
    client: RunningService<RoleClient, ()>,
    folder: tempfile::TempDir,
}

impl Running {
    async fn start() -> Self {
        let hyperd = tokio::task::spawn_blocking(hyperd_mcp::hyperd::locate).await;
        let hyperd = hyperd.expect("looking does not panic").expect("there is a hyperd").path;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let persistent = Some(folder.path().join("persistent.hyper"));
        let config = Config { engine: EngineSource::Hyperd(hyperd), persistent, ..Config::default() };
        let server = Server::start(config).await.expect("the server starts");
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        let handler = server.clone();
        let serving = async move {
            let service = handler.serve(far).await.expect("the handshake succeeds");
            service.waiting().await.expect("the service does not panic")
        };
        tokio::spawn(serving.in_current_span());
        let client = ().serve(near).await.expect("the handshake succeeds");
        Self { server, client, folder }
    }

    async fn call(&self, tool: &'static str, arguments: Value) {
        let arguments: JsonObject = serde_json::from_value(arguments).expect("arguments are an object");
        let params = CallToolRequestParams::new(tool).with_arguments(arguments);
        let answer = self.client.call_tool(params).await.expect("the tool answers");
        assert_ne!(answer.is_error, Some(true), "{:?}", answer.content);
    }

    async fn execute(&self, sql: Value, database: &str) {
        self.call("execute", json!({ "sql": sql, "database": database })).await;
    }
}

/// The statements in a log that read or write a catalogue.
fn sent(lines: &[&str]) -> Vec<String> {
    let statement = |line: &&str| line.split_once("sent sql=").map(|(_, sql)| sql.to_owned());
    lines.iter().filter_map(statement).filter(|sql| sql.contains("_table_catalog")).collect()
}

#[rstest]
#[tokio::test]
#[traced_test]
async fn only_changes_of_tables_reach_the_catalogues() {
    let running = Running::start().await;
    let lake = running.folder.path().join("lake.hyper");
    let attach = json!({ "alias": "lake", "path": lake, "writable": true, "on_missing": "create" });
    running.call("attach_database", attach).await;
    for database in ["persistent", "lake"] {
        running.execute(json!("CREATE TABLE t (a INT)"), database).await;
    }
    let cases = [
        (json!("INSERT INTO t VALUES (1)"), 0),
        (json!("UPDATE t SET a = 2"), 0),
        (json!("DELETE FROM t"), 0),
        (json!("TRUNCATE TABLE t"), 0),
        (json!(["INSERT INTO t VALUES (1)", "DELETE FROM t"]), 0),
        (json!("CREATE TABLE u (a INT)"), 4),
        (json!("ALTER TABLE u RENAME TO v"), 4),
        (json!("DROP TABLE v"), 2),
    ];
    for (sql, expected) in cases {
        let before = std::cell::Cell::new(0);
        logs_assert(|lines: &[&str]| {
            before.set(sent(lines).len());
            Ok(())
        });
        running.execute(sql.clone(), "lake").await;
        logs_assert(|lines: &[&str]| {
            let all = sent(lines);
            let new = &all[before.get()..];
            if new.len() == expected { Ok(()) } else { Err(format!("{sql} sent {new:#?}")) }
        });
    }
    running.server.stop().await;
}
