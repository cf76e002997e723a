//! Watched folders when things end in the midst of it. Unix only: it sends signals.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::random::Random;
use crate::support::{Running, runs, wait_until};

/// How many files are delivered while a server lives.
const FILES_PER_LIFE: u64 = 12;
/// Rows of each file.
const ROWS: u64 = 300;

/// Delivers a file whose rows carry its number.
fn deliver(folder: &Path, number: u64) {
    let mut rows = String::new();
    for row in 0..ROWS {
        writeln!(rows, "{number},{row}").expect("writing to a string cannot fail");
    }
    let file = folder.join(format!("f{number}.csv"));
    let partial = folder.join(format!("f{number}.csv.part"));
    std::fs::write(&partial, format!("file,line\n{rows}")).expect("the file can be written");
    std::fs::rename(&partial, &file).expect("the file can be renamed");
    std::fs::write(folder.join(format!("f{number}.csv.ready")), "").expect("the sentinel can be written");
}

async fn watch(server: &Running, folder: &Path) -> Value {
    let arguments = json!({ "path": folder, "table": "events", "database": "persistent", "max_concurrent": 4 });
    server.call("watch_directory", arguments).await
}

async fn watcher(server: &Running) -> Value {
    server.call("status", json!({})).await["watchers"][0].clone()
}

