//! The command as a process: what it leaves behind when it ends, however it ends. Unix only: it sends signals.

use std::path::{Path, PathBuf};

use rstest::rstest;
use serde_json::json;

use crate::support::{Running, runs, wait_until};

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
