//! What a run leaves behind: the steps of a case with their times, and the evidence where something failed.

use std::path::Path;
use std::sync::Arc;

use hyper_conform::run::{StepReport, StepVerdict};
use hyper_conform::target::Duplex;
use hyper_conform::{CaseReport, Engines, Stage, Suite, Verdict, plan, run};
use tempfile::TempDir;

const SCENARIOS: &str = r#"
feature: What reports keep
requirements: [route.default_local]
tags: [shown]
scenarios:
  - scenario: passes, with steps inside steps
    matrix: { database: [local, persistent] }
    steps:
      - use: attach_writable
        with: { alias: lake }
      - name: left out
        query: "SELECT 2 AS two"
        when: { $(database): local }
        expect: any
      - parallel:
          - query: "SELECT 1 AS one"
            expect: any
          - query: "SELECT 1 AS one"
            as: other
            expect: any

  - scenario: fails inside a fragment
    steps:
      - query: "SELECT 1 AS one"
        expect: any
      - use: attach_writable
        with: { alias: local }
    finally:
      - query: "SELECT 3 AS three"
        expect: { result: [{ three: 4 }] }
"#;

/// Runs the scenarios above against a real server.
fn reports() -> Vec<CaseReport> {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios");
    let folder = TempDir::new().expect("a folder");
    let root = folder.path();
    for name in ["area", "fragments"] {
        std::fs::create_dir(root.join(name)).expect("a folder");
    }
    for name in ["requirements.yaml", "fragments/attach_writable.yaml"] {
        std::fs::copy(real.join(name), root.join(name)).expect("a copy");
    }
    std::fs::write(root.join("area/kept.yaml"), SCENARIOS).expect("a file");
    let suite = Suite::load(root).expect("a suite");
    let stage = Stage::new(Arc::new(Duplex), Engines::default(), root, false);
    let reports = plan::cases(&suite).iter().map(|case| run::run_case(case, &stage)).collect();
    stage.engines.stop();
    reports
}

fn verdicts(steps: &[StepReport]) -> Vec<(usize, StepVerdict, Vec<usize>)> {
    let inner = |step: &StepReport| step.steps.iter().map(|inner| inner.number).collect();
    steps.iter().map(|step| (step.number, step.verdict, inner(step))).collect()
}

#[test]
fn a_case_keeps_its_steps_and_a_failure_what_was_said() {
    let reports = reports();
    let [local, persistent, failed] = reports.as_slice() else { panic!("{} reports", reports.len()) };
    assert_eq!(verdicts(&local.steps)[1].1, StepVerdict::Pass);
    keeps_times_alone(persistent);
    keeps_the_evidence(failed);
}

fn keeps_times_alone(report: &CaseReport) {
    use StepVerdict::{Pass, Skipped};
    assert_eq!(report.id, "area::kept::passes_with_steps_inside_steps[database=persistent]");
    assert!(matches!(report.verdict, Verdict::Pass), "{:?}", report.verdict);
    assert_eq!((report.attempt, report.reruns), (1, 0));
    assert_eq!(report.requirements, ["route.default_local"]);
    assert_eq!(report.tags, ["shown"]);
    assert_eq!(report.cell, [("database".to_owned(), "persistent".into())]);
    assert_eq!(
        verdicts(&report.steps),
        [(1, Pass, vec![2]), (3, Skipped, vec![]), (4, Pass, vec![5, 6])],
        "{:#?}",
        report.steps
    );
    assert_eq!(report.steps[1].title, "left out");
    let attach = &report.steps[0].steps[0];
    assert!(attach.span.place().contains("fragments/attach_writable.yaml:"), "{}", attach.span.place());
    assert!(attach.messages > 2 && attach.traffic.is_empty(), "the times of a case that passed, and no more");
    assert!(report.steps[0].elapsed >= attach.elapsed && report.elapsed >= report.steps[2].offset);
    assert_eq!(report.log.text, "");
}

fn keeps_the_evidence(report: &CaseReport) {
    use StepVerdict::{Fail, Pass};
    assert_eq!(verdicts(&report.steps), [(1, Pass, vec![]), (2, Fail, vec![3]), (4, Fail, vec![])]);
    let failing: Vec<Option<usize>> = report.failures().iter().map(|failure| failure.step).collect();
    assert_eq!(failing, [Some(3), Some(4)], "the fragment's own step, and that of `finally`");
    let differences = &report.failures()[1].differences;
    assert_eq!((differences[0].expected.as_str(), differences[0].actual.as_str()), ("4", "3"));
    let step = report.step(3).expect("step 3");
    assert_eq!(step.traffic.len(), step.messages);
    assert!(step.traffic.iter().any(|spoken| spoken.text.contains("attach_database")), "{:#?}", step.traffic);
    assert!(step.traffic.iter().all(|spoken| spoken.offset >= step.offset && spoken.bytes == spoken.text.len()));
    assert!(report.log.part(&step.log).contains("attach_database"), "{}", report.log.text);
    assert!(!report.log.part(&step.log).contains("call{tool=query}"), "{}", report.log.part(&step.log));
}
