//! The daemon as processes see it. Unix only: it sends signals. Each case has a daemon of its own, in a folder of its own.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Running, hyperd, runs, wait_until};

/// The folder of a daemon; the daemon ends with it.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A server of this daemon.
    pub(crate) async fn server(&self) -> Running {
        Running::with(&[], &["--ephemeral-only"], &self.variables().await).await
    }

    pub(crate) async fn variables(&self) -> Vec<(&'static str, String)> {
        let folder = self.path().to_string_lossy().into_owned();
        vec![("HYPERD_MCP_DAEMON_DIR", folder), ("HYPERD_PATH", hyperd().await.to_string_lossy().into_owned())]
    }

    /// Runs the command with these arguments to its end.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"));
        command.args(arguments).envs(self.variables().await).stdin(Stdio::null());
        command.output().await.expect("the command runs")
    }

    pub(crate) async fn state(&self) -> Value {
        let output = self.command(&["daemon", "status"]).await;
        assert!(output.status.success(), "the daemon runs: {}", String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).expect("its state is JSON")
    }

    pub(crate) fn announced(&self) -> Value {
        let text = std::fs::read(self.path().join("daemon.json")).expect("there is a file of the daemon");
        serde_json::from_slice(&text).expect("the file is JSON")
    }

    pub(crate) async fn stop(&self) {
        let output = self.command(&["daemon", "stop"]).await;
        assert!(output.status.success(), "the daemon ends: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Also where a test fails: a daemon that is left would hold what it has for ever.
impl Drop for Home {
    fn drop(&mut self) {
        let mut stop = std::process::Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"));
        stop.args(["daemon", "stop"]).env("HYPERD_MCP_DAEMON_DIR", self.path()).stdout(Stdio::null());
        // The tests that look at the end of the daemon do so by themselves.
        let _ = stop.status();
    }
}

pub(crate) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("a number, not {value}"))
}

pub(crate) fn signal(name: &str, pid: u64) {
    let sent = std::process::Command::new("kill").args([name, &pid.to_string()]).status().expect("kill runs");
    assert!(sent.success(), "failed to send {name} to {pid}");
}

/// The path of the socket at which hyperd listens.
pub(crate) fn socket(endpoint: &Value) -> std::path::PathBuf {
    let endpoint = endpoint.as_str().and_then(|endpoint| endpoint.strip_prefix("tab.domain://"));
    let (folder, name) = endpoint.and_then(|rest| rest.split_once("/domain/")).expect("a socket");
    Path::new(folder).join(name)
}

/// Whether anything listens at a port of the loopback address.
fn listens(port: u64) -> bool {
    let port = u16::try_from(port).expect("a port");
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// `daemon.shared_by_two_servers`
#[tokio::test]
async fn two_servers_that_start_at_the_same_moment_share_one_hyperd() {
    let times = 3;
    for round in 0..times {
        share_one(round).await;
    }
}

/// `daemon.shared_by_two_servers`, as often as the contract asks.
#[tokio::test]
#[ignore = "takes half a minute; .ci/run runs it"]
async fn twenty_times_two_servers_share_one_hyperd() {
    for round in 0..20 {
        share_one(round).await;
    }
}

async fn share_one(round: usize) {
    let home = Home::new();
    let (mut one, mut two) = tokio::join!(home.server(), home.server());
    let (first, second) = (one.hyperd_pid().await, two.hyperd_pid().await);
    assert_eq!(first, second, "round {round}: both have the same hyperd");
    let state = home.state().await;
    assert_eq!(state["clients"], 2, "round {round}: {state}");
    let announced = home.announced();
    let (daemon, port) = (number(&announced["pid"]), number(&announced["port"]));
    let socket = socket(&announced["endpoint"]);
    assert!(socket.exists(), "round {round}: hyperd listens at {}", socket.display());
    for server in [&mut one, &mut two] {
        server.signal("-TERM");
        server.child.wait().await.expect("the server ends");
        let left = std::fs::read_dir(server.temporary.path()).expect("the folder can be read").count();
        assert_eq!(left, 0, "round {round}: temporary files were left behind");
    }
    home.stop().await;
    wait_until("the end of the daemon and its hyperd", || !runs(daemon) && !runs(first)).await;
    assert!(!listens(port) && !socket.exists(), "round {round}: a socket is left");
    assert!(!home.path().join("daemon.json").exists(), "round {round}: the daemon's file is left");
}

/// `daemon.left_alone_on_request`
#[tokio::test]
async fn a_server_with_a_hyperd_of_its_own_starts_no_daemon() {
    let home = Home::new();
    let explicit = Running::start(&["--ephemeral-only"]).await;
    let variables = home.variables().await;
    let found = Running::with(&[], &["--ephemeral-only", "--no-daemon"], &variables).await;
    assert_ne!(explicit.hyperd_pid().await, found.hyperd_pid().await);
    assert_eq!(std::fs::read_dir(home.path()).expect("the folder can be read").count(), 0);
}

/// `daemon.discovery_file`
#[tokio::test]
async fn the_file_is_its_users_alone_and_says_where_the_daemon_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let server = home.server().await;
    let announced = home.announced();
    let mode =
        |name: &str| std::fs::metadata(home.path().join(name)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode("daemon.json"), 0o600);
    assert_eq!(mode(""), 0o700);
    assert_eq!(announced["version"], env!("CARGO_PKG_VERSION"));
    assert!(runs(number(&announced["pid"])), "{announced}");
    assert_eq!(home.state().await["hyperd_pid"], server.hyperd_pid().await);
    home.stop().await;
}

