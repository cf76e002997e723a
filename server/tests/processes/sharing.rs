//! Two servers on one hyperd that change the tables of one file at the same moment.

use rstest::rstest;
use serde_json::{Value, json};

use crate::pair::Pair;
use crate::support::Running;

/// Pairs of calls at the same moment. hyperd 0.0.26963 damaged the file after fewer than ten, where nothing kept the two
/// apart.
const ROUNDS: usize = 24;

async fn load(server: &Running, round: usize, mode: &str, row: u64) -> Value {
    let arguments = json!({ "table": format!("t{round}"), "data": format!("a\n{row}\n"), "format": "csv", "mode": mode, "persist": true });
    server.call("load_data", arguments).await
}

/// `recover.servers_take_turns`
#[rstest]
#[case::append("append")]
#[case::replace("replace")]
#[tokio::test]
async fn two_servers_that_make_the_same_table_leave_the_file_whole(#[case] mode: &str) {
    let pair = Pair::start().await;
    let servers = &pair.servers;
    for round in 0..ROUNDS {
        let (one, two) = tokio::join!(load(&servers[0], round, mode, 1), load(&servers[1], round, mode, 2));
        assert_eq!((&one["rows"], &two["rows"]), (&json!(1), &json!(1)), "round {round}: {one} {two}");
        let count = json!({ "sql": format!("SELECT COUNT(*) AS n FROM t{round}"), "database": "persistent" });
        let rows = servers[round % 2].call("query", count).await;
        let expected = if mode == "append" { 2 } else { 1 };
        assert_eq!(rows["result"], json!([{ "n": expected }]), "round {round}: {rows}");
    }
    let left = std::fs::read_dir(pair.home().join("daemon/locks")).expect("there is a folder of locks").count();
    assert_eq!(left, 0, "locks are left");
    pair.stop();
}
