//! A failure as a person reads it: the place, the difference, the traffic, the log, and the line that runs it again.

use annotate_snippets::Level;

use super::diff;
use crate::pattern::Mismatch;
use crate::run::{CaseReport, Failure, Section, Spoken, StepReport};
use crate::source::render_at;
use crate::target::Direction;

/// Everything about a case that did not pass; empty for one that did.
pub fn render(report: &CaseReport, color: bool) -> String {
    write(report, color, sections)
}

/// The same without traffic and log, for reports that have another place for them. Of several attempts it says which.
pub fn found(report: &CaseReport, attempts: usize) -> String {
    let which = if attempts > 1 { format!("attempt {} of {attempts}:\n\n", report.attempt) } else { String::new() };
    format!("{which}{}", write(report, false, |_, failure| own_sections(failure)))
}

fn write(report: &CaseReport, color: bool, below: fn(&CaseReport, &Failure) -> Vec<Section>) -> String {
    let failures = report.failures();
    if failures.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    for failure in failures {
        out.push_str(&excerpt(failure, color));
        out.push('\n');
        out.push_str(&written(&below(report, failure)));
        out.push('\n');
    }
    if let Some(folder) = &report.kept {
        out.push_str(&format!("files kept in {}\n", folder.display()));
    }
    if !report.again.is_empty() {
        out.push_str(&format!("run it again: {}\n", report.again));
    }
    out
}

/// The title, the line of the scenario with a mark under it, and the help.
pub fn excerpt(failure: &Failure, color: bool) -> String {
    render_at(Level::ERROR, &failure.title, &failure.span, &failure.label, failure.help.as_deref(), color)
}

/// What differs, as lines.
pub fn differences(failure: &Failure) -> String {
    written(&failure.differences.iter().map(difference).collect::<Vec<_>>())
}

/// All that was said and logged in a case, step by step.
pub fn evidence(report: &CaseReport) -> String {
    let mut out = String::new();
    report.each_step(&mut |step| {
        out.push_str(&format!(
            "step {}, `{}` at {}: {} after {}, {} into the scenario\n",
            step.number,
            step.title,
            step.span.place(),
            step.verdict.word(),
            millis(step.elapsed),
            millis(step.offset),
        ));
        let left_out = step.messages - step.traffic.len();
        if left_out > 0 && !step.traffic.is_empty() {
            out.push_str(&format!("  (earlier messages left out: {left_out})\n"));
        }
        for spoken in &step.traffic {
            out.push_str(&format!("  {} {} {}\n", millis(spoken.offset), arrow(spoken), spoken.brief(usize::MAX)));
        }
    });
    if !report.log.text.is_empty() {
        let cut = if report.log.left_out > 0 { ", its end" } else { "" };
        out.push_str(&format!("server log{cut}:\n{}", indented(&report.log.text)));
    }
    out
}

fn written(sections: &[Section]) -> String {
    let mut out = String::new();
    for section in sections {
        out.push_str(&format!("\n{}:\n{}", section.heading, indented(&section.body)));
    }
    out
}

fn indented(text: &str) -> String {
    let mut out = String::new();
    for line in text.trim_end().lines() {
        out.push_str(&format!("  {line}\n"));
    }
    out
}

/// A time as people compare it.
pub(super) fn millis(time: std::time::Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// What stands below the place of a failure: the differences, what its finder added, the traffic and the log.
fn sections(report: &CaseReport, failure: &Failure) -> Vec<Section> {
    let mut sections = own_sections(failure);
    match failure.step.and_then(|number| report.step(number)) {
        Some(step) => {
            let heading = match step.messages - step.traffic.len() {
                0 => format!("traffic of the step ({} messages)", step.messages),
                left_out => {
                    format!("traffic of the step ({} messages, earlier ones left out: {left_out})", step.messages)
                }
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

fn own_sections(failure: &Failure) -> Vec<Section> {
    failure.differences.iter().map(difference).chain(failure.sections.iter().cloned()).collect()
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
    let line = |spoken: &Spoken| format!("{} {}", arrow(spoken), spoken.brief(MESSAGE_CHARS_MAX));
    step.traffic.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn arrow(spoken: &Spoken) -> &'static str {
    match spoken.direction {
        Direction::Sent => "->",
        Direction::Received => "<-",
        Direction::Dropped => "<- (dropped)",
    }
}
