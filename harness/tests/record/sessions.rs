//! Sessions as clients have them: line by line, several requests at once, ended in each way.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use hyper_conform::Engines;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::{Bench, PROGRAM, REQUIREMENT, server};

/// A client of the recorder.
struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last: u64,
    _home: TempDir,
}

impl Session {
    fn of(out: &Path, args: &[&str], command: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(PROGRAM)
            .args(["record", "--requirement", REQUIREMENT, "--out"])
            .arg(out)
            .args(args)
            .args(["--"].iter().filter(|_| !command.is_empty()))
            .args(command)
            // Not the data of whoever runs the tests.
            .env("XDG_DATA_HOME", home.path())
            .env_remove("HYPERDB_PERSISTENT_DB")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, input, output, last: 0, _home: home }
    }

    /// Our server with its handshake done, on the run's hyperd.
    fn begun(bench: &Bench, name: &str, args: &[&str]) -> Self {
        let endpoint = bench.engines.shared().expect("a hyperd").endpoint;
        let program = server();
        let program = program.to_string_lossy();
        let command = [&[&*program, "--endpoint", &endpoint, "--log-level", "error"], args].concat();
        let mut session = Self::of(&bench.out(name), &[], &command);
        session.handshake();
        session
    }

    fn handshake(&mut self) {
        let client = json!({ "name": "a-client", "version": "1" });
        let begun = self
            .ask("initialize", &json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client }));
        assert!(begun["result"]["serverInfo"].is_object(), "{begun}");
        self.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string());
        self.ask("tools/list", &json!({}));
    }

    fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{line}").and_then(|()| input.flush()).expect("it reads");
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        if line.is_empty() {
            let mut told = String::new();
            self.child.stderr.take().expect("its errors").read_to_string(&mut told).expect("a text");
            panic!("it ended: {told}");
        }
        line
    }

    fn send(&mut self, method: &str, params: &Value) -> u64 {
        self.last += 1;
        self.say(&json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": params }).to_string());
        self.last
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        let id = self.send(method, params);
        loop {
            let message: Value = serde_json::from_str(&self.hear()).expect("a message");
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Calls a tool, which must not fail.
    fn call(&mut self, name: &str, arguments: &Value) {
        let answer = self.ask("tools/call", &json!({ "name": name, "arguments": arguments }));
        assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
    }

    /// Closes its side; the exit code, what came yet, and standard error.
    fn end(mut self) -> (Option<i32>, String, String) {
        drop(self.input.take());
        self.ended()
    }

    fn ended(mut self) -> (Option<i32>, String, String) {
        let (mut rest, mut told) = (String::new(), String::new());
        self.output.read_to_string(&mut rest).expect("its output");
        self.child.stderr.take().expect("its errors").read_to_string(&mut told).expect("its errors");
        (self.child.wait().expect("it ends").code(), rest, told)
    }
}

fn recorded(bench: &Bench, name: &str) -> String {
    fs::read_to_string(bench.out(name)).expect("the recording")
}

#[test]
fn the_files_of_a_person_come_along() {
    let bench = Bench::new(Engines::default());
    let home = bench.home();
    let path = |name: &str| home.join(name).to_string_lossy().into_owned();
    fs::write(home.join("people.csv"), "id,name\n1,Ada\n2,Bob\n").expect("a file");
    fs::write(home.join("many.csv"), format!("id\n{}", "12345\n".repeat(20_000))).expect("a file");
    fs::write(home.join("latin.csv"), b"name\n\xc9va\n").expect("a file");
    let mut session = Session::begun(&bench, "files", &[]);
    session.call("load_file", &json!({ "table": "people", "path": path("people.csv") }));
    fs::write(home.join("people.csv"), "id,name\n3,Cy\n").expect("a file");
    session.call("load_file", &json!({ "table": "people", "path": path("people.csv"), "mode": "append" }));
    session.call("load_file", &json!({ "table": "many", "path": path("many.csv") }));
    let latin = json!({ "name": "load_file", "arguments": { "table": "latin", "path": path("latin.csv") } });
    session.ask("tools/call", &latin);
    session.call("export", &json!({ "table": "people", "path": path("out.csv"), "format": "csv" }));
    session.call("load_file", &json!({ "table": "back", "path": path("out.csv") }));
    let sql = format!(
        "SELECT count(*) AS n FROM external('{}', FORMAT => 'csv', COLUMNS => DESCRIPTOR(id TEXT))",
        path("many.csv")
    );
    session.call("query", &json!({ "sql": sql }));
    let (code, rest, told) = session.end();
    assert_eq!((code, rest.as_str()), (Some(0), ""), "{told}");

    let text = recorded(&bench, "files");
    assert!(!text.contains(&path("")), "no path of this machine stays:\n{text}");
    assert!(text.contains("2,Bob\n") && text.contains("3,Cy\n"), "each content has its step:\n{text}");
    assert!(text.contains("copy: $(data)/recorded/files/many.csv") && text.contains("base64: "), "{text}");
    assert!(!text.contains("write: out.csv"), "what the session wrote is its own work:\n{text}");
    assert!(!text.contains("list: tools"), "what the client listed for itself is no step:\n{text}");
    bench.all_pass();
}

#[test]
fn what_a_database_held_already_is_told() {
    let bench = Bench::new(Engines::default());
    let database = bench.home().join("mine.hyper").to_string_lossy().into_owned();
    let mut session = Session::begun(&bench, "first", &["--persistent-db", &database]);
    session.call("execute", &json!({ "sql": "CREATE TABLE t AS SELECT 1 AS a", "database": "persistent" }));
    session.call("list_attached_databases", &json!({}));
    let (_, _, told) = session.end();
    assert!(!told.contains("was there already"), "{told}");
    let text = recorded(&bench, "first");
    assert!(text.contains("path: $(persistent)") && !text.contains("about:"), "{text}");
    bench.all_pass();

    let mut session = Session::begun(&bench, "second", &["--persistent-db", &database]);
    session.call("query", &json!({ "sql": "SELECT a FROM t", "database": "persistent" }));
    let (_, _, told) = session.end();
    assert!(told.contains("was there already"), "{told}");
    assert!(recorded(&bench, "second").contains("about: |\n  Recorded on a database that was there already"));
    assert_eq!(bench.failures().len(), 2, "it fails on both targets, as the file says");
}

#[test]
fn which_process_served_is_not_told() {
    let bench = Bench::new(Engines::default());
    let hyperd = bench.engines.shared().expect("a hyperd").executable;
    let program = server();
    let command = [&*program.to_string_lossy(), "--ephemeral-only", "--hyperd", &*hyperd.to_string_lossy()];
    let mut session = Session::of(&bench.out("own"), &[], &command);
    session.handshake();
    let status = session.ask("tools/call", &json!({ "name": "status", "arguments": {} }));
    assert!(status["result"]["structuredContent"]["engine"]["pid"].is_u64(), "{status}");
    session.end();
    // The runner's servers share a hyperd and tell no process.
    bench.all_pass();
}

#[test]
fn requests_at_once_are_written_in_their_order() {
    let bench = Bench::new(Engines::default());
    let mut session = Session::begun(&bench, "at_once", &["--query-rows-max", "1"]);
    let slow = "SELECT count(*) AS n FROM generate_series(1, 2000000000) AS s(a)";
    for sql in [slow, "SELECT a FROM generate_series(1, 3) AS s(a) ORDER BY a"] {
        session.send("tools/call", &json!({ "name": "query", "arguments": { "sql": sql } }));
    }
    let ids: Vec<Value> =
        (0..2).map(|_| serde_json::from_str::<Value>(&session.hear()).expect("a message")["id"].clone()).collect();
    assert_eq!(ids, [json!(4), json!(3)], "the second one is answered first");
    let (code, _, told) = session.end();
    assert_eq!(code, Some(0), "{told}");
    let text = recorded(&bench, "at_once");
    let (first, second) = (text.find("count(*)").expect("a step"), text.find("ORDER BY").expect("a step"));
    assert!(first < second && text.contains("server: { query_rows_max: 1 }"), "{text}");
    bench.all_pass();
}

#[test]
#[cfg(unix)]
fn a_signal_ends_the_session_with_its_file() {
    use rustix::process::{Pid, Signal, kill_process};
    let bench = Bench::new(Engines::default());
    for (name, signal) in [("told", Signal::TERM), ("interrupted", Signal::INT)] {
        let mut session = Session::begun(&bench, name, &[]);
        session.call("query", &json!({ "sql": "SELECT 1 AS a" }));
        kill_process(Pid::from_child(&session.child), signal).expect("a signal");
        let (code, _, told) = session.ended();
        assert_eq!(code, Some(0), "{told}");
    }
    bench.all_pass();
}

#[test]
fn lines_pass_as_they_are_and_what_is_no_message_is_told() {
    let bench = Bench::new(Engines::default());
    let mut session = Session::of(&bench.out("echo"), &[], &["cat"]);
    let lines = ["{ \"jsonrpc\":\"2.0\" ,\"method\":\"x\"}  \r", "no message", "", "[1, 2"];
    for line in lines {
        session.say(line);
        assert_eq!(session.hear(), format!("{line}\n"));
    }
    let (code, rest, told) = session.end();
    assert_eq!((code, rest.as_str()), (Some(1), ""), "{told}");
    assert!(told.contains("the client sent a line that is no JSON-RPC message; it is passed on: no message"), "{told}");
    assert!(told.contains("nothing was asked of the server"), "{told}");
    assert!(!bench.out("echo").exists());
}

#[test]
fn a_server_that_ends_ends_the_session() {
    let bench = Bench::new(Engines::default());
    let session = Session::of(&bench.out("gone"), &[], &["sh", "-c", "echo the vault is shut >&2"]);
    let (code, _, told) = session.ended();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("the vault is shut"), "its standard error is passed on: {told}");
}

#[test]
fn without_a_command_it_is_our_server_on_empty_databases() {
    let bench = Bench::new(Engines::default());
    let mut session = Session::of(&bench.out("ours"), &["--feature", "Mine", "--scenario", "nothing is there"], &[]);
    session.handshake();
    session.call("describe", &json!({ "database": "persistent" }));
    let (code, _, told) = session.end();
    assert_eq!(code, Some(0), "{told}");
    let text = recorded(&bench, "ours");
    assert!(text.starts_with("feature: Mine\n") && text.contains("- scenario: nothing is there\n"), "{text}");
    bench.all_pass();
}

#[test]
fn resources_prompts_and_notifications_have_their_steps() {
    let bench = Bench::new(Engines::default());
    let mut session = Session::of(&bench.out("notes"), &[], &[PROGRAM, "demo"]);
    session.handshake();
    session.ask("resources/list", &json!({}));
    let note = |text: &str| json!({ "name": "plans", "text": text });
    let uri = json!({ "uri": "note://plans" });
    session.call("put", &note("Sail on Sunday"));
    session.ask("resources/subscribe", &uri);
    session.call("put", &note("Sail on $(day)\nor $any"));
    session.ask("resources/list", &json!({}));
    session.ask("resources/list", &json!({}));
    session.ask("resources/read", &uri);
    session.ask("resources/read", &json!({ "uri": "note://nothing" }));
    session.ask("prompts/get", &json!({ "name": "summarize", "arguments": { "name": "plans" } }));
    let of = json!({ "type": "ref/prompt", "name": "summarize" });
    session.ask("completion/complete", &json!({ "ref": of, "argument": { "name": "style", "value": "s" } }));
    session.ask("resources/unsubscribe", &uri);
    session.ask("tools/call", &json!({ "name": "put", "arguments": { "name": "plans" } }));
    session.ask("tools/call", &json!({ "name": "frobnicate" }));
    session.ask("no/such", &json!({}));
    let (code, _, told) = session.end();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("there is no step for `no/such`"), "{told}");
    let text = recorded(&bench, "notes");
    for step in [
        "- notified: notifications/resources/list_changed\n",
        "- notified: notifications/resources/updated\n        params: { uri: \"note://plans\" }\n",
        "- list: resources\n        expect:\n          - { uri: \"note://plans\", name: plans }\n",
        "- read: \"note://nothing\"\n        protocol_error: { code: -32002, message: \"note://nothing\" }",
        "- prompt: summarize\n",
        "- complete: { prompt: summarize, argument: style, value: s }\n        expect: { values: [short], total: 1, hasMore: false }",
        "- unsubscribe: \"note://plans\"\n",
        "error: { code: INVALID_ARGUMENT }",
        "- call: frobnicate\n        protocol_error: { code: -32602, message: frobnicate }",
    ] {
        assert!(text.contains(step), "{step} is missing:\n{text}");
    }
    assert_eq!(text.matches("list: ").count(), 1, "a list at the start or without news is no step:\n{text}");
    bench.all_pass_on_demo();
}
