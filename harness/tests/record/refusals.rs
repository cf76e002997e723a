//! What is wrong is told before the session, on standard error, and nothing is touched.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use hyper_conform::Engines;

use crate::bench::{Bench, PROGRAM, REQUIREMENT};

/// Runs the recorder with no client; its exit code and standard error. Standard output stays empty.
fn refused(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(PROGRAM).arg("record").args(args).stdin(Stdio::null()).output().expect("it runs");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn a_file_that_is_there_is_not_replaced_unasked() {
    let bench = Bench::new(Engines::default());
    let out = bench.out("mine");
    fs::create_dir_all(out.parent().expect("a folder")).expect("a folder");
    fs::write(&out, "mine").expect("a file");
    let (code, told) = refused(&["--out", &text(&out), "--requirement", REQUIREMENT, "--", "cat"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("is there already") && told.contains("--force"), "{told}");
    assert_eq!(fs::read_to_string(&out).expect("a file"), "mine");
}

#[test]
fn a_place_outside_of_a_suite_is_told() {
    let bench = Bench::new(Engines::default());
    let area = bench.root.join("recorded");
    for out in ["Name.yaml", "name.yml", "../data/name.yaml", "deeper/area/name.yaml"] {
        let (code, told) = refused(&["--out", &text(&area.join(out)), "--requirement", REQUIREMENT, "--", "cat"]);
        assert_eq!(code, Some(2), "{out}: {told}");
        assert!(told.contains("SUITE/<area>/<feature>.yaml"), "{out}: {told}");
    }
}

#[test]
fn what_it_proves_is_asked_for_before_the_session() {
    let bench = Bench::new(Engines::default());
    let out = text(&bench.out("new"));
    let (code, told) = refused(&["--out", &out, "--", "cat"]);
    assert!(code == Some(2) && told.contains("--requirement ID") && told.contains("requirements.yaml"), "{told}");
    let (code, told) = refused(&["--out", &out, "--requirement", "load.apend", "--", "cat"]);
    assert!(code == Some(2) && told.contains("did you mean `load.append`?"), "{told}");
    fs::remove_file(bench.root.join("requirements.yaml")).expect("the file");
    let (code, told) = refused(&["--out", &out, "--requirement", REQUIREMENT, "--", "cat"]);
    assert!(code == Some(2) && told.contains("there is no"), "{told}");
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let bench = Bench::new(Engines::default());
    let out = bench.out("new");
    let (code, told) = refused(&["--out", &text(&out), "--requirement", REQUIREMENT, "--", "no-such-server"]);
    assert!(code == Some(3) && told.contains("no-such-server could not be started"), "{told}");
    let left: Vec<_> = fs::read_dir(out.parent().expect("a folder")).expect("the folder").collect();
    assert!(left.is_empty(), "nothing stays: {left:?}");
}
