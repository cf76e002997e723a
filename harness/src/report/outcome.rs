//! All attempts at one scenario, and what they come to together.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::run::{CaseReport, Failure, Verdict};

/// What attempts at one case come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Each attempt passed.
    Passed,
    /// No attempt passed.
    Failed,
    /// Some attempts passed and some failed: a failure, whichever came last.
    Flaky,
    /// The scenario says itself why it is left out.
    Ignored,
    /// The scenario needs what this run does not have.
    NotApplicable,
    /// It failed as the target's list of expected failures says.
    ExpectedFailure,
    /// There was no engine or no server; this is never green.
    CouldNotRun,
}

impl Outcome {
    /// The word of the console.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed => "FAIL",
            Self::Flaky => "FLAKY",
            Self::Ignored => "ignored",
            Self::NotApplicable => "n/a",
            Self::ExpectedFailure => "xfail",
            Self::CouldNotRun => "COULD NOT RUN",
        }
    }

    /// Of a single attempt.
    pub fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Passed,
            Verdict::Fail(_) => Self::Failed,
            Verdict::Ignored(_) => Self::Ignored,
            Verdict::NotApplicable(_) => Self::NotApplicable,
            Verdict::ExpectedFailure { .. } => Self::ExpectedFailure,
            Verdict::CouldNotRun(_) => Self::CouldNotRun,
        }
    }

    /// Whether a run that has it can be green.
    pub fn is_green(self) -> bool {
        !matches!(self, Self::Failed | Self::Flaky | Self::CouldNotRun)
    }
}

/// One case with all attempts at it, the first one first.
#[derive(Debug, Clone)]
pub struct Tested<'a> {
    /// The attempts, at least one.
    pub attempts: Vec<&'a CaseReport>,
    /// What they come to.
    pub outcome: Outcome,
}

impl<'a> Tested<'a> {
    /// The cases of these reports, by their names.
    pub fn of(reports: &'a [CaseReport]) -> Vec<Self> {
        let mut sorted: Vec<&CaseReport> = reports.iter().collect();
        sorted.sort_by(|a, b| (&a.id, a.attempt).cmp(&(&b.id, b.attempt)));
        let tested = |attempts: &[&'a CaseReport]| Self { attempts: attempts.to_vec(), outcome: together(attempts) };
        sorted.chunk_by(|a, b| a.id == b.id).map(tested).collect()
    }

    /// What all attempts have in common: name, place, requirements, tags.
    pub fn case(&self) -> &'a CaseReport {
        self.attempts[0]
    }

    /// `<area>::<file>`, and the rest of the name.
    pub fn name_parts(&self) -> (&'a str, &'a str) {
        let id = self.case().id.as_str();
        let mut marks = id.match_indices("::").map(|(at, _)| at);
        marks.nth(1).map_or(("", id), |at| (&id[..at], &id[at + 2..]))
    }

    /// The attempts that were not as expected.
    pub fn bad(&self) -> impl Iterator<Item = &'a CaseReport> {
        self.attempts.iter().copied().filter(|report| !Outcome::of(&report.verdict).is_green())
    }

    /// The first thing that was not as expected.
    pub fn first_failure(&self) -> Option<&'a Failure> {
        self.bad().find_map(|report| report.failures().first())
    }

    /// One line on which attempts passed and which failed, where there are both; what failed is told in full elsewhere.
    pub fn flake(&self) -> Option<String> {
        let numbers = |green: bool| {
            let fitting = self.attempts.iter().filter(|report| Outcome::of(&report.verdict).is_green() == green);
            fitting.map(|report| report.attempt.to_string()).collect::<Vec<_>>().join(", ")
        };
        let first = self.first_failure().filter(|_| self.outcome == Outcome::Flaky)?;
        let (passed, failed, count) = (numbers(true), numbers(false), self.attempts.len());
        let what = first.headline();
        Some(format!(
            "flaky: of {count} attempts passed number {passed} and failed number {failed}, first with: {what}"
        ))
    }

    /// The time of all attempts.
    pub fn elapsed(&self) -> Duration {
        self.attempts.iter().map(|report| report.elapsed).sum()
    }
}

fn together(attempts: &[&CaseReport]) -> Outcome {
    let has = |outcome| attempts.iter().any(|report| Outcome::of(&report.verdict) == outcome);
    match (has(Outcome::Passed) || has(Outcome::ExpectedFailure), has(Outcome::Failed), has(Outcome::CouldNotRun)) {
        (true, true, _) => Outcome::Flaky,
        (false, true, _) => Outcome::Failed,
        (_, false, true) => Outcome::CouldNotRun,
        // A listed failure that comes in each attempt, or passes; what is left is the same in each attempt, too.
        (_, false, false) => Outcome::of(&attempts[0].verdict),
    }
}
