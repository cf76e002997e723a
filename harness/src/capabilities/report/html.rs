//! The matrix as a page: rows by theme, releases as columns, each change marked. It needs nothing but itself.

use std::fmt::Write as _;

use crate::capabilities::battery::{Battery, Theme};
use crate::capabilities::compare::{self, Kind, Severity};
use crate::capabilities::fit;
use crate::capabilities::matrix::Matrix;
use crate::capabilities::outcome::Outcome;
use crate::capabilities::row::{Row, Statement};
use crate::capabilities::run::Findings;

/// The page's style and behaviour.
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The matrix with `findings` added as columns of their own.
pub fn render(battery: &Battery, matrix: &Matrix, findings: &[Findings]) -> String {
    let mut matrix = matrix.clone();
    for findings in findings {
        matrix.record(findings.subject.recorded.clone(), findings.outcomes.iter().cloned());
    }
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let _ = write!(
        out,
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>What Hyper can do</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    head(battery, &matrix, &mut out);
    out.push_str("<table>\n");
    columns(&matrix, &mut out);
    for theme in &battery.themes {
        body(theme, &matrix, &mut out);
    }
    let _ = write!(out, "</table>\n<dialog id=\"detail\"></dialog>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
    out
}

// Writing to a String cannot fail.
fn head(battery: &Battery, matrix: &Matrix, out: &mut String) {
    let rows = battery.rows().count();
    let _ = write!(
        out,
        "<header><h1>What Hyper can do</h1>\n<p>{rows} capabilities on {} releases of hyperd. Each cell is what hyperd \
         answered; the marked ones differ from the release before. Click a cell for the whole answer.</p>\n\
         <p class=\"legend\"><span class=\"yes\">yes</span><span class=\"no\">refused</span>\
         <span class=\"bad\">crash, hang, not tried</span><span class=\"no changed worse\">got worse</span>\
         <span class=\"yes changed better\">gained</span><span class=\"yes changed\">answers otherwise</span></p>\n\
         <p class=\"tools\"><input id=\"find\" type=\"search\" placeholder=\"find: merge, 42601, parquet …\" \
         aria-label=\"find\"> <label><input id=\"only\" type=\"checkbox\"> only what changed</label> \
         <output id=\"count\"></output></p></header>\n",
        matrix.releases.len()
    );
}

fn columns(matrix: &Matrix, out: &mut String) {
    out.push_str("<thead><tr><th scope=\"col\">capability</th>");
    for recorded in &matrix.releases {
        let short = recorded.release.strip_prefix("0.0.").unwrap_or(&recorded.release);
        let built = recorded.built.as_deref().map_or("", |built| built.get(..7).unwrap_or(built));
        let _ = write!(
            out,
            "<th scope=\"col\" title=\"{}\">{}<small>{built}</small></th>",
            escape(&recorded.release),
            escape(short)
        );
    }
    out.push_str("</tr></thead>\n");
}

fn body(theme: &Theme, matrix: &Matrix, out: &mut String) {
    let _ = write!(
        out,
        "<tbody>\n<tr class=\"theme\"><th scope=\"rowgroup\" colspan=\"{}\">{} <small>{}</small></th></tr>\n",
        matrix.releases.len() + 1,
        escape(&theme.title),
        theme.rows.len()
    );
    for row in &theme.rows {
        line(row, matrix, out);
    }
    out.push_str("</tbody>\n");
}

fn line(row: &Row, matrix: &Matrix, out: &mut String) {
    let sql: Vec<&str> =
        row.setup.iter().map(String::as_str).chain(row.statements.iter().filter_map(Statement::sql)).collect();
    let _ = write!(
        out,
        "<tr class=\"row\" id=\"{0}\"><th scope=\"row\"><details><summary>{0}</summary><p>{1}</p><pre>{2}</pre></details></th>",
        escape(&row.id),
        escape(&row.why),
        escape(&sql.join(";\n"))
    );
    let mut before = None;
    for recorded in &matrix.releases {
        let outcome = matrix.outcome(&row.id, &recorded.release);
        cell(row, before, outcome, out);
        before = outcome;
    }
    out.push_str("</tr>\n");
}

fn cell(row: &Row, before: Option<&Outcome>, outcome: Option<&Outcome>, out: &mut String) {
    let Some(outcome) = outcome else {
        out.push_str("<td class=\"none\" title=\"not tried\">–</td>");
        return;
    };
    let (mut class, text) = face(outcome);
    let change = before.and_then(|before| compare::change(row, Some(before), Ok(outcome)));
    if let Some(change) = &change {
        class.push_str(" changed");
        class.push_str(match (change.kind, change.severity) {
            (Kind::Gained, _) => " better",
            (Kind::SqlstateChanged | Kind::TypeChanged | Kind::ResultChanged, _) | (_, Severity::Notice) => "",
            _ => " worse",
        });
    }
    let pinned = if fit::misfits(row, outcome).is_empty() { "as pinned" } else { "not as pinned" };
    let mut told = format!("{outcome}\n{pinned}");
    if let Some(change) = change {
        let _ = write!(told, "\n{}", change.kind.words());
        if let Some(before) = change.before {
            let _ = write!(told, "; before: {before}");
        }
    }
    // The script reads an unchanged cell's answer from the cell that it is unchanged from.
    let told = if before == Some(outcome) { String::new() } else { format!(" data-told=\"{}\"", escape(&told)) };
    let _ = write!(out, "<td class=\"{class}\"{told}>{}</td>", escape(&text));
}

/// The cell's class and its short text.
fn face(outcome: &Outcome) -> (String, String) {
    use crate::capabilities::End;
    let (class, text) = match &outcome.end {
        End::Supported(_) => ("yes", "✓".to_owned()),
        End::Rejected(refusal) => ("no", refusal.sqlstate.clone()),
        End::Unprepared(refusal) => ("bad", format!("({})", refusal.sqlstate)),
        End::Crashed(_) | End::Disconnected(_) | End::Hung(_) => ("bad", outcome.word().to_owned()),
    };
    (class.to_owned(), text)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
