//! The run as a terminal shows it: a line a case where that was asked for, each failure as it comes, figures at the end.

use std::io::{self, Write};
use std::time::Duration;

use super::{Summary, failure};
use crate::run::{CaseReport, Verdict};

/// How many of the slowest cases the end shows.
const SLOWEST_MAX: usize = 5;

/// Writes a run to a stream.
#[derive(Debug)]
pub struct Console<W> {
    out: W,
    color: bool,
    verbose: bool,
    live: bool,
    done: usize,
    total: usize,
}

impl<W: Write> Console<W> {
    /// A console for `total` cases. `live` redraws one line of progress, which only a terminal can show.
    pub fn new(out: W, total: usize, color: bool, verbose: bool, live: bool) -> Self {
        Self { out, color, verbose, live, done: 0, total }
    }

    /// Tells of a case that ended.
    ///
    /// # Errors
    ///
    /// When the stream is closed.
    pub fn case(&mut self, report: &CaseReport) -> io::Result<()> {
        self.done += 1;
        self.clear()?;
        let word = match &report.verdict {
            Verdict::Pass => "ok",
            Verdict::Fail(_) => "FAIL",
            Verdict::Ignored(_) => "ignored",
            Verdict::NotApplicable(_) => "n/a",
            Verdict::ExpectedFailure { .. } => "xfail",
            Verdict::CouldNotRun(_) => "COULD NOT RUN",
        };
        let quiet = !matches!(report.verdict, Verdict::Fail(_) | Verdict::CouldNotRun(_));
        if self.verbose || !quiet {
            let why = match &report.verdict {
                Verdict::Ignored(reason) | Verdict::NotApplicable(reason) | Verdict::ExpectedFailure { reason, .. } => {
                    format!(": {reason}")
                }
                _ => String::new(),
            };
            writeln!(self.out, "{word:>7} {} ({}){why}", report.id, millis(report.elapsed))?;
        }
        if !quiet {
            writeln!(self.out, "\n{}", failure::render(report, self.color))?;
        }
        if self.live {
            write!(self.out, "{}/{} {}", self.done, self.total, report.id)?;
        }
        self.out.flush()
    }

    /// Tells the figures.
    ///
    /// # Errors
    ///
    /// When the stream is closed.
    pub fn summary(&mut self, summary: &Summary, wall: Duration) -> io::Result<()> {
        self.clear()?;
        let count = summary.times.len();
        let each = wall.checked_div(u32::try_from(count).unwrap_or(u32::MAX).max(1)).unwrap_or_default();
        writeln!(
            self.out,
            "{count} scenarios in {:.2} s ({} of wall time each); p50 {}, p99 {}",
            wall.as_secs_f64(),
            millis(each),
            millis(summary.percentile(50)),
            millis(summary.percentile(99)),
        )?;
        writeln!(self.out, "slowest:")?;
        for (time, id) in summary.times.iter().rev().take(SLOWEST_MAX) {
            writeln!(self.out, "  {:>8} {id}", millis(*time))?;
        }
        if summary.could_not_run > 0 {
            writeln!(self.out, "{} could not run, which is never green", summary.could_not_run)?;
        }
        if summary.run_again > 0 {
            writeln!(self.out, "{} ran once more, because the hyperd that they shared had died", summary.run_again)?;
        }
        write!(self.out, "{} passed, {} failed", summary.passed, summary.failed + summary.could_not_run)?;
        let rest = [
            (summary.expected_failures, "failed as expected"),
            (summary.ignored, "skipped"),
            (summary.not_applicable, "not applicable"),
        ];
        for (count, word) in rest.iter().filter(|(count, _)| *count > 0) {
            write!(self.out, ", {count} {word}")?;
        }
        writeln!(self.out)
    }

    fn clear(&mut self) -> io::Result<()> {
        // Carriage return and "erase to the end of the line".
        if self.live { write!(self.out, "\r\x1b[K") } else { Ok(()) }
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
