//! What `$gt`, `$gte`, `$lt` and `$lte` share: numbers compare as numbers, texts as texts (ISO dates sort as dates do).

use std::cmp::Ordering;

use serde_json::Value;

use crate::pattern::{Check, same_number, whole};
use crate::syntax::{Kind, Node};

pub(crate) fn accepts(argument: Option<&Node>) -> Result<(), String> {
    match argument.map(|node| &node.kind) {
        Some(Kind::Number(_) | Kind::Text(..)) => Ok(()),
        _ => Err("it takes a number or a text".to_owned()),
    }
}

/// The value's place relative to the argument; `None` where they cannot be compared.
pub(crate) fn of(check: &Check<'_>) -> Option<Ordering> {
    match (check.actual?, check.argument?.to_json()) {
        (Value::Number(a), Value::Number(b)) if same_number(a, &b) => Some(Ordering::Equal),
        (Value::Number(a), Value::Number(b)) => match (whole(a), whole(&b)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => Some(a.as_str().cmp(b.as_str())),
        _ => None,
    }
}
