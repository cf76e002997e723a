//! The daemon's files, deleted, damaged, or put there by others. Unix only: it makes links and pipes, and sends signals.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use crate::daemon::{Home, number, signal};
use crate::support::{Running, runs, wait_until};

/// Longer than any command may take that only looks.
const LOOKED_WITHIN: Duration = Duration::from_secs(20);

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn looked(home: &Home, arguments: &[&str]) -> Output {
    tokio::time::timeout(LOOKED_WITHIN, home.command(arguments)).await.expect("nobody waits for ever")
}

/// `daemon.announces_again`
#[rstest]
#[case::deleted(None)]
#[case::damaged(Some("{"))]
#[case::of_another_daemon(Some(r#"{"version":"0.1.0","pid":1,"port":1,"secret":"x","endpoint":"127.0.0.1:1"}"#))]
#[tokio::test]
async fn a_file_that_is_lost_is_written_again_and_waited_for(#[case] instead: Option<&str>) {
    let home = Home::new();
    let server = home.server().await;
    let file = home.path().join("daemon.json");
    let before = home.announced();
    let spoil = || match instead {
        None => fs::remove_file(&file).expect("the file is there"),
        Some(text) => fs::write(&file, text).expect("the file can be written"),
    };
    spoil();
    let another = home.server().await;
    assert_eq!(another.hyperd_pid().await, server.hyperd_pid().await, "both have the hyperd of the one daemon");
    assert_eq!(home.announced(), before, "it is written again as it was");
    spoil();
    assert_eq!(home.state().await["pid"], before["pid"], "status waits for it");
    spoil();
    home.stop().await;
    assert!(!runs(number(&before["pid"])) && !file.exists(), "it is found to be ended");
}

/// `daemon.announces_again`: one that does not write it again is told by its process.
#[tokio::test]
async fn a_daemon_that_hangs_is_told_by_its_process() {
    let home = Home::new();
    let _server = home.server().await;
    let daemon = number(&home.announced()["pid"]);
    signal("-STOP", daemon);
    fs::remove_file(home.path().join("daemon.json")).expect("the file is there");
    let told = [
        looked(&home, &["daemon", "status"]).await,
        looked(&home, &["daemon", "stop"]).await,
        looked(&home, &["--ephemeral-only"]).await,
    ];
    signal("-CONT", daemon);
    for told in told {
        assert!(!told.status.success());
        let said = text(&told);
        assert!(said.contains(&format!("A daemon runs already (process {daemon})")), "{said}");
        assert!(said.contains("daemon.json is missing"), "{said}");
    }
    home.stop().await;
}

/// `daemon.announces_again`: also its lock and hyperd's socket, where the whole folder is gone.
#[tokio::test]
async fn a_daemon_whose_folder_is_deleted_is_found_again() {
    let home = Home::new();
    let server = home.server().await;
    let daemon = number(&home.announced()["pid"]);
    fs::remove_dir_all(home.path()).expect("the folder is there");
    wait_until("the daemon's file", || home.path().join("daemon.json").exists()).await;
    let another = home.server().await;
    assert_eq!(number(&home.announced()["pid"]), daemon, "there is one daemon");
    for server in [&server, &another] {
        let asked = async {
            loop {
                let answer = server.call("query", json!({ "sql": "SELECT 1 AS a" })).await;
                if answer["error"].is_null() {
                    return answer["result"].clone();
                }
            }
        };
        let answer = tokio::time::timeout(Duration::from_mins(1), asked).await.expect("calls are answered");
        assert_eq!(answer, json!([{ "a": 1 }]));
    }
    home.stop().await;
    wait_until("the end of the daemon", || !runs(daemon)).await;
}

/// What somebody may have put in the place of the daemon's file.
#[derive(Debug, Clone, Copy)]
enum Planted {
    Pipe,
    Folder,
    Link,
    OfAnother,
}

fn plant(planted: Planted, place: &Path, elsewhere: &Path) -> bool {
    let believed = json!({ "version": "0.1.0", "pid": 1, "port": 1, "secret": "x", "endpoint": "127.0.0.1:1" });
    match planted {
        Planted::Pipe => Command::new("mkfifo").arg(place).status().is_ok_and(|status| status.success()),
        Planted::Folder => fs::create_dir(place).is_ok(),
        Planted::Link => {
            fs::write(elsewhere, believed.to_string()).expect("a file can be written");
            symlink(elsewhere, place).is_ok()
        }
        Planted::OfAnother => {
            fs::write(place, believed.to_string()).expect("a file can be written");
            std::os::unix::fs::chown(place, Some(65534), Some(65534)).is_ok()
        }
    }
}

