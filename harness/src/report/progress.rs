//! What runs now: one line that is drawn again and again on a terminal, a line from time to time elsewhere.

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::plan::Case;
use crate::run::CaseReport;

/// How often a run says how far it is where nothing can be drawn.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// How often in a second the line is drawn at most.
const DRAWN_HERTZ: u8 = 10;

/// The progress of a run.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    planned: usize,
    done: usize,
    bad: usize,
    running: Vec<(String, usize, Instant)>,
    began: Instant,
    said: Instant,
}

impl Progress {
    pub(super) fn new(planned: usize, live: bool) -> Self {
        let bar = live.then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(DRAWN_HERTZ);
            let bar = ProgressBar::with_draw_target(Some(planned as u64), target);
            // The template is known to be right; a plain bar is no reason to stop.
            let style = ProgressStyle::with_template("{bar:20} {pos}/{len} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
            bar
        });
        let now = Instant::now();
        Self { bar, planned, done: 0, bad: 0, running: Vec::new(), began: now, said: now }
    }

    pub(super) fn began(&mut self, case: &Case) {
        self.running.push((case.id.clone(), case.attempt, Instant::now()));
        self.tick();
    }

    pub(super) fn ended(&mut self, report: &CaseReport, bad: bool) {
        self.running.retain(|(id, attempt, _)| *attempt != report.attempt || *id != report.id);
        self.done += 1;
        self.bad += usize::from(bad);
        self.tick();
    }

    /// Draws or says how far the run is, as often as that makes sense.
    pub(super) fn tick(&mut self) {
        let longest = self.running.iter().min_by_key(|(_, _, began)| *began);
        let longest = longest.map(|(id, _, began)| (id.as_str(), began.elapsed()));
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.done as u64);
                bar.set_message(now(self.bad, self.running.len(), longest));
            }
            None if self.said.elapsed() >= SAID_EVERY => {
                self.said = Instant::now();
                let line = now(self.bad, self.running.len(), longest);
                let after = self.began.elapsed().as_secs();
                // Who closed standard error does not want to know.
                let _ = writeln!(std::io::stderr(), "after {after} s: {}/{} {line}", self.done, self.planned);
            }
            None => {}
        }
    }

    /// Writes something else to the terminal, with no line of progress in its way.
    pub(super) fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn now(bad: usize, running: usize, longest: Option<(&str, Duration)>) -> String {
    let bad = if bad > 0 { format!("{bad} failed, ") } else { String::new() };
    let longest = longest.map_or_else(String::new, |(id, time)| format!(", longest {:.1} s {id}", time.as_secs_f64()));
    format!("{bad}{running} running{longest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_what_has_run_longest() {
        let longest = Some(("area::file::slow", Duration::from_millis(3210)));
        assert_eq!(now(0, 4, longest), "4 running, longest 3.2 s area::file::slow");
        assert_eq!(now(2, 0, None), "2 failed, 0 running");
    }
}
