//! What the tools' annotations say, compared with what their calls do. Proves `protocol.annotations_are_true`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Running, files};

/// More equal rows than any table here has.
const TWINS_MAX: u32 = 100;

/// Everything that a call may change: rows, files and what the session has open. A row that is there twice has two keys.
type State = BTreeMap<String, String>;

/// What the calls of one tool were seen to do.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    changes: bool,
    removes: bool,
    changes_again: bool,
}

/// Entries for a store: two that are popped, one that is deleted, and one more.
fn four(value: &str) -> Value {
    ["a", "b", "c", "d"].map(|key| json!({ "key": key, "value": value })).into_iter().collect()
}

/// Calls of each tool, of which some do the worst that the tool can.
fn calls(home: &Path) -> Vec<(&'static str, Value)> {
    let path = |name: &str| home.join(name).to_string_lossy().into_owned();
    let read = |tool| (tool, json!({ "sql": "SELECT * FROM t", "database": "lake" }));
    vec![
        read("query"),
        ("query_data", json!({ "data": "a\n1\n", "format": "csv", "sql": "SELECT * FROM data" })),
        ("query_file", json!({ "path": path("in.csv"), "sql": "SELECT * FROM data" })),
        ("describe", json!({ "database": "lake" })),
        ("sample", json!({ "table": "t", "database": "lake" })),
        ("inspect_file", json!({ "path": path("in.csv") })),
        ("list_attached_databases", json!({})),
        ("status", json!({})),
        ("execute", json!({ "sql": ["INSERT INTO t VALUES (3)"], "database": "lake" })),
        ("execute", json!({ "sql": ["DELETE FROM t WHERE a = 1"], "database": "lake" })),
        ("load_data", json!({ "table": "t", "data": "a\n5\n", "format": "csv", "database": "lake" })),
        ("load_data", json!({ "table": "t", "data": "a\n6\n", "format": "csv", "mode": "append", "database": "lake" })),
        ("load_file", json!({ "table": "t", "path": path("in.csv"), "database": "lake" })),
        ("load_file", json!({ "table": "t", "path": path("in.csv"), "mode": "append", "database": "lake" })),
        ("load_files", json!({ "files": [{ "table": "t", "path": path("two.csv") }], "database": "lake" })),
        (
            "load_files",
            json!({ "files": [{ "table": "t", "path": path("in.csv"), "mode": "append" }], "database": "lake" }),
        ),
        ("export", json!({ "sql": "SELECT 1 AS a", "path": path("ice"), "format": "iceberg" })),
        ("export", json!({ "sql": "SELECT 2 AS a", "path": path("ice"), "format": "iceberg", "overwrite": true })),
        ("export", json!({ "sql": "SELECT 2 AS a", "path": path("theirs"), "format": "csv", "overwrite": true })),
        ("load_iceberg", json!({ "table": "t", "path": path("ice"), "database": "lake" })),
        ("load_iceberg", json!({ "table": "t", "path": path("ice"), "mode": "append", "database": "lake" })),
        (
            "copy_query",
            json!({ "sql": "SELECT 9 AS a", "target_table": "t", "mode": "replace", "target_database": "lake" }),
        ),
        (
            "copy_query",
            json!({ "sql": "SELECT 8 AS a", "target_table": "t", "mode": "append", "target_database": "lake" }),
        ),
        ("set_table_metadata", json!({ "table": "t", "purpose": "one", "database": "lake" })),
        ("set_table_metadata", json!({ "table": "t", "purpose": "two", "database": "lake" })),
        ("kv_set", json!({ "store": "s", "key": "a", "value": "1", "database": "lake" })),
        ("kv_set", json!({ "store": "s", "key": "a", "value": "2", "database": "lake" })),
        ("kv_set_many", json!({ "store": "s", "entries": four("1"), "database": "lake" })),
        ("kv_set_many", json!({ "store": "s", "entries": four("2"), "database": "lake" })),
        ("kv_get", json!({ "store": "s", "key": "a", "database": "lake" })),
        ("kv_list", json!({ "store": "s", "database": "lake" })),
        ("kv_list_stores", json!({ "database": "lake" })),
        ("kv_size", json!({ "store": "s", "database": "lake" })),
        ("kv_pop", json!({ "store": "s", "database": "lake" })),
        ("kv_delete", json!({ "store": "s", "key": "c", "database": "lake" })),
        ("kv_clear", json!({ "store": "s", "database": "lake" })),
        ("attach_database", json!({ "alias": "more", "path": path("more.hyper"), "on_missing": "create" })),
        ("detach_database", json!({ "alias": "more" })),
        ("watch_directory", json!({ "path": path("drop"), "table": "t", "database": "lake" })),
        ("unwatch_directory", json!({ "path": path("drop") })),
    ]
}

