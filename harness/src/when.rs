//! `when: { $(database): lake }`: whether a step is done in this cell of the matrix.

use serde_json::Value;

use crate::decode::Decoder;
use crate::pattern;
use crate::source::Diagnostic;
use crate::syntax::{Entry, Kind, Node};
use crate::vars::{self, Piece};

/// Refuses a condition that does not depend on anything.
pub(crate) fn check(node: &Node, decoder: &mut Decoder) {
    let Some(entries) = node.as_map().filter(|entries| !entries.is_empty()) else {
        decoder.expected(node, "`when`", "a map such as `{ $(database): lake }`");
        return;
    };
    for Entry { key, value } in entries {
        if variable(&key.name).is_none() {
            decoder.report(
                Diagnostic::new(&key.span, format!("`{}` always is the same", key.name), "not a variable")
                    .help("write a variable, such as `$(database)`"),
            );
        }
        for choice in choices(value) {
            decoder.pattern(choice);
        }
    }
}

/// Refuses a condition that holds in no cell of the matrix: the step would never be done.
pub(crate) fn check_matrix(node: &Node, matrix: &[(String, Vec<Value>)], decoder: &mut Decoder) {
    for Entry { key, value } in node.as_map().unwrap_or_default() {
        let values = variable(&key.name).and_then(|name| matrix.iter().find(|(known, _)| known == name));
        let Some((name, values)) = values.filter(|_| vars::names(value).0.is_empty()) else { continue };
        let known: Vec<String> = values.iter().map(vars::written).collect();
        if !known.iter().any(|known| fits(value, known)) {
            decoder.report(
                Diagnostic::new(&value.span, "this step is never done", format!("`{name}` never is this"))
                    .help(format!("the matrix has {}", known.join(", "))),
            );
        }
    }
}

/// Whether every line of a condition holds, its variables replaced: the key is the value or one of the values.
pub(crate) fn holds(resolved: &Node) -> bool {
    resolved.as_map().unwrap_or_default().iter().all(|Entry { key, value }| fits(value, &key.name))
}

fn variable(key: &str) -> Option<&str> {
    match vars::pieces(key).as_slice() {
        [Piece::Name(name, _)] => Some(name),
        _ => None,
    }
}

fn choices(value: &Node) -> &[Node] {
    value.as_list().unwrap_or(std::slice::from_ref(value))
}

/// A key is a text whatever the variable was, so numbers and booleans are compared as they are written.
fn fits(value: &Node, actual: &str) -> bool {
    choices(value).iter().any(|choice| match &choice.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => vars::written(&choice.to_json()) == actual,
        _ => pattern::fits(choice, Some(&Value::from(actual))),
    })
}
