//! The run as a terminal shows it: a line a case where that was asked for, each failure as it comes, figures at the end.

use std::io::{self, Write};

use super::failure::{self, millis};
use super::progress::Progress;
use super::{Outcome, RunReport, Summary};
use crate::plan::Case;
use crate::run::CaseReport;

/// How many of the slowest cases the end shows.
const SLOWEST_MAX: usize = 5;

/// Writes a run to a stream.
#[derive(Debug)]
pub struct Console<W> {
    out: W,
    color: bool,
    verbose: bool,
    attempts: usize,
    progress: Progress,
}

impl<W: Write> Console<W> {
    /// A console for `planned` cases, `attempts` times each case. `live` draws progress on standard error, which only a
    /// terminal can show; elsewhere a long run says a line from time to time.
    pub fn new(out: W, (planned, attempts): (usize, usize), color: bool, verbose: bool, live: bool) -> Self {
        Self { out, color, verbose, attempts, progress: Progress::new(planned, live) }
    }

    /// Tells that a case begins.
    pub fn began(&mut self, case: &Case) {
        self.progress.began(case);
    }

    /// Tells that time has passed.
    pub fn tick(&mut self) {
        self.progress.tick();
    }

    /// Tells of a case that ended.
    ///
    /// # Errors
    ///
    /// When the stream is closed.
    pub fn ended(&mut self, report: &CaseReport) -> io::Result<()> {
        self.counted(report);
        self.tell(report)
    }

    /// Counts a case that ended, and leaves it to [`Console::tell`] to tell of it.
    pub fn counted(&mut self, report: &CaseReport) {
        self.progress.ended(report, !Outcome::of(&report.verdict).is_green());
    }

    /// Tells what came of a case.
    ///
    /// # Errors
    ///
    /// When the stream is closed.
    pub fn tell(&mut self, report: &CaseReport) -> io::Result<()> {
        let outcome = Outcome::of(&report.verdict);
        if !self.verbose && outcome.is_green() {
            return Ok(());
        }
        let why = report.reason().map_or_else(String::new, |reason| format!(": {reason}"));
        let title = report.title(self.attempts);
        let mut text = format!("{:>7} {title} ({}){why}\n", outcome.word(), millis(report.elapsed));
        if !outcome.is_green() {
            text.push_str(&format!("\n{}\n", failure::render(report, self.color)));
        }
        self.say(&text)
    }

    /// Writes lines beside the progress.
    ///
    /// # Errors
    ///
    /// When the stream is closed.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        let out = &mut self.out;
        self.progress.beside(|| out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Tells the figures.
    ///
    /// # Errors
    ///
    /// When the stream is closed.
    pub fn summary(&mut self, run: &RunReport) -> io::Result<()> {
        self.progress.end();
        self.out.write_all(figures(run, &run.summary()).as_bytes())?;
        self.out.flush()
    }
}

fn figures(run: &RunReport, summary: &Summary) -> String {
    let count = summary.times.len();
    let each = run.wall.checked_div(u32::try_from(count).unwrap_or(u32::MAX).max(1)).unwrap_or_default();
    let what = match count {
        1 => "1 scenario".to_owned(),
        _ if run.attempts > 1 => format!("{count} attempts at scenarios"),
        _ => format!("{count} scenarios"),
    };
    let mut text = format!(
        "{what} in {:.2} s ({} of wall time each); p50 {}, p99 {}\n",
        run.wall.as_secs_f64(),
        millis(each),
        millis(summary.percentile(50)),
        millis(summary.percentile(99)),
    );
    if count > 0 {
        text.push_str("slowest:\n");
    }
    for (time, id) in summary.times.iter().rev().take(SLOWEST_MAX) {
        text.push_str(&format!("  {:>8} {id}\n", millis(*time)));
    }
    for tested in run.tested() {
        if let Some(flake) = tested.flake() {
            text.push_str(&format!("{}: {flake}\n", tested.case().id));
        }
    }
    if summary.reruns > 0 {
        text.push_str(&format!("{} ran once more, because the hyperd that they shared had died\n", summary.reruns));
    }
    if summary.could_not_run > 0 {
        text.push_str(&format!("{} could not run, which is never green\n", summary.could_not_run));
    }
    if let Some(why) = run.cut_short {
        text.push_str(&format!("cut short ({}): {} did not begin\n", why.why(), summary.not_begun));
    }
    text.push_str(&format!("{}\n", summary.line()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_end_tells_flakes_and_what_did_not_begin() {
        let run = fixture::run();
        fixture::golden("console.txt", &figures(&run, &run.summary()));
    }
}
