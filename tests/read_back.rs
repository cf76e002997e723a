//! What `file` says of files whose rows cannot be read, and of rows that differ.

use std::path::PathBuf;

use hyper_conform::target::{Demo, Duplex};
use hyper_conform::{Engines, Stage, Suite, Verdict, check_text, plan, run};

/// Runs a scenario that must fail, and gives what is told of it.
async fn told(steps: &str) -> String {
    let text = format!("feature: Files\nscenarios:\n  - scenario: a\n    steps:\n{steps}");
    check_text(Duplex, &text).await.expect_err("the file cannot be right").to_string()
}

#[tokio::test]
async fn a_file_that_is_no_such_thing_is_told_with_its_name() {
    let files = [
        ("a.csv", "aWQKMSwyCg==", "its row 1 has 2 fields, and its first line names 1"),
        ("a.parquet", "aGVsbG8gd29ybGQ=", "Corrupt footer"),
        ("a.arrow", "aGVsbG8gd29ybGQ=", "it does not begin as Arrow IPC does"),
        ("a.arrow_file", "QVJST1cxAAD/////", "it is cut short"),
        ("a.hyper", "aGVsbG8gd29ybGQ=", "not a valid database"),
        ("cut.hyper", "SHlwZXIIAAABAAMAAAAAAA==", "could not load database"),
    ];
    for (name, base64, reason) in files {
        let steps = format!(
            "      - write: {name}\n        base64: {base64}\n      - file: {name}\n        rows: [{{ id: 1 }}]\n"
        );
        let unmet = told(&steps).await;
        assert!(unmet.contains(&format!("/{name} cannot be read")) && unmet.contains(reason), "{unmet}");
        assert!(!unmet.contains("panicked"), "{unmet}");
    }
    for (file, reason) in [("gone.csv", "there is no such file"), ("folder.csv", "it is a folder")] {
        let steps = format!("      - mkdir: folder.csv\n      - file: {file}\n        rows: [{{ id: 1 }}]\n");
        let unmet = told(&steps).await;
        assert!(unmet.contains(reason), "{unmet}");
    }
}

const EXPORTED: &str = r#"
      - execute: "CREATE TABLE one AS SELECT 1 AS a"
        expect: any
      - execute: "CREATE TABLE two AS SELECT 2 AS a"
        expect: any
      - call: export
        with: { path: $(dir)/copy.hyper, format: hyper }
        expect: any
"#;

#[tokio::test]
async fn the_table_of_a_database_must_be_one_of_it() {
    let unmet = told(&format!("{EXPORTED}      - file: copy.hyper\n        rows: [{{ a: 1 }}]\n")).await;
    let several = "it has several tables, and `table:` must name one of `public.one`, `public.two`";
    assert!(unmet.contains(several), "{unmet}");
    let named = format!("{EXPORTED}      - file: copy.hyper\n        table: three\n        rows: [{{ a: 1 }}]\n");
    let unmet = told(&named).await;
    assert!(unmet.contains("it has no table `three`; it has `public.one`, `public.two`"), "{unmet}");
}

#[tokio::test]
async fn a_database_that_the_server_holds_is_locked() {
    let steps = r#"
      - call: attach_database
        with: { alias: lake, path: $(dir)/lake.hyper, writable: true, on_missing: create }
        expect: any
      - execute: "CREATE TABLE t AS SELECT 1 AS a"
        database: lake
        expect: any
      - call: detach_database
        with: { alias: lake }
        expect: any
      - file: lake.hyper
        rows: [{ a: 1 }]
      - call: attach_database
        with: { alias: lake, path: $(dir)/lake.hyper }
        expect: any
      - query: "SELECT a FROM t"
        database: lake
        rows: [{ a: 1 }]
      - file: lake.hyper
        rows: [{ a: 1 }]
"#;
    let unmet = told(steps).await;
    assert!(
        unmet.contains("text.yaml:23:")
            && unmet.contains("lake.hyper cannot be read")
            && unmet.contains("locked by another process"),
        "{unmet}"
    );
    assert!(unmet.contains("let the server detach it first"), "{unmet}");
}

#[tokio::test]
async fn rows_that_differ_are_shown_beside_each_other() {
    let steps = r"
      - write: a.csv
        text: |
          id,name,ok
          1,Ada,t
          2,,f
      - file: a.csv
        rows: |
          id | name | ok
          1  | Ada  | true
          2  | Bob  | false
";
    let unmet = told(steps).await;
    assert!(unmet.contains("text.yaml:15:11"), "{unmet}");
    assert!(unmet.contains("- 2  | Bob  | false") && unmet.contains("+ 2  | null | false"), "{unmet}");
    let unmet = told(&steps.replace("          2  | Bob  | false\n", "").replace("1  | Ada ", "\"1\" | Ada")).await;
    assert!(unmet.contains("+ \"2\" | null | false"), "{unmet}");
}

#[tokio::test]
async fn a_format_that_is_known_late_keeps_its_rule_of_order() {
    let steps = r"
      - call: export
        with: { path: $(dir)/copy.hyper, format: hyper }
        expect: any
        save: { format: $.format }
      - file: copy.hyper
        format: $(format)
        rows: [{ a: 1 }, { a: 2 }]
";
    let unmet = told(steps).await;
    assert!(unmet.contains("these rows have no promised order"), "{unmet}");
    assert!(unmet.contains("add `in_any_order: true` to the step"), "{unmet}");
}

#[test]
fn without_a_hyperd_what_only_hyper_reads_could_not_run() {
    let text = "feature: F\nscenarios:\n  - scenario: a\n    steps:\n      - write: a.csv\n        text: |\n          a\n          1\n      \
                - file: a.csv\n        rows: [{ a: 1 }]\n      - rename: a.csv\n        to: a.hyper\n      - file: a.hyper\n        \
                rows: [{ a: 1 }]\n";
    let suite = Suite::of_text(text).unwrap();
    let engines = Engines::with_executable(PathBuf::from("no/such/hyperd"), None);
    let stage = Stage::new(std::sync::Arc::new(Demo), engines, std::path::Path::new("scenarios"), false);
    let verdict = run::run_case(&plan::cases(&suite)[0], &stage).verdict;
    let Verdict::CouldNotRun(failure) = verdict else { panic!("{verdict:?}") };
    assert!(failure.title.starts_with("there is no hyperd to read "), "{failure:?}");
    assert!(failure.label.contains("no/such/hyperd"), "{failure:?}");
}
