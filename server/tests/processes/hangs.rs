//! A hyperd that is stopped or wedged: it is replaced, and ends with whoever started it, whatever it is doing. Linux only: it
//! sends signals, makes pipes, and looks into `/proc`.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use crate::daemon::{Home, signal, socket};
use crate::support::{Running, runs, wait_until};

/// Long enough for a hang deadline of 15 s, and for another hyperd to start on a slow machine.
const REPLACED_WITHIN: Duration = Duration::from_secs(90);
/// A statement that goes on for as long as it is let.
const HEAVY: &str =
    "SELECT count(*) FROM generate_series(1, 10000000) a(v), generate_series(1, 10000000) b(v) WHERE a.v + b.v < 0";

/// Where a server's hyperd comes from.
struct Place {
    home: Option<Home>,
}

impl Place {
    fn new(with_daemon: bool) -> Self {
        Self { home: with_daemon.then(Home::new) }
    }

    async fn server(&self, arguments: &[&str]) -> Running {
        let arguments = [&["--ephemeral-only"], arguments].concat();
        match &self.home {
            Some(home) => Running::with(&[], &arguments, &home.variables().await).await,
            None => Running::start(&arguments).await,
        }
    }

    /// Who started hyperd.
    fn starter(&self, server: &Running) -> u64 {
        match &self.home {
            Some(home) => home.announced()["pid"].as_u64().expect("a process id"),
            None => server.child.id().expect("the server runs").into(),
        }
    }
}

/// Asks until another hyperd answers: a call that was under way may have been lost.
async fn answered(server: &Running) -> Value {
    let ask = async {
        loop {
            let answer = server.call("query", json!({ "sql": "SELECT 1 AS a" })).await;
            if answer["error"].is_null() {
                return answer["result"].clone();
            }
        }
    };
    tokio::time::timeout(REPLACED_WITHIN, ask).await.expect("another hyperd answers")
}

/// Has hyperd begin a statement that nobody waits for, and that no server was asked about.
fn begin(endpoint: &Value, sql: &str) -> UnixStream {
    const PROTOCOL: i32 = 196_608;
    let mut stream = UnixStream::connect(socket(endpoint)).expect("hyperd listens");
    let startup = [&PROTOCOL.to_be_bytes()[..], b"user\0tableau_internal_user\0\0"].concat();
    let length = |body: &[u8]| i32::try_from(body.len() + 4).expect("it is short").to_be_bytes();
    stream.write_all(&[&length(&startup)[..], &startup].concat()).expect("hyperd reads");
    // `Z`, five bytes long, in no transaction: hyperd is ready.
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !seen.ends_with(b"Z\0\0\0\x05I") {
        stream.read_exact(&mut byte).expect("hyperd answers");
        seen.push(byte[0]);
    }
    let query = [sql.as_bytes(), b"\0"].concat();
    stream.write_all(&[&b"Q"[..], &length(&query), &query].concat()).expect("hyperd reads");
    stream
}

/// Has hyperd wait for pipes on all of its threads: it takes connections and answers none.
fn wedge(endpoint: &Value, folder: &Path) -> Vec<UnixStream> {
    const FOR_EACH_CORE: usize = 2;
    let pipe = folder.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    let sql = format!("SELECT * FROM external('{}', format => 'csv', columns => descriptor(a text))", pipe.display());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (0..cores * FOR_EACH_CORE)
        .map(|_| {
            let stream = begin(endpoint, &sql);
            std::thread::sleep(Duration::from_millis(200));
            stream
        })
        .collect()
}

async fn endpoint(server: &Running) -> Value {
    server.call("status", json!({})).await["engine"]["endpoint"].clone()
}

/// `recover.hung_is_replaced`: also where the deadline is longer than any of the server's own.
#[rstest]
#[case::own(false, &[])]
#[case::own_and_longer(false, &["--hang-deadline", "15"])]
#[case::daemon(true, &[])]
#[case::daemon_and_longer(true, &["--hang-deadline", "15"])]
#[tokio::test]
#[ignore = "waits for hang deadlines; .ci/run runs it"]
async fn a_stopped_hyperd_is_replaced_whatever_the_deadline(#[case] with_daemon: bool, #[case] arguments: &[&str]) {
    let place = Place::new(with_daemon);
    let server = place.server(arguments).await;
    let old = server.hyperd_pid().await;
    signal("-STOP", old);
    assert_eq!(answered(&server).await, json!([{ "a": 1 }]));
    assert!(!runs(old), "the one that was stopped is gone");
    let status = tokio::time::timeout(Duration::from_secs(10), server.hyperd_pid()).await.expect("status answers");
    assert_ne!(status, old);
}

/// `recover.hung_is_replaced`
#[rstest]
#[case::own(false)]
#[case::daemon(true)]
#[tokio::test]
async fn a_hyperd_that_takes_connections_and_answers_none_is_replaced(#[case] with_daemon: bool) {
    let place = Place::new(with_daemon);
    let server = place.server(&["--hang-deadline", "2"]).await;
    let old = server.hyperd_pid().await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let _wedged = wedge(&endpoint(&server).await, folder.path());
    assert_eq!(answered(&server).await, json!([{ "a": 1 }]));
    wait_until("the end of the one that was wedged", || !runs(old)).await;
}

/// `recover.hung_is_replaced`: one whose socket somebody has deleted runs and cannot be reached.
#[rstest]
#[case::own(false)]
#[case::daemon(true)]
#[tokio::test]
async fn a_hyperd_whose_socket_is_gone_is_replaced(#[case] with_daemon: bool) {
    let place = Place::new(with_daemon);
    let server = place.server(&[]).await;
    let old = server.hyperd_pid().await;
    std::fs::remove_file(socket(&endpoint(&server).await)).expect("the socket is there");
    // One connection is idle and serves one call: two at once need another one.
    let calls = || server.call("query", json!({ "sql": "SELECT 1 AS a" }));
    let both = async { tokio::join!(calls(), calls(), calls()) };
    tokio::time::timeout(REPLACED_WITHIN, both).await.expect("calls are answered");
    assert_eq!(answered(&server).await, json!([{ "a": 1 }]));
    wait_until("the end of the one that nobody could reach", || !runs(old)).await;
}

