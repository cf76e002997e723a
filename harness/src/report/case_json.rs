//! One attempt at a case as JSON: its failures, its steps, what was said.

use schemars::JsonSchema;
use serde::Serialize;

use super::json::{At, millis, rfc3339};
use super::{Outcome, RunReport, failure};
use crate::pattern::Mismatch;
use crate::run::{CaseReport, Failure, Spoken, StepReport, StepVerdict};
use crate::target::Direction;

/// One attempt at a case.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Attempt {
    /// Counted from 1.
    number: usize,
    /// What came of it.
    outcome: Outcome,
    /// Why it is ignored or not applicable, or why its failure is expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When it began, as RFC 3339 writes it.
    began: String,
    /// How long it took, in milliseconds.
    elapsed_ms: f64,
    /// How often it ran once more, because the hyperd that it shared had died.
    #[serde(skip_serializing_if = "is_zero")]
    reruns: usize,
    /// What was not as expected; what `finally` adds stands last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Fail>,
    /// The steps, those of `finally` last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
    /// What the server logged, its last part where it is long; of an attempt that was not as expected.
    #[serde(skip_serializing_if = "String::is_empty")]
    log: String,
    /// How many bytes of the log before that were not kept.
    #[serde(skip_serializing_if = "is_zero")]
    log_left_out: usize,
    /// Where its files are, if they were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
}

/// One thing that was not as expected.
#[derive(Debug, Serialize, JsonSchema)]
struct Fail {
    /// One line that says what is wrong.
    title: String,
    /// What stands at the place.
    label: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// The place in the scenario.
    place: At,
    /// The number of the step that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<usize>,
    /// Title, line of the scenario and help as a terminal shows them.
    excerpt: String,
    /// What the scenario expects and what came, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<Difference>,
    /// Whatever else helps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sections: Vec<Section>,
}

/// What a scenario expects in one place of an answer, and what stands there.
#[derive(Debug, Serialize, JsonSchema)]
struct Difference {
    /// Where in the answer.
    path: String,
    /// What the scenario expects there.
    expected: String,
    /// What stands there.
    actual: String,
    /// What might help.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The expectation's place in the scenario.
    place: At,
}

/// A text under a heading.
#[derive(Debug, Serialize, JsonSchema)]
struct Section {
    heading: String,
    body: String,
}

/// A step of a scenario.
#[derive(Debug, Serialize, JsonSchema)]
struct Step {
    /// Counted from 1 in the order in which the steps began.
    number: usize,
    /// Its name, or the verb and what stands behind it.
    title: String,
    /// Where it is written.
    place: At,
    /// The client that did it.
    client: String,
    /// When it began, in milliseconds since the attempt began.
    offset_ms: f64,
    /// How long it took, in milliseconds.
    elapsed_ms: f64,
    /// What came of it.
    outcome: StepVerdict,
    /// How many messages the client said and heard meanwhile.
    #[serde(skip_serializing_if = "is_zero")]
    messages: usize,
    /// The messages, oldest first, the last ones where they were many; of an attempt that was not as expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    traffic: Vec<Message>,
    /// The steps inside it, of a fragment or in parallel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
}

/// A JSON-RPC message.
#[derive(Debug, Serialize, JsonSchema)]
struct Message {
    /// Who said it.
    direction: Way,
    /// When it passed, in milliseconds since the attempt began.
    offset_ms: f64,
    /// The message's JSON, or its beginning where it is shorter than `bytes`.
    text: String,
    /// The length of the whole message.
    bytes: usize,
}

/// Who said a message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// The client, to the server.
    Sent,
    /// The server, to the client.
    Received,
    /// The server, and the client never got it, as the step asked.
    Dropped,
}

impl Attempt {
    pub(super) fn of(run: &RunReport, report: &CaseReport) -> Self {
        Self {
            number: report.attempt,
            outcome: Outcome::of(&report.verdict),
            reason: report.reason().map(str::to_owned),
            began: rfc3339(report.began),
            elapsed_ms: millis(report.elapsed),
            reruns: report.reruns,
            failures: report.failures().iter().map(|failure| fail(run, failure)).collect(),
            steps: report.steps.iter().map(|one| step(run, one)).collect(),
            log: report.log.text.clone(),
            log_left_out: report.log.left_out,
            kept: report.kept.as_ref().map(|folder| folder.display().to_string()),
        }
    }
}

fn fail(run: &RunReport, failure: &Failure) -> Fail {
    let section =
        |section: &crate::run::Section| Section { heading: section.heading.clone(), body: section.body.clone() };
    Fail {
        title: failure.title.clone(),
        label: failure.label.clone(),
        help: failure.help.clone(),
        place: run.place(&failure.span).into(),
        step: failure.step,
        excerpt: failure::excerpt(failure, false),
        differences: failure.differences.iter().map(|wrong| difference(run, wrong)).collect(),
        sections: failure.sections.iter().map(section).collect(),
    }
}

fn difference(run: &RunReport, wrong: &Mismatch) -> Difference {
    Difference {
        path: wrong.path.clone(),
        expected: wrong.expected.clone(),
        actual: wrong.actual.clone(),
        hint: wrong.hint.clone(),
        place: run.place(&wrong.span).into(),
    }
}

fn step(run: &RunReport, report: &StepReport) -> Step {
    Step {
        number: report.number,
        title: report.title.clone(),
        place: run.place(&report.span).into(),
        client: report.client.clone(),
        offset_ms: millis(report.offset),
        elapsed_ms: millis(report.elapsed),
        outcome: report.verdict,
        messages: report.messages,
        traffic: report.traffic.iter().map(message).collect(),
        steps: report.steps.iter().map(|inner| step(run, inner)).collect(),
    }
}

fn message(spoken: &Spoken) -> Message {
    Message {
        direction: match spoken.direction {
            Direction::Sent => Way::Sent,
            Direction::Received => Way::Received,
            Direction::Dropped => Way::Dropped,
        },
        offset_ms: millis(spoken.offset),
        text: spoken.text.clone(),
        bytes: spoken.bytes,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
