//! Watched folders that others may write to, that go and come back, that two servers share, and what a producer sees.
//! Proves `watch.refuses_links`, `watch.folder_comes_back`, `watch.two_servers_lose_nothing`, `watch.whole_files`,
//! `watch.sentinel_stays_until_on_disk` and `load.refuses_changing_files`.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};

use crate::pair::Pair;
use crate::support::{Running, files, wait_until};

const NOBODY: u32 = 65_534;
/// Long enough for a slow machine.
const WITHIN: Duration = Duration::from_secs(30);

/// A folder that everybody may write to, and one that only the server's user may look into.
struct Places {
    _home: tempfile::TempDir,
    drop: PathBuf,
    private: PathBuf,
}

impl Places {
    /// None where the test does not run as root, who alone can have another user deliver.
    fn new() -> Option<Self> {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        if fs::metadata(home.path()).expect("the folder is there").uid() != 0 {
            eprintln!("not run: nobody but root can deliver as another user");
            return None;
        }
        let [drop, private] = ["drop", "private"].map(|name| home.path().join(name));
        for (folder, mode) in [(home.path(), 0o755), (&drop, 0o777), (&private, 0o700)] {
            fs::create_dir_all(folder).expect("the folder can be made");
            fs::set_permissions(folder, Permissions::from_mode(mode)).expect("permissions can be set");
        }
        fs::write(private.join("secret.csv"), "a\n424242\n").expect("the file can be written");
        Some(Self { _home: home, drop, private })
    }

    /// Runs a script in the watched folder, as another user.
    fn as_nobody(&self, script: &str) {
        let id = NOBODY.to_string();
        let done = std::process::Command::new("setpriv")
            .args(["--reuid", &id, "--regid", &id, "--clear-groups", "sh", "-ec", script])
            .current_dir(&self.drop)
            .env("PRIVATE", &self.private)
            .status();
        assert!(done.expect("setpriv runs").success(), "{script}");
    }

    fn private_names(&self) -> Vec<PathBuf> {
        files(&self.private)
    }
}

async fn watch(server: &Running, folder: &Path) -> Value {
    server.call("watch_directory", json!({ "path": folder, "table": "t" })).await
}

async fn watcher(server: &Running) -> Value {
    server.call("status", json!({})).await["watchers"][0].clone()
}

