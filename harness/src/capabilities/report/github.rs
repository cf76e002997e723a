//! Findings as Markdown: the body of an issue, or a job's summary.

use std::fmt::Write as _;

use super::group::groups;
use super::table::summary;
use crate::capabilities::compare::{Change, Severity};
use crate::capabilities::run::Findings;

/// GitHub takes no longer bodies; the rest is in the other reports.
const BODY_CHARS_MAX: usize = 60_000;

/// All findings.
pub fn render(findings: &[Findings]) -> String {
    let mut out = String::new();
    for findings in findings {
        release(findings, &mut out);
    }
    if out.chars().count() > BODY_CHARS_MAX {
        out = out.chars().take(BODY_CHARS_MAX).collect();
        out.push_str("\n\n… cut here; `hyper-conform capabilities` shows all.\n");
    }
    out
}

// Writing to a String cannot fail.
fn release(findings: &Findings, out: &mut String) {
    let name = &findings.subject.name;
    let _ = writeln!(out, "## hyperd {name}\n\n{}\n", summary(findings));
    for group in groups(&findings.changes) {
        let mark = if group.severity == Severity::Broke { "🔴" } else { "🟡" };
        let rows = group.changes.len();
        let _ = writeln!(out, "### {mark} {}: {} ({rows})\n", group.kind.words(), code(&group.cause));
        for change in group.changes {
            row(change, out);
        }
        out.push('\n');
    }
    if !findings.unsteady.is_empty() {
        let ids: Vec<String> = findings.unsteady.iter().map(|change| code(&change.id)).collect();
        let _ = writeln!(out, "Changed once and not when tried again alone: {}\n", ids.join(", "));
    }
    if !findings.changes.is_empty() {
        let _ = writeln!(
            out,
            "Again: `hyper-conform capabilities --hyperd {name}`. Once it is understood: adapt the server and the pinned \
             rows, then `hyper-conform capabilities --record --hyperd {name}`.\n"
        );
    }
}

fn row(change: &Change, out: &mut String) {
    let _ = writeln!(out, "- **{}** — {}", change.id, change.why);
    if let Some(before) = &change.before {
        let _ = writeln!(out, "  - was {}", code(&before.to_string()));
    }
    if let Some(after) = &change.after {
        let _ = writeln!(out, "  - now {}", code(&after.to_string()));
    }
}

/// A code span, whatever is in the text.
fn code(text: &str) -> String {
    let text = text.replace('\n', " ");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}
