//! hyperd is killed at random moments under a mixed load, and what is left is what was answered. Unix only: it sends signals.
//! On Linux hyperd is stopped as well, the disk fills up, and many calls come at once.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::mounts::{SmallDisk, StormPlace};
use crate::random::{Random, seed};
use crate::support::{Running, runs, wait_until};

/// Rows of each load and of each delivered file.
const ROWS: u64 = 40;
/// Keys of the table that is merged into.
const KEYS: u64 = 25;
/// Loads of a burst, and the pause between two.
const BURST: usize = 64;
const BURST_PAUSE_MS: u64 = 400;
/// The number of a burst's first load, beyond those of all others.
const BURST_FIRST: u64 = 1_000_000;
/// Longest time that hyperd lives, once it serves.
const LIFE_MS_MAX: u64 = 700;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It was answered as done.
    Done,
    /// hyperd died under it: all of it or nothing.
    Doubtful,
    /// It was refused.
    Undone,
}

/// What the databases must hold.
#[derive(Default)]
struct Model {
    /// Loads by their number.
    loads: BTreeMap<u64, Fate>,
    /// Values that the merged table may have, all rows the same one.
    merged: Vec<u64>,
    delivered: u64,
    exported: u64,
}

struct Storm<'a> {
    server: &'a Running,
    home: &'a Path,
    /// The database's own disk, where there is one.
    disk: Option<SmallDisk>,
    ended: &'a Cell<bool>,
}

