//! A failure as a person reads it: the place, the difference, the traffic, the log, and the line that runs it again.

use annotate_snippets::Level;

use crate::run::{CaseReport, Failure, Verdict};
use crate::source::render_at;

/// The line that runs one case alone.
pub fn rerun(id: &str) -> String {
    format!("cargo conform run --exact '{id}'")
}

/// Everything about a case that did not pass; empty for one that did.
pub fn render(report: &CaseReport, color: bool) -> String {
    let failures: &[Failure] = match &report.verdict {
        Verdict::Fail(failures) => failures,
        Verdict::CouldNotRun(failure) => std::slice::from_ref(failure),
        Verdict::Pass | Verdict::Ignored(_) => return String::new(),
    };
    let mut out = String::new();
    for failure in failures {
        out.push_str(&render_one(failure, color));
    }
    if let Some(folder) = &report.kept {
        out.push_str(&format!("files kept in {}\n", folder.display()));
    }
    out.push_str(&format!("run it again: {}\n", rerun(&report.id)));
    out
}

fn render_one(failure: &Failure, color: bool) -> String {
    let mut out =
        render_at(Level::ERROR, &failure.title, &failure.span, &failure.label, failure.help.as_deref(), color);
    out.push('\n');
    for section in &failure.sections {
        out.push_str(&format!("\n{}:\n", section.heading));
        for line in section.body.trim_end().lines() {
            out.push_str(&format!("  {line}\n"));
        }
    }
    out.push('\n');
    out
}
