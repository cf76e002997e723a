//! `lint` and `coverage` against the tools of any target.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

const NOTES: &str = "
feature: Notes
requirements: [protocol.status]
scenarios:
  - scenario: a note is written
    steps:
      - call: put
        with: { name: plans, text: Sail on Sunday }
        expect: { uri: note://plans, revision: 1 }
      - call: put
        with: { name: plans }
        error: { code: INVALID_ARGUMENT }
";

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios")
}

/// A suite of one file for the demo server.
fn notes(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("scenarios");
    for name in ["targets", "notes"] {
        fs::create_dir_all(root.join(name)).expect("a folder");
    }
    for name in ["requirements.yaml", "targets/demo.toml"] {
        fs::copy(shipped().join(name), root.join(name)).expect("a copy");
    }
    fs::write(root.join("notes/put.yaml"), text).expect("a file");
    (folder, root)
}

/// Exit code, standard output and standard error.
fn run(suite: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyper-conform"));
    let output = command.arg("--suite").arg(suite).args(args).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn lint_holds_calls_against_the_targets_tools() {
    let (_folder, suite) = notes(NOTES);
    let (code, out, told) = run(&suite, &["lint", "--target", "demo"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(out.ends_with("3 tools of demo: nothing wrong\n"), "{out}");

    let (_folder, suite) = notes(&NOTES.replace("text: Sail", "txt: Sail").replace("revision: 1", "revison: 1"));
    let (code, _, told) = run(&suite, &["lint", "--target", "demo"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("`put` lacks its argument `text`") && told.contains("did you mean `revision`?"), "{told}");
}

#[test]
fn the_shipped_suite_is_for_our_server_over_any_transport() {
    let (code, out, told) = run(&shipped(), &["lint", "--target", "hyperd-mcp-stdio"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(out.contains(" tools of hyperd-mcp-stdio: nothing wrong"), "{out}");
    let (code, _, told) = run(&shipped(), &["lint", "--target", "demo"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("there is no tool `load_file`"), "{told}");
}

#[test]
fn coverage_is_of_the_targets_tools() {
    let (_folder, suite) = notes(NOTES);
    let (code, out, told) = run(&suite, &["coverage", "--target", "demo", "--format", "json"]);
    assert_eq!(code, Some(0), "{told}");
    let coverage: Value = serde_json::from_str(&out).expect("JSON");
    let rows = coverage["rows"].as_array().expect("rows");
    let of = |kind: &str| -> Vec<&str> {
        rows.iter().filter(|row| row["kind"] == kind).filter_map(|row| row["name"].as_str()).collect()
    };
    assert_eq!(of("tool"), ["count", "echo", "put"]);
    assert_eq!(of("code"), ["INVALID_ARGUMENT"], "a server without hyperd has errors of its own");
    let (_, here, _) = run(&shipped(), &["coverage"]);
    let (code, there, told) = run(&shipped(), &["coverage", "--target", "hyperd-mcp-stdio"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(there == here && there.contains("load_file"), "{there}");
}

#[test]
fn a_target_that_cannot_be_meant_is_told() {
    let (_folder, suite) = notes(NOTES);
    let (code, _, told) = run(&suite, &["lint", "--target", "demoo"]);
    assert!(code == Some(2) && told.contains("there is no target `demoo`; did you mean `demo`?"), "{told}");
    let (code, _, told) = run(&suite, &["coverage", "--target", "nothing"]);
    assert!(code == Some(2) && told.contains("there is no target `nothing`"), "{told}");
    let (code, _, told) = run(&suite, &["lint", "--offline", "--target", "demo"]);
    assert!(code == Some(2) && told.contains("cannot be used with"), "{told}");
}
