//! Scenarios that read well and are wrong all the same, each beside what lint must say: `lint/x.yaml` and `lint/x.err`.
//!
//! `HYPER_CONFORM_BLESS=1 cargo test --test lint` writes the messages anew; the difference is then reviewed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use conformance_tests::golden;
use hyper_conform::source::Diagnostic;
use hyper_conform::target::Duplex;
use hyper_conform::tools::{self, Tool};
use hyper_conform::{Engines, Stage, Suite, coverage, lint, plan, show};

/// The repository's own suite, and what our server says of its tools.
static SHIPPED: LazyLock<(Suite, Vec<Tool>)> = LazyLock::new(|| {
    let suite = Suite::load(&root()).expect("the suite can be read");
    let stage = Stage::new(Arc::new(Duplex), Engines::default(), &root(), false);
    let tools = tools::of_target(&stage).expect("the server lists its tools");
    stage.engines.stop();
    (suite, tools)
});

/// One case of so many is shown: neighbours are cells of one matrix.
const ONE_OF: usize = 5;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios")
}

fn rendered(findings: &[Diagnostic]) -> String {
    findings.iter().map(|finding| finding.render(false) + "\n").collect::<Vec<_>>().join("\n")
}

/// A suite of one file, and of a fragment and a file that nothing reads.
fn suite_of(folder: &Path, case: &Path) -> Suite {
    let scenarios = folder.join("scenarios");
    for name in ["broken", "fragments", "data"] {
        fs::create_dir_all(scenarios.join(name)).expect("a folder");
    }
    fs::copy(root().join("requirements.yaml"), scenarios.join("requirements.yaml")).expect("the requirements");
    fs::copy(root().join("fragments/deliver.yaml"), scenarios.join("fragments/deliver.yaml")).expect("a fragment");
    fs::copy(root().join("data/people.hyper"), scenarios.join("data/people.hyper")).expect("data");
    fs::write(scenarios.join("broken/old.yml"), "feature: old\n").expect("a file");
    fs::copy(case, scenarios.join("broken").join(case.file_name().expect("a name"))).expect("the case");
    Suite::load(&scenarios).unwrap_or_else(|problems| panic!("it must read well:\n{}", rendered(&problems)))
}

fn check(name: &str, look: impl Fn(&Suite) -> Vec<Diagnostic>) {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("lint").join(name);
    let folder = tempfile::tempdir().expect("a folder");
    let actual = rendered(&look(&suite_of(folder.path(), &case)));
    golden::hold(&case.with_extension("err"), &actual, "lint").unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn calls_are_held_against_the_servers_tools() {
    check("calls.yaml", |suite| lint::against(suite, &SHIPPED.1));
}

#[test]
fn files_are_looked_at_without_a_server() {
    check("files.yaml", lint::offline);
}

#[test]
fn nothing_is_wrong_with_the_shipped_suite() {
    let (suite, tools) = &*SHIPPED;
    let findings = [lint::offline(suite), lint::against(suite, tools)].concat();
    assert!(findings.is_empty(), "{}", rendered(&findings));
}

/// Each tool and each argument has a scenario that accepts it and one that refuses it, and so has a name that is none.
#[test]
fn every_argument_is_accepted_and_refused() {
    let (suite, tools) = &*SHIPPED;
    let mut rows = coverage::of_tools(suite, tools);
    assert!(rows.len() > tools.len(), "arguments are rows, too");
    rows.retain(|row| row.gap.is_some());
    assert!(rows.is_empty(), "{}", coverage::markdown(&rows));
}

/// What `show` prints is a scenario file of its own, which reads and plans as one case.
#[test]
fn every_case_is_shown_as_a_file_that_reads_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenarios = folder.path().join("scenarios");
    fs::create_dir_all(scenarios.join("shown")).expect("a folder");
    fs::copy(root().join("requirements.yaml"), scenarios.join("requirements.yaml")).expect("the requirements");
    // A fragment among steps that are done at once stays one: its own steps are not.
    fs::create_dir(scenarios.join("fragments")).expect("a folder");
    for name in SHIPPED.0.fragments.keys().map(|name| format!("fragments/{name}.yaml")) {
        fs::copy(root().join(&name), scenarios.join(&name)).expect("the fragment");
    }
    let mut cases = plan::cases(&SHIPPED.0);
    // A blank statement can come out of a matrix, and cannot be written in a step.
    cases.retain(|case| !show::case(case).contains("query: \"  \""));
    let cases: Vec<plan::Case> = cases.into_iter().step_by(ONE_OF).collect();
    for (index, case) in cases.iter().enumerate() {
        fs::write(scenarios.join(format!("shown/case_{index}.yaml")), show::case(case)).expect("a file");
    }
    let shown =
        Suite::load(&scenarios).unwrap_or_else(|problems| panic!("{}", rendered(&problems[..problems.len().min(3)])));
    assert_eq!(plan::cases(&shown).len(), cases.len());
}
