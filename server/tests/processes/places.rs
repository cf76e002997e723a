//! Places that cannot be read or written: without permission, and on a disk that is full. Linux only: it takes root's
//! privileges away, and mounts a small disk.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::mounts::{Disk, with_disk_or_word};
use crate::support::{Running, files};

const EXPORTS: [&str; 5] = ["csv", "parquet", "arrow_ipc", "iceberg", "hyper"];
/// Size of the small disk: enough for a database with a few rows, and for nothing that is loaded or exported here.
const DISK_MIB: u64 = 2;
/// Rows that need more.
const ROWS: u64 = 300_000;

fn run(command: &[&str]) -> Output {
    Command::new(command[0]).args(&command[1..]).output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// The command that another one is to be run by so that it obeys permissions; none where it does so anyhow.
fn unprivileged(file_without_permission: &str) -> Result<&'static [&'static str], String> {
    const SETPRIV: [&str; 2] = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
    let denied = |command: &[&str]| !run(&[command, &["cat", file_without_permission]].concat()).status.success();
    if denied(&[]) {
        return Ok(&[]);
    }
    match Command::new(SETPRIV[0]).args(&SETPRIV[1..]).arg("true").output() {
        Ok(output) if output.status.success() && denied(&SETPRIV) => Ok(&SETPRIV),
        Ok(output) => Err(format!("setpriv takes no privilege away: {}", String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(format!("root obeys no permissions, and setpriv cannot be run: {error}")),
    }
}

/// Everything that a refused call could have changed.
async fn state(server: &Running, folder: &Path) -> Value {
    let catalog = json!({ "sql": "SELECT * FROM _table_catalog ORDER BY table_name", "database": "lake" });
    let hidden = "SELECT tablename FROM lake.pg_catalog.pg_tables WHERE schemaname = 'public' ORDER BY tablename";
    json!({
        "tables": server.call("describe", json!({ "database": "lake" })).await["tables"],
        "rows": server.call("query", json!({ "sql": "SELECT * FROM old", "database": "lake" })).await["result"],
        "catalog": server.call("query", catalog).await["result"],
        "all": server.call("query", json!({ "sql": hidden })).await["result"],
        "databases": server.call("list_attached_databases", json!({})).await["attachments"],
        "watchers": server.call("status", json!({})).await["watchers"],
        "files": files(folder),
    })
}

async fn start_with_lake(below: &[&str], lake: &Path) -> Running {
    let server = Running::start_below(below, &["--ephemeral-only"]).await;
    let attach = json!({ "alias": "lake", "path": lake, "writable": true, "on_missing": "create" });
    server.call("attach_database", attach).await;
    let old = json!({ "table": "old", "data": "id,name\n1,old\n", "format": "csv", "database": "lake" });
    assert_eq!(server.call("load_data", old).await["rows"], 1);
    server
}

/// Calls that load `path`, one for each way.
fn loads(path: &Path) -> Vec<(&'static str, Value)> {
    let load = |mode: &str| json!({ "table": "old", "path": path, "mode": mode, "database": "lake" });
    let mut merge = load("merge");
    merge["merge_key"] = "id".into();
    let fresh = json!({ "table": "fresh", "path": path, "database": "lake" });
    vec![("load_file", load("replace")), ("load_file", load("append")), ("load_file", merge), ("load_file", fresh)]
}

fn export(format: &str, path: &Path, table: &str) -> (&'static str, Value) {
    let mut export = json!({ "path": path, "format": format, "database": "lake" });
    if format != "hyper" {
        export["table"] = table.into();
    }
    ("export", export)
}

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions can be set");
}

/// What is refused for want of a permission; `locked` may not be read and `fixed` may not be written.
fn forbidden(home: &Path) -> Vec<(&'static str, Value)> {
    let [locked, fixed] = ["locked", "fixed"].map(|name| home.join(name));
    let mut calls = Vec::new();
    for name in ["secret.csv", "secret.json", "secret.parquet", "secret.arrow", "locked/in.csv"] {
        calls.extend(loads(&home.join(name)));
        calls.push(("inspect_file", json!({ "path": home.join(name) })));
        calls.push(("query_file", json!({ "path": home.join(name), "sql": "SELECT * FROM data" })));
    }
    for folder in [&locked, &locked.join("table")] {
        calls.push(("load_iceberg", json!({ "table": "fresh", "path": folder, "database": "lake" })));
    }
    for format in EXPORTS {
        calls.push(export(format, &fixed.join("out"), "old"));
        calls.push(export(format, &locked.join("out"), "old"));
    }
    for (path, create) in
        [("secret.hyper", false), ("locked/x.hyper", false), ("locked/x.hyper", true), ("fixed/x.hyper", true)]
    {
        let on_missing = if create { "create" } else { "error" };
        calls.push(("attach_database", json!({ "alias": "more", "path": home.join(path), "on_missing": on_missing })));
    }
    for folder in [&locked, &fixed] {
        calls.push(("watch_directory", json!({ "path": folder, "table": "old", "database": "lake" })));
    }
    calls
}

#[tokio::test]
async fn what_may_not_be_read_or_written_is_told_and_changes_nothing() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let home = home.path();
    for folder in ["locked", "fixed"] {
        fs::create_dir(home.join(folder)).expect("a folder can be made");
    }
    for name in ["secret.csv", "secret.json", "secret.parquet", "secret.arrow", "secret.hyper", "locked/in.csv"] {
        fs::write(home.join(name), "id,name\n2,new\n").expect("a file can be written");
        permit(&home.join(name), 0o000);
    }
    let below = match unprivileged(&home.join("secret.csv").to_string_lossy()) {
        Ok(below) => below,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    let server = start_with_lake(below, &home.join("lake.hyper")).await;
    permit(&home.join("locked"), 0o000);
    permit(&home.join("fixed"), 0o555);
    let before = state(&server, home).await;
    for (tool, arguments) in forbidden(home) {
        let answer = server.call(tool, arguments.clone()).await;
        let (message, suggestion) = (answer["error"]["message"].as_str(), answer["error"]["suggestion"].as_str());
        let path = arguments["path"].as_str().expect("a path");
        // hyperd opens databases itself, and says it in its own words.
        let words = ["ermission denied", "cannot be opened in `read-", "could not be created"];
        let told = message.is_some_and(|message| words.iter().any(|words| message.contains(words)));
        assert!(
            told && message.is_some_and(|m| m.contains(path) || m.contains("fixed")),
            "{tool} {arguments}: {answer}"
        );
        assert!(
            suggestion.is_some_and(|text| text.contains("may") || text.contains("permission")),
            "{tool} {arguments}: {answer}"
        );
    }
    let many = json!({ "files": [{ "table": "fresh", "path": home.join("secret.csv") }], "database": "lake" });
    let many = server.call("load_files", many).await;
    assert_eq!(many["results"][0]["error"]["code"], "IO_ERROR", "{many}");
    assert_eq!(state(&server, home).await, before);
    // So that the folder can be removed.
    permit(&home.join("locked"), 0o755);
    permit(&home.join("fixed"), 0o755);
}

#[tokio::test]
async fn a_full_disk_is_told_and_changes_nothing() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let disk = home.path().join("disk");
    fs::create_dir(&disk).expect("a folder can be made");
    let Some(below) = with_disk_or_word(Disk::Tmpfs, DISK_MIB, &disk) else { return };
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    let server = start_with_lake(&below, &disk.join("lake.hyper")).await;
    // The disk is there for the server alone, and is gone with it.
    let pid = server.child.id().expect("the server runs");
    let seen = PathBuf::from(format!("/proc/{pid}/root{}", disk.display()));
    // Numbers that Hyper finds no pattern in to write them shorter.
    let rows = format!(
        "SELECT v AS id, (v::BIGINT * 2654435761 % 4294967291)::TEXT || '-' || (v::BIGINT * 40503 % 65521)::TEXT AS name \
         FROM generate_series(1, {ROWS}) AS rows(v)"
    );
    let mut calls = Vec::new();
    for (format, name) in [("csv", "in.csv"), ("parquet", "in.parquet"), ("arrow_ipc", "in.arrows")] {
        let input = server.temporary.path().join(name);
        let export = json!({ "path": input, "format": format, "sql": rows });
        assert_eq!(server.call("export", export).await["rows"], ROWS);
        // An append is left out: hyperd 0.0.26963 dies where INSERT finds no more room, as the README says.
        calls.extend(loads(&input).into_iter().filter(|(_, arguments)| arguments["mode"] != "append"));
    }
    calls.push((
        "copy_query",
        json!({ "sql": rows, "target_table": "fresh", "target_database": "lake", "mode": "create" }),
    ));
    let before = state(&server, &seen).await;
    for (tool, arguments) in calls {
        let answer = server.call(tool, arguments.clone()).await;
        let error = &answer["error"];
        assert!(error["message"].as_str().is_some_and(|text| text.contains("grow")), "{tool} {arguments}: {answer}");
        assert!(
            error["suggestion"].as_str().is_some_and(|text| text.contains("space")),
            "{tool} {arguments}: {answer}"
        );
    }
    assert_eq!(state(&server, &seen).await, before, "after the loads");
    for format in EXPORTS {
        let mut export = json!({ "path": disk.join("out"), "format": format, "sql": rows });
        if format == "hyper" {
            server.call("execute", json!({ "sql": [format!("CREATE TABLE many AS {rows}")] })).await;
            export = json!({ "path": disk.join("out"), "format": format });
        }
        let answer = server.call("export", export).await;
        let error = &answer["error"];
        assert!(error["message"].as_str().is_some_and(|text| text.contains("grow")), "{format}: {answer}");
        assert!(error["suggestion"].as_str().is_some_and(|text| text.contains("space")), "{format}: {answer}");
    }
    assert_eq!(state(&server, &seen).await, before, "after the exports");
}
