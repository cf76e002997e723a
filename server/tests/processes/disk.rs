//! Full disks: what was answered is what is on disk, whatever a call was answered. Linux only: it mounts small disks.
//!
//! Each case makes one writing call three times from the same state: with room, on a full disk, and with room again. What
//! the database holds is read after hyperd was killed, so that it comes from the disk and not from hyperd's memory.
//!
//! Not tried: a disk that fails (EIO), which takes a device mapper, and a quota, which takes a file system with one.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};

use crate::mounts::{Disk, SmallDisk, with_disk_or_word};
use crate::support::{Running, files, runs, wait_until};

/// Size of the disk: room for the database many times over.
const DISK_MIB: u64 = 24;
/// Rows that do not fit where only little room is left.
const MANY: u64 = 60_000;
/// What is left free where a call finds some room, but less than it needs.
const LITTLE_BYTES: u64 = 1_300 << 10;

/// Which database a case writes.
#[derive(Debug, Clone, Copy)]
enum Home {
    Persistent,
    Attached,
}

impl Home {
    fn alias(self) -> &'static str {
        match self {
            Self::Persistent => "persistent",
            Self::Attached => "lake",
        }
    }
}

/// A server whose database is on a small disk, and what else a case needs.
struct Place {
    server: Running,
    alias: &'static str,
    disk: SmallDisk,
    /// A folder on another disk: inputs, and the watched folder.
    home: tempfile::TempDir,
}