/// `daemon.port_bound_by_listener_itself`: also the port that was asked for is only a wish.
#[tokio::test]
async fn a_port_that_is_taken_is_left_to_who_has_it() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let port = taken.local_addr().expect("it has an address").port();
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"));
    daemon.args(["daemon", "run", "--port", &port.to_string()]).envs(home.variables().await);
    let mut daemon = daemon.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("it starts");
    wait_until("the daemon's file", || home.path().join("daemon.json").exists()).await;
    assert_ne!(number(&home.announced()["port"]), u64::from(port));
    assert_eq!(number(&home.state().await["pid"]), u64::from(daemon.id().expect("it runs")));
    home.stop().await;
    assert!(daemon.wait().await.expect("it ends").success());
}

/// `daemon.foreign_process_on_port_skipped`: neither one that says nothing nor one that talks is believed or told a secret.
#[rstest]
#[case::silent(None)]
#[case::another_program(Some("HTTP/1.1 400 Bad Request\r\n\r\n"))]
#[case::an_impostor(Some(
    "{\"program\":\"hyperd-mcp\",\"version\":\"0.1.0\",\"nonce\":\"0\"}\n{\"proof\":\"\",\"state\":null}\n"
))]
#[tokio::test]
async fn who_listens_at_the_port_of_the_past_is_not_taken_for_the_daemon(#[case] says: Option<&'static str>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let home = Home::new();
    let foreign = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let port = foreign.local_addr().expect("it has an address").port();
    let stale =
        json!({ "version": "0.1.0", "pid": 1, "port": port, "secret": "tell-nobody", "endpoint": "127.0.0.1:1" });
    std::fs::write(home.path().join("daemon.json"), stale.to_string()).expect("the file can be written");
    let heard = tokio::spawn(async move {
        let (mut stream, _) = foreign.accept().await.expect("somebody comes");
        if let Some(says) = says {
            stream.write_all(says.as_bytes()).await.expect("it can speak");
        }
        let mut heard = Vec::new();
        // The other end may hang up by a reset.
        let _ = stream.read_to_end(&mut heard).await;
        String::from_utf8_lossy(&heard).into_owned()
    });
    let server = home.server().await;
    assert!(runs(server.hyperd_pid().await));
    assert_ne!(number(&home.announced()["port"]), u64::from(port));
    let heard = heard.await.expect("it listens to the end");
    assert!(!heard.contains("tell-nobody"), "the secret was told to a stranger: {heard}");
    home.stop().await;
}

