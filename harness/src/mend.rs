//! What would have to stand in a scenario for its expectations to hold: the bytes to replace, found by walking an
//! expectation and the answer side by side.
//!
//! What still fits stays as it is written. A matcher is a rule, and a rule that does not hold has no value to be replaced
//! by; some matchers hold values, and those are mended inside ([`Matcher::mend`](crate::matchers::Matcher::mend)).

mod align;
mod block;
mod list;
mod table;
mod write;

use std::ops::Range;

use serde_json::Value;

use crate::pattern::{self, Expected};
use crate::source::Span;
use crate::syntax::{Entry, Node};
use crate::table::Table;
use crate::vars::Vars;

/// An expectation that does not hold, and what would.
#[derive(Debug, Clone)]
pub struct Mend {
    /// What is rewritten as one: all edits lie in it.
    pub place: Span,
    /// What to write, or why nothing can be written.
    pub edits: Result<Vec<Edit>, String>,
}

/// Bytes of a file and what takes their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes; where there are none, the place of an insertion.
    pub range: Range<usize>,
    /// What takes their place.
    pub text: String,
}

/// Whether the order of a list matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The elements stand in the order of the values.
    Given,
    /// Each element has a value of its own, wherever it stands.
    Any,
}

/// Longer than this, a value is read by nobody, and a matcher says more.
const WRITTEN_BYTES_MAX: usize = 16 * 1024;

/// Finds what to write for expectations that do not hold.
#[derive(Debug)]
pub struct Mender<'a> {
    vars: &'a Vars,
    mends: Vec<Mend>,
}

impl<'a> Mender<'a> {
    /// `vars` is what names stand for where the expectations stand.
    pub fn new(vars: &'a Vars) -> Self {
        Self { vars, mends: Vec::new() }
    }

    /// What was found.
    pub fn finish(self) -> Vec<Mend> {
        self.mends
    }

    /// Holds an expectation, as it is written, against a value (`None` where there is none).
    pub fn value(&mut self, expected: &Node, actual: Option<&Value>) {
        // What cannot be resolved has failed before with a message of its own.
        let Ok(resolved) = self.vars.resolve(expected) else { return };
        if pattern::fits(&resolved, actual) {
            return;
        }
        let Some(actual) = actual else {
            return self
                .refuse(expected, "there is no such value; if that is right, take the line out or write `$absent`");
        };
        match (pattern::read(expected), actual) {
            (Expected::Matcher(matcher, Some(argument)), _) if matcher.mend(argument, actual, self) => {}
            (Expected::Matcher(matcher, _), _) => {
                let name = matcher.name();
                self.refuse(
                    expected,
                    &format!("`{name}` is a rule, and whether the rule or the server is wrong is yours to say"),
                );
            }
            (Expected::Map(entries), Value::Object(map)) => {
                for (entry, known) in entries.iter().zip(resolved.as_map().unwrap_or_default()) {
                    self.value(&entry.value, map.get(&known.key.name));
                }
            }
            (Expected::List(_), Value::Array(values)) => self.list(expected, values, Order::Given),
            _ => self.replace(expected, actual),
        }
    }

    /// Holds a value that must be just this, in which `$` has no meaning, against another.
    pub fn exact(&mut self, expected: &Node, actual: &Value) {
        let Ok(known) = self.vars.value(expected) else { return };
        if pattern::same(&known, actual) {
            return;
        }
        match (expected.as_map(), expected.as_list(), actual) {
            (Some(entries), _, Value::Object(map)) if same_names(entries, map) => {
                for entry in entries {
                    map.get(&entry.key.name).into_iter().for_each(|value| self.exact(&entry.value, value));
                }
            }
            (_, Some(items), Value::Array(values)) if items.len() == values.len() => {
                items.iter().zip(values).for_each(|(item, value)| self.exact(item, value));
            }
            _ => self.replace(expected, actual),
        }
    }

    /// Holds one expectation against several values. It can be mended where all of them want the same.
    pub fn each(&mut self, expected: &Node, values: &[Value]) -> bool {
        let mut wanted = values.iter().map(|value| {
            let mut mender = Mender::new(self.vars);
            mender.value(expected, Some(value));
            mender.finish()
        });
        let Some(first) = wanted.next() else { return false };
        let alike = |other: Vec<Mend>| {
            other.len() == first.len() && other.iter().zip(&first).all(|(a, b)| a.edits.is_ok() && a.edits == b.edits)
        };
        let all = !first.is_empty() && wanted.all(alike);
        if all {
            self.mends.extend(first);
        }
        all
    }

    /// Holds a part of a text, such as an error's message, against the whole of it.
    pub fn part(&mut self, expected: &Node, whole: &str) {
        let first = whole.lines().find(|line| !line.trim().is_empty()).unwrap_or(whole);
        self.replace(expected, &Value::from(first.trim()));
    }

    /// Holds a list against values.
    pub fn list(&mut self, list: &Node, values: &[Value], order: Order) {
        let (mends, whole) = list::mends(list, values, order, self.vars);
        self.mends.extend(mends);
        if whole {
            self.replace(list, &Value::from(values.to_vec()));
        }
    }

    /// Holds `rows` against a query's columns and rows.
    pub fn rows(&mut self, table: &Table, columns: Option<&[String]>, rows: &Value) {
        let node = table.node();
        match (node.as_text(), node.as_list(), rows) {
            (Some(_), ..) if !table.is_matcher() => {
                if let Some(edit) = table::edit(table, columns, rows, self.vars) {
                    self.push(node, vec![edit]);
                }
            }
            (_, Some(_), Value::Array(values)) if table.in_any_order() => self.list(node, values, Order::Any),
            _ => self.value(node, Some(rows)),
        }
    }

    /// Writes a value in the place of an expectation.
    pub fn replace(&mut self, expected: &Node, actual: &Value) {
        let edit = write::edit(expected, actual, self.vars);
        self.push(expected, vec![edit]);
    }

    fn push(&mut self, node: &Node, edits: Vec<Edit>) {
        self.mends.push(Mend::new(&node.span, edits));
    }

    fn refuse(&mut self, node: &Node, why: &str) {
        self.mends.push(Mend::refused(&node.span, why));
    }
}

impl Mend {
    fn new(span: &Span, edits: Vec<Edit>) -> Self {
        let start = edits.iter().map(|edit| edit.range.start).fold(span.start, usize::min);
        let end = edits.iter().map(|edit| edit.range.end).fold(span.end, usize::max);
        let place = Span::new(&span.source, start, end);
        let bytes: usize = edits.iter().map(|edit| edit.text.len()).sum();
        if bytes > WRITTEN_BYTES_MAX {
            return Self::refused(
                &place,
                format!("the value has {bytes} bytes, more than anybody reads; a matcher such as `$len` says more"),
            );
        }
        Self { place, edits: Ok(edits) }
    }

    /// An expectation for which no value can be written.
    pub fn refused(span: &Span, why: impl Into<String>) -> Self {
        Self { place: span.clone(), edits: Err(why.into()) }
    }
}

fn same_names(entries: &[Entry], map: &serde_json::Map<String, Value>) -> bool {
    entries.len() == map.len() && entries.iter().all(|entry| map.contains_key(&entry.key.name))
}
