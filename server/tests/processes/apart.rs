//! Statements that hyperd must not run at the same time.

use std::cell::Cell;
use std::time::Duration;

use serde_json::{Value, json};

use crate::pair::Pair;
use crate::support::Running;

/// Rows of the table.
const ROWS: u64 = 200_000;
/// Calls that update it.
const UPDATES: u32 = 16;
/// Much longer than all of it takes.
const ALL_WITHIN: Duration = Duration::from_mins(5);

async fn execute(server: &Running, sql: Value) {
    let answer = server.call("execute", json!({ "sql": sql, "database": "persistent" })).await;
    assert!(answer["error"].is_null(), "{answer}");
}

/// Updates texts through one server while they are read through another one, or the same: hyperd dies of whoever reads a
/// text as it was before an UPDATE.
async fn update_and_read(updates: &Running, reads: &Running) {
    let make = format!("CREATE TABLE t AS SELECT i AS id, 'text ' || i AS v FROM generate_series(1, {ROWS}) AS s(i)");
    execute(updates, json!(make)).await;
    let hyperd = reads.hyperd_pid().await;
    let is_done = Cell::new(false);
    let update = async {
        for time in 0..UPDATES {
            // One statement, and two in a transaction.
            let one = json!(format!("UPDATE t SET v = 'other {time}' WHERE id % 7 = {}", time % 7));
            let sql = if time.is_multiple_of(2) { one } else { json!([one, "UPDATE t SET v = v || '.' WHERE id = 1"]) };
            execute(updates, sql).await;
        }
        is_done.set(true);
    };
    let read = async || {
        while !is_done.get() {
            let sql = "SELECT COUNT(*) AS n, MAX(v) AS v FROM t";
            let answer = reads.call("query", json!({ "sql": sql, "database": "persistent" })).await;
            assert_eq!(answer["result"][0]["n"], ROWS, "{answer}");
            let described = reads.call("describe", json!({ "table": "t", "database": "persistent" })).await;
            assert!(described["error"].is_null(), "{described}");
        }
    };
    let all = Box::pin(async { tokio::join!(update, read(), read(), read()) });
    tokio::time::timeout(ALL_WITHIN, all).await.expect("they do not wait for each other for good");
    assert_eq!(reads.hyperd_pid().await, hyperd, "hyperd has died");
}

/// `recover.an_update_is_kept_apart`
#[tokio::test]
async fn texts_are_updated_and_read_at_once_in_one_server() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let database = home.path().join("kept.hyper").to_string_lossy().into_owned();
    let server = Running::start(&["--persistent-db", &database]).await;
    update_and_read(&server, &server).await;
}

/// `recover.an_update_is_kept_apart`
#[tokio::test]
async fn texts_are_updated_and_read_at_once_in_two_servers_of_one_hyperd() {
    let pair = Pair::start().await;
    let [one, other] = &pair.servers;
    update_and_read(one, other).await;
    pair.stop();
}
