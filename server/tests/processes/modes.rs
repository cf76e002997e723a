//! Two servers on one hyperd that want a file in different modes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rmcp::model::CallToolRequestParams;
use serde_json::{Value, json};

use crate::support::Running;

/// Runs until it is cancelled.
const ENDLESS: &str = "SELECT count(*) AS n FROM lake.public.t x, generate_series(1, 1000000) a, generate_series(1, 1000000) b \
                       WHERE a.a + b.b < x.a";

async fn attach(server: &Running, path: &str, writable: bool) -> Value {
    server.call("attach_database", json!({ "alias": "lake", "path": path, "writable": writable })).await
}

/// Begins the endless query and waits until hyperd works at it.
async fn hold(server: &Arc<Running>) -> tokio::task::JoinHandle<()> {
    let holder = Arc::clone(server);
    let held = tokio::spawn(async move {
        let arguments = serde_json::from_value(json!({ "sql": ENDLESS })).expect("arguments are an object");
        let params = CallToolRequestParams::new("query").with_arguments(arguments);
        // The server ends before the query does.
        let _ = holder.client.call_tool(params).await;
    });
    let began = Instant::now();
    loop {
        let active = "SELECT count(*) AS n FROM pg_catalog.pg_stat_activity WHERE state = 'active'";
        let answer = server.call("query", json!({ "sql": active })).await;
        if answer["result"][0]["n"].as_i64().is_some_and(|n| n > 1) {
            return held;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "the query did not begin: {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Proves `readonly.engine_holds_it_too`.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_another_session_reads_is_busy_and_one_that_it_writes_is_guarded() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("lake.hyper").to_string_lossy().into_owned();
    let owner = Arc::new(Running::start(&["--ephemeral-only"]).await);
    let endpoint = owner.call("status", json!({})).await["engine"]["endpoint"].as_str().expect("a place").to_owned();
    let create = json!({ "alias": "lake", "path": path, "writable": true, "on_missing": "create" });
    owner.call("attach_database", create).await;
    owner.call("execute", json!({ "sql": "CREATE TABLE lake.public.t AS SELECT 1 AS a" })).await;
    owner.call("detach_database", json!({ "alias": "lake" })).await;

    let reader = Arc::new(Running::with(&[], &["--ephemeral-only", "--endpoint", &endpoint], &[]).await);
    assert_eq!(attach(&reader, &path, false).await["protection"], "engine");
    let held = hold(&reader).await;
    let busy = attach(&owner, &path, true).await;
    assert_eq!(busy["error"]["code"], "RESOURCE_BUSY", "{busy}");
    assert!(busy["error"]["message"].as_str().is_some_and(|message| message.contains("read-only")), "{busy}");
    reader.signal("-TERM");
    let _ = held.await;
    let began = Instant::now();
    while attach(&owner, &path, true).await["error"].is_object() {
        assert!(began.elapsed() < Duration::from_mins(1), "the file stays in use after its reader has ended");
    }
    let inserted = owner.call("execute", json!({ "sql": "INSERT INTO lake.public.t VALUES (2)" })).await;
    assert_eq!(inserted["affected_rows"], 1, "{inserted}");

    let held = hold(&owner).await;
    let other = Running::with(&[], &["--ephemeral-only", "--endpoint", &endpoint], &[]).await;
    assert_eq!(attach(&other, &path, false).await["protection"], "guard");
    let refused = other.call("execute", json!({ "sql": "DELETE FROM lake.public.t" })).await;
    assert_eq!(refused["error"]["code"], "INVALID_ARGUMENT", "{refused}");
    owner.signal("-TERM");
    let _ = held.await;
}
