//! A failure as a person reads it: the place, the difference, the traffic, the log, and the line that runs it again.

use annotate_snippets::Level;

use super::diff;
use crate::pattern::Mismatch;
use crate::run::{CaseReport, Failure, Section, Spoken, StepReport};
use crate::source::render_at;
use crate::target::Direction;

/// Everything about a case that did not pass; empty for one that did.
pub fn render(report: &CaseReport, color: bool) -> String {
    let failures = report.failures();
    if failures.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    for failure in failures {
        out.push_str(&render_one(report, failure, color));
    }
    if let Some(folder) = &report.kept {
        out.push_str(&format!("files kept in {}\n", folder.display()));
    }
    if !report.again.is_empty() {
        out.push_str(&format!("run it again: {}\n", report.again));
    }
    out
}

fn render_one(report: &CaseReport, failure: &Failure, color: bool) -> String {
    let mut out =
        render_at(Level::ERROR, &failure.title, &failure.span, &failure.label, failure.help.as_deref(), color);
    out.push('\n');
    for section in sections(report, failure) {
        out.push_str(&format!("\n{}:\n", section.heading));
        for line in section.body.trim_end().lines() {
            out.push_str(&format!("  {line}\n"));
        }
    }
    out.push('\n');
    out
}

/// What stands below the place of a failure: the differences, what its finder added, the traffic and the log.
pub fn sections(report: &CaseReport, failure: &Failure) -> Vec<Section> {
    let mut sections: Vec<Section> = failure.differences.iter().map(difference).collect();
    sections.extend(failure.sections.iter().cloned());
    match failure.step.and_then(|number| report.step(number)) {
        Some(step) => {
            let heading = match step.messages - step.traffic.len() {
                0 => format!("traffic of the step ({} messages)", step.messages),
                left_out => format!("traffic of the step ({} messages, the first {left_out} left out)", step.messages),
            };
            sections.push(Section { heading, body: traffic(step) });
            let body = report.log.part(&step.log).to_owned();
            sections.push(Section { heading: "server log of the step".to_owned(), body });
        }
        None => sections.push(Section { heading: "server log".to_owned(), body: report.log.text.clone() }),
    }
    sections.retain(|section| !section.body.trim().is_empty());
    sections
}

fn difference(wrong: &Mismatch) -> Section {
    let hint = wrong.hint.as_ref().map_or_else(String::new, |hint| format!("  note: {hint}\n"));
    Section {
        heading: format!("{} ({})", wrong.path, wrong.span.place()),
        body: format!("{}{hint}", diff::lines(&wrong.expected, &wrong.actual)),
    }
}

fn traffic(step: &StepReport) -> String {
    /// Longer than this, a message is shown by its beginning.
    const MESSAGE_CHARS_MAX: usize = 400;
    let arrow = |spoken: &Spoken| match spoken.direction {
        Direction::Sent => "->",
        Direction::Received => "<-",
        Direction::Dropped => "<- (dropped)",
    };
    let line = |spoken: &Spoken| format!("{} {}", arrow(spoken), spoken.brief(MESSAGE_CHARS_MAX));
    step.traffic.iter().map(line).collect::<Vec<_>>().join("\n")
}
