//! `JUnit` XML: a test suite a file, a test case a scenario with all its attempts.
//!
//! The elements are those of Maven's surefire, which Jenkins' schema (`junit-10.xsd`) holds, too. Beyond it go the
//! customary attributes `file`, `line` and `timestamp`, and the properties of a test case; readers skip what they do not
//! know.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::{Outcome, RunReport, Tested, failure};
use crate::run::{CaseReport, Failure};

/// The report as XML.
///
/// # Errors
///
/// What the XML writer says; nothing that scenarios or servers say can be an error.
pub(super) fn render(run: &RunReport) -> Result<String, String> {
    let mut report = Report::new("hyper-conform");
    report.set_timestamp(utc(run.began)).set_time(run.wall);
    let tested = run.tested();
    for file in tested.chunk_by(|a, b| a.name_parts().0 == b.name_parts().0) {
        report.add_test_suite(suite(run, file));
    }
    report.to_string().map_err(|error| format!("failed to write JUnit XML: {error}"))
}

fn suite(run: &RunReport, file: &[Tested<'_>]) -> TestSuite {
    let mut suite = TestSuite::new(file[0].name_parts().0);
    let began = file.iter().flat_map(|tested| &tested.attempts).map(|report| report.began).min();
    suite.set_timestamp(utc(began.unwrap_or(run.began))).set_time(file.iter().map(Tested::elapsed).sum());
    suite.extra.insert("file".into(), run.place(&file[0].case().span).file.into());
    suite.add_property(("target", run.target.as_str()));
    suite.add_property(("protocol", run.protocol.as_str()));
    if let Some(hyperd) = &run.hyperd {
        suite.add_property(("hyperd", hyperd.as_str()));
    }
    if let Some(seed) = run.seed {
        suite.add_property(Property::new("shuffle", seed.to_string()));
    }
    if let Some(partition) = run.partition {
        suite.add_property(Property::new("partition", partition.to_string()));
    }
    suite.add_test_cases(file.iter().map(|tested| test_case(run, tested)));
    suite
}

fn test_case(run: &RunReport, tested: &Tested<'_>) -> TestCase {
    let report = tested.case();
    let (module, name) = tested.name_parts();
    let mut case = TestCase::new(xml(name), status(tested));
    let place = run.place(&report.span);
    // Jenkins takes what stands before the last dot for a package.
    case.set_classname(module.replace("::", ".")).set_timestamp(utc(report.began)).set_time(tested.elapsed());
    case.extra.insert("file".into(), place.file.into());
    case.extra.insert("line".into(), place.line.to_string().into());
    let requirements = report.requirements.iter().map(|id| Property::new("requirement", id.as_str()));
    case.add_properties(requirements.chain(report.tags.iter().map(|tag| Property::new("tag", tag.as_str()))));
    let evidence: Vec<String> = tested
        .bad()
        .map(|report| format!("{}\n\n{}", report.title(tested.attempts.len()), failure::evidence(report)))
        .collect();
    if !evidence.is_empty() {
        case.set_system_out(xml(evidence.join("\n")));
    }
    case
}

fn status(tested: &Tested<'_>) -> TestCaseStatus {
    let kind = match tested.outcome {
        Outcome::Passed => return TestCaseStatus::success(),
        Outcome::Ignored | Outcome::NotApplicable | Outcome::ExpectedFailure => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(xml(tested.case().reason().unwrap_or_default())).set_type(kind_of(tested.outcome));
            return status;
        }
        Outcome::Failed | Outcome::Flaky => NonSuccessKind::Failure,
        Outcome::CouldNotRun => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    let mut bad = tested.bad();
    let Some(first) = bad.next() else { return status };
    let message = tested.flake().unwrap_or_else(|| message(first));
    status.set_message(xml(message)).set_type(kind_of(tested.outcome));
    status.set_description(xml(failure::found(first, tested.attempts.len())));
    // What failed more than once is told as surefire tells it.
    status.add_reruns(bad.map(|report| rerun(report, tested.attempts.len())));
    status
}

fn rerun(report: &CaseReport, attempts: usize) -> TestRerun {
    let outcome = Outcome::of(&report.verdict);
    let mut rerun = TestRerun::new(match outcome {
        Outcome::CouldNotRun => NonSuccessKind::Error,
        _ => NonSuccessKind::Failure,
    });
    rerun.set_timestamp(utc(report.began)).set_time(report.elapsed).set_message(xml(message(report)));
    rerun.set_type(kind_of(outcome)).set_stack_trace(xml(failure::found(report, attempts)));
    rerun
}

fn message(report: &CaseReport) -> String {
    report.failures().first().map_or_else(String::new, Failure::headline)
}

/// XML cannot hold every character, not even escaped. The crate drops most of those; U+FFFE and U+FFFF it lets through.
fn xml(text: impl AsRef<str>) -> String {
    text.as_ref().replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// CI systems group by it.
fn kind_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Flaky => "flaky",
        Outcome::CouldNotRun => "could not run",
        Outcome::ExpectedFailure => "expected failure",
        Outcome::NotApplicable => "not applicable",
        Outcome::Ignored => "ignored",
        Outcome::Passed | Outcome::Failed => "failed",
    }
}

fn utc(time: SystemTime) -> DateTime<chrono::FixedOffset> {
    DateTime::<Utc>::from(time).fixed_offset()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_run_as_junit() {
        fixture::golden("junit.xml", &render(&fixture::run()).expect("a report"));
    }
}
