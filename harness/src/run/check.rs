//! Holding an answer against a step's checks.

use serde_json::{Value, json};

use super::{Answer, Failure, Frame, Held};
use crate::checks::Checks;
use crate::pattern::{self, Mismatch, Path};
use crate::scenario::Step;
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
    let mut held = match answer {
        Answer::Done => return Ok(()),
        Answer::Lost(reason) => return Err(Failure::new(&step.span, "no answer came", reason.clone())),
        Answer::ProtocolError { code, message } => vec![protocol_error(step, *code, message)?],
        Answer::Tool { value, is_error: true, .. } => vec![tool_error(step, value)?],
        Answer::Value(_) | Answer::Tool { .. } | Answer::Cancelled | Answer::Dropped => success(step, answer)?,
    };
    if let Answer::Tool { breach: Some(breach), .. } = answer {
        return Err(Failure::new(
            &step.span,
            "the answer is not what the server promises in tools/list",
            breach.clone(),
        )
        .section("the answer", pattern::brief(&answer.value())));
    }
    held.extend(beside(&step.checks, answer, seen));
    let vars = frame.vars.borrow();
    let mut out = Vec::new();
    held.iter().try_for_each(|held| held.compare(&vars, &mut out))?;
    if out.is_empty() {
        return Ok(());
    }
    let mends = held.iter().flat_map(|held| held.mend(&vars)).collect();
    Err(Failure { mends, ..differs(step, answer, out) })
}

fn protocol_error<'a>(step: &'a Step, code: i32, message: &str) -> Result<Held<'a>, Failure> {
    match &step.checks.protocol_error {
        Some(expected) => Ok(Held::Error { expected, error: json!({ "code": code, "message": message }) }),
        None => Err(Failure::new(
            step.subject(),
            format!("the server refused the request: {message}"),
            format!("JSON-RPC error {code}"),
        )
        .help("announce it with `protocol_error: { code: ... }` if it should be refused")),
    }
}

fn tool_error<'a>(step: &'a Step, value: &Value) -> Result<Held<'a>, Failure> {
    let error = value.get("error").unwrap_or(value);
    if let Some(expected) = &step.checks.error {
        return Ok(Held::Error { expected, error: error.clone() });
    }
    let code = error["code"].as_str().unwrap_or("without a code");
    let said = pattern::brief(error);
    let message = error["message"].as_str().unwrap_or(&said);
    let first = message.lines().next().unwrap_or_default();
    let whole = if first.len() < message.len() { message } else { "" };
    let named = error["code"].as_str().unwrap_or("...");
    let announce = format!("if it should fail, announce it with `error: {{ code: {named} }}`");
    let help = error["suggestion"].as_str().map_or_else(
        || announce.clone(),
        |suggestion| format!("{announce}; if it should not, the server suggests: {suggestion}"),
    );
    Err(Failure::new(&step.span, "the tool failed, and the step did not announce it", format!("{code}: {first}"))
        .help(help)
        .section("the whole message", whole))
}

fn success<'a>(step: &'a Step, answer: &Answer) -> Result<Vec<Held<'a>>, Failure> {
    let checks = &step.checks;
    if let Some(wanted) = checks.error.as_ref().or(checks.protocol_error.as_ref()) {
        return Err(Failure::new(&wanted.span, "the step should fail, and it answered", "this error did not come")
            .section("the answer", pattern::brief(&answer.value())));
    }
    let value = answer.value();
    let mut held = Vec::new();
    if let Some(expected) = checks.expect.as_ref().filter(|node| !is_any(node)) {
        held.push(Held::Value { expected, actual: Some(value.clone()), at: Path::default() });
    }
    if let Some(table) = &checks.rows {
        held.push(Held::Rows { table, columns: column_names(&value), at: "result", rows: value["result"].clone() });
    }
    if let Some(expected) = &checks.columns {
        held.push(Held::member(expected, "columns", value.get("columns").cloned()));
    }
    Ok(held)
}

/// What comes beside the answer, of a tool that failed as of one that did not.
fn beside<'a>(checks: &'a Checks, answer: &Answer, seen: &Seen<'_>) -> Vec<Held<'a>> {
    let mut held = Vec::new();
    if let (Some(expected), Answer::Tool { content, .. }) = (&checks.content, answer) {
        held.push(Held::member(expected, "content", Some(content.clone())));
    }
    if let Some(expected) = &checks.progress {
        let progress =
            seen.traffic.map_or_else(Vec::new, |(traffic, from)| traffic.notifications("notifications/progress", from));
        held.push(Held::member(expected, "progress", Some(Value::from(progress))));
    }
    if let Some(expected) = &checks.logs {
        let lines: Vec<&str> = seen.log.lines().collect();
        held.push(Held::member(expected, "logs", Some(Value::from(lines))));
    }
    held
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
