//! Findings as `JUnit` XML: a suite a release, a case a row.

use std::fmt::Write as _;

use crate::capabilities::compare::{Change, Severity};
use crate::capabilities::run::Findings;

/// All findings. A row that broke is a failure; a gain or another wording is a case that passed, with its change as output.
pub fn render(findings: &[Findings]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"capabilities\">\n");
    for findings in findings {
        suite(findings, &mut out);
    }
    out.push_str("</testsuites>\n");
    out
}

// Writing to a String cannot fail.
fn suite(findings: &Findings, out: &mut String) {
    let changed = |id: &str| findings.changes.iter().find(|change| change.id == id);
    let untried = findings.changes.iter().filter(|change| change.after.is_none());
    let ids: Vec<&str> =
        findings.outcomes.iter().map(|(id, _)| id.as_str()).chain(untried.map(|change| change.id.as_str())).collect();
    let failures = findings.changes.iter().filter(|change| change.severity == Severity::Broke).count();
    let _ = writeln!(
        out,
        "  <testsuite name=\"hyperd {}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" time=\"{:.3}\">",
        escape(&findings.subject.name),
        ids.len(),
        findings.took.as_secs_f64()
    );
    for id in ids {
        let (theme, name) = id.split_once('.').unwrap_or(("", id));
        let _ = write!(out, "    <testcase classname=\"{theme}\" name=\"{name}\" time=\"0\"");
        match changed(id) {
            None => out.push_str("/>\n"),
            Some(change) => case(change, out),
        }
    }
    out.push_str("  </testsuite>\n");
}

fn case(change: &Change, out: &mut String) {
    let told = escape(&told(change));
    let kind = change.kind.words();
    let inner = if change.severity == Severity::Broke {
        format!("<failure type=\"{kind}\" message=\"{kind}\">{told}</failure>")
    } else {
        format!("<system-out>{kind}\n{told}</system-out>")
    };
    let _ = writeln!(out, ">{inner}</testcase>");
}

fn told(change: &Change) -> String {
    let line = |name: &str, outcome: &Option<crate::capabilities::Outcome>| {
        outcome.as_ref().map_or_else(String::new, |outcome| format!("{name}: {outcome}\n"))
    };
    let reason = change.reason.as_ref().map_or_else(String::new, |reason| format!("now: {reason}\n"));
    format!("{}{}{reason}why it matters: {}", line("was", &change.before), line("now", &change.after), change.why)
}

/// XML has no way to write most control characters, so they are shown as a replacement character.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
