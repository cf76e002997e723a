//! Findings as a terminal shows them.

use std::fmt::Write as _;

use super::group::groups;
use crate::capabilities::compare::{Change, Severity};
use crate::capabilities::run::Findings;

/// All findings, one release after another.
pub fn render(findings: &[Findings]) -> String {
    let mut out = String::new();
    for findings in findings {
        release(findings, &mut out);
    }
    out
}

/// One line of a release: how many rows, what became of them, how long it took.
pub fn summary(findings: &Findings) -> String {
    let broke = findings.changes.iter().filter(|change| change.severity == Severity::Broke).count();
    let against = findings
        .against
        .as_ref()
        .map_or_else(|| "nothing is recorded to compare with".to_owned(), |against| format!("against {against}"));
    let changed = match findings.changes.len() {
        0 => "nothing changed".to_owned(),
        all => format!("{broke} broke, {} other changes", all - broke),
    };
    let unsteady = match findings.unsteady.len() {
        0 => String::new(),
        rows => format!(", {rows} changed only once"),
    };
    format!(
        "hyperd {}: {} rows {against}: {changed}{unsteady} ({:.1} s)",
        findings.subject.name,
        findings.outcomes.len(),
        findings.took.as_secs_f64()
    )
}

// Writing to a String cannot fail.
fn release(findings: &Findings, out: &mut String) {
    let _ = writeln!(out, "{}", summary(findings));
    for group in groups(&findings.changes) {
        let mark = if group.severity == Severity::Broke { "BROKE" } else { "note" };
        let _ = writeln!(out, "\n  {mark} {}: {}", group.kind.words(), group.cause);
        for change in group.changes {
            row(change, out);
        }
    }
    for change in &findings.unsteady {
        let _ = writeln!(out, "\n  unsteady, as recorded when tried again alone: {}", change.id);
        if let Some(after) = &change.after {
            let _ = writeln!(out, "      was once: {after}");
        }
    }
    if !findings.changes.is_empty() || !findings.unsteady.is_empty() {
        out.push('\n');
    }
}

fn row(change: &Change, out: &mut String) {
    let _ = writeln!(out, "    {}", change.id);
    if let Some(before) = &change.before {
        let _ = writeln!(out, "      was: {before}");
    }
    match (&change.after, &change.reason) {
        (Some(after), _) => drop(writeln!(out, "      now: {after}")),
        (None, Some(reason)) => drop(writeln!(out, "      now: {reason}")),
        (None, None) => {}
    }
    let _ = writeln!(out, "      why it matters: {}", change.why);
}