async fn wait_for(server: &Running, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let watcher = watcher(server).await;
        if holds(&watcher) {
            return watcher;
        }
        assert!(began.elapsed() < WITHIN, "{what} did not come true: {watcher}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn numbers(server: &Running) -> Vec<i64> {
    let rows = server.call("query", json!({ "sql": "SELECT a FROM t ORDER BY a" })).await;
    rows["result"].as_array().into_iter().flatten().map(|row| row["a"].as_i64().expect("a number")).collect()
}

fn deliver(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("the file can be written");
    fs::write(folder.join(format!("{name}.ready")), "").expect("the sentinel can be written");
}

#[rstest]
#[case::failed_is_a_link("ln -s $PRIVATE failed", "symbolic link")]
#[case::loading_is_a_link("ln -s $PRIVATE loading", "symbolic link")]
#[case::failed_is_theirs("mkdir failed", "another user")]
#[case::loading_is_theirs("mkdir loading; ln -s $PRIVATE loading/foo", "another user")]
#[case::failed_is_a_file("touch failed", "no folder")]
#[case::loading_is_a_fifo("mkfifo loading", "no folder")]
#[tokio::test]
async fn folders_of_others_are_not_used(#[case] script: &str, #[case] reason: &str) {
    let Some(places) = Places::new() else { return };
    let before = places.private_names();
    places.as_nobody(script);
    let server = Running::start(&["--ephemeral-only"]).await;
    deliver(&places.drop, "evil.csv", "a,b\n1\n");
    let refused = watch(&server, &places.drop).await;
    assert_eq!(refused["error"]["code"], "IO_ERROR", "{refused}");
    assert!(refused["error"]["message"].as_str().is_some_and(|message| message.contains(reason)), "{refused}");
    assert_eq!(places.private_names(), before, "nothing came to the folder that the link leads to, and nothing went");
    assert!(places.drop.join("evil.csv").exists(), "the delivery stays");
}

#[tokio::test]
async fn a_link_that_comes_after_the_watch_began_is_not_followed() {
    let Some(places) = Places::new() else { return };
    let before = places.private_names();
    let server = Running::start(&["--ephemeral-only"]).await;
    assert_eq!(watch(&server, &places.drop).await["status"], "watching");
    places.as_nobody("ln -s $PRIVATE failed; printf 'a,b\\n1\\n' > evil.csv; touch evil.csv.ready");
    let told = |watcher: &Value| watcher["last_error"].as_str().is_some_and(|error| error.contains("`failed`"));
    wait_for(&server, "the reason is told", told).await;
    assert_eq!(places.private_names(), before);
    // What is under the name of the server's own folder by now is nothing to it.
    places.as_nobody("mv loading mine; ln -s $PRIVATE loading");
    deliver(&places.drop, "good.csv", "a\n1\n");
    wait_for(&server, "the next file is loaded", |watcher| watcher["files_ingested"] == 1).await;
    assert_eq!(numbers(&server).await, [1]);
    assert_eq!(places.private_names(), before);
}

#[rstest]
#[case::link("ln -s $PRIVATE/secret.csv x.csv")]
#[case::link_to_a_folder("ln -s $PRIVATE x.csv")]
#[case::fifo("mkfifo x.csv")]
#[case::folder("mkdir x.csv; touch x.csv/inside")]
#[tokio::test]
async fn what_is_no_plain_file_is_refused_unread(#[case] script: &str) {
    let Some(places) = Places::new() else { return };
    let before = places.private_names();
    let server = Running::start(&["--ephemeral-only"]).await;
    assert_eq!(watch(&server, &places.drop).await["status"], "watching");
    places.as_nobody(&format!("{script}; touch x.csv.ready"));
    wait_for(&server, "it is refused", |watcher| watcher["files_failed"] == 1).await;
    let reason = fs::read_to_string(places.drop.join("failed/x.csv.error")).expect("the reason is there");
    assert!(reason.contains("no regular file"), "{reason}");
    assert!(!reason.contains("424242") && numbers(&server).await.is_empty(), "nothing was read");
    assert!(!places.drop.join("x.csv.ready").exists(), "the sentinel is gone");
    assert_eq!(places.private_names(), before);
}

#[tokio::test]
async fn another_name_of_a_file_is_refused_unread() {
    let Some(places) = Places::new() else { return };
    let server = Running::start(&["--ephemeral-only"]).await;
    assert_eq!(watch(&server, &places.drop).await["status"], "watching");
    fs::hard_link(places.private.join("secret.csv"), places.drop.join("x.csv")).expect("a link can be made");
    fs::write(places.drop.join("x.csv.ready"), "").expect("the sentinel can be written");
    wait_for(&server, "it is refused", |watcher| watcher["files_failed"] == 1).await;
    let reason = fs::read_to_string(places.drop.join("failed/x.csv.error")).expect("the reason is there");
    assert!(reason.contains("2 names"), "{reason}");
    assert_eq!(numbers(&server).await, Vec::<i64>::new());
}

#[tokio::test]
async fn what_a_link_in_an_old_loading_leads_to_stays() {
    let Some(places) = Places::new() else { return };
    let before = places.private_names();
    // A folder of the server's own, as a watch leaves one that was killed, with what another user could have put there.
    fs::create_dir(places.drop.join("loading")).expect("the folder can be made");
    symlink(&places.private, places.drop.join("loading/foo")).expect("a link can be made");
    fs::create_dir(places.drop.join("loading/bar")).expect("the folder can be made");
    symlink(&places.private, places.drop.join("loading/bar/bar-0")).expect("a link can be made");
    let server = Running::start(&["--ephemeral-only"]).await;
    assert_eq!(watch(&server, &places.drop).await["status"], "watching");
    assert_eq!(places.private_names(), before);
    deliver(&places.drop, "good.csv", "a\n1\n");
    wait_for(&server, "a file is loaded", |watcher| watcher["files_ingested"] == 1).await;
}

#[rstest]
#[case::renamed("mv drop gone && mkdir drop")]
#[case::deleted("rm -r drop && mkdir drop")]
#[case::replaced("mkdir next && rm -r drop && mv next drop")]
#[case::linked("mv drop gone && mkdir other && ln -s other drop")]
#[tokio::test]
async fn a_folder_that_comes_back_is_watched_again(#[case] script: &str) {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let drop = home.path().join("drop");
    fs::create_dir(&drop).expect("the folder can be made");
    let server = Running::start(&["--ephemeral-only"]).await;
    assert_eq!(watch(&server, &drop).await["status"], "watching");
    deliver(&drop, "one.csv", "a\n1\n");
    wait_for(&server, "a file is loaded", |watcher| watcher["files_ingested"] == 1).await;
    let (away, back) = script.split_once(" && ").expect("two commands");
    let run = |script: &str| {
        let done = std::process::Command::new("sh").args(["-ec", script]).current_dir(home.path()).status();
        assert!(done.expect("sh runs").success(), "{script}");
    };
    run(away);
    if !drop.exists() {
        wait_for(&server, "that it is gone is told", |watcher| watcher["last_error"].is_string()).await;
    }
    run(back);
    deliver(&drop, "two.csv", "a\n2\n");
    wait_for(&server, "the next file is loaded", |watcher| watcher["files_ingested"] == 2).await;
    deliver(&drop, "three.csv", "a\n3\n");
    let watcher = wait_for(&server, "and the one after it", |watcher| watcher["files_ingested"] == 3).await;
    assert_eq!(watcher["last_error"], Value::Null);
    assert_eq!(numbers(&server).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_sentinel_goes_when_the_rows_are_there() {
    const FILES: i64 = 20;
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let drop = home.path().join("drop");
    fs::create_dir(&drop).expect("the folder can be made");
    let persistent = home.path().join("kept.hyper");
    let server = Running::start(&["--persistent-db", &persistent.to_string_lossy()]).await;
    let arguments = json!({ "path": drop, "table": "t", "database": "persistent" });
    assert_eq!(server.call("watch_directory", arguments).await["status"], "watching");
    for number in 1..=FILES {
        // Always under the same name, as soon as the protocol lets a producer use it again.
        deliver(&drop, "x.csv", &format!("a\n{number}\n"));
        wait_until("the sentinel goes", || !drop.join("x.csv.ready").exists()).await;
        let rows =
            "SELECT COUNT(*) AS n, (SELECT SUM(row_count) FROM _table_catalog WHERE table_name = 't') AS told FROM t";
        let rows = server.call("query", json!({ "sql": rows, "database": "persistent" })).await;
        assert_eq!(rows["result"][0]["n"], number, "{rows}");
        assert_eq!(rows["result"][0]["told"].to_string().trim_matches('"'), number.to_string(), "catalogued: {rows}");
    }
    deliver(&drop, "x.csv", "a\nword\n");
    wait_until("the sentinel goes", || !drop.join("x.csv.ready").exists()).await;
    assert!(drop.join("failed/x.csv").exists() && drop.join("failed/x.csv.error").exists());
}

#[tokio::test]
async fn a_file_that_is_written_after_its_sentinel_is_loaded_whole() {
    const ROWS: i64 = 30;
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let server = Running::start(&["--ephemeral-only"]).await;
    fs::write(home.path().join("x.csv.ready"), "").expect("the sentinel can be written");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut file = fs::File::create(home.path().join("x.csv")).expect("the file can be made");
    writeln!(file, "a").expect("the file can be written");
    let writing = async move {
        for number in 1..=ROWS {
            writeln!(file, "{number}").expect("the file can be written");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    // The first sweep meets the file in the midst of it.
    let (watched, ()) = tokio::join!(watch(&server, home.path()), writing);
    assert_eq!(watched["status"], "watching", "{watched}");
    wait_for(&server, "the file is loaded", |watcher| watcher["files_ingested"] == 1).await;
    assert_eq!(numbers(&server).await, (1..=ROWS).collect::<Vec<_>>());
}

#[rstest]
#[case::replace("load_file", json!({ "mode": "replace" }))]
#[case::append("load_file", json!({ "mode": "append" }))]
#[case::query("query_file", json!({ "sql": "SELECT COUNT(*) FROM data" }))]
#[case::inspect("inspect_file", json!({}))]
#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_told(#[case] tool: &'static str, #[case] mut arguments: Value) {
    const ROWS: usize = 300_000;
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let path = home.path().join("x.csv");
    fs::write(&path, format!("a\n{}", "12345\n".repeat(ROWS))).expect("the file can be written");
    let server = Running::start(&["--ephemeral-only"]).await;
    server.call("load_data", json!({ "table": "t", "data": "a\n1\n", "format": "csv" })).await;
    arguments["path"] = json!(path);
    if tool == "load_file" {
        arguments["table"] = "t".into();
    }
    let writing = async {
        loop {
            let mut file = fs::File::options().append(true).open(&path).expect("the file can be opened");
            writeln!(file, "6").expect("the file can be written");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let answer = tokio::select! {
        answer = server.call(tool, arguments) => answer,
        () = writing => Value::Null,
    };
    assert_eq!(answer["error"]["code"], "IO_ERROR", "{answer}");
    assert_eq!(numbers(&server).await, [1], "the table is as it was");
}

#[tokio::test]
async fn two_servers_of_one_hyperd_lose_nothing() {
    const ROUNDS: usize = 12;
    let pair = Pair::start().await;
    let servers = &pair.servers;
    let drop = pair.home().join("drop");
    fs::create_dir(&drop).expect("the folder can be made");
    for round in 0..ROUNDS {
        let table = format!("t{round}");
        let arguments = json!({ "path": drop, "table": table, "database": "persistent" });
        for server in servers {
            server.call("watch_directory", arguments.clone()).await;
        }
        for number in 0..8 {
            deliver(&drop, &format!("x{number}.csv"), &format!("a\n{number}\n"));
        }
        wait_until("all are loaded", || files(&drop).iter().all(|path| !path.to_string_lossy().contains(".csv"))).await;
        let append = |row: &'static str| json!({ "table": format!("u{round}"), "data": row, "format": "csv", "mode": "append", "persist": true });
        let (one, two) = tokio::join!(
            servers[0].call("load_data", append("a\n1\n")),
            servers[1].call("load_data", append("a\n2\n"))
        );
        assert_eq!((&one["rows"], &two["rows"]), (&json!(1), &json!(1)), "{one} {two}");
        for server in servers {
            let counts = server.call("unwatch_directory", json!({ "path": drop })).await;
            assert_eq!(counts["files_failed"], 0, "{counts}");
        }
        let sql = format!("SELECT (SELECT COUNT(*) FROM {table}) AS t, (SELECT COUNT(*) FROM u{round}) AS u");
        let rows = servers[0].call("query", json!({ "sql": sql, "database": "persistent" })).await;
        assert_eq!(rows["result"], json!([{ "t": 8, "u": 2 }]), "round {round}");
    }
    pair.stop();
}
