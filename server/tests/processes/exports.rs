//! Whose an exported file is, who may read it, and what a killed export leaves. Proves `export.keeps_mode` and
//! `export.leftovers_are_swept`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rstest::rstest;
use serde_json::json;

#[cfg(target_os = "linux")]
use crate::mounts::{Disk, SmallDisk, with_disk_or_word};
use crate::support::{Running, files, wait_until};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).mode() & 0o7777
}

async fn export(server: &Running, path: &Path, format: &str, overwrite: bool) {
    let mut arguments = json!({ "path": path, "format": format, "overwrite": overwrite });
    if format != "hyper" {
        arguments["table"] = "t".into();
    }
    let answer = server.call("export", arguments).await;
    assert_eq!(answer["rows"], 1, "{format}: {answer}");
}

async fn start(umask: &str) -> Running {
    let script = format!("umask {umask}; exec \"$0\" \"$@\"");
    let server = Running::start_below(&["sh", "-c", &script], &["--ephemeral-only"]).await;
    server.call("load_data", json!({ "table": "t", "data": "a\n1\n", "format": "csv" })).await;
    server
}

#[rstest]
#[case::usual("022", 0o644, 0o755)]
#[case::shut("077", 0o600, 0o700)]
#[case::open("002", 0o664, 0o775)]
#[tokio::test]
async fn a_new_export_has_what_umask_leaves(#[case] umask: &str, #[case] file: u32, #[case] folder: u32) {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let server = start(umask).await;
    for format in ["csv", "parquet", "arrow_ipc", "hyper", "iceberg"] {
        let path = home.path().join(format);
        export(&server, &path, format, false).await;
        assert_eq!(mode(&path), if format == "iceberg" { folder } else { file }, "{format} with umask {umask}");
    }
    for path in files(&home.path().join("iceberg")) {
        assert_eq!(mode(&path), if path.is_dir() { folder } else { file }, "{}", path.display());
    }
}

#[rstest]
#[tokio::test]
async fn a_replaced_file_keeps_mode_and_owner(#[values(0o600, 0o640, 0o666, 0o444)] kept: u32) {
    const NOBODY: u32 = 65_534;
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let server = start("022").await;
    for format in ["csv", "parquet", "arrow_ipc", "hyper"] {
        let path = home.path().join(format);
        fs::write(&path, "old").expect("the file can be written");
        // Only root can give files away.
        let given = std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).is_ok();
        fs::set_permissions(&path, Permissions::from_mode(kept)).expect("permissions can be set");
        export(&server, &path, format, true).await;
        assert_eq!(mode(&path), kept, "{format}");
        let found = fs::metadata(&path).expect("the file is there");
        assert!(!given || (found.uid(), found.gid()) == (NOBODY, NOBODY), "{format}: {found:?}");
    }
    let table = home.path().join("iceberg");
    export(&server, &table, "iceberg", false).await;
    fs::set_permissions(&table, Permissions::from_mode(0o700)).expect("permissions can be set");
    export(&server, &table, "iceberg", true).await;
    assert_eq!(mode(&table), 0o700, "iceberg");
}

#[rstest]
#[case::file("csv")]
#[case::table("iceberg")]
#[tokio::test]
async fn what_a_killed_export_leaves_is_cleared_away(#[case] format: &str) {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let path = home.path().join("out.csv");
    let mut server = start("022").await;
    export(&server, &path, format, false).await;
    let old = files(home.path());
    let endless = "SELECT x AS a FROM generate_series(1, 10000000000) AS s(x)";
    let arguments = json!({ "sql": endless, "path": path, "format": format, "overwrite": true });
    let begun = async {
        wait_until("a temporary folder", || files(home.path()).len() > old.len()).await;
    };
    tokio::select! {
        answer = server.call("export", arguments) => panic!("the export ended: {answer}"),
        () = begun => {}
    }
    server.signal("-KILL");
    server.child.wait().await.expect("the server ends");
    assert_ne!(files(home.path()), old, "something is left");
    let server = start("022").await;
    export(&server, &home.path().join("other"), "csv", false).await;
    fs::remove_file(home.path().join("other")).expect("the file can be removed");
    assert_eq!(files(home.path()), old, "what was there is there again, and nothing else");
    let read = if format == "csv" { ("load_file", "path") } else { ("load_iceberg", "path") };
    let loaded = server.call(read.0, json!({ "table": "back", read.1: path })).await;
    assert_eq!(loaded["rows"], 1, "{loaded}");
}

/// `export.leaves_nothing_on_failure` on a full disk: the export is refused as that, and what was there stays.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_export_to_a_full_disk_says_so_and_leaves_what_was_there() {
    const DISK_MIB: u64 = 4;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let place = folder.path().join("disk");
    fs::create_dir(&place).expect("a folder can be made");
    let Some(below) = with_disk_or_word(Disk::Tmpfs, DISK_MIB, &place) else { return };
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    let server = Running::start_below(&below, &["--ephemeral-only"]).await;
    // Values that no format writes shorter.
    let make = "CREATE TABLE t AS SELECT random() AS a, random() AS b FROM generate_series(1, 1000000) AS s(i)";
    assert!(server.call("execute", json!({ "sql": make })).await["error"].is_null());
    let disk = SmallDisk::seen_by(&server, &place);
    for format in ["csv", "parquet", "arrow_ipc", "hyper", "iceberg"] {
        let mut arguments = json!({ "path": place.join(format), "format": format, "overwrite": format != "iceberg" });
        if format != "hyper" {
            arguments["table"] = "t".into();
        }
        if format != "iceberg" {
            fs::write(disk.path().join(format), "old").expect("a file can be written");
        }
        let answer = server.call("export", arguments).await;
        assert_eq!(answer["error"]["code"], "DISK_FULL", "{format}: {answer}");
        if format != "iceberg" {
            assert_eq!(fs::read(disk.path().join(format)).expect("it is there"), b"old", "{format}");
            fs::remove_file(disk.path().join(format)).expect("it can be removed");
        }
        assert_eq!(files(disk.path()), Vec::<std::path::PathBuf>::new(), "{format}");
    }
}
