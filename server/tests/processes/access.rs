//! Who gets in: another user of the machine lists, reads and reaches nothing of the server's. Linux only: it looks into
//! `/proc`, and becomes another user with `setpriv`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rstest::rstest;
use serde_json::json;

use crate::support::{Running, hyperd};

/// Runs a command as a user who has nothing.
const AS_ANOTHER: [&str; 4] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

fn another_user(command: &[&str]) -> bool {
    let mut run = Command::new(AS_ANOTHER[0]);
    run.args(&AS_ANOTHER[1..]).args(command).stdout(Stdio::null()).stderr(Stdio::null());
    run.status().is_ok_and(|status| status.success())
}

fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("permissions can be set");
}

/// All paths below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(below(&path));
        }
        found.push(path);
    }
    found
}

/// The sockets at which a process listens: TCP's as they stand in `/proc`, and the paths of Unix sockets.
fn listening(pid: u64) -> (Vec<String>, Vec<String>) {
    const LISTENS: &str = "0A";
    const ACCEPTS: &str = "00010000";
    let links = fs::read_dir(format!("/proc/{pid}/fd")).expect("the process runs").flatten();
    let links = links.filter_map(|entry| fs::read_link(entry.path()).ok());
    let inodes: Vec<String> =
        links.filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect();
    let table = |name: &str| fs::read_to_string(format!("/proc/{pid}/net/{name}")).unwrap_or_default();
    let mut tcp = Vec::new();
    for line in ["tcp", "tcp6"].map(table).concat().lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.get(3) == Some(&LISTENS) && inodes.iter().any(|inode| fields.get(9) == Some(&inode.as_str())) {
            tcp.push(fields[1].to_owned());
        }
    }
    let mut unix = Vec::new();
    for line in table("unix").lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.get(3) == Some(&ACCEPTS) && inodes.iter().any(|inode| fields.get(6) == Some(&inode.as_str())) {
            unix.push(fields.get(7).copied().unwrap_or("without a name").to_owned());
        }
    }
    (tcp, unix)
}

/// `access.socket_only`, `access.files_private`
#[rstest]
#[case::own(false)]
#[case::daemon(true)]
#[tokio::test]
async fn another_user_lists_reads_and_reaches_nothing(#[case] with_daemon: bool) {
    let place = tempfile::tempdir().expect("a temporary folder can be made");
    open_to_all(place.path());
    let control = place.path().join("control");
    fs::write(&control, "1").expect("a file can be written");
    open_to_all(&control);
    if !another_user(&["cat", &control.to_string_lossy()]) {
        eprintln!("left out: nobody here can become another user");
        return;
    }
    let database = place.path().join("data/kept.hyper").to_string_lossy().into_owned();
    let daemon = place.path().join("daemon");
    let variables = [
        ("HYPERD_PATH", hyperd().await.to_string_lossy().into_owned()),
        ("HYPERD_MCP_DAEMON_DIR", daemon.to_string_lossy().into_owned()),
    ];
    let mut arguments = vec!["--persistent-db", &database];
    arguments.extend((!with_daemon).then_some("--no-daemon"));
    let server = Running::with(&[], &arguments, &variables).await;
    open_to_all(server.temporary.path());
    for database in ["local", "persistent"] {
        let made = json!({ "sql": "CREATE TABLE t AS SELECT 1 AS a", "database": database });
        assert!(server.call("execute", made).await["error"].is_null());
    }

    let hyperd = server.hyperd_pid().await;
    let (tcp, sockets) = listening(hyperd);
    assert_eq!(tcp, Vec::<String>::new(), "hyperd listens at no port");
    assert_eq!(sockets.len(), 1, "hyperd listens at one socket: {sockets:?}");
    assert!(sockets[0].starts_with('/') && Path::new(&sockets[0]).exists(), "{sockets:?}");
    assert!(!another_user(&["stat", &sockets[0]]), "another user finds {}", sockets[0]);
    assert_eq!(listening(server.child.id().expect("it runs").into()), (vec![], vec![]), "the server listens nowhere");

    let made = [vec![place.path().join("data")], below(server.temporary.path())];
    let made = if with_daemon { [made.concat(), vec![daemon.clone()]].concat() } else { made.concat() };
    let mut looked_at = 0;
    for folder in made.iter().filter(|path| path.is_dir()) {
        let shown = folder.to_string_lossy();
        assert!(!another_user(&["ls", &shown]), "another user lists {shown}");
        for path in below(folder) {
            assert!(!another_user(&["stat", &path.to_string_lossy()]), "another user finds {}", path.display());
            looked_at += 1;
        }
    }
    assert!(looked_at >= 3, "there is a database, a log and a socket: {made:?}");
    let mode = fs::metadata(&database).expect("the database is there").permissions().mode();
    assert_eq!(mode & 0o137, 0, "a database is neither run nor changed by others: {mode:o}");
    if with_daemon {
        let stop = Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"))
            .args(["daemon", "stop"])
            .env("HYPERD_MCP_DAEMON_DIR", &daemon)
            .output();
        assert!(stop.expect("the command runs").status.success());
    }
}

/// A session's folder that is too deep for a socket: hyperd's is elsewhere, as closed, and goes with the session.
#[tokio::test]
async fn a_socket_beside_a_folder_that_is_too_deep_is_as_closed_and_goes_with_it() {
    let deep = tempfile::Builder::new().prefix(&"d".repeat(100)).tempdir().expect("a temporary folder can be made");
    let variables = [("HYPERD_PATH", hyperd().await.to_string_lossy().into_owned())];
    let mut server = Running::within(deep, &[], &["--ephemeral-only", "--no-daemon"], &variables).await;
    let (tcp, sockets) = listening(server.hyperd_pid().await);
    assert_eq!((tcp.len(), sockets.len()), (0, 1), "{sockets:?}");
    let folder = Path::new(&sockets[0]).parent().expect("it has a folder").to_owned();
    assert!(!folder.starts_with(server.temporary.path()), "{sockets:?}");
    assert_eq!(fs::metadata(&folder).expect("it is there").permissions().mode() & 0o777, 0o700);
    server.client.cancel().await.expect("the client closes");
    server.child.wait().await.expect("the server ends");
    assert!(!folder.exists(), "{} is left", folder.display());
}