async fn wait_for(server: &Running, what: &str, holds: impl Fn(&Value) -> bool) {
    let began = std::time::Instant::now();
    loop {
        let watcher = watcher(server).await;
        if holds(&watcher) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{what} did not come true: {watcher}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Rows, distinct rows and distinct files of the table.
async fn loaded(server: &Running) -> Value {
    let sql = "SELECT COUNT(*) AS n, COUNT(DISTINCT file * 1000 + line) AS d, COUNT(DISTINCT file) AS f FROM events";
    server.call("query", json!({ "sql": sql, "database": "persistent" })).await["result"][0].clone()
}

/// A home for databases, and a folder in it that is to be watched.
fn place() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = home.path().join("in");
    std::fs::create_dir(&folder).expect("the folder can be made");
    (home, folder)
}

/// A server whose persistent database has that name in `home`.
async fn start(home: &TempDir, name: &str) -> Running {
    Running::start(&["--persistent-db", &home.path().join(name).to_string_lossy()]).await
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn no_file_is_lost_or_loaded_twice_when_the_server_is_killed() {
    const LIVES: u64 = 6;
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    eprintln!("seed {seed}");
    let mut random = Random(seed);
    let (home, folder) = place();
    let mut delivered = 0;
    for life in 0..LIVES {
        let mut server = start(&home, "kept.hyper").await;
        let hyperd = server.hyperd_pid().await;
        let kill_after = Duration::from_millis(random.below(250));
        // Some are there before the watch begins, so that the first sweep is cut off as well.
        for _ in 0..FILES_PER_LIFE / 2 {
            deliver(&folder, delivered);
            delivered += 1;
        }
        let work = async {
            watch(&server, &folder).await;
            for _ in 0..FILES_PER_LIFE / 2 {
                deliver(&folder, delivered);
                delivered += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            std::future::pending::<()>().await;
        };
        let cut_off = tokio::time::timeout(kill_after, work).await;
        assert!(cut_off.is_err(), "the work goes on until it is cut off");
        server.signal("-KILL");
        server.child.wait().await.expect("the server ends");
        eprintln!("life {life}: killed after {kill_after:?}, {delivered} files delivered");
        wait_until("the end of hyperd", || !runs(hyperd)).await;
    }
    let server = start(&home, "kept.hyper").await;
    let answer = watch(&server, &folder).await;
    assert_eq!(answer["initial_sweep"]["files_failed"], 0, "seed {seed}: {answer}");
    let rows = delivered * ROWS;
    assert_eq!(loaded(&server).await, json!({ "n": rows, "d": rows, "f": delivered }), "seed {seed}");
    server.call("unwatch_directory", json!({ "path": folder })).await;
    assert_eq!(names(&folder), Vec::<String>::new(), "seed {seed}: everything was cleared away");
    let notes = json!({ "sql": "SELECT COUNT(*) AS n FROM _watch_ledger", "database": "persistent" });
    assert_eq!(server.call("query", notes).await["result"], json!([{ "n": 0 }]), "seed {seed}");
}

#[rstest]
#[case::killed("-KILL")]
#[case::told_to_stop("-TERM")]
#[tokio::test]
async fn a_watch_waits_for_hyperd(#[case] signal: &str) {
    let (home, folder) = place();
    let server = start(&home, "kept.hyper").await;
    watch(&server, &folder).await;
    let hyperd = server.hyperd_pid().await.to_string();
    let sent = std::process::Command::new("kill").args([signal, &hyperd]).status().expect("kill runs");
    assert!(sent.success(), "failed to send {signal} to hyperd");
    for number in 0..FILES_PER_LIFE {
        deliver(&folder, number);
    }
    wait_for(&server, "each file is loaded", |watcher| watcher["files_ingested"] == FILES_PER_LIFE).await;
    assert_eq!(watcher(&server).await["files_failed"], 0);
    let rows = FILES_PER_LIFE * ROWS;
    assert_eq!(loaded(&server).await, json!({ "n": rows, "d": rows, "f": FILES_PER_LIFE }));
}

#[tokio::test]
async fn unwatching_leaves_each_file_loaded_or_in_place() {
    let (home, folder) = place();
    let server = start(&home, "kept.hyper").await;
    watch(&server, &folder).await;
    for number in 0..FILES_PER_LIFE {
        deliver(&folder, number);
    }
    let counts = server.call("unwatch_directory", json!({ "path": folder })).await;
    let ingested = counts["files_ingested"].as_u64().expect("a count");
    assert_eq!(counts["in_flight"], 0, "{counts}");
    let left = u64::try_from(names(&folder).len()).expect("a small number");
    assert_eq!(left, 2 * (FILES_PER_LIFE - ingested), "file and sentinel of each that is not loaded stay: {counts}");
    watch(&server, &folder).await;
    let rows = FILES_PER_LIFE * ROWS;
    assert_eq!(loaded(&server).await, json!({ "n": rows, "d": rows, "f": FILES_PER_LIFE }));
}

#[tokio::test]
async fn of_a_watch_and_a_detach_at_once_one_is_refused() {
    let server = Running::start(&["--ephemeral-only"]).await;
    let folder = server.temporary.path().join("in");
    std::fs::create_dir(&folder).expect("the folder can be made");
    let path = server.temporary.path().join("lake.hyper");
    for round in 0..20 {
        let attach = json!({ "alias": "lake", "path": path, "writable": true, "on_missing": "create" });
        server.call("attach_database", attach).await;
        let watching = server.call("watch_directory", json!({ "path": folder, "table": "events", "database": "lake" }));
        let detaching = server.call("detach_database", json!({ "alias": "lake" }));
        let (watched, detached) = if round % 2 == 0 {
            tokio::join!(watching, detaching)
        } else {
            let (detached, watched) = tokio::join!(detaching, watching);
            (watched, detached)
        };
        let is_watched = watched["status"] == "watching";
        let is_detached = detached["detached"] == true;
        assert!(is_watched != is_detached, "exactly one is done: {watched} {detached}");
        if is_watched {
            server.call("unwatch_directory", json!({ "path": folder })).await;
            server.call("detach_database", json!({ "alias": "lake" })).await;
        }
    }
}

#[tokio::test]
async fn two_servers_share_the_files_of_a_folder() {
    let (home, folder) = place();
    let mut servers = Vec::new();
    for name in ["one.hyper", "two.hyper"] {
        let server = start(&home, name).await;
        watch(&server, &folder).await;
        servers.push(server);
    }
    for number in 0..4 * FILES_PER_LIFE {
        deliver(&folder, number);
    }
    wait_until("the last file is taken", || names(&folder).iter().all(|name| name == "loading")).await;
    let (mut files, mut rows) = (0, 0);
    for server in &servers {
        let counts = server.call("unwatch_directory", json!({ "path": folder })).await;
        assert_eq!(counts["files_failed"], 0, "{counts}");
        files += counts["files_ingested"].as_u64().expect("a count");
        rows += counts["rows"].as_u64().expect("a count");
    }
    assert_eq!((files, rows), (4 * FILES_PER_LIFE, 4 * FILES_PER_LIFE * ROWS), "each file was loaded once");
    assert_eq!(names(&folder), Vec::<String>::new());
}
