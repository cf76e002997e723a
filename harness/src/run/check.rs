//! Holding an answer against a step's checks.

use serde_json::{Value, json};

use super::{Answer, Failure, Frame};
use crate::checks::Checks;
use crate::pattern::{self, Mismatch, Path};
use crate::scenario::Step;
use crate::source::Diagnostic;
use crate::syntax::{Kind, Node, Style};
use crate::target::Traffic;

/// What the step's own time saw, besides its answer.
pub(super) struct Seen<'a> {
    /// The client's traffic, and where the step began in it.
    pub traffic: Option<(&'a Traffic, usize)>,
    /// What the server logged during the step.
    pub log: &'a str,
}

/// Holds `answer` against the checks of `step`.
pub(super) fn check(step: &Step, answer: &Answer, frame: &Frame<'_>, seen: &Seen<'_>) -> Result<(), Failure> {
    let checks = &step.checks;
    let mut out = Vec::new();
    match answer {
        Answer::Done => return Ok(()),
        Answer::Lost(reason) => return Err(Failure::new(&step.span, "no answer came", reason.clone())),
        Answer::ProtocolError { code, message } => protocol_error(step, *code, message, frame, &mut out)?,
        Answer::Tool { value, is_error: true, .. } => tool_error(step, value, frame, &mut out)?,
        Answer::Value(_) | Answer::Tool { .. } | Answer::Cancelled | Answer::Dropped => {
            success(step, answer, frame, &mut out)?;
        }
    }
    if let Answer::Tool { breach: Some(breach), is_error: false, .. } = answer {
        return Err(Failure::new(
            &step.span,
            "the answer is not what the server promises in tools/list",
            breach.clone(),
        )
        .section("the answer", pattern::brief(&answer.value())));
    }
    beside(checks, answer, frame, seen, &mut out)?;
    if out.is_empty() { Ok(()) } else { Err(differs(step, answer, out)) }
}

fn protocol_error(
    step: &Step,
    code: i32,
    message: &str,
    frame: &Frame<'_>,
    out: &mut Vec<Mismatch>,
) -> Result<(), Failure> {
    match &step.checks.protocol_error {
        Some(expected) => Ok(compare_error(expected, &json!({ "code": code, "message": message }), frame, out)?),
        None => Err(Failure::new(
            step.subject(),
            format!("the server refused the request: {message}"),
            format!("JSON-RPC error {code}"),
        )
        .help("announce it with `protocol_error: { code: ... }` if it should be refused")),
    }
}

fn tool_error(step: &Step, value: &Value, frame: &Frame<'_>, out: &mut Vec<Mismatch>) -> Result<(), Failure> {
    let error = value.get("error").unwrap_or(value);
    if let Some(expected) = &step.checks.error {
        return Ok(compare_error(expected, error, frame, out)?);
    }
    let code = error["code"].as_str().unwrap_or("without a code");
    let said = pattern::brief(error);
    let message = error["message"].as_str().unwrap_or(&said);
    let first = message.lines().next().unwrap_or_default();
    let whole = if first.len() < message.len() { message } else { "" };
    let help = error["suggestion"].as_str().map_or_else(
        || "announce it with `error: { code: ... }` if it should fail".to_owned(),
        |suggestion| format!("the server suggests: {suggestion}"),
    );
    Err(Failure::new(&step.span, "the tool failed, and the step did not announce it", format!("{code}: {first}"))
        .help(help)
        .section("the whole message", whole))
}

/// `code` and `sqlstate` exactly; texts as a part of the whole, because free text changes from release to release.
fn compare_error(expected: &Node, error: &Value, frame: &Frame<'_>, out: &mut Vec<Mismatch>) -> Result<(), Diagnostic> {
    let expected = frame.resolve(expected)?;
    for entry in expected.as_map().unwrap_or_default() {
        let name = entry.key.name.as_str();
        let at = Path::default().key("error").key(name);
        let part = match (&entry.value.kind, error[name].as_str()) {
            (Kind::Text(part, style), Some(text)) if matches!(name, "message" | "suggestion") => {
                // A bare `$any` is a matcher; everything else is a part of the text.
                (*style != Style::Plain || !part.starts_with('$')) && text.contains(part.as_str())
            }
            _ => false,
        };
        if !part {
            pattern::compare(&entry.value, error.get(name), &at, out);
        }
    }
    Ok(())
}

