//! JSON, for whoever wants to make another report of a run: everything that is known, under a published schema.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

use super::{CutShort, Outcome, Place, RunReport, Tested, case_json};

/// The version of what this module writes. What is only added leaves it; what changes or goes raises it.
const VERSION: u32 = 1;

/// A run of hyper-conform.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "hyper-conform report")]
pub(super) struct Report {
    /// The version of this format: 1.
    version: u32,
    /// The version of hyper-conform.
    hyper_conform: String,
    /// The server under test.
    target: String,
    /// The revision of MCP that the clients spoke.
    protocol: String,
    /// The release of hyperd, where one was needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    hyperd: Option<String>,
    /// When the run began, as RFC 3339 writes it.
    began: String,
    /// How long the run took, in milliseconds.
    elapsed_ms: f64,
    /// How often each case was to run.
    attempts: usize,
    /// What the order was shuffled by.
    #[serde(skip_serializing_if = "Option::is_none")]
    shuffle: Option<u64>,
    /// Which part of the cases it was, such as 1/4.
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<String>,
    /// Why the run ended early, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_short: Option<Cut>,
    /// The figures.
    summary: Figures,
    /// Each case with all attempts at it, by name.
    cases: Vec<Case>,
}

/// Why a run ended early.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Cut {
    /// `--fail-fast`, and something failed.
    FailFast,
    /// Somebody asked it to stop.
    Interrupted,
    /// Nobody read the output any more.
    Closed,
}

/// How many cases came to what.
#[derive(Debug, Serialize, JsonSchema)]
struct Figures {
    passed: usize,
    /// The flaky ones among them.
    failed: usize,
    flaky: usize,
    ignored: usize,
    not_applicable: usize,
    /// Those that failed as the target's list says.
    expected_failures: usize,
    could_not_run: usize,
    /// Attempts that were to run and did not begin.
    not_begun: usize,
    /// Attempts that ran once more, because the hyperd that they shared had died.
    reruns: usize,
    /// Half of the attempts stayed within this time, in milliseconds.
    p50_ms: f64,
    /// 99 of 100 attempts stayed within this time, in milliseconds.
    p99_ms: f64,
}

/// A scenario, with one value for each name of its matrix.
#[derive(Debug, Serialize, JsonSchema)]
struct Case {
    /// `<area>::<file>::<scenario>[cell]`
    id: String,
    /// The scenario's name as it is written.
    name: String,
    /// Where the scenario is written.
    place: At,
    /// The ids of the requirements that it proves.
    requirements: Vec<String>,
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// The names of its matrix and their values.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    cell: serde_json::Map<String, Value>,
    /// What all attempts come to.
    outcome: Outcome,
    /// The command that runs it alone.
    again: String,
    /// What came of each attempt.
    attempts: Vec<case_json::Attempt>,
}

/// A place in a file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct At {
    /// The path with forward slashes, relative to the repository.
    file: String,
    /// Counted from 1.
    line: usize,
    /// Counted from 1, in characters.
    column: usize,
}

/// The report as one JSON document, on lines of its own.
///
/// # Errors
///
/// What the JSON writer says.
pub(super) fn render(run: &RunReport) -> Result<String, String> {
    let text = serde_json::to_string_pretty(&Report::of(run));
    text.map(|text| text + "\n").map_err(|error| format!("failed to write JSON: {error}"))
}

/// The schema of what `--report json` writes.
pub fn schema() -> Schema {
    // Of what is written, not of what could be read: a field that is left out when it is empty is not required.
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Report>()
}

impl Report {
    pub(super) fn of(run: &RunReport) -> Self {
        let figures = run.summary();
        Self {
            version: VERSION,
            hyper_conform: env!("CARGO_PKG_VERSION").to_owned(),
            target: run.target.clone(),
            protocol: run.protocol.clone(),
            hyperd: run.hyperd.clone(),
            began: rfc3339(run.began),
            elapsed_ms: millis(run.wall),
            attempts: run.attempts,
            shuffle: run.seed,
            partition: run.partition.map(|partition| partition.to_string()),
            cut_short: run.cut_short.map(|why| match why {
                CutShort::FailFast => Cut::FailFast,
                CutShort::Interrupted => Cut::Interrupted,
                CutShort::Closed => Cut::Closed,
            }),
            summary: Figures {
                passed: figures.passed,
                failed: figures.failed,
                flaky: figures.flaky,
                ignored: figures.ignored,
                not_applicable: figures.not_applicable,
                expected_failures: figures.expected_failures,
                could_not_run: figures.could_not_run,
                not_begun: figures.not_begun,
                reruns: figures.reruns,
                p50_ms: millis(figures.percentile(50)),
                p99_ms: millis(figures.percentile(99)),
            },
            cases: run.tested().iter().map(|tested| case(run, tested)).collect(),
        }
    }
}

fn case(run: &RunReport, tested: &Tested<'_>) -> Case {
    let report = tested.case();
    Case {
        id: report.id.clone(),
        name: report.name.clone(),
        place: run.place(&report.span).into(),
        requirements: report.requirements.clone(),
        tags: report.tags.clone(),
        cell: report.cell.iter().cloned().collect(),
        outcome: tested.outcome,
        again: report.again.clone(),
        attempts: tested.attempts.iter().map(|report| case_json::Attempt::of(run, report)).collect(),
    }
}

impl From<Place> for At {
    fn from(Place { file, line, column }: Place) -> Self {
        Self { file, line, column }
    }
}

pub(super) fn rfc3339(time: std::time::SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Microseconds are as fine as anything here is measured.
pub(super) fn millis(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_run_as_json() {
        fixture::golden("report.json", &render(&fixture::run()).expect("a report"));
    }

    #[test]
    fn the_schema_that_is_published_is_the_one_of_the_code_and_accepts_a_report() {
        let schema = serde_json::to_value(schema()).expect("JSON");
        fixture::golden("../../../report.schema.json", &format!("{schema:#}\n"));
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let mut report = serde_json::to_value(Report::of(&fixture::run())).expect("JSON");
        let wrong: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert_eq!(wrong, Vec::<String>::new());
        report["cases"][0]["outcome"] = Value::from("nearly");
        assert!(!validator.is_valid(&report), "a schema that accepts everything says nothing");
    }
}