/// `daemon.start_failure_is_fast_and_told`
#[tokio::test]
async fn a_daemon_that_cannot_start_says_why_at_once() {
    let home = Home::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"));
    command.arg("--ephemeral-only").env("HYPERD_MCP_DAEMON_DIR", home.path()).env("HYPERD_PATH", "/bin/false");
    let output = tokio::time::timeout(Duration::from_secs(10), command.stdin(Stdio::null()).output());
    let output = output.await.expect("nobody waits for a daemon that has ended").expect("the command runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(told.contains("The daemon did not start") && told.contains("/bin/false"), "{told}");
    assert!(output.stdout.is_empty(), "nothing but protocol goes to standard output");
}

/// `daemon.replaces_dead_hyperd`, when it ends and when it hangs.
#[rstest]
#[case::killed("-KILL")]
#[case::hung("-STOP")]
#[tokio::test]
async fn a_hyperd_that_fails_is_replaced_and_published(#[case] how: &str) {
    let home = Home::new();
    let variables = home.variables().await;
    let server = Running::with(&[], &["--ephemeral-only", "--hang-deadline", "1"], &variables).await;
    let old = server.hyperd_pid().await;
    let published = home.announced()["endpoint"].clone();
    signal(how, old);
    wait_until("another endpoint", || home.announced()["endpoint"] != published).await;
    assert!(!runs(old), "the one that failed is gone");
    let answer = server.call("query", json!({ "sql": "SELECT 1 AS a" })).await;
    let answer = if answer["error"]["code"] == "CONNECTION_LOST" {
        server.call("query", json!({ "sql": "SELECT 1 AS a" })).await
    } else {
        answer
    };
    assert_eq!(answer["result"], json!([{ "a": 1 }]), "the next call works: {answer}");
    let state = home.state().await;
    assert_eq!(state["replaced"], 1, "{state}");
    assert_eq!(number(&state["hyperd_pid"]), server.hyperd_pid().await);
    home.stop().await;
}

/// `daemon.gives_up_and_says_why`
#[tokio::test]
async fn three_failures_within_a_minute_end_the_daemon_and_the_next_client_is_told() {
    let home = Home::new();
    let server = home.server().await;
    let daemon = number(&home.announced()["pid"]);
    for failure in 1..=3 {
        let pid = number(&home.state().await["hyperd_pid"]);
        signal("-KILL", pid);
        let state = async { home.command(&["daemon", "status"]).await };
        wait_until("the failure is noticed", || !runs(pid)).await;
        if failure < 3 {
            drop(state.await);
            wait_until("another hyperd", || !home.announced()["endpoint"].is_null()).await;
            while number(&home.state().await["hyperd_pid"]) == pid {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    wait_until("the end of the daemon", || !runs(daemon)).await;
    let told = server.call("query", json!({ "sql": "SELECT 1 AS a" })).await;
    let told = if told["error"]["code"] == "CONNECTION_LOST" {
        server.call("query", json!({ "sql": "SELECT 1 AS a" })).await
    } else {
        told
    };
    let message = told["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("failed 3 times within 60 s"), "{told}");
    let answer = server.call("query", json!({ "sql": "SELECT 1 AS a" })).await;
    assert_eq!(
        answer["result"],
        json!([{ "a": 1 }]),
        "the reason is told once, and then another daemon starts: {answer}"
    );
    home.stop().await;
}

/// `daemon.stop_and_status`
#[tokio::test]
async fn status_and_stop_say_what_there_is() {
    let home = Home::new();
    let nothing = home.command(&["daemon", "status"]).await;
    assert!(!nothing.status.success());
    assert_eq!(String::from_utf8_lossy(&nothing.stdout), "no daemon runs\n");
    let server = home.server().await;
    let state = home.state().await;
    assert_eq!((&state["clients"], &state["replaced"]), (&json!(1), &json!(0)), "{state}");
    drop(server);
    home.stop().await;
    wait_until("the end of hyperd", || !runs(number(&state["hyperd_pid"]))).await;
    assert!(!home.command(&["daemon", "status"]).await.status.success());
}

/// `daemon.outlives_its_starter`: it is detached from the server that started it, and ends hyperd when it ends, however.
#[tokio::test]
async fn the_daemon_outlives_the_server_and_hyperd_never_the_daemon() {
    let home = Home::new();
    let mut server = home.server().await;
    let (daemon, hyperd) = (number(&home.announced()["pid"]), server.hyperd_pid().await);
    server.signal("-KILL");
    server.child.wait().await.expect("the server ends");
    assert!(runs(daemon) && runs(hyperd), "both stay for the next server");
    let other = home.server().await;
    assert_eq!(other.hyperd_pid().await, hyperd);
    signal("-KILL", daemon);
    wait_until("the end of hyperd", || !runs(hyperd)).await;
    let next = other.call("query", json!({ "sql": "SELECT 1 AS a" })).await;
    let next =
        if next["error"].is_null() { next } else { other.call("query", json!({ "sql": "SELECT 1 AS a" })).await };
    assert_eq!(next["result"], json!([{ "a": 1 }]), "a stale file is replaced: {next}");
    home.stop().await;
}

/// `daemon.idle_shutdown`
#[tokio::test]
async fn an_idle_daemon_ends_where_that_was_asked_for() {
    let home = Home::new();
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"));
    daemon.args(["daemon", "run", "--idle-shutdown", "0.5"]).envs(home.variables().await);
    let mut daemon = daemon.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("it starts");
    assert!(daemon.wait().await.expect("it ends").success());
    assert!(!home.path().join("daemon.json").exists());
}

/// `doctor.tells_without_touching`
#[tokio::test]
async fn the_doctor_tells_and_touches_nothing() {
    let home = Home::new();
    let folder = home.path().join("not-there-yet");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"));
    command.args(["--ephemeral-only", "doctor", "--json"]).envs(home.variables().await);
    let output = command.env("HYPERD_MCP_DAEMON_DIR", &folder).output().await.expect("the command runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    assert!(output.status.success(), "{report}");
    assert!(!folder.exists(), "it makes nothing");
    assert_eq!(report["problems"], json!([]), "{report}");
    assert_eq!(report["hyperd"]["path"], hyperd().await.to_string_lossy().into_owned());
    let server = home.server().await;
    let output = home.command(&["--ephemeral-only", "doctor", "--json"]).await;
    let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    assert_eq!(number(&report["daemon"]["state"]["hyperd_pid"]), server.hyperd_pid().await);
    assert_eq!(report["daemon"]["locked"], true, "{report}");
    home.stop().await;
}