fn success(step: &Step, answer: &Answer, frame: &Frame<'_>, out: &mut Vec<Mismatch>) -> Result<(), Failure> {
    let checks = &step.checks;
    if let Some(wanted) = checks.error.as_ref().or(checks.protocol_error.as_ref()) {
        return Err(Failure::new(&wanted.span, "the step should fail, and it answered", "this error did not come")
            .section("the answer", pattern::brief(&answer.value())));
    }
    let value = answer.value();
    if let Some(expected) = checks.expect.as_ref().filter(|node| !is_any(node)) {
        pattern::compare(&frame.resolve(expected)?, Some(&value), &Path::default(), out);
    }
    if let Some(table) = &checks.rows {
        table.compare(column_names(&value).as_deref(), ("result", &value["result"]), &frame.vars.borrow(), out)?;
    }
    if let Some(expected) = &checks.columns {
        pattern::compare(&frame.resolve(expected)?, value.get("columns"), &Path::default().key("columns"), out);
    }
    Ok(())
}

/// What comes beside the answer, of a tool that failed as of one that did not.
fn beside(
    checks: &Checks,
    answer: &Answer,
    frame: &Frame<'_>,
    seen: &Seen<'_>,
    out: &mut Vec<Mismatch>,
) -> Result<(), Diagnostic> {
    if let (Some(expected), Answer::Tool { content, .. }) = (&checks.content, answer) {
        pattern::compare(&frame.resolve(expected)?, Some(content), &Path::default().key("content"), out);
    }
    if let Some(expected) = &checks.progress {
        let progress =
            seen.traffic.map_or_else(Vec::new, |(traffic, from)| traffic.notifications("notifications/progress", from));
        pattern::compare(
            &frame.resolve(expected)?,
            Some(&Value::from(progress)),
            &Path::default().key("progress"),
            out,
        );
    }
    if let Some(expected) = &checks.logs {
        let lines: Vec<&str> = seen.log.lines().collect();
        pattern::compare(&frame.resolve(expected)?, Some(&Value::from(lines)), &Path::default().key("logs"), out);
    }
    Ok(())
}

/// `expect: any` asks for nothing but that the step does not fail.
fn is_any(node: &Node) -> bool {
    matches!(&node.kind, Kind::Text(text, Style::Plain) if text == "any")
}

/// The names of a query's columns: a list of names, or of objects that have one. A server that answers no list of them is
/// taken at its first row's keys; where it has no rows either, nothing is known.
fn column_names(value: &Value) -> Option<Vec<String>> {
    let Some(columns) = value["columns"].as_array() else {
        return value["result"][0].as_object().map(|row| row.keys().cloned().collect());
    };
    let name = |column: &Value| column.as_str().or_else(|| column["name"].as_str()).map(str::to_owned);
    Some(columns.iter().filter_map(name).collect())
}

fn differs(step: &Step, answer: &Answer, out: Vec<Mismatch>) -> Failure {
    /// A longer value is shown below the place, not beside it.
    const LABEL_CHARS_MAX: usize = 80;
    let first = &out[0];
    let label = if first.expected.contains('\n') || first.actual.chars().count() > LABEL_CHARS_MAX {
        "differs, see below".to_owned()
    } else {
        format!("{} is {}", first.path, first.actual)
    };
    let count = if out.len() == 1 { "1 difference".to_owned() } else { format!("{} differences", out.len()) };
    let title = format!("the answer is not what `{}` expects: {count}", step.title);
    let mut failure = Failure::new(&first.span, title, label).differences(out);
    if let Answer::Tool { value, .. } = answer
        && value["columns"].is_null()
    {
        failure = failure.section("the whole answer", pattern::brief(value));
    }
    failure
}

/// Keeps what the step saves.
pub(super) fn save(step: &Step, answer: &Answer, frame: &Frame<'_>) -> Result<(), Failure> {
    let value = answer.value();
    for save in &step.checks.save {
        let found = save.path.query(&value).all();
        let [one] = found.as_slice() else {
            let title = format!("`{}` cannot be saved: its path finds {} values", save.name, found.len());
            return Err(
                Failure::new(&save.span, title, "one value is needed").section("the answer", pattern::brief(&value))
            );
        };
        frame.vars.borrow_mut().set(save.name.clone(), (*one).clone());
    }
    Ok(())
}
