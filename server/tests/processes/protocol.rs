//! Bytes on standard input that no client of the library would send: each request is answered, and the server goes on.

use std::process::Stdio;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Ten times what the slowest machine needs.
const ANSWERED_WITHIN: Duration = Duration::from_mins(1);

/// A server and the bytes that go to it and come from it.
pub(crate) struct Raw {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    _temporary: tempfile::TempDir,
}

impl Raw {
    pub(crate) async fn start() -> Self {
        let temporary = tempfile::tempdir().expect("a temporary folder can be made");
        let mut child = Command::new(env!("CARGO_BIN_EXE_hyperd-mcp"))
            .args(["--no-daemon", "--ephemeral-only"])
            .env("HYPERD_PATH", crate::support::hyperd().await)
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let input = child.stdin.take();
        Self { child, input, output, _temporary: temporary }
    }

    /// The same with the handshake done.
    pub(crate) async fn introduced() -> Self {
        let mut raw = Self::start().await;
        raw.introduce().await;
        raw
    }

    async fn introduce(&mut self) {
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "raw", "version": "1" } } });
        self.say(hello.to_string().as_bytes()).await;
        assert_eq!(self.hear().await["id"], 0);
        self.say(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    }

    /// Sends a line.
    pub(crate) async fn say(&mut self, line: &[u8]) {
        let input = self.input.as_mut().expect("the server's input is open");
        input.write_all(line).await.expect("the server reads");
        input.write_all(b"\n").await.expect("the server reads");
        input.flush().await.expect("the server reads");
    }

    /// The next message.
    pub(crate) async fn hear(&mut self) -> Value {
        let mut line = String::new();
        let heard = tokio::time::timeout(ANSWERED_WITHIN, self.output.read_line(&mut line)).await;
        heard.expect("the server answers in time").expect("the server writes text");
        serde_json::from_str(&line).expect("the server writes JSON")
    }

    /// The next message that is no notification.
    pub(crate) async fn hear_answer(&mut self) -> Value {
        loop {
            let message = self.hear().await;
            if message.get("method").is_none() {
                return message;
            }
        }
    }

    pub(crate) async fn call(&mut self, id: &Value, tool: &str, arguments: &Value) {
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": { "name": tool, "arguments": arguments } });
        self.say(call.to_string().as_bytes()).await;
    }

    /// Asks for one row and gets it.
    pub(crate) async fn is_well(&mut self) {
        self.call(&json!("well"), "query", &json!({ "sql": "SELECT 1 AS a" })).await;
        let answer = self.hear_answer().await;
        assert_eq!(answer["id"], "well", "{answer}");
        assert_eq!(answer["result"]["structuredContent"]["result"], json!([{ "a": 1 }]), "{answer}");
    }
}

/// Proves `protocol.every_request_is_answered`.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_answered_and_the_server_goes_on() {
    let mut raw = Raw::introduced().await;
    let call = |sql: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"query","arguments":{{"sql":"{sql}"}}}}}}"#
        )
    };
    let nested =
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let mut broken = call("SELECT '?'").into_bytes();
    let place = broken.iter().position(|byte| *byte == b'?').expect("the mark is there");
    broken[place] = 0xff;
    let cases: [(&str, Vec<u8>, Value, i64); 9] = [
        ("a lone surrogate", call("SELECT '\\ud83d'").into_bytes(), json!(7), -32700),
        ("broken UTF-8", broken, json!(7), -32700),
        ("deep nesting", nested.into_bytes(), json!(7), -32700),
        ("garbage", b"garbage".to_vec(), Value::Null, -32700),
        ("an open object", br#"{"jsonrpc":"2.0","id":7,"method":"ping""#.to_vec(), json!(7), -32700),
        ("no message", br#"{"id":7}"#.to_vec(), json!(7), -32600),
        ("a number", b"1".to_vec(), Value::Null, -32600),
        ("no name", br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}}"#.to_vec(), json!(7), -32602),
        (
            "arguments that are a list",
            br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"query","arguments":[]}}"#.to_vec(),
            json!(7),
            -32602,
        ),
    ];
    for (what, line, id, code) in cases {
        raw.say(&line).await;
        let answer = raw.hear_answer().await;
        assert_eq!(answer["error"]["code"], code, "{what}: {answer}");
        assert_eq!(answer.get("id").cloned().unwrap_or_default(), id, "{what}: {answer}");
        raw.is_well().await;
    }
    raw.say(br#"{"jsonrpc":"2.0","id":8,"method":"ping"}{"jsonrpc":"2.0","id":9,"method":"ping"}"#).await;
    let mut ids = [raw.hear_answer().await, raw.hear_answer().await].map(|answer| answer["id"].as_i64());
    ids.sort_unstable();
    assert_eq!(ids, [Some(8), Some(9)]);
    raw.is_well().await;
}

