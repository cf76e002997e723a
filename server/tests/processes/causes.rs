//! Refusals blame what caused them (`load.refusals_blame_the_cause`): the system, a damaged file, a file system that is mounted read-only.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{Running, hyperd};

/// What the command says that does not come up.
async fn refusal(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"))
        .args([&["--no-daemon"], arguments].concat())
        .env("HYPERD_PATH", hyperd().await)
        .stdin(Stdio::null())
        .output()
        .expect("the command runs");
    assert!(!output.status.success(), "the server came up");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A database with a table in it, let go of.
async fn database(path: &Path) {
    let server = Running::start(&["--ephemeral-only"]).await;
    let made = server.call("attach_database", json!({ "alias": "made", "path": path, "on_missing": "create" })).await;
    assert_eq!(made["writable"], true, "{made}");
    let filled = server.call("load_data", json!({ "table": "t", "data": "a\n1\n", "database": "made" })).await;
    assert_eq!(filled["rows"], 1, "{filled}");
    server.call("detach_database", json!({ "alias": "made" })).await;
}

#[tokio::test]
async fn a_damaged_persistent_database_is_told_as_damaged() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("damaged.hyper");
    database(&path).await;
    let mut bytes = fs::read(&path).expect("the file can be read");
    bytes[4096..].fill(0x5a);
    fs::write(&path, bytes).expect("the file can be written");
    let said = refusal(&["--persistent-db", &path.to_string_lossy()]).await;
    assert!(said.contains("damaged.hyper") && said.contains("--persistent-db"), "{said}");
    assert!(!said.contains("another process"), "{said}");
    let server = Running::start(&["--ephemeral-only"]).await;
    let answer = server.call("attach_database", json!({ "alias": "x", "path": path })).await;
    assert_eq!(answer["error"]["code"], "IO_ERROR", "{answer}");
    assert!(answer["error"]["suggestion"].to_string().contains("copy"), "{answer}");
}

#[tokio::test]
async fn what_is_no_database_is_not_told_as_held_by_another() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("text.hyper");
    fs::write(&path, "id\n1\n").expect("the file can be written");
    let said = refusal(&["--persistent-db", &path.to_string_lossy()]).await;
    assert!(said.contains("not a Hyper database") && said.contains("--persistent-db"), "{said}");
    assert!(!said.contains("another process"), "{said}");
}

#[tokio::test]
async fn a_database_that_may_not_be_written_is_io_error_with_what_helps() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can become a user that may not write");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("permissions can be set");
    let path = folder.path().join("mine.hyper");
    database(&path).await;
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("permissions can be set");
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).expect("a folder can be made");
    fs::write(closed.join("in.csv"), "a\n1\n").expect("the file can be written");
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).expect("permissions can be set");
    let temporary = tempfile::tempdir().expect("a folder can be made");
    fs::set_permissions(temporary.path(), Permissions::from_mode(0o777)).expect("permissions can be set");
    let as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let hyperd = hyperd().await;
    let may_run = Command::new(as_nobody[0]).args(&as_nobody[1..]).args(["test", "-x"]).arg(&hyperd).status();
    if !may_run.is_ok_and(|status| status.success()) {
        eprintln!("skipped: another user may not run {}", hyperd.display());
        return;
    }
    let variables = [("HYPERD_PATH", hyperd.to_string_lossy().into_owned())];
    let server = Running::within(temporary, &as_nobody, &["--no-daemon", "--ephemeral-only"], &variables).await;
    let attach = |path: &Path, writable: bool| json!({ "alias": "x", "path": path, "writable": writable });
    let answer = server.call("attach_database", attach(&path, true)).await;
    assert_eq!(answer["error"]["code"], "IO_ERROR", "{answer}");
    assert!(answer["error"]["suggestion"].to_string().contains("read-only"), "{answer}");
    assert_eq!(server.call("attach_database", attach(&path, false)).await["writable"], false);
    for (tool, arguments) in [
        ("attach_database", json!({ "alias": "y", "path": closed.join("x.hyper") })),
        ("attach_database", json!({ "alias": "y", "path": closed.join("x.hyper"), "on_missing": "create" })),
        ("load_file", json!({ "table": "t", "path": closed.join("in.csv") })),
        ("export", json!({ "sql": "SELECT 1 AS a", "format": "csv", "path": closed.join("out.csv") })),
        ("load_iceberg", json!({ "table": "t", "path": closed.join("table") })),
        ("watch_directory", json!({ "table": "t", "path": &closed })),
    ] {
        let answer = server.call(tool, arguments).await;
        assert_eq!(answer["error"]["code"], "IO_ERROR", "{tool}: {answer}");
    }
    // A scratch file that cannot be written is the system's refusal as well.
    let scratch = server.temporary.path();
    for entry in fs::read_dir(scratch).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        fs::set_permissions(&path, Permissions::from_mode(0o000)).expect("permissions can be set");
    }
    let answer = server.call("load_data", json!({ "table": "t", "data": "a\n1\n" })).await;
    assert_eq!(answer["error"]["code"], "IO_ERROR", "{answer}");
}

#[tokio::test]
async fn the_home_folder_stands_behind_a_tilde_and_allow_path_holds_for_it() {
    let home = tempfile::tempdir().expect("a folder can be made");
    let allowed = home.path().join("allowed");
    fs::create_dir(&allowed).expect("a folder can be made");
    fs::write(allowed.join("in.csv"), "a\n1\n").expect("the file can be written");
    fs::write(home.path().join("out.csv"), "a\n1\n").expect("the file can be written");
    let variables = [
        ("HYPERD_PATH", hyperd().await.to_string_lossy().into_owned()),
        ("HOME", home.path().to_string_lossy().into_owned()),
    ];
    let folder = allowed.to_string_lossy();
    let arguments = ["--no-daemon", "--ephemeral-only", "--allow-path", &folder];
    let server = Running::with(&[], &arguments, &variables).await;
    let load = |path: String| json!({ "table": "t", "path": path });
    assert_eq!(server.call("load_file", load("~/allowed/in.csv".into())).await["rows"], 1);
    assert_eq!(server.call("load_file", load(format!("file://{folder}/in.csv"))).await["rows"], 1);
    let attached = json!({ "alias": "x", "path": "~/allowed/x.hyper", "on_missing": "create" });
    assert_eq!(server.call("attach_database", attached).await["writable"], true);
    for outside in
        ["~/out.csv".to_owned(), format!("file://{folder}/../out.csv"), format!("file://{folder}/%2e%2e/out.csv")]
    {
        let answer = server.call("load_file", load(outside)).await;
        assert_eq!(answer["error"]["code"], "PATH_NOT_ALLOWED", "{answer}");
    }
}