/// `daemon.believes_its_user_alone`: nothing is waited for or followed, whichever of the daemon's files it stands for.
#[rstest]
#[tokio::test]
async fn what_is_planted_in_the_folder_hangs_nobody_and_is_not_believed(
    #[values("daemon.json", "daemon.lock", "start.lock", "daemon.failed", "daemon.log")] name: &str,
    #[values(Planted::Pipe, Planted::Folder, Planted::Link, Planted::OfAnother)] planted: Planted,
) {
    let home = Home::new();
    let elsewhere = tempfile::tempdir().expect("a temporary folder can be made");
    let target = elsewhere.path().join("target");
    if !plant(planted, &home.path().join(name), &target) {
        eprintln!("left out: it cannot be planted here");
        return;
    }
    let before = fs::read(&target).ok();
    let status = looked(&home, &["daemon", "status"]).await;
    assert_eq!(String::from_utf8_lossy(&status.stdout), "no daemon runs\n", "{}", text(&status));
    let doctor = looked(&home, &["--ephemeral-only", "doctor", "--json"]).await;
    let report: Value = serde_json::from_slice(&doctor.stdout).expect("the report is JSON");
    assert_eq!(report["daemon"]["state"], Value::Null, "{report}");
    let started = looked(&home, &["--ephemeral-only"]).await;
    let said = text(&started);
    // Its input is closed, so that one that has started ends at once; another one says which file is in its way.
    assert!(started.status.success() || said.contains(name), "{said}");
    assert_eq!(fs::read(&target).ok(), before, "what a link leads to is not touched");
}

/// `daemon.believes_its_user_alone`
#[rstest]
#[case::a_link(false)]
#[case::of_another(true)]
#[tokio::test]
async fn a_folder_that_is_not_its_users_own_is_refused(#[case] of_another: bool) {
    let home = Home::new();
    let folder = home.path().join("in-question");
    let reason = if of_another {
        fs::create_dir(&folder).expect("a folder can be made");
        if std::os::unix::fs::chown(&folder, Some(65534), Some(65534)).is_err() {
            eprintln!("left out: only root can give a folder away");
            return;
        }
        "it belongs to another user"
    } else {
        fs::create_dir(home.path().join("real")).expect("a folder can be made");
        symlink(home.path().join("real"), &folder).expect("a link can be made");
        "it is a link"
    };
    for arguments in [&["--ephemeral-only"][..], &["daemon", "status"], &["daemon", "stop"], &["daemon", "run"]] {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"));
        command.args(arguments).envs(home.variables().await).env("HYPERD_MCP_DAEMON_DIR", &folder);
        let output = command.stdin(std::process::Stdio::null()).kill_on_drop(true).output();
        let output = tokio::time::timeout(LOOKED_WITHIN, output).await.expect("nobody waits").expect("it runs");
        assert!(!output.status.success() && text(&output).contains(reason), "{arguments:?}: {}", text(&output));
    }
    assert_eq!(fs::read_dir(&folder).expect("it can be read").count(), 0, "nothing is put there");
}

/// `daemon.sweeps_leftovers`: what a killed server and a killed daemon leave goes with the next one.
#[tokio::test]
async fn what_a_killed_process_left_is_swept_by_the_next_one() {
    let home = Home::new();
    let mut server = home.server().await;
    let left: Vec<_> = entries(server.temporary.path());
    assert_eq!(left.len(), 1, "the session has a folder: {left:?}");
    let of_daemon = folders(home.path());
    assert_eq!(of_daemon.len(), 1, "the daemon has a folder: {of_daemon:?}");
    server.signal("-KILL");
    server.child.wait().await.expect("the server ends");
    let (daemon, hyperd) = (number(&home.announced()["pid"]), number(&home.state().await["hyperd_pid"]));
    signal("-KILL", daemon);
    wait_until("the end of hyperd", || !runs(daemon) && !runs(hyperd)).await;
    assert!(left[0].exists() && of_daemon[0].exists(), "nobody was left to delete them");
    let next = Running::within(server.temporary, &[], &["--ephemeral-only"], &home.variables().await).await;
    assert!(!left[0].exists(), "the session's folder is gone");
    assert!(!of_daemon[0].exists(), "the daemon's folder is gone");
    assert_eq!((entries(next.temporary.path()).len(), folders(home.path()).len()), (1, 1), "the living have theirs");
    home.stop().await;
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    fs::read_dir(folder).expect("the folder can be read").map(|entry| entry.expect("it is there").path()).collect()
}

fn folders(folder: &Path) -> Vec<std::path::PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_dir()).collect()
}
