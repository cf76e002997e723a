//! `hyper-conform run --bless` as a person types it, on a real Hyper: what it writes and prints, and what it refuses.

use std::path::PathBuf;
use std::process::{Command, Output};

use rstest::rstest;
use tempfile::TempDir;

const BEFORE: &str = r#"feature: Two people

scenarios:
  - scenario: are stored and found
    steps:
      - execute: "CREATE TABLE people (id INT, name TEXT)"
        database: persistent
        expect: any
      - execute: "INSERT INTO people VALUES (1, 'Ada'), (2, 'Bob')"
        database: persistent
        expect: { affected_rows: 3 } # as many as people
      - query: "SELECT id, name FROM people ORDER BY id"
        database: persistent
        columns: [{ name: id, type: BIGINT }, { name: name }]
        rows: |
          id | name
          1  | Ada
      - call: status
        expect: { databases: { $includes: { path: $(persistent) } } }
      - query: "SELECT * FROM nobody"
        error: { code: SQL_ERROR, message: nobody, sqlstate: "42000" }
"#;

/// A target that is not ours.
const OTHER: &str = "kind = \"command\"\nprogram = \"other\"\n[options]\npersistent = []\n";

/// A suite of one file.
struct Folder(TempDir);

impl Folder {
    fn with(text: &str) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        std::fs::create_dir_all(folder.0.path().join("scenarios/area")).expect("a folder");
        std::fs::write(folder.file(), text).expect("a file");
        std::fs::create_dir(folder.0.path().join("scenarios/targets")).expect("a folder");
        std::fs::write(folder.0.path().join("scenarios/targets/other.toml"), OTHER).expect("a target");
        folder
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("scenarios/area/file.yaml")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.file()).expect("the file")
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hyper-conform"));
        command.env_remove("CI").envs(environment.iter().copied()).arg("run").args(arguments);
        command.arg("--suite").arg(self.0.path().join("scenarios"));
        Run::of(&command.output().expect("the program runs"))
    }
}

struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.out.contains(part) || self.err.contains(part), "no `{part}` in\n{}\n{}", self.out, self.err);
        }
    }
}

#[test]
fn what_hyper_answers_is_written_and_shown() {
    let folder = Folder::with(BEFORE);
    let run = folder.run(&["--bless"], &[]);
    let expected = BEFORE
        .replace("affected_rows: 3", "affected_rows: 2")
        .replace("type: BIGINT", "type: INTEGER")
        .replace("          1  | Ada\n", "          1  | Ada\n          2  | Bob\n")
        .replace("code: SQL_ERROR", "code: TABLE_NOT_FOUND")
        .replace("\"42000\"", "\"42P01\"");
    assert_eq!(folder.text(), expected, "{}\n{}", run.out, run.err);
    assert_eq!(run.code, Some(0), "{}\n{}", run.out, run.err);
    run.says(&[
        "--- scenarios/area/file.yaml\n+++ scenarios/area/file.yaml\n",
        "-        expect: { affected_rows: 3 } # as many as people\n+        expect: { affected_rows: 2 } # as many as people\n",
        "+          2  | Bob\n",
        "rewrote 5 expectations in 1 file: review them before they are committed\n",
        "1 passed, 0 failed",
    ]);

    let again = folder.run(&["--bless"], &[]);
    assert_eq!((again.code, folder.text()), (Some(0), expected));
    again.says(&["nothing to bless: every expectation holds"]);
}

#[test]
fn what_no_value_can_mend_stays_a_failure() {
    let text = "feature: F\nscenarios:\n  - scenario: a\n    steps:\n      - query: SELECT_\n        rows: |\n          a\n          1\n"
        .replace("SELECT_", "\"SELECT a FROM nobody\"");
    let folder = Folder::with(&text);
    let run = folder.run(&["--bless"], &[]);
    assert_eq!((run.code, folder.text()), (Some(1), text));
    run.says(&[
        "not blessed:\n  scenarios/area/file.yaml:5:9: the tool failed, and the step did not announce it (TABLE_NOT_FOUND",
        "nothing was written",
        "0 passed, 1 failed",
    ]);
}

#[rstest]
#[case(&["--bless"], &[("CI", "true")], "CI is set: what is expected is not rewritten there")]
#[case(&["--bless", "--target", "other"], &[], "the scenarios judge the target `other`, so --bless writes none of its answers into them")]
#[case(&["--bless", "--repeat", "2"], &[], "'--bless' cannot be used with '--repeat <N>'")]
#[case(&["--bless", "--fail-fast"], &[], "'--bless' cannot be used with '--fail-fast'")]
#[case(&["--bless", "--bless-expected"], &[], "'--bless' cannot be used with '--bless-expected'")]
fn nothing_is_written_where_nobody_would_expect_it(
    #[case] arguments: &[&str],
    #[case] environment: &[(&str, &str)],
    #[case] expected: &str,
) {
    let folder = Folder::with(BEFORE);
    let run = folder.run(arguments, environment);
    assert_eq!((run.code, folder.text()), (Some(2), BEFORE.to_owned()), "{}\n{}", run.out, run.err);
    run.says(&[expected]);
}
