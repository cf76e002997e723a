//! The figures of a run.

use std::time::Duration;

use super::{Outcome, Tested};
use crate::run::CaseReport;

/// The figures of a run. A case that ran several times counts once.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Cases that were as expected.
    pub passed: usize,
    /// Cases that were not, the flaky ones among them.
    pub failed: usize,
    /// Cases of which some attempts passed and some failed.
    pub flaky: usize,
    /// Cases that say themselves why they are left out.
    pub ignored: usize,
    /// Cases that need what this run does not have.
    pub not_applicable: usize,
    /// Cases that failed as the target's list says.
    pub expected_failures: usize,
    /// Cases without an engine or a server.
    pub could_not_run: usize,
    /// Attempts that were meant to run and did not begin.
    pub not_begun: usize,
    /// Attempts that were begun anew because the shared hyperd had died under them.
    pub reruns: usize,
    /// Each attempt's time, shortest first.
    pub times: Vec<(Duration, String)>,
}

impl Summary {
    /// The figures of these reports, of `planned` attempts.
    pub fn of(reports: &[CaseReport], planned: usize) -> Self {
        let mut summary = Self { not_begun: planned.saturating_sub(reports.len()), ..Self::default() };
        for tested in Tested::of(reports) {
            match tested.outcome {
                Outcome::Passed => summary.passed += 1,
                Outcome::Failed => summary.failed += 1,
                Outcome::Ignored => summary.ignored += 1,
                Outcome::NotApplicable => summary.not_applicable += 1,
                Outcome::ExpectedFailure => summary.expected_failures += 1,
                Outcome::CouldNotRun => summary.could_not_run += 1,
                Outcome::Flaky => {
                    summary.failed += 1;
                    summary.flaky += 1;
                }
            }
        }
        summary.reruns = reports.iter().map(|report| report.reruns).sum();
        summary.times = reports.iter().map(|report| (report.elapsed, report.id.clone())).collect();
        summary.times.sort();
        summary
    }

    /// The time that this share (0 to 100) of the cases stays within.
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.times.len() * percent).div_ceil(100).max(1);
        self.times.get(rank - 1).map_or(Duration::ZERO, |(time, _)| *time)
    }

    /// One line: what passed, what did not.
    pub fn line(&self) -> String {
        let mut line = format!("{} passed, {} failed", self.passed, self.failed + self.could_not_run);
        let some = |counts: &[(usize, &str)]| {
            let counts = counts.iter().filter(|(count, _)| *count > 0);
            counts.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>()
        };
        let bad = some(&[(self.flaky, "flaky"), (self.could_not_run, "could not run")]);
        if !bad.is_empty() {
            line.push_str(&format!(" ({})", bad.join(", ")));
        }
        let rest = [
            (self.expected_failures, "failed as expected"),
            (self.ignored, "ignored"),
            (self.not_applicable, "not applicable"),
            (self.not_begun, "not begun"),
        ];
        for rest in some(&rest) {
            line.push_str(&format!(", {rest}"));
        }
        line
    }
}
