//! `$exact`: the value and nothing more: objects match by all their members, and `$` has no meaning inside.

use serde_json::Value;

use super::Matcher;
use crate::pattern::{Check, Mismatch, same_scalar};
use crate::schema::shape;
use crate::syntax::Node;

/// `$exact`: the value and nothing more: objects match by all their members, and `$` has no meaning inside.
#[derive(Debug)]
pub(super) struct Exact;

impl Matcher for Exact {
    fn name(&self) -> &'static str {
        "$exact"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $exact: { id: 1 } }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(shape::any())
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        argument.map(|_| ()).ok_or_else(|| "it takes a value".to_owned())
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        let fits = match (check.argument, check.actual) {
            (Some(argument), Some(actual)) => same(&argument.to_json(), actual),
            _ => false,
        };
        check.require(fits, out);
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => same_scalar(a, b),
    }
}
