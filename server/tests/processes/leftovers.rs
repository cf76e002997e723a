//! Loads that are cut off by the end of their server, and what the next one makes of them. Unix only: it sends signals.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Running, runs, wait_until};

/// Rows of a file whose load takes long enough to be met in the midst of it.
const ROWS: u64 = 400_000;

fn numbers(folder: &Path) -> String {
    let mut text = String::from("id,name\n");
    for id in 0..ROWS {
        writeln!(text, "{id},number {id}").expect("writing to a string cannot fail");
    }
    let path = folder.join("numbers.csv");
    std::fs::write(&path, text).expect("the file can be written");
    path.to_string_lossy().into_owned()
}

/// The tables of loads under way in the persistent database.
async fn unfinished(server: &Running) -> Vec<Value> {
    let sql = "SELECT relname FROM persistent.pg_catalog.pg_class WHERE relname LIKE '\\_hyperd\\_mcp\\_load%'";
    let answer = server.call("query", json!({ "sql": sql, "database": "persistent" })).await;
    answer["result"].as_array().unwrap_or_else(|| panic!("there is a result: {answer}")).clone()
}

async fn wait_for_unfinished(server: &Running) {
    let began = Instant::now();
    while unfinished(server).await.is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "no load was met in the midst of it");
    }
}

async fn rows(server: &Running, table: &str) -> Value {
    let sql = format!("SELECT COUNT(*) AS n FROM {table}");
    let answer = server.call("query", json!({ "sql": sql, "database": "persistent" })).await;
    answer["result"][0]["n"].clone()
}

#[tokio::test]
async fn a_killed_load_is_cleared_away() {
    for (mode, table) in [("replace", "t"), ("merge", "t"), ("replace", "extract.t")] {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        let database = home.path().join("kept.hyper").to_string_lossy().into_owned();
        let mut server = Running::start(&["--persistent-db", &database]).await;
        let hyperd = server.hyperd_pid().await;
        let file = numbers(server.temporary.path());
        let schema = json!({ "sql": ["CREATE SCHEMA extract"], "database": "persistent" });
        server.call("execute", schema).await;
        let old = json!({ "table": table, "data": "id,name\n-1,old\n", "format": "csv", "database": "persistent" });
        server.call("load_data", old).await;
        let mut load = json!({ "table": table, "path": file, "mode": mode, "database": "persistent" });
        if mode == "merge" {
            load["merge_key"] = "id".into();
        }
        tokio::select! {
            answer = server.call("load_file", load) => panic!("the load was over before it was met: {answer}"),
            () = wait_for_unfinished(&server) => server.signal("-KILL"),
        }
        server.child.wait().await.expect("the server ends");
        wait_until("the end of hyperd", || !runs(hyperd)).await;

        let mut onlooker = Running::start(&["--persistent-db", &database, "--read-only"]).await;
        assert_eq!(unfinished(&onlooker).await.len(), 1, "{mode} of {table}: a server that may not write leaves it");
        onlooker.client.cancel().await.expect("the client closes");
        onlooker.child.wait().await.expect("the server ends");

        let server = Running::start(&["--persistent-db", &database]).await;
        assert_eq!(unfinished(&server).await, Vec::<Value>::new(), "{mode} of {table}");
        assert_eq!(rows(&server, table).await, 1, "{mode} of {table}: the table is as it was");
    }
}

#[tokio::test]
async fn a_load_of_a_living_session_is_left_alone() {
    /// Keeps others from putting tables in their places for a second or two.
    const SLOW: &str = "INSERT INTO slow SELECT COUNT(*) FROM generate_series(1, 20000) a(v), generate_series(1, 20000) b(v) \
                        WHERE a.v + b.v > 3";
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let database = home.path().join("shared.hyper").to_string_lossy().into_owned();
    let loader = Running::start(&["--persistent-db", &database]).await;
    let status = loader.call("status", json!({})).await;
    let endpoint = status["engine"]["endpoint"].as_str().expect("hyperd listens somewhere");
    let neighbour = Running::with(&[], &["--ephemeral-only", "--endpoint", endpoint], &[]).await;
    loader.call("execute", json!({ "sql": ["CREATE TABLE slow (n BIGINT)"], "database": "persistent" })).await;
    let holds = loader.call("execute", json!({ "sql": [SLOW], "database": "persistent" }));
    let load = json!({ "table": "t", "data": "a\n1\n", "format": "csv", "database": "persistent" });
    let visit = async {
        wait_for_unfinished(&loader).await;
        let attach = json!({ "alias": "shared", "path": database, "writable": true });
        let attached = neighbour.call("attach_database", attach).await;
        (attached, unfinished(&loader).await.len())
    };
    let (_, outcome, (attached, left)) = tokio::join!(holds, loader.call("load_data", load), visit);
    assert_eq!(attached["alias"], "shared", "{attached}");
    assert_eq!(left, 1, "the table is there still, and the load is not over");
    assert_eq!(outcome["rows"], 1, "{outcome}");
    assert_eq!(rows(&loader, "t").await, 1);
}