async fn state(server: &Running, home: &Path) -> State {
    let mut state = State::new();
    let listed = server.call("list_attached_databases", json!({})).await;
    for database in listed["attachments"].as_array().expect("a list") {
        let alias = database["alias"].as_str().expect("an alias");
        state.insert(format!("session: database {alias}"), String::new());
        let tables = server.call("describe", json!({ "database": alias })).await;
        let names = tables["tables"].as_array().expect("a list").iter().map(|table| table["name"].clone());
        for table in names.chain(["_table_catalog".into(), "_hyperdb_kv_store".into()]) {
            let table = table.as_str().expect("a name");
            let rows =
                server.call("query", json!({ "sql": format!("SELECT * FROM {table}"), "database": alias })).await;
            for row in rows["result"].as_array().into_iter().flatten() {
                let twin =
                    (0..TWINS_MAX).find(|twin| !state.contains_key(&format!("row: {alias}.{table} {row} {twin}")));
                state.insert(format!("row: {alias}.{table} {row} {}", twin.expect("a free number")), String::new());
            }
        }
    }
    for watcher in server.call("status", json!({})).await["watchers"].as_array().expect("a list") {
        state.insert(format!("session: watch {}", watcher["directory"]), String::new());
    }
    // What a watch keeps for itself is no file of anybody's.
    let is_own = |file: &Path| file.components().any(|part| part.as_os_str() == "loading");
    for file in files(home).into_iter().filter(|file| file.is_file() && !is_own(file)) {
        // Of a database its rows are compared.
        let is_database = file.extension().is_some_and(|extension| extension == "hyper");
        let content = if is_database { Vec::new() } else { std::fs::read(&file).expect("a file can be read") };
        state.insert(format!("file: {}", file.display()), format!("{content:?}"));
    }
    state
}

/// Whether a row or a file is gone, or a file is another.
fn removes(before: &State, after: &State) -> bool {
    before.iter().any(|(key, value)| !key.starts_with("session:") && after.get(key) != Some(value))
}

#[tokio::test]
async fn annotations_say_what_calls_do() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, text) in [("in.csv", "a\n7\n"), ("two.csv", "a\n7\n8\n"), ("theirs", "mine")] {
        std::fs::write(home.path().join(name), text).expect("the file can be written");
    }
    std::fs::create_dir(home.path().join("drop")).expect("the folder can be made");
    for (name, text) in [("x.csv", "a\n4\n"), ("x.csv.ready", "")] {
        std::fs::write(home.path().join("drop").join(name), text).expect("the file can be written");
    }
    let persistent = home.path().join("kept.hyper");
    let server = Running::start(&["--persistent-db", &persistent.to_string_lossy()]).await;
    let lake =
        json!({ "alias": "lake", "path": home.path().join("lake.hyper"), "writable": true, "on_missing": "create" });
    server.call("attach_database", lake).await;
    let rows = json!({ "table": "t", "data": "a\n1\n2\n", "format": "csv", "database": "lake" });
    server.call("load_data", rows).await;
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    for (tool, arguments) in calls(home.path()) {
        let before = state(&server, home.path()).await;
        let answer = server.call(tool, arguments.clone()).await;
        assert!(answer.get("error").is_none(), "{tool} {arguments}: {answer}");
        let after = state(&server, home.path()).await;
        server.call(tool, arguments).await;
        let again = state(&server, home.path()).await;
        let seen = seen.entry(tool).or_default();
        seen.changes |= before != after;
        seen.removes |= removes(&before, &after);
        seen.changes_again |= after != again;
    }
    let tools = server.client.list_all_tools().await.expect("tools are listed");
    let listed: BTreeSet<&str> = tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(seen.keys().copied().collect::<BTreeSet<_>>(), listed, "each tool is tried");
    for tool in &tools {
        let hints = tool.annotations.as_ref().expect("annotations");
        let told = Seen {
            changes: hints.read_only_hint == Some(false),
            removes: hints.destructive_hint == Some(true),
            changes_again: hints.idempotent_hint == Some(false),
        };
        assert_eq!(told, seen[&*tool.name], "what `{}` says of itself, and what it was seen to do", tool.name);
    }
}
