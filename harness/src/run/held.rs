//! A part of an answer, and the check of a step that it is held against.

use serde_json::Value;

use crate::mend::{Mend, Mender};
use crate::pattern::{self, Mismatch, Path};
use crate::source::Diagnostic;
use crate::syntax::{Entry, Kind, Node, Style};
use crate::table::Table;
use crate::vars::Vars;

/// A check and what it is held against.
pub(crate) enum Held<'a> {
    /// An expectation and a value.
    Value {
        /// The expectation as it is written.
        expected: &'a Node,
        /// The value; `None` where there is none.
        actual: Option<Value>,
        /// Where the value stands.
        at: Path,
    },
    /// `error` or `protocol_error`, and the error.
    Error {
        /// A map of what must be in the error.
        expected: &'a Node,
        /// The error.
        error: Value,
    },
    /// `rows`, and what a query returned.
    Rows {
        /// The rows as they are written.
        table: &'a Table,
        /// The names of the columns, where they are known.
        columns: Option<Vec<String>>,
        /// What the rows are called where they come from.
        at: &'static str,
        /// The rows.
        rows: Value,
    },
}

impl<'a> Held<'a> {
    /// An expectation that speaks of a member of what a step saw.
    pub(crate) fn member(expected: &'a Node, name: &str, actual: Option<Value>) -> Self {
        Self::Value { expected, actual, at: Path::default().key(name) }
    }

    /// Every difference goes to `out`.
    ///
    /// # Errors
    ///
    /// A variable without a value.
    pub(crate) fn compare(&self, vars: &Vars, out: &mut Vec<Mismatch>) -> Result<(), Diagnostic> {
        match self {
            Self::Value { expected, actual, at } => {
                pattern::compare(&vars.resolve(expected)?, actual.as_ref(), at, out);
            }
            Self::Rows { table, columns, at, rows } => table.compare(columns.as_deref(), (at, rows), vars, out)?,
            Self::Error { expected, error } => {
                for entry in vars.resolve(expected)?.as_map().unwrap_or_default() {
                    let name = &entry.key.name;
                    let at = Path::default().key("error").key(name);
                    if !matches!(part(entry), Some(part) if error[name].as_str().is_some_and(|text| text.contains(part)))
                    {
                        pattern::compare(&entry.value, error.get(name), &at, out);
                    }
                }
            }
        }
        Ok(())
    }

    /// What would have to be written for there to be no difference.
    pub(crate) fn mend(&self, vars: &Vars) -> Vec<Mend> {
        let mut mender = Mender::new(vars);
        match self {
            Self::Value { expected, actual, .. } => mender.value(expected, actual.as_ref()),
            Self::Rows { table, columns, rows, .. } => mender.rows(table, columns.as_deref(), rows),
            Self::Error { expected, error } => {
                let resolved = vars.resolve(expected).ok();
                let known = resolved.as_ref().and_then(Node::as_map).unwrap_or_default();
                for (entry, known) in expected.as_map().unwrap_or_default().iter().zip(known) {
                    let actual = error.get(&known.key.name);
                    match (part(known), actual.and_then(Value::as_str)) {
                        (Some(part), Some(text)) if text.contains(part) => {}
                        (Some(_), Some(text)) => mender.part(&entry.value, text),
                        _ => mender.value(&entry.value, actual),
                    }
                }
            }
        }
        mender.finish()
    }
}

/// The text that only needs to be a part: free text changes from release to release. A bare `$any` is a matcher.
fn part(entry: &Entry) -> Option<&str> {
    match &entry.value.kind {
        Kind::Text(part, style) if matches!(entry.key.name.as_str(), "message" | "suggestion") => {
            (*style != Style::Plain || !part.starts_with('$')).then_some(part)
        }
        _ => None,
    }
}