impl Storm<'_> {
    /// Calls a tool; an error that a hyperd that dies does not explain fails the test.
    async fn call(&self, tool: &'static str, arguments: Value) -> (Fate, Value) {
        let answer = self.server.call(tool, arguments).await;
        let fate = match answer["error"]["code"].as_str() {
            // It may be written after the answer, or lost with hyperd before that; the answer says so.
            None if answer["stats"]["unwritten"] == true => Fate::Doubtful,
            None => Fate::Done,
            Some("CONNECTION_LOST") => Fate::Doubtful,
            Some("RESOURCE_BUSY" | "DISK_FULL") => Fate::Undone,
            Some(_) => panic!("{tool}: {answer}"),
        };
        (fate, answer)
    }

    async fn load(&self, model: &mut BTreeMap<u64, Fate>) {
        for number in 0.. {
            if self.ended.get() {
                return;
            }
            let data = rows(number);
            let arguments =
                json!({ "table": "loads", "data": data, "format": "csv", "mode": "append", "persist": true });
            let (fate, _) = self.call("load_data", arguments).await;
            model.insert(number, fate);
        }
    }

    /// Many loads at the same moment, again and again.
    async fn burst(&self, model: &mut BTreeMap<u64, Fate>) {
        for first in (BURST_FIRST..).step_by(BURST) {
            if self.ended.get() {
                return;
            }
            let load = |number: u64| async move {
                let arguments = json!({
                    "table": "loads", "data": rows(number), "format": "csv", "mode": "append", "persist": true
                });
                (number, self.call("load_data", arguments).await.0)
            };
            let last = first + u64::try_from(BURST).expect("a small number");
            model.extend(join_all((first..last).map(load)).await);
            tokio::time::sleep(Duration::from_millis(BURST_PAUSE_MS)).await;
        }
    }

    async fn merge(&self, allowed: &mut Vec<u64>) {
        let path = self.home.join("merge.csv");
        for value in 1.. {
            if self.ended.get() {
                return;
            }
            let mut text = String::from("id,value\n");
            for key in 0..KEYS {
                writeln!(text, "{key},{value}").expect("writing to a string cannot fail");
            }
            std::fs::write(&path, text).expect("the file can be written");
            let arguments =
                json!({ "table": "merged", "path": path, "mode": "merge", "merge_key": "id", "persist": true });
            match self.call("load_file", arguments).await.0 {
                Fate::Done => *allowed = vec![value],
                Fate::Doubtful => allowed.push(value),
                Fate::Undone => {}
            }
        }
    }

    async fn export(&self, exported: &mut u64) {
        let path = self.home.join("out.csv");
        while !self.ended.get() {
            let arguments =
                json!({ "table": "loads", "path": path, "format": "csv", "overwrite": true, "database": "persistent" });
            let (fate, answer) = self.call("export", arguments).await;
            if fate == Fate::Done {
                let count = answer["rows"].as_u64().expect("a count of rows");
                assert_eq!(count % ROWS, 0, "an export saw a part of a load: {answer}");
                *exported += 1;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn deliver(&self, delivered: &mut u64) {
        let folder = self.folder();
        while !self.ended.get() {
            let file = folder.join(format!("f{delivered}.csv"));
            std::fs::write(&file, rows(*delivered)).expect("the file can be written");
            std::fs::write(folder.join(format!("f{delivered}.csv.ready")), "").expect("the sentinel can be written");
            *delivered += 1;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn folder(&self) -> PathBuf {
        self.home.join("in")
    }

    async fn kill(&self, times: u64, random: &mut Random) {
        for kill in 0..times {
            let pid = self.hyperd().await;
            let life = random.below(LIFE_MS_MAX);
            tokio::time::sleep(Duration::from_millis(life)).await;
            // A hyperd that is stopped is replaced by the server; the disk is full for a while, and then it is killed.
            let how = random.below(5);
            if how == 1
                && let Some(disk) = &self.disk
            {
                disk.fill(0);
                tokio::time::sleep(Duration::from_millis(LIFE_MS_MAX / 2)).await;
            }
            let signal = if how == 0 { "-STOP" } else { "-KILL" };
            let sent = std::process::Command::new("kill").args([signal, &pid.to_string()]).status();
            // A hyperd that finds no room may have ended by itself.
            assert!(sent.expect("kill runs").success() || how == 1, "hyperd {pid} lived until kill {kill}");
            wait_until("the end of hyperd", || !runs(pid)).await;
            if let Some(disk) = self.disk.as_ref().filter(|_| how == 1) {
                disk.make_room();
            }
        }
        self.hyperd().await;
        self.ended.set(true);
    }

    /// The process id of a hyperd that serves.
    async fn hyperd(&self) -> u64 {
        loop {
            let status = self.server.call("status", json!({})).await;
            if let Some(pid) = status["engine"]["pid"].as_u64() {
                return pid;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn rows(number: u64) -> String {
    let mut text = String::from("number,line\n");
    for line in 0..ROWS {
        writeln!(text, "{number},{line}").expect("writing to a string cannot fail");
    }
    text
}

async fn storm(kills: u64) {
    let seed = seed();
    let mut random = Random(seed);
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::create_dir(home.path().join("in")).expect("the folder can be made");
    let place = StormPlace::make(home.path());
    let database = place.folder.join("kept.hyper").to_string_lossy().into_owned();
    let below: Vec<&str> = place.below.iter().map(String::as_str).collect();
    let arguments = ["--hang-deadline", "1", "--persistent-db", &database];
    let mut server = Running::start_below(&below, &arguments).await;
    assert!(runs(server.hyperd_pid().await), "hyperd runs");
    for sql in [
        "CREATE TABLE loads (number BIGINT, line BIGINT)",
        "CREATE TABLE delivered (number BIGINT, line BIGINT)",
        "CREATE TABLE merged AS SELECT a AS id, CAST(0 AS BIGINT) AS value FROM generate_series(0, 24) AS s(a)",
    ] {
        let answer = server.call("execute", json!({ "sql": sql, "database": "persistent" })).await;
        assert!(answer["error"].is_null(), "{answer}");
    }
    let watch = json!({ "path": home.path().join("in"), "table": "delivered", "database": "persistent" });
    let watched = server.call("watch_directory", watch).await;
    assert_eq!(watched["status"], "watching", "{watched}");
    let ended = Cell::new(false);
    let mut model = Model { merged: vec![0], ..Model::default() };
    let storm = Storm { server: &server, home: home.path(), disk: place.seen_by(&server), ended: &ended };
    let mut bursts = BTreeMap::new();
    tokio::join!(
        storm.load(&mut model.loads),
        storm.burst(&mut bursts),
        storm.merge(&mut model.merged),
        storm.export(&mut model.exported),
        storm.deliver(&mut model.delivered),
        storm.kill(kills, &mut random),
    );
    model.loads.extend(bursts);
    settle(&server, &home.path().join("in")).await;
    // The disk is gone with the server, and what is on it with the disk.
    if let Some(disk) = &storm.disk {
        std::fs::copy(disk.path().join("kept.hyper"), home.path().join("kept.hyper")).expect("it can be copied");
    }
    let database = home.path().join("kept.hyper").to_string_lossy().into_owned();
    server.signal("-TERM");
    server.child.wait().await.expect("the server ends");
    // hyperd leaves its own temporary files where it is killed; those of the server are gone.
    let own = |path: &PathBuf| !path.to_string_lossy().contains("hyper_transient.");
    let left: Vec<_> = walk(server.temporary.path()).into_iter().filter(own).collect();
    assert!(left.is_empty(), "temporary files were left behind: {left:?}");
    let server = Running::start(&["--persistent-db", &database]).await;
    compare(&server, &model, seed, kills).await;
}

/// Every file and folder below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| [vec![path.clone()], walk(&path)].concat()).collect()
}

/// Waits until all that was delivered is loaded.
async fn settle(server: &Running, folder: &Path) {
    let began = std::time::Instant::now();
    loop {
        let status = server.call("status", json!({})).await;
        let files = std::fs::read_dir(folder).expect("the folder can be read");
        let waiting = files.filter(|file| file.as_ref().is_ok_and(|file| file.path().is_file())).count();
        if waiting == 0 && status["watchers"][0]["in_flight"] == 0 {
            return;
        }
        assert!(began.elapsed() < Duration::from_mins(10), "{waiting} files are left: {status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn counts(server: &Running, sql: &str) -> BTreeMap<u64, u64> {
    let answer = server.call("query", json!({ "sql": sql, "database": "persistent" })).await;
    let rows = answer["result"].as_array().unwrap_or_else(|| panic!("rows, not {answer}"));
    rows.iter().map(|row| (row["k"].as_u64().expect("a key"), row["n"].as_u64().expect("a count"))).collect()
}

async fn compare(server: &Running, model: &Model, seed: u64, kills: u64) {
    let loads = counts(server, "SELECT number AS k, COUNT(*) AS n FROM loads GROUP BY number").await;
    let of = |fate| model.loads.values().filter(|own| **own == fate).count();
    eprintln!(
        "{kills} kills: {} loads done, {} in doubt; {} exports; {} files; merged {:?}",
        of(Fate::Done),
        of(Fate::Doubtful),
        model.exported,
        model.delivered,
        model.merged
    );
    for (number, fate) in &model.loads {
        let there = loads.get(number).copied().unwrap_or_default();
        let right = match fate {
            Fate::Done => there == ROWS,
            Fate::Doubtful => there == ROWS || there == 0,
            Fate::Undone => there == 0,
        };
        assert!(right, "seed {seed}: load {number} was {fate:?}, and {there} of {ROWS} rows are there");
    }
    assert!(loads.keys().all(|number| model.loads.contains_key(number)), "seed {seed}: rows that nobody loaded");
    let merged = counts(server, "SELECT value AS k, COUNT(*) AS n FROM merged GROUP BY value").await;
    let whole = merged.len() == 1 && merged.iter().all(|(value, n)| model.merged.contains(value) && *n == KEYS);
    assert!(whole, "seed {seed}: {merged:?} is none of {:?}", model.merged);
    let delivered = counts(server, "SELECT number AS k, COUNT(*) AS n FROM delivered GROUP BY number").await;
    let files: BTreeMap<u64, u64> = (0..model.delivered).map(|number| (number, ROWS)).collect();
    assert_eq!(delivered, files, "seed {seed}: each file is loaded exactly once");
    assert!(of(Fate::Done) > 0, "seed {seed}: some loads were done");
}

/// `recover.survives_a_kill_storm`
#[tokio::test]
#[ignore = "takes a minute; .ci/run runs it"]
async fn what_is_left_after_fifty_blows_is_what_was_answered() {
    Box::pin(storm(50)).await;
}