/// What hyperd does when whoever started it is killed.
#[derive(Debug, Clone, Copy)]
enum Doing {
    Nothing,
    Works,
    Hangs,
    IsStopped,
}

/// `recover.hyperd_ends_with_its_starter`
#[rstest]
#[tokio::test]
async fn hyperd_ends_with_whoever_started_it_whatever_it_is_doing(
    #[values(false, true)] with_daemon: bool,
    #[values(Doing::Nothing, Doing::Works, Doing::Hangs, Doing::IsStopped)] doing: Doing,
) {
    let place = Place::new(with_daemon);
    let server = place.server(&[]).await;
    let (hyperd, starter) = (server.hyperd_pid().await, place.starter(&server));
    let endpoint = endpoint(&server).await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    wait_until("a guard", || guards(hyperd) == 1).await;
    let _under_way = match doing {
        Doing::Nothing => vec![],
        Doing::Works => vec![begin(&endpoint, HEAVY), begin(&endpoint, HEAVY)],
        Doing::Hangs => wedge(&endpoint, folder.path()),
        Doing::IsStopped => {
            signal("-STOP", hyperd);
            vec![]
        }
    };
    signal("-KILL", starter);
    wait_until("the end of hyperd", || !runs(hyperd)).await;
    wait_until("the end of its guard", || guards(hyperd) == 0).await;
}

/// `recover.hyperd_ends_with_its_starter`: a guard stays no longer than it is needed.
#[tokio::test]
async fn a_guard_ends_with_its_hyperd() {
    let mut server = Running::start(&["--ephemeral-only"]).await;
    let old = server.hyperd_pid().await;
    wait_until("a guard", || guards(old) == 1).await;
    signal("-KILL", old);
    answered(&server).await;
    let new = server.hyperd_pid().await;
    wait_until("the end of the old guard", || guards(old) == 0).await;
    wait_until("a new guard", || guards(new) == 1).await;
    server.client.cancel().await.expect("the client closes");
    server.child.wait().await.expect("the server ends");
    wait_until("the end of the new guard", || guards(new) == 0).await;
}

/// Processes that guard the hyperd of that process id, zombies left out.
fn guards(hyperd: u64) -> usize {
    let processes = std::fs::read_dir("/proc").expect("there is /proc").flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let end = format!("hyperd-mcp\0guard\0{hyperd}\0");
    lines.filter(|line| line.ends_with(end.as_bytes())).count()
}

/// `recover.hung_is_replaced`: a statement that goes on after it was cancelled keeps its files and a thread for ever. Where
/// pipes are refused, one takes the file's place between the look and the reading.
#[rstest]
#[case::own(false)]
#[case::daemon(true)]
#[tokio::test]
async fn a_hyperd_that_ignores_a_cancellation_is_replaced(#[case] with_daemon: bool) {
    const TRIES_MAX: usize = 500;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (file, pipe) = (folder.path().join("file"), folder.path().join("pipe"));
    std::fs::write(&file, "1\n").expect("a file can be written");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let sql = format!("SELECT * FROM external('{}', format => 'csv', columns => descriptor(a text))", file.display());
    let place = Place::new(with_daemon);
    let server = place.server(&["--hang-deadline", "1", "--statement-deadline", "1"]).await;
    let old = server.hyperd_pid().await;
    let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let swaps = std::thread::spawn({
        let over = std::sync::Arc::clone(&over);
        move || {
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                let (here, how) = (rustix::fs::CWD, rustix::fs::RenameFlags::EXCHANGE);
                rustix::fs::renameat_with(here, &file, here, &pipe, how).expect("they can be exchanged");
                std::thread::sleep(Duration::from_micros(300));
            }
        }
    });
    let mut hung = false;
    for _ in 0..TRIES_MAX {
        let answer = server.call("query", json!({ "sql": sql })).await;
        hung = answer["error"]["code"] == "TIMEOUT";
        if hung {
            break;
        }
    }
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    swaps.join().expect("it does not panic");
    assert!(hung, "a statement waits for the pipe");
    wait_until("the end of the one that went on", || !runs(old)).await;
    assert_eq!(answered(&server).await, json!([{ "a": 1 }]));
}

/// `recover.memory_is_bounded`
#[rstest]
#[case::own(false)]
#[case::daemon(true)]
#[tokio::test]
async fn hyperd_is_started_with_the_memory_that_it_may_take(#[case] with_daemon: bool) {
    let place = Place::new(with_daemon);
    let server = place.server(&["--hyperd-memory", "300m"]).await;
    let line = std::fs::read(format!("/proc/{}/cmdline", server.hyperd_pid().await)).expect("hyperd runs");
    let line = String::from_utf8_lossy(&line).into_owned();
    assert!(line.split('\0').any(|argument| argument == "--memory-limit=300m"), "{line}");
    assert_eq!(answered(&server).await, json!([{ "a": 1 }]));
}

/// `recover.memory_is_bounded`: what hyperd would not start with is refused before it is tried.
#[rstest]
#[case::no_unit("4")]
#[case::another_unit("4gb")]
#[case::nothing("0m")]
#[case::too_much("101%")]
fn a_size_that_is_none_is_refused(#[case] size: &str) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"));
    let output = command.args(["--hyperd-memory", size, "daemon", "status"]).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("a size is expected"));
}
