//! Many calls at once, and files that change under them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use futures::future::join_all;
use hyperd_mcp::call::Call;
use hyperd_mcp::config::{Config, EngineSource};
use hyperd_mcp::engine::{Attachments, Confinement, Engine, Lane};
use hyperd_mcp::error::Code;
use hyperd_mcp::limits::Limits;
use hyperd_mcp::server::Server;
use rmcp::ServiceExt as _;
use rmcp::model::{CallToolRequestParams, JsonObject};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Running, hyperd, said};

/// Calls at the same moment: four times as many as there are connections.
const AT_ONCE: usize = 64;
/// Rows of each load.
const ROWS: usize = 20;
/// Much longer than all of it takes, and much shorter than the deadline of one statement: calls that wait for each other
/// end no sooner than that.
const ALL_WITHIN: Duration = Duration::from_mins(2);
/// Keeps a connection and the database that it reads for as long as nobody cancels it. It reads a table of its own,
/// because Hyper lets nobody write a table while it is read.
const LONG: &str = "SELECT COUNT(*) AS n FROM read a, read b WHERE (a.id * b.id) % 7 = 3";
const READ: &str = "CREATE TABLE read AS SELECT i::BIGINT AS id FROM generate_series(1, 1000000) AS s(i)";

fn csv() -> String {
    (0..ROWS).fold("id,v\n".to_owned(), |text, row| format!("{text}{row},{}\n", row * 3))
}

/// The call number `n`: all ways to write a whole table or a part of one, in two databases, some of them to the same table.
fn call(n: usize, home: &Path) -> (&'static str, Value) {
    let database = if n.is_multiple_of(2) { "local" } else { "persistent" };
    let table = format!("t{}", n % 24);
    let file = home.join("input.csv");
    let load =
        |mode: &str| json!({ "table": table, "data": csv(), "format": "csv", "mode": mode, "database": database });
    match (n / 2) % 6 {
        1 => {
            let arguments =
                json!({ "table": table, "path": file, "mode": "merge", "merge_key": "id", "database": database });
            ("load_file", arguments)
        }
        2 => {
            let files: Vec<Value> = (0..8)
                .map(|i| json!({ "table": format!("many{}_{i}", n % 5), "path": file, "mode": "replace" }))
                .collect();
            ("load_files", json!({ "files": files, "database": database }))
        }
        3 => {
            let sql = "SELECT i AS id, i * 3 AS v FROM generate_series(0, 19) AS s(i)";
            let arguments =
                json!({ "sql": sql, "target_table": table, "target_database": database, "mode": "replace" });
            ("copy_query", arguments)
        }
        4 => {
            let folder = home.join(format!("in{n}"));
            fs::create_dir_all(&folder).expect("a folder can be made");
            fs::write(folder.join("d.csv"), csv()).expect("a file can be written");
            fs::write(folder.join("d.csv.ready"), "").expect("a file can be written");
            ("watch_directory", json!({ "path": folder, "table": format!("watched{}", n % 3), "database": database }))
        }
        _ => ("load_data", load("replace")),
    }
}

/// `recover.many_at_once_end`: no call waits for a connection or a lock with a connection in hand.
#[tokio::test]
async fn many_writers_at_once_come_to_their_end() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(home.path().join("input.csv"), csv()).expect("a file can be written");
    let database = home.path().join("kept.hyper").to_string_lossy().into_owned();
    let server = Running::start(&["--persistent-db", &database]).await;
    let work = join_all((0..AT_ONCE).map(|n| {
        let (tool, arguments) = call(n, home.path());
        let server = &server;
        async move { (n, tool, server.call(tool, arguments).await) }
    }));
    let looks = async {
        // Whoever looks while they work is answered, and sees a server that works.
        for _ in 0..5 {
            for (tool, arguments) in [("status", json!({})), ("describe", json!({ "database": "persistent" }))] {
                let answer = server.call(tool, arguments).await;
                assert!(answer["error"].is_null() && answer["problem"].is_null(), "{tool}: {answer}");
            }
        }
    };
    let (answers, ()) = tokio::time::timeout(ALL_WITHIN, async { tokio::join!(work, looks) })
        .await
        .expect("calls that wait for each other never end");
    for (n, tool, answer) in answers {
        let results = answer["results"].as_array().cloned().unwrap_or_default();
        let refused = results.iter().find(|result| !result["error"].is_null());
        assert!(answer["error"].is_null() && refused.is_none(), "{n} {tool}: {answer}");
    }
    let sql = "SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d FROM t1";
    let there = server.call("query", json!({ "sql": sql, "database": "persistent" })).await;
    assert_eq!(there["result"], json!([{ "n": ROWS, "d": ROWS }]), "{there}");
}

/// `recover.looks_wait_for_no_work`: not even where work has all connections; and no call holds two.
#[tokio::test]
async fn looks_have_places_of_their_own_and_a_call_has_one_connection() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let source = EngineSource::Hyperd(hyperd().await);
    let engine = Engine::start(&source, folder.path(), Confinement::default(), &limits, "looks".to_owned()).await;
    let engine = engine.expect("hyperd starts");
    let nothing = Attachments::default();
    let (worker, looker) = (Call::housekeeping(), Call::housekeeping());
    let work = engine.acquire(&worker, &nothing, "", Lane::Work).await.expect("a connection");
    let look = tokio::time::timeout(ALL_WITHIN, engine.acquire(&looker, &nothing, "", Lane::Look)).await;
    drop(look.expect("a look waits for no work").expect("a connection"));
    let second = engine.acquire(&worker, &nothing, "", Lane::Look).await.err().expect("a call holds one connection");
    assert_eq!(second.code, Code::InternalError, "{second}");
    assert_eq!(worker.may_wait().expect_err("it holds a connection").code, Code::InternalError);
    drop(work);
    worker.may_wait().expect("it holds none any more");
    engine.stop().await;
}

