//! The server as official clients see it: the TypeScript SDK's and that of Python's `mcp`.
//!
//! Both are fetched from their package registries into the build folder. Where a language or its registry is not there,
//! the test says so and ends. Run them with `cargo test -p hyperd-mcp --test clients -- --ignored --nocapture`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The releases that are tested with.
const TYPESCRIPT: &str = "@modelcontextprotocol/sdk@1.32.2";
const PYTHON: &str = "mcp==2.3.0";

/// The tools, and what is checked besides a refusal of each.
const CHECKS: usize = 29 + 5;
const ROWS: u32 = 200_000;

/// A command's output, or nothing and a word where it cannot be run or fails.
fn there(command: &mut Command) -> Option<Output> {
    let wanted = format!("{command:?}");
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Some(output),
        Ok(output) => {
            eprintln!("skipped: {wanted} fails: {}", String::from_utf8_lossy(&output.stderr));
            None
        }
        Err(error) => {
            eprintln!("skipped: {wanted} cannot be run: {error}");
            None
        }
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// Runs a client, and holds it to all of its checks.
fn run(client: &mut Command, script: &Path) {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let mut many = "a,b\n".to_owned();
    for row in 0..ROWS {
        writeln!(many, "{row},name {row}").expect("a text takes more");
    }
    std::fs::write(data.path().join("many.csv"), many).expect("a file can be written");
    let hyperd = hyperd_mcp::hyperd::locate().expect("there is a hyperd").path;
    let output = client
        .arg(script)
        .arg(data.path())
        .arg(env!("CARGO_BIN_EXE_hyperd-mcp"))
        .args(["--no-daemon", "--ephemeral-only"])
        .env("HYPERD_PATH", hyperd)
        .stdin(Stdio::null())
        .output()
        .expect("the client runs");
    let said = String::from_utf8_lossy(&output.stdout);
    eprintln!("{said}");
    assert!(output.status.success(), "after {said}: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().count(), CHECKS, "{said}");
}

/// Proves `protocol.refusals_reach_every_client`.
#[test]
#[ignore = "needs Node.js and its registry; .ci/run runs it"]
fn the_typescript_sdk_sees_what_was_said() {
    let folder = folder("typescript");
    if there(Command::new("node").arg("--version")).is_none() {
        return;
    }
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix"]).arg(&folder).arg(TYPESCRIPT);
    if there(&mut install).is_none() {
        return;
    }
    // Node.js looks for packages beside the script.
    let beside = folder.join("typescript.mjs");
    std::fs::copy(script("typescript.mjs"), &beside).expect("a script can be copied");
    run(&mut Command::new("node"), &beside);
}

/// Proves `protocol.refusals_reach_every_client`.
#[test]
#[ignore = "needs Python and its registry; .ci/run runs it"]
fn pythons_client_sees_what_was_said() {
    let folder = folder("python");
    if there(Command::new("python3").args(["-m", "venv"]).arg(&folder)).is_none() {
        return;
    }
    let python = folder.join("bin/python");
    if there(Command::new(&python).args(["-m", "pip", "install", "--quiet", PYTHON])).is_none() {
        return;
    }
    run(&mut Command::new(&python), &script("python.py"));
}
