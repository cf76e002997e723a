//! What came of a run, told to people and to machines.

pub mod console;
pub mod diff;
pub mod failure;

use std::time::Duration;

use crate::run::{CaseReport, Verdict};

/// The figures of a run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Cases that were as expected.
    pub passed: usize,
    /// Cases that were not.
    pub failed: usize,
    /// Cases that say themselves why they are left out.
    pub ignored: usize,
    /// Cases that need what this run does not have.
    pub not_applicable: usize,
    /// Cases that failed as the target's list says.
    pub expected_failures: usize,
    /// Cases that ran once more because the hyperd that they shared had died.
    pub run_again: usize,
    /// Cases without an engine or a server.
    pub could_not_run: usize,
    /// Each case's time, shortest first.
    pub times: Vec<(Duration, String)>,
}

impl Summary {
    /// The figures of these reports.
    pub fn of(reports: &[CaseReport]) -> Self {
        let mut summary = Self::default();
        for report in reports {
            match report.verdict {
                Verdict::Pass => summary.passed += 1,
                Verdict::Fail(_) => summary.failed += 1,
                Verdict::Ignored(_) => summary.ignored += 1,
                Verdict::NotApplicable(_) => summary.not_applicable += 1,
                Verdict::ExpectedFailure { .. } => summary.expected_failures += 1,
                Verdict::CouldNotRun(_) => summary.could_not_run += 1,
            }
            summary.run_again += usize::from(report.reruns > 0);
            summary.times.push((report.elapsed, report.id.clone()));
        }
        summary.times.sort();
        summary
    }

    /// The time that this share (0 to 100) of the cases stays within.
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.times.len() * percent).div_ceil(100).max(1);
        self.times.get(rank - 1).map_or(Duration::ZERO, |(time, _)| *time)
    }
}