/// `recover.looks_wait_for_no_work`: as a client sees it.
#[tokio::test]
async fn status_and_describe_are_answered_while_work_has_all_connections() {
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let config = Config { engine: EngineSource::Hyperd(hyperd().await), limits, ..Config::default() };
    let server = Server::start(config).await.expect("the server starts");
    let (here, there) = tokio::io::duplex(1 << 20);
    let (read, write) = tokio::io::split(there);
    let serving = tokio::spawn({
        let server = server.clone();
        async move { server.serve_client(read, write).await }
    });
    let client = ().serve(here).await.expect("the handshake succeeds");
    let call = async |tool: &'static str, arguments: Value| {
        let arguments: JsonObject = serde_json::from_value(arguments).expect("arguments are an object");
        let answer = client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await;
        said(&answer.expect("the tool answers"))
    };
    assert!(call("execute", json!({ "sql": READ })).await["error"].is_null());
    let looks = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        for (tool, key) in [("status", "engine"), ("describe", "tables")] {
            let answer = call(tool, json!({})).await;
            assert!(answer["error"].is_null() && !answer[key].is_null(), "{tool}: {answer}");
        }
    };
    tokio::select! {
        ended = call("query", json!({ "sql": LONG })) => panic!("the work ends long after this: {ended}"),
        looked = tokio::time::timeout(ALL_WITHIN, looks) => looked.expect("a look waits for no work"),
    }
    server.stop().await;
    serving.abort();
}

/// A server with tables in its persistent database.
async fn with_tables(home: &Path) -> Running {
    let database = home.join("kept.hyper").to_string_lossy().into_owned();
    let server = Running::start(&["--persistent-db", &database]).await;
    let old = json!({ "table": "t", "data": csv(), "format": "csv", "persist": true });
    assert_eq!(server.call("load_data", old).await["rows"], ROWS);
    assert!(server.call("execute", json!({ "sql": READ, "database": "persistent" })).await["error"].is_null());
    server
}

/// Waits until hyperd runs a statement, besides the question whether it does, for longer than it takes to attach a file:
/// then the reader has it.
async fn reads(server: &Running) {
    const LOOKS: u32 = 20;
    let sql = "SELECT count(*) AS n FROM pg_catalog.pg_stat_activity WHERE state = 'active'";
    let began = Instant::now();
    let mut seen = 0;
    while seen < LOOKS {
        let active = server.call("query", json!({ "sql": sql })).await;
        seen = if active["result"][0]["n"].as_u64() > Some(1) { seen + 1 } else { 0 };
        assert!(began.elapsed() < ALL_WITHIN, "nobody reads: {active}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// `recover.replaced_file_is_told`
#[rstest]
#[case::deleted(false)]
#[case::replaced(true)]
#[tokio::test]
async fn a_change_that_goes_into_a_file_which_nobody_finds_is_not_answered_as_done(#[case] replaced: bool) {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let server = with_tables(home.path()).await;
    let file = home.path().join("kept.hyper");
    let other = home.path().join("other.hyper");
    fs::copy(&file, &other).expect("the file can be copied");
    let reader = server.call("query", json!({ "sql": LONG, "database": "persistent" }));
    let writer = async {
        reads(&server).await;
        if replaced {
            fs::rename(&other, &file).expect("the file can be replaced");
        } else {
            fs::remove_file(&file).expect("the file can be removed");
        }
        let insert = json!({ "sql": "INSERT INTO t VALUES (1000, 1)", "database": "persistent" });
        server.call("execute", insert).await
    };
    let answer = tokio::select! {
        answer = writer => answer,
        ended = reader => panic!("the reader ends long after this: {ended}"),
    };
    assert_eq!(answer["error"]["code"], "IO_ERROR", "{answer}");
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("deleted or replaced") && message.contains("kept.hyper"), "{answer}");
}

/// `recover.unwritten_is_told`
#[tokio::test]
#[ignore = "waits for ten seconds; .ci/run runs it"]
async fn a_change_that_a_long_reader_keeps_from_disk_is_told_to_be_so() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let server = with_tables(home.path()).await;
    let reader = server.call("query", json!({ "sql": LONG, "database": "persistent" }));
    let writer = async {
        reads(&server).await;
        let insert = json!({ "sql": "INSERT INTO t VALUES (1000, 1)", "database": "persistent" });
        let answer = server.call("execute", insert).await;
        (answer, server.call("status", json!({})).await)
    };
    let (answer, status) = tokio::select! {
        answered = writer => answered,
        ended = reader => panic!("the reader ends long after this: {ended}"),
    };
    assert_eq!((&answer["affected_rows"], &answer["stats"]["unwritten"]), (&json!(1), &json!(true)), "{answer}");
    assert_eq!(status["databases"][1]["unwritten"], true, "{status}");
}