impl Place {
    /// None where no small disk can be mounted.
    async fn make(kind: Disk, home: Home) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let disk = folder.path().join("disk");
        fs::create_dir(&disk).expect("a folder can be made");
        fs::create_dir(folder.path().join("in")).expect("a folder can be made");
        let below = with_disk_or_word(kind, DISK_MIB, &disk)?;
        let below: Vec<&str> = below.iter().map(String::as_str).collect();
        let file = disk.join("kept.hyper");
        let server = match home {
            Home::Persistent => Running::start_below(&below, &["--persistent-db", &file.to_string_lossy()]).await,
            Home::Attached => {
                let server = Running::start_below(&below, &["--ephemeral-only"]).await;
                let attach = json!({ "alias": "lake", "path": file, "writable": true, "on_missing": "create" });
                assert_eq!(server.call("attach_database", attach).await["alias"], "lake");
                server
            }
        };
        let disk = SmallDisk::seen_by(&server, &disk);
        Some(Self { server, alias: home.alias(), disk, home: folder })
    }

    async fn call(&self, tool: &'static str, mut arguments: Value) -> Value {
        let key = if tool == "copy_query" { "target_database" } else { "database" };
        arguments[key] = self.alias.into();
        self.server.call(tool, arguments).await
    }

    /// Makes everything as it is at the beginning of each call.
    async fn reset(&self) {
        self.call("execute", json!({ "sql": "DROP TABLE IF EXISTS fresh" })).await;
        let rows = (0..50).fold("id,v\n".to_owned(), |text, id| format!("{text}{id},{}\n", id * 7));
        let old = json!({ "table": "t", "data": rows, "format": "csv" });
        assert_eq!(self.call("load_data", old).await["rows"], 50);
        self.call("set_table_metadata", json!({ "table": "t", "notes": "" })).await;
        let watch = json!({ "path": self.home.path().join("in"), "table": "t" });
        let watching = self.call("watch_directory", watch).await;
        assert!(watching["status"] == "watching" || watching["error"]["code"] == "RESOURCE_BUSY", "{watching}");
    }

    /// What is on disk, in the order of its values.
    async fn state(&self) -> Value {
        let pid = self.hyperd().await;
        let sent = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill runs");
        assert!(sent.success());
        wait_until("the end of hyperd", || !runs(pid)).await;
        self.hyperd().await;
        let tables = self.call("describe", json!({})).await["tables"].clone();
        let mut rows = Vec::new();
        for table in tables.as_array().expect("tables") {
            let name = table["name"].as_str().expect("a name");
            let sum = format!("SELECT COUNT(*) AS n, SUM(id) AS ids, SUM(v) AS vs FROM {name}");
            rows.push(json!([name, self.call("query", json!({ "sql": sum })).await["result"][0]]));
        }
        let entries = "SELECT table_name, row_count, notes FROM _table_catalog ORDER BY table_name";
        json!({ "rows": rows, "entries": self.call("query", json!({ "sql": entries })).await["result"] })
    }

    /// The process id of a hyperd that serves.
    async fn hyperd(&self) -> u64 {
        let began = Instant::now();
        loop {
            let status = self.server.call("status", json!({})).await;
            if let Some(pid) = status["engine"]["pid"].as_u64() {
                return pid;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "no hyperd: {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether the call was answered as done.
    async fn is_done(&self, case: Case) -> (bool, Value) {
        if case.name() == "watched" {
            return self.deliver(case).await;
        }
        let (tool, arguments) = case.call(self.home.path());
        let answer = self.call(tool, arguments).await;
        let results = answer["results"].as_array().cloned().unwrap_or_default();
        let failed = results.iter().filter(|result| !result["error"].is_null()).count();
        assert!(failed == 0 || failed == results.len(), "one file alone: {answer}");
        (answer["error"].is_null() && failed == 0, answer)
    }

    /// Delivers a file, and waits until it is loaded or is known not to be.
    async fn deliver(&self, case: Case) -> (bool, Value) {
        let folder = self.home.path().join("in");
        fs::write(folder.join("d.csv"), csv(case.rows())).expect("a file can be written");
        let before = self.watcher().await["files_ingested"].clone();
        fs::write(folder.join("d.csv.ready"), "").expect("a file can be written");
        let began = Instant::now();
        loop {
            let watcher = self.watcher().await;
            if watcher["files_ingested"] != before {
                return (true, watcher);
            }
            // It goes on trying until there is room.
            if !watcher["last_error"].is_null() || began.elapsed() > Duration::from_secs(20) {
                return (false, watcher);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn watcher(&self) -> Value {
        self.server.call("status", json!({})).await["watchers"][0].clone()
    }
}

fn csv(rows: u64) -> String {
    let mut text = String::from("id,v\n");
    for row in 0..rows {
        let id = 1_000 + row;
        // Numbers that Hyper finds no pattern in to write them shorter.
        text.push_str(&format!("{id},{}\n", (id * 2_654_435_761) % 4_294_967_291));
    }
    text
}

/// A writing call: which, and how many rows it brings where it brings any.
#[derive(Debug, Clone, Copy)]
struct Case(&'static str, u64);

/// Every way to write.
const CALLS: [&str; 14] = [
    "insert",
    "update",
    "delete",
    "batch",
    "create_as",
    "add_column",
    "load_data_replace",
    "load_data_append",
    "load_file_merge",
    "load_files",
    "copy_append",
    "copy_create",
    "metadata",
    "watched",
];

impl Case {
    fn name(self) -> &'static str {
        self.0
    }

    fn rows(self) -> u64 {
        self.1
    }

    fn call(self, home: &Path) -> (&'static str, Value) {
        let Self(name, rows) = self;
        let query = format!(
            "SELECT 1000 + i AS id, ((1000 + i)::BIGINT * 2654435761) % 4294967291 AS v FROM generate_series(1, {rows}) AS s(i)"
        );
        let load = |mode: &str| json!({ "table": "t", "data": csv(rows), "format": "csv", "mode": mode });
        let file = home.join("input.csv");
        fs::write(&file, csv(rows)).expect("a file can be written");
        let copy = |table: &str, mode: &str| json!({ "sql": query, "target_table": table, "mode": mode });
        match name {
            "insert" => ("execute", json!({ "sql": format!("INSERT INTO t {query}") })),
            "update" => ("execute", json!({ "sql": "UPDATE t SET v = v + 1" })),
            "delete" => ("execute", json!({ "sql": "DELETE FROM t WHERE id < 25" })),
            "batch" => ("execute", json!({ "sql": [format!("INSERT INTO t {query}"), "DELETE FROM t WHERE id = 3"] })),
            "create_as" => ("execute", json!({ "sql": format!("CREATE TABLE fresh AS {query}") })),
            "add_column" => ("execute", json!({ "sql": "ALTER TABLE t ADD COLUMN w BIGINT" })),
            "load_data_replace" => ("load_data", load("replace")),
            "load_data_append" => ("load_data", load("append")),
            "load_file_merge" => {
                ("load_file", json!({ "table": "t", "path": file, "mode": "merge", "merge_key": "id" }))
            }
            "load_files" => ("load_files", json!({ "files": [{ "table": "t", "path": file, "mode": "append" }] })),
            "copy_append" => ("copy_query", copy("t", "append")),
            "copy_create" => ("copy_query", copy("fresh", "create")),
            "metadata" => ("set_table_metadata", json!({ "table": "t", "notes": "n".repeat(200) })),
            other => panic!("no call is named {other}"),
        }
    }
}

/// One call in one place, with the disk filled but for `left` bytes.
async fn holds(place: &Place, case: Case, left: u64) {
    place.reset().await;
    let before = place.state().await;
    let (done, answer) = place.is_done(case).await;
    assert!(done, "{case:?} with room: {answer}");
    let after = place.state().await;
    place.reset().await;
    assert_eq!(place.state().await, before, "{case:?}: the beginning is the same each time");
    place.disk.fill(left);
    let (done, answer) = place.is_done(case).await;
    let there = place.state().await;
    let expected = if done { &after } else { &before };
    assert_eq!(&there, expected, "{case:?}, {left} bytes left, was answered with {answer}");
    place.disk.make_room();
    if case.name() == "watched" {
        // What could not be loaded waits for room and nothing else.
        wait_until("the end of the delivery", || !is_waiting(&place.home.path().join("in"))).await;
    } else if !done {
        let (done, answer) = place.is_done(case).await;
        assert!(done, "{case:?} with room again: {answer}");
    }
    assert_eq!(place.state().await, after, "{case:?} with room again");
}

/// Whether a file that was delivered is still there.
fn is_waiting(folder: &Path) -> bool {
    files(folder).iter().any(|path| path.extension().is_some_and(|extension| extension == "csv"))
}

async fn every_call(kind: Disk, home: Home, names: &[&'static str]) {
    let Some(place) = Place::make(kind, home).await else { return };
    for name in names {
        holds(&place, Case(name, 20), 0).await;
        holds(&place, Case(name, MANY), LITTLE_BYTES).await;
    }
}

/// `recover.full_disk_loses_nothing_answered`
#[tokio::test]
async fn what_is_answered_on_a_full_disk_is_there() {
    Box::pin(every_call(Disk::Tmpfs, Home::Persistent, &["insert", "load_data_append", "watched"])).await;
}

/// `recover.full_disk_loses_nothing_answered`, for every call, on each kind of disk.
#[rstest]
#[tokio::test]
#[ignore = "takes some minutes; .ci/run runs it"]
async fn what_is_answered_on_a_full_disk_is_there_whatever_wrote(
    #[values(Disk::Tmpfs, Disk::Ext4)] kind: Disk,
    #[values(Home::Persistent, Home::Attached)] home: Home,
) {
    Box::pin(every_call(kind, home, &CALLS)).await;
}