/// Proves `protocol.every_request_is_answered`.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_in_use_is_refused_by_name() {
    let mut raw = Raw::introduced().await;
    let slow = "SELECT count(*) AS n FROM generate_series(1, 3000) a, generate_series(1, 3000) b WHERE a.a + b.b > 0";
    raw.call(&json!(5), "query", &json!({ "sql": slow })).await;
    raw.call(&json!(5), "query", &json!({ "sql": "SELECT 1" })).await;
    let answers = [raw.hear_answer().await, raw.hear_answer().await];
    assert!(answers.iter().all(|answer| answer["id"] == 5), "{answers:?}");
    let refused = answers.iter().find(|answer| answer["error"]["code"] == -32600).expect("one of them is refused");
    assert!(refused["error"]["message"].as_str().is_some_and(|message| message.contains('5')), "{refused}");
    assert!(answers.iter().any(|answer| answer["result"].is_object()), "{answers:?}");
    raw.call(&json!(5), "query", &json!({ "sql": "SELECT 1" })).await;
    assert!(raw.hear_answer().await["result"].is_object());
}

/// Proves `protocol.every_request_is_answered`.
#[tokio::test(flavor = "multi_thread")]
async fn a_notification_before_the_handshake_ends_nothing() {
    let mut raw = Raw::start().await;
    raw.say(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    raw.say(b"garbage").await;
    assert_eq!(raw.hear_answer().await["error"]["code"], -32700);
    raw.introduce().await;
    raw.is_well().await;
}

/// Proves `protocol.every_request_is_answered`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "sends 600 MB"]
async fn a_message_that_is_too_long_is_answered() {
    let mut raw = Raw::introduced().await;
    let input = raw.input.as_mut().expect("the server's input is open");
    input.write_all(br#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":""#).await.expect("the server reads");
    let block = vec![b'a'; 1 << 20];
    for _ in 0..600 {
        input.write_all(&block).await.expect("the server reads");
    }
    raw.say(br#""}}"#).await;
    let answer = raw.hear_answer().await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32600)), "{answer}");
    raw.is_well().await;
}

/// Proves `protocol.empty_lists`: a list has one page, so that each cursor is one that nobody gave out.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_nobody_gave_out_is_refused(
    #[values("tools/list", "prompts/list", "resources/list", "resources/templates/list")] method: &str,
) {
    let mut raw = Raw::introduced().await;
    for (params, code) in [
        (json!({}), Value::Null),
        (json!({ "cursor": null }), Value::Null),
        (json!({ "cursor": "" }), json!(-32602)),
        (json!({ "cursor": "page 2" }), json!(-32602)),
        (json!({ "cursor": 2 }), json!(-32602)),
    ] {
        raw.say(json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string().as_bytes()).await;
        let answer = raw.hear_answer().await;
        let says = answer.to_string().chars().take(200).collect::<String>();
        assert_eq!(answer["error"]["code"], code, "{method} {params}: {says}");
    }
    raw.is_well().await;
}

/// Proves `protocol.unread_answers_are_bounded`.
#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn a_client_that_does_not_read_does_not_fill_the_memory() {
    const CALLS: usize = 60;
    const BOUND_KB: u64 = 300_000;
    let mut raw = Raw::introduced().await;
    let sql = "SELECT repeat('x', 1000) AS a FROM generate_series(1, 4500)";
    for id in 1..=CALLS {
        raw.call(&json!(id), "query", &json!({ "sql": sql })).await;
    }
    let pid = raw.child.id().expect("the server runs");
    let mut peak = 0;
    for _ in 0..60 {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the server runs");
        let used = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says what is used");
        peak = peak.max(used.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number"));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    eprintln!("{CALLS} unread answers: peak {peak} kB");
    assert!(peak < BOUND_KB, "{peak} kB are used for answers that nobody reads");
    let mut answered = std::collections::HashSet::new();
    while answered.len() < CALLS {
        let answer = raw.hear_answer().await;
        assert!(answer["result"]["isError"] != json!(true), "{answer}");
        answered.insert(answer["id"].to_string());
    }
    raw.is_well().await;
}
