//! A run made by hand, with fixed times and hostile texts, and the files that reports of it must equal.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{CutShort, RunReport};
use crate::pattern::Mismatch;
use crate::run::{CaseLog, CaseReport, Failure, Spoken, StepReport, StepVerdict, Verdict};
use crate::source::{Source, Span};
use crate::target::Direction;

/// What breaks XML, HTML, Markdown, JSON in scripts and workflow commands, if it is not escaped.
pub(super) const HOSTILE: &str =
    "</script><!-- ]]> & \"quoted\" 'single' `tick` \u{0}\u{1b}[31mred\u{7}\u{fffe} 100%\r\n::error::x 😀 | a, b: c";

/// 2026-01-02T03:04:05Z.
const BEGAN_UNIX_SECONDS: u64 = 1_767_323_045;
const WALL: Duration = Duration::from_millis(1234);
const ELAPSED: Duration = Duration::from_micros(12_345);

const TEXT: &str = "feature: Hostile\nscenarios:\n  - scenario: one\n    steps:\n      - query: \"SELECT 1\"\n";

/// Compares with a file beside the tests; `HYPER_CONFORM_BLESS=1` writes it.
pub(super) fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/golden").join(name);
    if std::env::var_os("HYPER_CONFORM_BLESS").is_some() {
        std::fs::write(&path, actual).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name} differs:\n{}", super::diff::lines(&expected, actual));
}

/// A case of each outcome, twice; two more did not begin.
pub(super) fn run() -> RunReport {
    RunReport {
        target: "hyperd-mcp".to_owned(),
        protocol: "2025-11-25".to_owned(),
        hyperd: Some("0.0.26963".to_owned()),
        began: at(0),
        wall: WALL,
        planned: 18,
        attempts: 2,
        seed: Some(7),
        partition: Some("1/3".parse().expect("a partition")),
        cut_short: Some(CutShort::Interrupted),
        repository: Some(PathBuf::from("/repo")),
        cases: [1, 2].into_iter().flat_map(attempt).collect(),
    }
}

fn attempt(attempt: usize) -> Vec<CaseReport> {
    let flaky = if attempt == 1 { Verdict::Pass } else { Verdict::Fail(vec![failure()]) };
    let flaky_steps = steps(if attempt == 1 { StepVerdict::Pass } else { StepVerdict::Fail });
    vec![
        CaseReport { steps: steps(StepVerdict::Pass), ..case("area::file::passes[n=1]", attempt, Verdict::Pass) },
        CaseReport {
            steps: steps(StepVerdict::Fail),
            log: CaseLog { left_out: 10, text: format!("a line of the log {HOSTILE}\n") },
            kept: Some(PathBuf::from("/tmp/kept")),
            ..case("area::file::fails", attempt, Verdict::Fail(vec![failure()]))
        },
        CaseReport { steps: flaky_steps, reruns: 1, ..case("area::other::flaky", attempt, flaky) },
        case(
            "other::file::expected",
            attempt,
            Verdict::ExpectedFailure { reason: "known <bug>".to_owned(), failures: vec![failure()] },
        ),
        case("other::file::elsewhere", attempt, Verdict::NotApplicable("needs hyperd 0.0.1".to_owned())),
        case("other::file::left_out", attempt, Verdict::Ignored("not yet <known>".to_owned())),
        case(
            "other::file::nothing_there",
            attempt,
            Verdict::CouldNotRun(Failure::could_not_run(&span(0), "there is no hyperd to run against", "no hyperd")),
        ),
    ]
}

fn case(id: &str, attempt: usize, verdict: Verdict) -> CaseReport {
    CaseReport {
        id: id.to_owned(),
        name: format!("named {HOSTILE}"),
        span: span(32),
        requirements: vec!["route.default_local".to_owned(), "load.append".to_owned()],
        tags: vec!["slow".to_owned()],
        cell: vec![("n".to_owned(), Value::from(1))],
        attempt,
        reruns: 0,
        server_version: None,
        verdict,
        began: at(attempt as u64),
        elapsed: ELAPSED * u32::try_from(attempt).unwrap_or(1),
        steps: Vec::new(),
        log: CaseLog::default(),
        kept: None,
        again: format!("cargo conform run --exact '{id}'"),
    }
}

fn failure() -> Failure {
    let difference = |path: &str, expected: &str, actual: &str, hint: Option<&str>| Mismatch {
        path: path.to_owned(),
        expected: expected.to_owned(),
        actual: actual.to_owned(),
        hint: hint.map(str::to_owned),
        span: span(67),
    };
    let differences = vec![
        difference("$.rows", "1", HOSTILE, Some("`$.row` exists")),
        difference("rows", "id\n1\n2\n", "id\n1\n3\n", None),
    ];
    let failure = Failure::new(&span(67), format!("not as expected {HOSTILE}"), "differs, see below");
    let failure = failure.help("look <here>").differences(differences).section("the whole answer", "{\"a\": 1}");
    Failure { step: Some(2), ..failure }
}

fn steps(verdict: StepVerdict) -> Vec<StepReport> {
    let traffic = vec![
        spoken(Direction::Sent, 1, r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, 46),
        spoken(Direction::Received, 3, &format!("{{\"text\":\"{HOSTILE}"), 5000),
    ];
    let traffic = if verdict == StepVerdict::Fail { traffic } else { Vec::new() };
    let inner = StepReport { traffic, messages: 3, ..step(2, 1, verdict) };
    vec![StepReport { steps: vec![inner], ..step(1, 0, verdict) }, step(3, 9, StepVerdict::Skipped)]
}

fn step(number: usize, offset: u64, verdict: StepVerdict) -> StepReport {
    StepReport {
        number,
        title: format!("query: SELECT {number} {HOSTILE}"),
        span: span(67),
        client: "client".to_owned(),
        offset: Duration::from_millis(offset),
        elapsed: Duration::from_millis(10 - offset),
        verdict,
        messages: 0,
        traffic: Vec::new(),
        log: 0..0,
        steps: Vec::new(),
    }
}

fn spoken(direction: Direction, offset: u64, text: &str, bytes: usize) -> Spoken {
    Spoken { direction, offset: Duration::from_millis(offset), text: text.to_owned(), bytes }
}

fn span(start: usize) -> Span {
    let source = Source {
        shown: "scenarios/area/file.yaml".to_owned(),
        path: PathBuf::from("/repo/suites/scenarios/area/file, one.yaml"),
        text: TEXT.to_owned(),
    };
    Span::new(&Arc::new(source), start, start + 3)
}

/// So many seconds after the run began.
fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(BEGAN_UNIX_SECONDS + seconds)
}
