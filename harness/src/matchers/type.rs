//! `$type`: the kind of a value.

use serde_json::{Value, json};

use super::Matcher;
use crate::pattern::{Check, Mismatch};
use crate::syntax::{Kind, Node};

const NAMES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

/// `$type`: the kind of a value.
#[derive(Debug)]
pub(super) struct Type;

impl Matcher for Type {
    fn name(&self) -> &'static str {
        "$type"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $type: integer }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(json!({ "enum": NAMES.iter().map(|name| json!(name)).chain([Value::Null]).collect::<Vec<_>>() }))
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        match argument.and_then(Node::as_text) {
            Some(name) if NAMES.contains(&name) => Ok(()),
            // An unquoted null is a JSON literal, and it means the same here.
            _ if matches!(argument, Some(Node { kind: Kind::Null, .. })) => Ok(()),
            _ => Err(format!("it takes one of {}", NAMES.join(", "))),
        }
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        let name = check.argument.and_then(Node::as_text).unwrap_or("null");
        let fits = check.actual.is_some_and(|value| match (name, value) {
            ("null", Value::Null)
            | ("boolean", Value::Bool(_))
            | ("number", Value::Number(_))
            | ("string", Value::String(_))
            | ("array", Value::Array(_))
            | ("object", Value::Object(_)) => true,
            ("integer", Value::Number(number)) => number.is_i64() || number.is_u64(),
            _ => false,
        });
        check.require(fits, out);
    }
}
